"""Datasets: cards, records, files, history."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from pandaas.server.schemas.arrays import RegularAxisOut
from pandaas.server.schemas.base import In, Out


class TechniqueOut(Out):
    iri: str
    label: str
    short: str = Field(description="Short label for chips, e.g. 'SAXS'.")


class ColumnValue(Out):
    """One parameter beside a card, in the unit this person prefers."""

    value: float | str
    unit: str | None


class DatasetCard(Out):
    """A dataset in a list."""

    pid: str
    version: int
    title: str
    kind: Literal["raw", "derived", "calibration", "mask"]
    state: Literal["growing", "complete", "withdrawn"]
    facility: str
    instrument: str | None
    proposal: str
    sample: str | None
    start_time: datetime | None
    created: datetime
    size: int
    format: str
    techniques: list[TechniqueOut]
    open: bool
    release_time: datetime | None = Field(None, description="When it becomes, or became, open.")
    has_thumbnail: bool
    origin: Literal["measured", "simulated"]
    main_shape: list[int] | None = Field(None, description="Shape of the default array.")
    missing: bool = Field(False, description="Files of it are gone from the storage.")
    snippet: str | None = Field(None, description="Why the row matched.")
    values: dict[str, ColumnValue] = Field({}, description="The parameters that were asked for as columns.")


class ParameterOut(Out):
    name: str
    value: float | str
    unit: str | None
    si_value: float | None
    si_unit: str | None
    source: str | None


class ArrayOut(Out):
    path: str
    shape: list[int]
    dtype: str
    kind: str
    unit: str | None
    chunks: list[int] | None
    compression: str | None
    nbytes: int
    is_default: bool


class PlotOut(Out):
    signal: str
    axes: list[str | None] = Field([])
    errors: str | None = None
    x_errors: str | None = Field(None, description="One standard deviation per point along x (resolution of q).")
    auxiliary: list[str] = Field([])
    title: str | None = None
    interpretation: str | None = None
    x_scale: Literal["linear", "log"] | None = Field(None, description="Null where the file doesn't say.")
    y_scale: Literal["linear", "log"] | None = Field(None, description="Null where the file doesn't say.")
    grid: list[RegularAxisOut | None] = Field([], description="Regular axes that no array holds, one per dimension.")


class DatasetOut(DatasetCard):
    """The whole record."""

    description: str | None
    end_time: datetime | None
    licence: str | None
    proposal_title: str
    definitions: list[str]
    parameters: list[ParameterOut]
    arrays: list[ArrayOut]
    plot: PlotOut | None
    unread: list[str]
    extra: dict[str, Any]
    entry_path: str
    file_count: int
    source_note: str | None
    missing_since: datetime | None
    job: str | None
    session: str | None = Field(None, description="The session in which it was made; told to its person and operators.")
    replaces: str | None
    replaced_by: str | None
    versions: list[VersionOut] = Field([])
    may_write: bool
    may_analyse: bool
    client_path: str | None = None


class VersionOut(Out):
    pid: str
    version: int
    created: datetime


class ParameterIn(In):
    """A parameter entered by hand."""

    value: float | str = Field(description="A finite number or a text of at most 500 characters.")
    unit: str | None = Field(None, max_length=64)


class DatasetPatch(In):
    """Edits by the team; only the fields given change."""

    title: str | None = Field(None, min_length=1, max_length=500)
    description: str | None = None
    sample: str | None = None
    techniques: list[str] | None = None
    parameters: dict[str, ParameterIn | None] | None = Field(
        None, max_length=200, description="By name; null takes one away. Those that are not named stay."
    )
    state: Literal["complete", "withdrawn"] | None = None


class FindingOut(Out):
    """One thing to mend in the metadata."""

    field: str = Field(description="'sample', 'parameters.photon_energy' …")
    severity: Literal["required", "recommended"]
    message: str
    schema_: str = Field(alias="schema", description="Name and version of the schema that asks for it.")


class QualityOut(Out):
    """How complete the metadata are, in per cent, by the schemas that apply; null where none does."""

    score: int | None
    findings: list[FindingOut]
    schemas: list[str]


class FileOut(Out):
    id: int
    name: str
    size: int
    sha256: str
    modified: datetime
    role: Literal["data", "attachment"]
    missing: bool


class MaskIn(In):
    """A mask drawn in the viewer: run lengths over the flattened image, starting with unmasked pixels."""

    path: str
    title: str = Field(min_length=1, max_length=200)
    shape: list[int] = Field(min_length=2, max_length=2)
    runs: list[int]


class RelationNode(Out):
    """A dataset, job or session in the history graph; `hidden` ones exist but may not be seen by you."""

    id: str
    type: Literal["dataset", "job", "session"]
    title: str
    detail: str | None = None
    time: datetime | None = None
    hidden: bool = False
    version: str = ""


class RelationEdge(Out):
    source: str
    target: str
    label: str


class ProvenanceOut(Out):
    nodes: list[RelationNode]
    edges: list[RelationEdge]


class HistoryEntry(Out):
    time: datetime
    kind: str
    text: str
    actor: str | None
    payload: dict[str, Any] = Field({})
