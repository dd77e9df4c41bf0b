"""What goes over HTTP as JSON: the answers and requests of every resource, typed.

The page's API client is generated from these (`web/src/api/schema.d.ts`). Times are ISO 8601 with zone; sizes in bytes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


class In(BaseModel):
    """A request; unknown fields are errors that name the field."""

    model_config = ConfigDict(extra="forbid")


class Problem(Out):
    """RFC 9457 problem details, `application/problem+json`."""

    type: str = Field(description="Stable kind, e.g. 'urn:pandaas:not-found'.")
    title: str
    status: int
    detail: str = Field(description="What happened, naming the thing and the reason.")
    remedy: str | None = Field(None, description="What to do next.")
    field: str | None = Field(None, description="The input at fault.")
    request_id: str = ""


# --- people and sign-in -------------------------------------------------------------------------------------------


class PersonOut(Out):
    id: int
    user: str
    name: str
    affiliation: str | None = None
    role: Literal["visitor", "instrument_staff", "operator"]


class SessionOut(Out):
    """Who the browser is signed in as; `person` None means anonymous (open data stay readable)."""

    person: PersonOut | None
    scopes: list[str]
    instruments: list[str] = Field(default_factory=list, description="Names of instruments whose staff she is.")
    facility: str
    demo: bool = False
    demo_accounts: list[DemoAccount] = Field(default_factory=list)
    sandbox_warning: str | None = Field(None, description="Permanent banner when user code is not isolated.")
    version: str


class DemoAccount(Out):
    user: str
    password: str
    role: str
    description: str
    proposals: list[str]


class SignInIn(In):
    user: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1024)


class TokenOut(Out):
    id: int
    name: str
    scopes: list[str]
    created: datetime
    expires: datetime | None
    last_used: datetime | None


class TokenIn(In):
    name: str = Field(min_length=1, max_length=100)
    scopes: list[Literal["read", "write", "run", "admin"]] = ["read"]
    expires_in_days: int | None = Field(90, ge=1, le=3650)


class NewTokenOut(TokenOut):
    token: str = Field(description="Shown once.")


# --- proposals and instruments ------------------------------------------------------------------------------------


class MemberOut(Out):
    person: PersonOut
    role: Literal["principal_investigator", "member", "reader", "local_contact"]


class ProposalOut(Out):
    name: str
    title: str
    summary: str | None = None
    type: Literal["public_access", "proprietary", "training", "in_house", "personal"]
    facility: str
    instrument: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    release_time: datetime | None = None
    open: bool = Field(description="Released: anyone may read.")
    dataset_count: int = Field(description="Datasets that you may see.")
    techniques: list[TechniqueOut] = []
    last_dataset: DatasetCard | None = None
    my_role: str | None = None
    may_write: bool = False
    may_manage: bool = False
    members: list[MemberOut] = []


class ProposalIn(In):
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    title: str = Field(min_length=1, max_length=500)
    summary: str | None = None
    type: Literal["public_access", "proprietary", "training", "in_house"] = "public_access"
    instrument: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    release_time: datetime | None = None


class MemberIn(In):
    role: Literal["principal_investigator", "member", "reader", "local_contact"] = "member"


class ValidityOut(Out):
    dataset: DatasetCard
    purpose: Literal["calibration", "mask"]
    start: datetime
    end: datetime | None
    valid_now: bool


class InstrumentOut(Out):
    name: str
    title: str
    facility: str
    technique: TechniqueOut | None = None
    dataset_count: int
    is_staff: bool


class InstrumentPageOut(InstrumentOut):
    """'My instrument' for its staff."""

    latest: list[DatasetCard]
    failures: list[JobOut]
    quarantine: list[QuarantineOut]
    calibrations: list[ValidityOut]
    recipe_defaults: dict[str, dict[str, Any]]


class ValidityIn(In):
    dataset: str
    purpose: Literal["calibration", "mask"]
    start: datetime
    end: datetime | None = None


# --- datasets -----------------------------------------------------------------------------------------------------


class TechniqueOut(Out):
    iri: str
    label: str
    short: str = Field(description="Short label for chips, e.g. 'SAXS'.")


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
    has_thumbnail: bool
    origin: Literal["measured", "simulated"]
    main_shape: list[int] | None = Field(None, description="Shape of the default array.")
    snippet: str | None = Field(None, description="Why the row matched.")


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
    axes: list[str | None] = []
    errors: str | None = None
    auxiliary: list[str] = []
    title: str | None = None
    interpretation: str | None = None
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"


class DatasetOut(DatasetCard):
    """The whole record."""

    description: str | None
    end_time: datetime | None
    release_time: datetime | None
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
    replaces: str | None
    replaced_by: str | None
    versions: list[VersionOut] = []
    may_write: bool
    may_analyse: bool
    client_path: str | None = None


class VersionOut(Out):
    pid: str
    version: int
    created: datetime


class DatasetPatch(In):
    """Edits by the team; only the fields given change."""

    title: str | None = Field(None, min_length=1, max_length=500)
    description: str | None = None
    sample: str | None = None
    techniques: list[str] | None = None
    state: Literal["complete", "withdrawn"] | None = None


class FileOut(Out):
    id: int
    name: str
    size: int
    sha256: str
    modified: datetime
    role: Literal["data", "attachment"]
    missing: bool


class NodeOut(Out):
    """One node of a dataset's contents; children without their attributes."""

    name: str
    path: str
    kind: Literal["group", "dataset", "soft_link", "external_link", "datatype", "unresolved"]
    nx_class: str | None = None
    shape: list[int] | None = None
    dtype: str | None = None
    type_class: str | None = Field(None, description="h5grove's type class: integer, float, string, compound, enum …")
    chunks: list[int] | None = None
    filters: list[str] = []
    unit: str | None = None
    target: str | None = Field(None, description="Where a link leads; why it can't be followed.")
    is_default: bool = False
    attributes: dict[str, Any] | None = None
    children: list[NodeOut] | None = None
    child_count: int = 0


