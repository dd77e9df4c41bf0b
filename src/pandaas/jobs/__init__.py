"""From request to result: the state machine of jobs, the reconciler, registration of results, verification."""

from pandaas.jobs.request import JobRequest
from pandaas.jobs.service import JobLog, JobService
from pandaas.jobs.views import JobInputView, JobView

__all__ = ["JobInputView", "JobLog", "JobRequest", "JobService", "JobView"]
