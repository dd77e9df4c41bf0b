"""What the catalogue answers: frozen values, no rows of the database and no path of the server except where said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pandaas.model import ArrayInfo, Parameter, PlotSpec

# --- ingest -------------------------------------------------------------------------------------------------------

REFUSED = "Not assigned to a proposal:"  # leads reasons that lie in the call, not in the file
Outcome = Literal["new", "unchanged", "new_version", "moved", "growing", "reread"]


@dataclass(frozen=True)
class IngestedDataset:
    pid: str
    version: int
    title: str
    outcome: Outcome


@dataclass(frozen=True)
class QuarantinedFile:
    id: int
    name: str
    reason: str
    remedy: str | None = None


@dataclass(frozen=True)
class IngestReport:
    """What one ingest did. `bytes` were read for checksums in `seconds`; `pending` are files still being written."""

    datasets: list[IngestedDataset]
    quarantined: list[QuarantinedFile]
    attachments: list[str]
    pending: list[str]
    files: int
    bytes: int
    seconds: float

    def count(self, outcome: Outcome) -> int:
        return sum(1 for dataset in self.datasets if dataset.outcome == outcome)


@dataclass(frozen=True)
class IngestProgress:
    """`done` of `total` files are settled; `name` was the last."""

    done: int
    total: int
    name: str


OnProgress = Callable[[IngestProgress], None]


@dataclass(frozen=True)
class FileCheck:
    """What `check_files` found: names of files gone, found again or moved, and changed since they were registered."""

    checked: int
    missing: list[str]
    returned: list[str]
    moved: list[str]
    changed: list[str]


@dataclass(frozen=True)
class IndexCheck:
    """How the index of the search stands to the tables: `differences` in words, at most some; none when all is right."""

    datasets: int
    differences: tuple[str, ...]


# --- records ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """A dataset in a list. `techniques` are PaNET IRIs; `open` means that anyone may read it now.

    `technique_labels` stand beside `techniques`, as the loaded vocabulary has them; None for a term it doesn't have.
    """

    pid: str
    version: int
    title: str
    kind: str
    state: str
    facility: str
    instrument: str | None
    proposal: str
    proposal_type: str
    sample: str | None
    start_time: datetime | None
    created: datetime
    size: int
    format: str
    techniques: tuple[str, ...]
    open: bool
    has_thumbnail: bool
    origin: str
    release_time: datetime | None = None
    main_shape: tuple[int, ...] | None = None
    missing: bool = False
    snippet: str | None = None
    technique_labels: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Version:
    pid: str
    version: int
    created: datetime


@dataclass(frozen=True)
class FileInfo:
    """One file of a dataset; `sha256` is empty while the dataset is growing."""

    id: int
    name: str
    size: int
    sha256: str
    modified: datetime
    role: Literal["data", "attachment"]
    missing: bool


@dataclass(frozen=True)
class FileContent:
    """A file to send. `path` is its real path on the server; `etag` changes whenever its bytes do."""

    path: Path
    name: str
    size: int
    modified: datetime
    etag: str


@dataclass(frozen=True)
class Record:
    """The whole record of one dataset, as this person may see it."""

    card: Card
    description: str | None
    end_time: datetime | None
    release_time: datetime | None
    licence: str | None
    proposal_title: str
    definitions: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    arrays: tuple[ArrayInfo, ...]
    plot: PlotSpec | None
    unread: tuple[str, ...]
    extra: dict[str, Any]
    entry_path: str
    files: tuple[FileInfo, ...]
    source_note: str | None
    missing_since: datetime | None
    job: str | None
    session: str | None
    replaces: str | None
    replaced_by: str | None
    versions: tuple[Version, ...]
    may_write: bool
    may_analyse: bool
    client_path: str | None = None
    instrument_id: int | None = None
    proposal_id: int = 0

    @property
    def pid(self) -> str:
        return self.card.pid


@dataclass(frozen=True)
class HistoryLine:
    """One change in plain words; `actor` is None for the platform itself and for askers who aren't signed in."""

    time: datetime
    kind: str
    text: str
    actor: str | None
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProvenanceNode:
    """`hidden` nodes exist but this person may not see them; their id says nothing.

    The title of a job or session is its program, followed by `version` where that is known.
    """

    id: str
    type: Literal["dataset", "job", "session"]
    title: str
    detail: str | None = None
    time: datetime | None = None
    hidden: bool = False
    version: str = ""


@dataclass(frozen=True)
class ProvenanceEdge:
    source: str
    target: str
    label: str


@dataclass(frozen=True)
class Provenance:
    nodes: tuple[ProvenanceNode, ...]
    edges: tuple[ProvenanceEdge, ...]


@dataclass(frozen=True)
class ValidDataset:
    """A calibration or mask with the interval in which its instrument proposes it."""

    card: Card
    purpose: Literal["calibration", "mask"]
    start: datetime
    end: datetime | None
    valid_now: bool


@dataclass(frozen=True)
class ProposalContents:
    """What of a proposal this person may see: how many datasets, which techniques, the newest."""

    count: int = 0
    techniques: tuple[str, ...] = ()
    last: Card | None = None


# --- uploads and quarantine ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UploadStatus:
    """`offset` is how many bytes have arrived; sending goes on there."""

    id: str
    name: str
    size: int
    offset: int
    state: Literal["receiving", "complete", "failed"]
    detail: str | None = None
    datasets: tuple[str, ...] = ()
    quarantine: tuple[int, ...] = ()


@dataclass(frozen=True)
class QuarantineEntry:
    id: int
    name: str
    folder: str
    size: int
    reason: str
    remedy: str | None
    first_seen: datetime
    last_tried: datetime
    attempts: int
    proposal: str | None


# --- search -------------------------------------------------------------------------------------------------------

FACETS = ("facility", "instrument", "technique", "proposal", "year", "kind")
Sort = Literal["relevance", "newest", "oldest", "title", "size"]


@dataclass(frozen=True)
class SearchQuery:
    """`text` is the box; `selected` holds the chosen values of each facet (alternatives within one facet)."""

    text: str = ""
    selected: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sort: Sort = "relevance"
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True)
class UnderstoodTerm:
    """One term as understood. `text` is its place in the box; a term with a `problem` takes no part in the search.

    `note` says what was made of it: a name written out, a typo forgiven.
    """

    field: str | None
    value: str
    label: str
    text: str
    negated: bool = False
    problem: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class FacetCount:
    value: str
    label: str
    count: int
    selected: bool = False


@dataclass(frozen=True)
class SearchResult:
    total: int
    took_ms: float
    understood: tuple[UnderstoodTerm, ...]
    facets: dict[str, tuple[FacetCount, ...]]
    results: tuple[Card, ...]
    suggestion: str | None = None