class StatsOut(Out):
    """Statistics of a selection without masked pixels, sentinels and NaN."""

    count: int
    masked: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    positive_minimum: float | None
    percentiles: dict[str, float] = Field(description="Keys '0.1', '1', '5', '50', '95', '99', '99.9'.")
    histogram_counts: list[int]
    histogram_edges: list[float]
    sentinel: float | None = Field(None, description="The detector's 'no value', e.g. 4294967295.")


class GeometryOut(Out):
    """Detector geometry of an image array, as far as the file or a calibration says. Lengths in metres."""

    distance: float
    beam_center_x: float = Field(description="Pixels along the last axis.")
    beam_center_y: float
    pixel_size_x: float
    pixel_size_y: float
    wavelength: float
    rot1: float = 0.0
    rot2: float = 0.0
    rot3: float = 0.0
    source: str = Field(description="'from the file', 'from the calibration of 3 May' …")
    mask: str | None = Field(None, description="Inner path of the pixel mask.")


class MaskIn(In):
    """A mask drawn in the viewer: run lengths over the flattened image, starting with unmasked pixels."""

    path: str
    title: str = Field(min_length=1, max_length=200)
    shape: list[int] = Field(min_length=2, max_length=2)
    runs: list[int]


class RelationNode(Out):
    """A dataset or job in the history graph; `hidden` ones exist but may not be seen by you."""

    id: str
    type: Literal["dataset", "job"]
    title: str
    detail: str | None = None
    time: datetime | None = None
    hidden: bool = False


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
    payload: dict[str, Any] = {}


# --- search -------------------------------------------------------------------------------------------------------


class FacetValue(Out):
    value: str
    label: str
    count: int
    selected: bool


class UnderstoodTerm(Out):
    """One term of the query as understood; `text` is what to remove from the box to drop it."""

    field: str | None
    value: str
    label: str
    text: str
    negated: bool = False
    problem: str | None = None


class SearchOut(Out):
    total: int
    took_ms: float
    understood: list[UnderstoodTerm]
    facets: dict[str, list[FacetValue]]
    results: list[DatasetCard]
    suggestion: str | None = Field(None, description="Which term to drop when nothing was found.")


# --- uploads and quarantine ---------------------------------------------------------------------------------------


class UploadIn(In):
    name: str = Field(min_length=1, max_length=255)
    size: int = Field(ge=0)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    proposal: str | None = Field(None, description="Default: your own space.")
    batch: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Files of one batch stay together.")


class UploadOut(Out):
    id: str
    name: str
    size: int
    offset: int
    state: Literal["receiving", "complete", "failed"]
    detail: str | None = None
    datasets: list[str] = []
    quarantine: list[int] = []


class QuarantineOut(Out):
    id: int
    name: str
    folder: str = Field(description="Below which storage root, never a server path.")
    size: int
    reason: str
    remedy: str | None
    first_seen: datetime
    last_tried: datetime
    attempts: int
    proposal: str | None


# --- recipes and jobs ---------------------------------------------------------------------------------------------


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
    shape: Literal["blockwise", "whole"]
    environment: str
    environment_ready: bool
    selection: Literal["each", "all"]
    inputs: list[SlotOut]
    typical_duration_s: float | None = None
    problem: str | None = None


class RecipePageOut(RecipeOut):
    parameter_schema: dict[str, Any] = Field(
        description="JSON Schema; properties may carry 'unit', 'advanced' (bool), 'x-order', 'group'."
    )
    readme: str = Field(description="Markdown: the physics and the limits.")


