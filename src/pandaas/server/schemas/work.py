"""Recipes, offers, jobs, verification, notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out
from pandaas.server.schemas.datasets import DatasetCard, TechniqueOut


class SlotOut(Out):
    name: str
    title: str
    minimum: int
    maximum: int | None
    help: str
    accepts: str = Field(description="In words: 'a stack of detector images (SAXS, WAXS, powder)'.")


class RecipeOut(Out):
    id: str
    version: str
    title: str
    summary: str
    code: str
    code_url: str
    citation: list[str]
    licence: str
    techniques: list[TechniqueOut]
    shape: Literal["blockwise", "whole", "notebook", "command", "ewoks", "cwl"]
    environment: str
    environment_ready: bool
    selection: Literal["each", "all"]
    inputs: list[SlotOut]
    typical_duration_s: float | None = None
    problem: str | None = None
    private: bool = Field(False, description="Yours alone; not published.")


class RecipePageOut(RecipeOut):
    parameter_schema: dict[str, Any] = Field(
        description="JSON Schema; properties may carry 'unit', 'advanced' (bool), 'x-order', 'group'."
    )
    readme: str = Field(description="Markdown: the physics and the limits.")


class NotebookLookIn(In):
    file: str = Field(max_length=1000, description="Name of the notebook as listed in the session's results.")
    inputs: list[str] = Field([], max_length=10, description="Variables that get the path of a dataset's file.")


class NotebookLookOut(Out):
    parameter_schema: dict[str, Any] = Field(description="JSON Schema of the form that the notebook would have.")


class NotebookInputIn(In):
    name: str = Field(max_length=64, description="The variable of the notebook that gets the path of the file.")
    title: str = Field(min_length=1, max_length=200)
    kinds: list[str] = Field([], max_length=10, description="Kinds of datasets, such as raw; none accepts all.")
    arrays: list[str] = Field([], max_length=10, description="Kinds of arrays, such as image_stack; none accepts all.")
    minimum: int = Field(1, ge=0, le=100)
    maximum: int = Field(1, ge=1, le=100)


class NotebookRecipeIn(In):
    file: str = Field(max_length=1000, description="Name of the notebook as listed in the session's results.")
    id: str = Field(max_length=64)
    version: str = Field(max_length=32)
    title: str = Field(min_length=1, max_length=200)
    summary: str = Field("", max_length=2000)
    techniques: list[str] = Field([], max_length=20, description="IRIs that data must have; none accepts all.")
    inputs: list[NotebookInputIn] = Field(min_length=1, max_length=10)
    memory_mb: int = Field(2048, ge=256, le=1_000_000)


class OwnRecipeOut(Out):
    """A recipe that is not published."""

    recipe: RecipePageOut
    person_id: int
    author: str
    content_hash: str
    is_mine: bool
    may_publish: bool


class PublishRecipeIn(In):
    person_id: int
    recipe: str
    version: str
    content_hash: str = Field(description="Of what you looked at; another content is refused.")


class DefaultOut(Out):
    value: Any
    source: str = Field(description="'from the file (/entry/…)', 'default of BL-SAXS', 'recipe default'.")


class EngineOut(Out):
    """An engine, and what it says of such work now."""

    name: str
    title: str
    where: str
    barred: str | None = Field(None, description="Why you may not use it now.")
    gpus: int = Field(0, description="GPUs that a job of this recipe gets there, unless it says that it wants none.")


class ProposedOut(Out):
    """The dataset that an input should probably have, and why."""

    pid: str
    reason: str


class OfferOut(Out):
    """A recipe that fits the chosen datasets, with inputs and parameters filled in."""

    recipe: RecipePageOut
    inputs: dict[str, list[DatasetCard]]
    suggestions: dict[str, list[DatasetCard]] = Field(description="Further datasets that fit each slot.")
    defaults: dict[str, DefaultOut]
    proposed: dict[str, ProposedOut] = Field({}, description="By slot; filled in already, or the first suggestion.")
    runs_where: str = Field(description="'On this computer, 2 cores, starts now.'")
    engines: list[EngineOut] = Field(description="Where it can run.")
    engine: str | None = Field(None, description="The one that is taken unless the person chooses.")
    engine_reason: str = Field("", description="Why that one.")


class JobIn(In):
    recipe: str
    version: str | None = None
    inputs: dict[str, list[str]] = Field(description="Slot name → pids.")
    parameters: dict[str, Any] = Field({})
    proposal: str | None = Field(None, description="Where the result goes; default: the inputs', else your own space.")
    engine: str | None = None
    cores: int | None = Field(None, ge=1)
    time_limit_s: int | None = Field(None, ge=1)
    repeats: str | None = Field(None, description="Job this is run again from.")
    gpu: bool = Field(True, description="False: on the processor, even where the recipe would get a GPU.")


class JobInputOut(Out):
    slot: str
    pid: str
    version: int
    title: str
    hidden: bool = False


class JobOut(Out):
    id: str
    recipe: str
    recipe_title: str
    recipe_version: str
    state: Literal["requested", "queued", "running", "succeeded", "failed", "cancelled", "lost"]
    phase: str
    progress: float | None
    message: str
    person: str
    proposal: str
    created: datetime
    queued: datetime | None
    started: datetime | None
    ended: datetime | None
    remaining_s: float | None = None
    failure: str | None
    remedy: str | None
    warnings: list[str] = Field([])
    inputs: list[JobInputOut]
    outputs: list[DatasetCard] = Field([])


class KeptFileOut(Out):
    """A file that a job left before it failed: an executed notebook, figures. `size` in bytes."""

    name: str
    size: int


class QueueOut(Out):
    """A place in the queue: `place` (from 1) `of` so many waiting jobs. What the engine doesn't say is null or empty."""

    place: int | None
    of: int | None
    reason: str = Field(description="Why it waits, in words.")
    expected_start: datetime | None = Field(description="When the scheduler expects it to start.")


class JobPageOut(JobOut):
    parameters: dict[str, Any]
    preview: dict[str, Any] | None = Field(
        None, description="Live plot: {x:[…], y:[…], x_label, y_label, x_unit, y_unit, x_scale, y_scale}."
    )
    engine: str
    engine_title: str
    engine_reason: str | None
    queue: QueueOut | None = Field(None, description="Where it stands, as long as it waits for its engine.")
    environment: str | None
    environment_key: str | None
    isolation: str | None
    attempt: int
    cores: int
    gpus: int
    memory_mb: int
    time_limit_s: int
    wall_s: float | None
    cpu_s: float | None
    max_rss_mb: float | None
    exit_code: int | None
    repeats: str | None
    chain_run: str | None = Field(None, description="The run of a chain that it is a step of.")
    verifies: str | None
    may_cancel: bool
    may_repeat: bool
    files: list[KeptFileOut] = Field([], description="What a failed job kept; a result's files are the result's.")


class VerifyOut(Out):
    """How a re-executed result compares with the registered one."""

    job: str
    state: str
    equal: bool | None = None
    bit_equal: bool | None = None
    largest_relative_difference: float | None = None
    tolerance: float | None = None
    reason: str | None = None
    differences: list[str] = Field([])


class JobListOut(Out):
    total: int
    jobs: list[JobOut]


class NoticeOut(Out):
    id: int
    level: Literal["info", "success", "warning", "failure"]
    text: str
    link: str | None
    created: datetime
