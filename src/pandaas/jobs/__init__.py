"""From request to result: the state machine of jobs, the reconciler, registration of results, verification."""

from pandaas.jobs.engines import engine_title
from pandaas.jobs.folder import describe_dataset, show_files
from pandaas.jobs.request import JobRequest, allowed_inputs
from pandaas.jobs.service import JobLog, JobPage, JobService
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
    "allowed_inputs",
    "describe_dataset",
    "engine_title",
    "show_files",
]
