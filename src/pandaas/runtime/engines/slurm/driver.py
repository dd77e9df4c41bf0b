"""What the engine needs of Slurm, however it is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pandaas.config import SlurmDirectives
from pandaas.model import Unavailable

PENDING = frozenset(
    {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
)
RUNNING = frozenset({"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"})


@dataclass(frozen=True)
class Submission:
    """A job to be: it runs `script` (a shell script) and writes what that says to `log`.

    With several `tasks` it is an array, each task of that size; `log` then holds %a, the task's index. `user` is the account
    whose job it is, empty for the service's own."""

    name: str
    script: str
    log: Path
    cores: int
    memory_mb: int
    time_limit_s: int
    directives: SlurmDirectives = field(default_factory=SlurmDirectives)
    tasks: int = 1
    user: str = ""


class NoToken(Unavailable):
    """There is no valid token for one person's account: her work waits, Slurm and everybody else's do not."""


@dataclass(frozen=True)
class QueueEntry:
    """A job as the controller sees it. `start` is when it began or is expected to, in seconds since 1970.

    Of an array there is an entry for each task that has begun, and one for those that wait: `job` is the array's number, `task`
    the task's own. `submitted` is when it took the job, 0 where it doesn't say. All by the controller's clock.
    """

    job: str
    name: str
    state: str
    reason: str = ""
    start: float | None = None
    priority: int = 0
    partition: str = ""
    task: str = ""
    user: str = ""
    submitted: float = 0.0


@dataclass(frozen=True)
class Accounted:
    """A job, or a task of an array, as the accounting has it. Times in seconds, memory in MB; `code` and `signal` as the
    batch script ended."""

    job: str
    state: str
    code: int
    signal: int
    wall_s: float
    cpu_s: float
    max_rss_mb: float
    started: float
    ended: float
    node: str = ""
    task: str = ""
    name: str = ""
    submitted: float = 0.0


@dataclass(frozen=True)
class NodeSize:
    """The largest node that jobs can get."""

    cores: int
    memory_mb: int


class SlurmDriver(Protocol):
    """Every verb raises `Unavailable` when Slurm doesn't answer now; `submit` raises `InvalidInput` when it refuses.

    `user` is the account whose job it is, empty for the service's own; without a valid token for it they raise `NoToken`.
    """

    def submit(self, submission: Submission) -> str:
        """The new job's number."""
        ...

    def find(self, name: str, user: str = "") -> str | None:
        """The number of this account's job of this name that the controller knows."""
        ...

    def own(self) -> list[QueueEntry]:
        """The platform's jobs, those that ended some minutes ago too."""
        ...

    def pending(self) -> list[QueueEntry]:
        """Everybody's waiting jobs, as far as they are shown to this account."""
        ...

    def close(self) -> None:
        """Let connections go; nothing is asked after that."""
        ...

    def accounted(self, jobs: Sequence[str]) -> list[Accounted]:
        """What is known of these jobs: one entry each, of an array one per task."""
        ...

    def cancel(self, job: str, name: str, user: str = "") -> None:
        """End the job of this number, of an array all its tasks, if it has this name: the number may be another's by now."""
        ...

    def node_size(self) -> NodeSize: ...
