"""The port: what an engine is to the job layer.

An engine runs pieces of work that outlive the platform. Work is named by its folder, so every verb can be repeated:
`submit` of the same folder never runs it twice, `poll` tells the truth after any restart of either side. The
conformance suite is `pandaas.testing.engines.EngineConformance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pandaas.runtime.choice import Standing
from pandaas.runtime.sandbox import Confinement

Handle = dict[str, Any]
WorkState = Literal["queued", "running", "ended", "unknown"]
ExitReason = Literal["exit", "timeout", "memory", "output", "disk", "cancelled", "refused", "node"]


@dataclass(frozen=True)
class Template:
    """A process that imports what work needs and waits: engines that can may fork the work from it.

    `argv` is run in `confinement`, which shows no inputs and no place to write; `arguments` is what the fork then does in
    the work's own confinement. Only work of the same `owner` (a person and a place of results) shares one. `awaited` work waits
    for a template that imports already, instead of importing beside it.
    """

    argv: tuple[str, ...]
    confinement: Confinement
    arguments: tuple[str, ...]
    owner: str
    awaited: bool = False


@dataclass(frozen=True)
class Blocks:
    """Work that can be done in blocks: `command` with the SDK's verbs plan, process and finish; `description` is job.json."""

    command: tuple[str, ...]
    description: Path


@dataclass(frozen=True)
class WorkSpec:
    """One piece of work. `output_mb` is the most that it may write into its writable folders together.

    `share` groups work that queues together (a person), for fairness between them; `recipe` is what it runs, for rules of
    the operator.
    """

    folder: Path
    argv: tuple[str, ...]
    confinement: Confinement = field(default_factory=Confinement)
    cores: int = 1
    memory_mb: int = 2048
    time_limit_s: int = 3600
    output_mb: int = 20_000
    share: str = ""
    recipe: str = ""
    template: Template | None = None
    blocks: Blocks | None = None


@dataclass(frozen=True)
class ExitRecord:
    """How work ended. `reason`: by itself, at a limit, asked to (`cancelled` through the engine, by nobody else), `refused` by the
    scheduler, or lost from outside (`node`): with its computer, pre-empted, ended by a scheduler that had forgotten it.

    `code` is the program's exit code, None when a signal ended it; times are seconds since 1970."""

    code: int | None
    signal: int | None
    reason: ExitReason
    wall_s: float
    cpu_s: float
    max_rss_mb: float
    started: float
    ended: float
    detail: str = ""

    @property
    def succeeded(self) -> bool:
        return self.reason == "exit" and self.code == 0


@dataclass(frozen=True)
class QueuePlace:
    """Where work stands in its scheduler's queue: `place` (from 1) `of` so many, `reason` in words for a person, and when it
    is expected to start, in seconds since 1970. None or empty = the scheduler doesn't say."""

    place: int | None = None
    of: int | None = None
    reason: str = ""
    expected_start: float | None = None


@dataclass(frozen=True)
class Observation:
    """What the engine knows of a piece of work; `unknown` = it denies knowing it and there is no exit record.

    `detail` says in words for a person what queued work waits for, or why it is unknown; `queue` the same in fields, where the
    engine has a queue that others submit to as well.
    """

    state: WorkState
    exit: ExitRecord | None = None
    detail: str = ""
    queue: QueuePlace | None = None


class Engine(Protocol):
    """An engine; thread-safe. `cores` and `memory_mb` are the most that one piece of work can get."""

    name: str

    @property
    def cores(self) -> int: ...

    @property
    def memory_mb(self) -> int: ...

    def submit(self, work: WorkSpec) -> Handle:
        """Take the work, to be run once. Raises `InvalidInput` when it can never fit, `Unavailable` when not now."""
        ...

    def poll(self, handles: Sequence[Handle]) -> list[Observation]:
        """One observation per handle, in their order; cheap, called many times a second while work runs."""
        ...

    def cancel(self, handle: Handle) -> None:
        """Ask for the end; a later `poll` shows it. Harmless when it has ended."""
        ...

    def standing(self, cores: int, memory_mb: int) -> Standing:
        """For the choice between engines: does such work start at once, and how much waits? Answers at once."""
        ...

    def outlook(self, cores: int, memory_mb: int) -> str:
        """In words for a person: where and when such work would start."""
        ...
