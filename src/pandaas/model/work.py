"""Recipes and jobs as values: manifests, input slots, states and the transitions between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from pandaas.model.data import ArrayKind


class JobState(StrEnum):
    REQUESTED = "requested"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # the engine denies knowing it and no exit record exists after the grace time

    @property
    def is_final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.LOST})

JOB_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.REQUESTED: frozenset({JobState.QUEUED, JobState.FAILED, JobState.CANCELLED}),
    # Back to requested: its engine lost it, and it is started again in a folder of its own.
    JobState.QUEUED: frozenset(
        {JobState.RUNNING, JobState.REQUESTED, JobState.FAILED, JobState.CANCELLED, JobState.LOST}
    ),
    JobState.RUNNING: frozenset(
        {JobState.REQUESTED, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.LOST}
    ),
    # An exit record that turns up after all corrects `lost`; nothing else leaves a final state.
    JobState.LOST: frozenset({JobState.SUCCEEDED, JobState.FAILED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


class SessionState(StrEnum):
    """A notebook or desktop of a person, from the request to its end."""

    REQUESTED = "requested"
    STARTING = "starting"
    READY = "ready"
    HIBERNATED = "hibernated"  # its program has ended, what is needed to go on is kept
    ENDED = "ended"
    FAILED = "failed"
    LOST = "lost"  # the engine denies knowing it and no exit record exists after the grace time

    @property
    def is_final(self) -> bool:
        return self in _SESSION_FINAL

    @property
    def is_alive(self) -> bool:
        """Takes part of the computer now, or soon."""
        return self in {SessionState.REQUESTED, SessionState.STARTING, SessionState.READY}


_SESSION_FINAL = frozenset({SessionState.ENDED, SessionState.FAILED, SessionState.LOST})

SESSION_TRANSITIONS: dict[SessionState, frozenset[SessionState]] = {
    SessionState.REQUESTED: frozenset(
        {SessionState.STARTING, SessionState.HIBERNATED, SessionState.ENDED, SessionState.FAILED}
    ),
    SessionState.STARTING: frozenset(
        {SessionState.READY, SessionState.HIBERNATED, SessionState.ENDED, SessionState.FAILED, SessionState.LOST}
    ),
    SessionState.READY: frozenset(
        {SessionState.HIBERNATED, SessionState.ENDED, SessionState.FAILED, SessionState.LOST}
    ),
    SessionState.HIBERNATED: frozenset({SessionState.REQUESTED, SessionState.ENDED}),
    SessionState.ENDED: frozenset(),
    SessionState.FAILED: frozenset({SessionState.REQUESTED}),  # started again, on what was kept
    SessionState.LOST: frozenset({SessionState.REQUESTED}),
}


@dataclass(frozen=True)
class ArrayClause:
    """An array that an input must hold. `dimensions` is the allowed number of axes (inclusive)."""

    kinds: tuple[ArrayKind, ...] = ()
    dimensions: tuple[int, int] | None = None
    path: str | None = None  # globs on the inner path, `|` between alternatives


@dataclass(frozen=True)
class InputSlot:
    """One named input: which datasets fit (`techniques`, `definitions` alternatives; all array clauses), how many."""

    name: str
    title: str
    minimum: int = 1
    maximum: int | None = 1
    techniques: tuple[str, ...] = ()  # PaNET IRIs or NeXus-style short names; empty = any
    definitions: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # DatasetKind values; empty = raw or derived
    arrays: tuple[ArrayClause, ...] = ()
    without_technique: tuple[str, ...] | None = (
        None  # what speaks for a dataset that names none; None = nothing is asked
    )
    help: str = ""
    beside: str = ""  # name of a file that must lie beside the data, with * and ?; empty = none


@dataclass(frozen=True)
class RecipeOutput:
    """What a recipe's result may be about: its default plot. Several of them are alternatives that parameters decide on.

    `dimensions` is the number of axes (inclusive); `definitions` are NeXus application definitions of the file.
    """

    title: str
    kinds: tuple[ArrayKind, ...]
    dimensions: tuple[int, int] = (1, 1)
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resources:
    cores: int = 1
    memory_mb: int = 2048
    time_limit_s: int = 3600
    output_mb: int | None = None  # None = the platform's own limit
    gpu: bool = False


@dataclass(frozen=True)
class GpuVariant:
    """How a recipe works on a GPU where a job gets one. Its software lies in `environment`, so that without a GPU none of it
    is loaded; `memory_mb` of the GPU's memory; results are the processor's within `tolerance`, relatively. `verified` names the
    device that this was tried with; empty: it never ran on a real GPU."""

    api: Literal["opencl", "cuda"]
    environment: str
    memory_mb: int = 0
    tolerance: float = 1e-6
    verified: str = ""


@dataclass(frozen=True)
class ProgramNeed:
    """An installed program that a recipe of shape `command` runs, or one of shape `whole` calls.

    `find` are absolute paths or patterns, the first that is there counts; with `module` (an environment module) it is a
    name looked up on that module's PATH. `folders` are shown to the sandbox. `verified` names the version that this recipe
    was tried with; empty: it was never run with the real program.
    """

    name: str
    find: tuple[str, ...]
    module: str = ""
    package: str = ""  # the Debian package that it comes with
    folders: tuple[str, ...] = ()
    version: tuple[str, ...] = ()  # arguments that make it print its version
    version_pattern: str = ""
    remedy: str = ""
    verified: str = ""


RecipeShape = Literal["blockwise", "whole", "notebook", "command", "ewoks", "cwl"]


@dataclass(frozen=True)
class RecipeManifest:
    """What `recipe.toml` says. Only this file is read by the server; recipe code never runs in it."""

    id: str
    version: str
    title: str
    summary: str
    shape: RecipeShape
    environment: str
    inputs: tuple[InputSlot, ...]
    techniques: tuple[str, ...] = ()
    selection: Literal["each", "all"] = "each"  # a selection of datasets: one job each, or one over all
    resources: Resources = field(default_factory=Resources)
    network: tuple[str, ...] = ()
    citation: tuple[str, ...] = ()
    code: str = ""  # the established program it runs, e.g. "pyFAI"
    code_url: str = ""
    licence: str = ""
    verify: Literal["bit", "tolerance"] = "bit"
    verify_reason: str = ""  # why results are not bit-equal
    verify_tolerance: float = 1e-6
    gpu: GpuVariant | None = None
    program: ProgramNeed | None = None  # the installed program that it runs or calls
    outputs: tuple[RecipeOutput, ...] = ()  # empty: the recipe doesn't say what its results are


@dataclass(frozen=True)
class Usage:
    """What a piece of work used, as measured by its supervisor."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    max_rss_mb: float = 0.0
    cores: int = 1


@dataclass(frozen=True)
class Progress:
    """`fraction` in 0..1 or None while unknown; `message` for the person; `preview` = small curve for the live plot."""

    fraction: float | None = None
    message: str = ""
    preview: dict[str, Any] | None = None