class DefaultOut(Out):
    value: Any
    source: str = Field(description="'from the file (/entry/…)', 'default of BL-SAXS', 'recipe default'.")


class OfferOut(Out):
    """A recipe that fits the chosen datasets, with inputs and parameters filled in."""

    recipe: RecipePageOut
    inputs: dict[str, list[DatasetCard]]
    suggestions: dict[str, list[DatasetCard]] = Field(description="Further datasets that fit each slot.")
    defaults: dict[str, DefaultOut]
    runs_where: str = Field(description="'On this computer, 2 cores, starts now.'")


class JobIn(In):
    recipe: str
    version: str | None = None
    inputs: dict[str, list[str]] = Field(description="Slot name → pids.")
    parameters: dict[str, Any] = {}
    proposal: str | None = Field(None, description="Where the result goes; default: the inputs', else your own space.")
    engine: str | None = None
    cores: int | None = Field(None, ge=1)
    time_limit_s: int | None = Field(None, ge=1)
    repeats: str | None = Field(None, description="Job this is run again from.")


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
    warnings: list[str] = []
    inputs: list[JobInputOut]
    outputs: list[DatasetCard] = []


class JobPageOut(JobOut):
    parameters: dict[str, Any]
    preview: dict[str, Any] | None = Field(
        None, description="Live plot: {x:[…], y:[…], x_label, y_label, x_unit, y_unit, x_scale, y_scale}."
    )
    engine: str
    environment: str | None
    environment_key: str | None
    isolation: str | None
    attempt: int
    cores: int
    memory_mb: int
    time_limit_s: int
    wall_s: float | None
    cpu_s: float | None
    max_rss_mb: float | None
    exit_code: int | None
    repeats: str | None
    verifies: str | None
    may_cancel: bool
    may_repeat: bool


class VerifyOut(Out):
    """How a re-executed result compares with the registered one."""

    job: str
    state: str
    equal: bool | None = None
    bit_equal: bool | None = None
    largest_relative_difference: float | None = None
    tolerance: float | None = None
    reason: str | None = None
    differences: list[str] = []


class JobListOut(Out):
    total: int
    jobs: list[JobOut]


class NoticeOut(Out):
    id: int
    level: Literal["info", "success", "warning", "failure"]
    text: str
    link: str | None
    created: datetime


# --- home, operator, health, help ---------------------------------------------------------------------------------


class HomeOut(Out):
    proposals: list[ProposalOut]
    recent: list[DatasetCard]
    results: list[DatasetCard]
    jobs: list[JobOut]
    notices: list[NoticeOut]
    try_out: list[TryStep] = Field(default_factory=list, description="What a newcomer may try, in order.")


class TryStep(Out):
    title: str
    text: str
    link: str
    done: bool = False


class ComponentHealth(Out):
    name: str
    state: Literal["ok", "degraded", "failed", "starting", "missing"]
    detail: str = ""


class HealthOut(Out):
    status: Literal["ok", "starting", "failed"]
    version: str
    components: list[ComponentHealth]


class DiskOut(Out):
    name: str
    total: int
    free: int
    used_by_us: int | None = None


class EnvironmentOut(Out):
    name: str
    key: str
    state: Literal["missing", "building", "ready", "failed"]
    size: int | None
    packages: int | None
    last_used: datetime | None
    detail: str | None = None


class ActivePersonOut(Out):
    """A person of the installation; `signed_in` is when her latest sign-in that still holds began."""

    user: str
    name: str
    role: Literal["visitor", "instrument_staff", "operator"]
    disabled: bool
    signed_in: datetime | None
    proposals: int


class ProposalUseOut(Out):
    """What a proposal holds; `size` in bytes."""

    name: str
    title: str
    type: Literal["public_access", "proprietary", "training", "in_house", "personal"]
    members: int
    datasets: int
    size: int


class OperatorOut(Out):
    people: int
    latest_people: list[ActivePersonOut] = Field(description="Who signed in last, then the newest accounts.")
    largest_proposals: list[ProposalUseOut]
    signed_in: int
    proposals: int
    datasets: int
    data_size: int
    jobs: dict[str, int] = Field(description="State → count, last 30 days.")
    cpu_hours: float
    quarantine: int
    environments: list[EnvironmentOut]
    disks: list[DiskOut]
    health: HealthOut
    doctor: list[ComponentHealth]
    audit: list[HistoryEntry]


class HelpEntry(Out):
    path: str
    title: str
    section: Literal["tutorials", "how-to", "reference", "explanation"]
    summary: str = ""


class HelpPage(HelpEntry):
    markdown: str
