"""Chains of recipes: saved ones, their runs, attachments to instruments, series."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out

StepStateName = Literal["waiting", "running", "succeeded", "failed", "cancelled", "skipped"]
RunStateName = Literal["running", "succeeded", "failed", "cancelled"]
Sharing = Literal["private", "team", "published"]
Changes = dict[str, dict[str, Any]]


class ChainFindingOut(Out):
    """Something that is wrong (`serious`), or can't be known before it runs."""

    step: str | None
    field: str
    message: str
    remedy: str
    serious: bool


class ConnectionOut(Out):
    """The result of `recipe` can be the input `slot` of the recipe `taker`."""

    recipe: str
    taker: str
    slot: str


class ConnectionsOut(Out):
    connections: list[ConnectionOut]
    undeclared: list[str] = Field(description="Recipes that don't say what their result is: it shows when they run.")


class ChainTextOut(Out):
    text: str = Field(description="TOML.")


class ChainTextIn(In):
    text: str = Field(max_length=300_000, description="TOML: title, summary, [[inputs]], [[steps]].")


class DefinitionOut(Out):
    definition: dict[str, Any] = Field(description="title, summary, inputs, steps.")


class ChainInputOut(Out):
    name: str
    title: str
    optional: bool
    many: bool
    accepts: str = Field("", description="In words, from the first step that it feeds.")


class ChainStepOut(Out):
    name: str
    recipe: str
    version: str | None
    title: str
    inputs: dict[str, list[str]] = Field(description="Slot of the recipe → names of inputs and steps.")
    parameters: dict[str, Any]
    ask: list[str] = Field([], description="Parameters that a person is asked for when she starts a run.")
    level: int = Field(0, description="How many steps lie before it at most: its row in a drawing.")


class ChainOut(Out):
    id: str
    title: str
    summary: str
    number: int = Field(description="Version of the chain.")
    sharing: Sharing
    proposal: str | None
    owner: str = Field(description="Empty: it came with the platform.")
    may_change: bool
    changed: datetime
    inputs: list[ChainInputOut]
    steps: list[ChainStepOut]
    attached: list[str] = Field([], description="Instruments that it runs at by itself.")


class ChainVersionOut(Out):
    number: int
    created: datetime


class ChainPageOut(ChainOut):
    findings: list[ChainFindingOut]
    versions: list[ChainVersionOut]
    definition: dict[str, Any] = Field(description="As it is saved: title, summary, inputs, steps.")


class ChainIn(In):
    definition: dict[str, Any] = Field(description="title, summary, inputs [{name, title, optional, many}], steps.")


class ChainSharingIn(In):
    sharing: Sharing
    proposal: str | None = None


class ChainRunIn(In):
    chain: str
    number: int | None = Field(None, ge=1, description="Version; default: the current one.")
    inputs: dict[str, list[str]] = Field(description="Input of the chain → pids; several in the main one: a run each.")
    parameters: Changes = Field({}, description="Step → changed parameters.")
    proposal: str | None = None
    fill: bool = Field(False, description="Propose datasets for inputs that were left out.")


class ChainProposalsIn(In):
    inputs: dict[str, list[str]]


class ChainProposalOut(Out):
    pid: str
    title: str
    reason: str


class ChainRestartIn(In):
    parameters: Changes = Field({}, description="Changed parameters of steps that run again.")
    first: list[str] = Field([], max_length=50, description="Steps to run again although they have a result.")


class ChainRunInputOut(Out):
    name: str
    pid: str
    title: str
    reason: str | None = Field(description="Why it was proposed; none: a person chose it.")
    hidden: bool


class ChainRunStepOut(Out):
    name: str
    title: str
    recipe: str
    recipe_title: str
    recipe_version: str
    inputs: dict[str, list[str]]
    parameters: dict[str, Any]
    level: int
    state: StepStateName
    job: str | None
    phase: str
    progress: float | None
    message: str
    failure: str | None
    remedy: str | None
    result: str | None


class ChainRunOut(Out):
    id: str
    chain: str
    chain_title: str
    number: int
    state: RunStateName
    attempt: int
    cancelling: bool
    person: str
    automatic: bool
    attachment: int | None
    proposal: str
    series: str
    created: datetime
    ended: datetime | None
    may_change: bool
    inputs: list[ChainRunInputOut]
    steps: list[ChainRunStepOut]
    result: str | None


class ChainRunListOut(Out):
    total: int
    runs: list[ChainRunOut]


class RangeIn(In):
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None


class AttachmentChange(In):
    number: int | None = Field(None, ge=1)
    predicate: dict[str, Any] = Field(
        {}, description="techniques, formats, title and file (patterns), parameters {name: {minimum, maximum, unit}}."
    )
    parameters: Changes = Field({}, description="Step → changed parameters.")
    enabled: bool = True
    at_once: int = Field(2, ge=1, le=1000)
    per_day: int | None = Field(None, ge=1)
    core_hours_per_day: float | None = Field(None, gt=0)


class AttachmentIn(AttachmentChange):
    chain: str


class AttachmentOut(Out):
    id: int
    instrument: str
    chain: str
    chain_title: str
    number: int
    current: int = Field(description="The newest version of the chain.")
    predicate: dict[str, Any]
    parameters: Changes
    enabled: bool
    at_once: int
    per_day: int | None
    core_hours_per_day: float | None
    waiting: int
    used_today: int = Field(description="Runs of the last 24 hours.")
    core_hours_today: float
    since: datetime


class AutomaticRunOut(Out):
    """A dataset that an attachment found, and what became of it."""

    dataset: str
    title: str
    generation: int = Field(description="0: the first time; then one for each repetition.")
    cause: Literal["new", "backlog", "again"]
    state: Literal["waiting", "refused", "running", "succeeded", "failed", "cancelled"]
    reason: str | None = Field(description="Why it waits, was refused or failed.")
    run: str | None
    created: datetime


class AutomaticListOut(Out):
    total: int
    runs: list[AutomaticRunOut]


class BacklogIn(In):
    last: int = Field(50, ge=1, le=1000)


class AgainIn(In):
    datasets: list[str] = Field([], max_length=1000)
    since: datetime | None = None
    until: datetime | None = None


class CountOut(Out):
    count: int


class QuantityOut(Out):
    name: str
    unit: str | None
    count: int
    varies: bool


class SeriesRowOut(Out):
    run: str
    state: RunStateName
    dataset: str
    title: str
    time: datetime | None
    result: str | None
    set: dict[str, float] = Field(description="Scalars of the measurement.")
    found: dict[str, float] = Field(description="Scalars of the step's result.")


class SeriesOut(Out):
    """The results of a series, in the order of measuring."""

    total: int
    step: str
    steps: list[str]
    rows: list[SeriesRowOut]
    parameters: list[QuantityOut]
    results: list[QuantityOut]


class CurvesOut(Out):
    """The default curves of results on one abscissa, for a waterfall; `y` has one row for each pid."""

    pids: list[str]
    x: list[float | None]
    y: list[list[float | None]]
    x_label: str
    y_label: str
    x_unit: str | None
    y_unit: str | None
    x_scale: Literal["linear", "log"]
    y_scale: Literal["linear", "log"]
    resampled: bool = Field(description="Some had another abscissa and were interpolated, or have more points.")
    left_out: list[str] = Field(description="Results without a curve that can be drawn with the others.")
