"""From request to result: the state machine of jobs, the reconciler, registration of results, verification."""

from pandaas.jobs.engines import engine_title
from pandaas.jobs.folder import describe_dataset, show_files
from pandaas.jobs.request import JobRequest, Slots, allowed_inputs, place_of_result
from pandaas.jobs.service import JobLog, JobPage, JobService, need_run
from pandaas.jobs.verification import Comparison
from pandaas.jobs.views import JobInputView, JobView

__all__ = [
    "Comparison",
    "JobInputView",
    "JobLog",
    "JobPage",
    "JobRequest",
    "JobService",
    "JobView",
    "Slots",
    "allowed_inputs",
    "describe_dataset",
    "engine_title",
    "need_run",
    "place_of_result",
    "show_files",
]
