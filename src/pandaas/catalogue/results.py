"""Results of jobs and sessions: datasets that know what they were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.describe import searchable
from pandaas.catalogue.ingest import MeasuredFile, Placement, Prepared, Scanner, measure, sha256_of
from pandaas.catalogue.ingest.store import file_rows, new_dataset
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, Instrument, Proposal, Relation
from pandaas.model import Clock, DatasetKind, NotFound, ScannedDataset, UnreadableFile, new_pid

DERIVED = "derived_from"


class JobRecord(Protocol):
    """What is needed of a job to register its result (`pandaas.db.tables.Job`)."""

    @property
    def id(self) -> str: ...
    @property
    def person_id(self) -> int: ...


@dataclass(frozen=True)
class SessionMaker:
    """A session in which a person made a result, and what with: `JupyterLab 4.4`."""

    id: str
    person_id: int
    program: str


@dataclass(frozen=True)
class Said:
    """What a person says of a result; it stands before what the file says. `techniques` are IRIs."""

    description: str | None = None
    sample: str | None = None
    techniques: tuple[str, ...] = ()


_NOTHING = Said()


@dataclass(frozen=True)
class PreparedResult:
    """A result read and measured, ready to be registered in a short transaction."""

    scanned: ScannedDataset
    file: MeasuredFile
    thumbnail: bytes | None
    attachments: tuple[MeasuredFile, ...] = ()

    @property
    def is_processed(self) -> bool:
        """The reader found an NXprocess group in it."""
        return self.scanned.kind is DatasetKind.DERIVED


class Results:
    def __init__(self, database: Database, settings: Settings, access: Access, scanner: Scanner) -> None:
        self._database = database
        self._settings = settings
        self._access = access
        self._scanner = scanner

    def prepare(self, file: Path, attachments: Sequence[Path] = ()) -> PreparedResult:
        """Read a result in a worker process. `UnreadableFile` when it is none; call it outside of transactions."""
        real = file.resolve(strict=True)
        scanned = None
        for result in self._scanner.scan([real], roots=[real.parent]):
            if result.error is not None:
                raise result.error
            scanned = next(iter(result.datasets), scanned)
        if scanned is None:
            raise UnreadableFile(f"{file.name} holds nothing that can be shown.", remedy="Write a NeXus file.")
        scanned = replace(scanned, files=(real,))
        further = tuple(_measured(path.resolve(strict=True)) for path in attachments)
        return PreparedResult(scanned, _measured(real), self._scanner.thumbnail(scanned), further)

    def register(
        self,
        session: Session,
        maker: JobRecord | SessionMaker,
        result: PreparedResult,
        *,
        title: str,
        inputs: Mapping[str, Sequence[str]],
        proposal: Proposal,
        said: Said = _NOTHING,
    ) -> str:
        """Register a result in the caller's transaction; `inputs` are the pids in each slot, the main one first.

        It belongs to `proposal` and the maker's person, is released with the last of its inputs, and takes over their
        instrument, sample and techniques where nothing is said of them.
        """
        job_id = None if isinstance(maker, SessionMaker) else maker.id
        made_from = [(slot, source) for slot, sources in inputs.items() for source in sources]
        pids = list(dict.fromkeys(source for _, source in made_from))
        sources = self._sources(session, pids)
        about = set(next(iter(inputs.values()), ()))
        named = replace(
            result.scanned,
            title=title,
            kind=DatasetKind.DERIVED,
            description=said.description or result.scanned.description,
            sample=said.sample or result.scanned.sample,
            techniques=said.techniques or result.scanned.techniques,
        )
        scanned = _inherit(named, sources, about)
        prepared = Prepared(
            scanned=scanned,
            files=(result.file,),
            placement=placement_in(session, self._access, proposal, sources),
            thumbnail=result.thumbnail,
            owner_id=maker.person_id,
            origin="simulated" if sources and all(one.origin == "simulated" for one in sources) else "measured",
        )
        pid = new_pid("res")
        dataset = new_dataset(self._settings, prepared, pid, self._database.clock())
        if sources:
            dataset.release_time = _last_release(sources)
        dataset.job_id = job_id
        dataset.files += file_rows(result.attachments, role="attachment", first=len(dataset.files))
        actor, clock = maker.person_id, self._database.clock
        made: dict[str, Any] = {"job": job_id}
        if isinstance(maker, SessionMaker):
            made = {"in_session": maker.id, "program": maker.program}
        add_made(session, self._access, dataset, pids, actor, clock=clock, made_from=pids, **made)
        for slot, source in dict.fromkeys(made_from):
            session.add(Relation(subject_pid=pid, relation=DERIVED, object_pid=source, slot=slot, job_id=job_id))
        return pid

    def _sources(self, session: Session, pids: Sequence[str]) -> list[Dataset]:
        rows = {row.pid: row for row in session.scalars(select(Dataset).where(Dataset.pid.in_(pids)))}
        missing = [pid for pid in pids if pid not in rows]
        if missing:
            raise NotFound(f"There is no dataset '{missing[0]}'.", field="inputs")
        return [rows[pid] for pid in dict.fromkeys(pids)]


def _measured(real: Path) -> MeasuredFile:
    size, mtime_ns = measure(real)
    return MeasuredFile(real, real.name, size, mtime_ns, sha256_of(real))


def add_made(
    session: Session,
    access: Access,
    dataset: Dataset,
    inputs: Sequence[str],
    actor_id: int | None,
    *,
    clock: Clock,
    **payload: Any,
) -> None:
    """Add a dataset that the platform made from `inputs` (pids), with its ancestors, search text and event."""
    session.add(dataset)
    session.flush()
    access.record_ancestors(session, dataset.id, inputs)
    session.flush()
    dataset.search_text = searchable(session, dataset)
    append(
        session,
        "dataset.registered",
        dataset.pid,
        actor_id=actor_id,
        proposal_id=dataset.proposal_id,
        payload={"version": 1, "title": dataset.title, "files": 1, **payload},
        clock=clock,
    )


def _inherit(scanned: ScannedDataset, sources: Sequence[Dataset], about: Set[str]) -> ScannedDataset:
    """What measured inputs say holds for the result too, where it doesn't say otherwise.

    The sample is that of the inputs it is about (pids): a background or a reference is another one.
    """
    if not sources:
        return scanned
    aids = (DatasetKind.CALIBRATION, DatasetKind.MASK)
    sources = [one for one in sources if one.kind not in aids] or sources
    techniques = tuple(dict.fromkeys(row.technique for row in sources[0].techniques))
    return replace(
        scanned,
        sample=scanned.sample or _common(one.sample for one in sources if one.pid in about),
        facility=scanned.facility or sources[0].facility,
        techniques=scanned.techniques or techniques,
        start_time=scanned.start_time or min((one.start_time for one in sources if one.start_time), default=None),
    )


def _common(values: Any) -> str | None:
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _last_release(sources: Sequence[Dataset]) -> datetime | None:
    """Released with the last of its inputs; never, where one of them never is."""
    times = [one.release_time for one in sources]
    return max((time for time in times if time), default=None) if all(times) else None


def placement_in(session: Session, access: Access, proposal: Proposal, sources: Sequence[Dataset]) -> Placement:
    shared = {one.instrument_id for one in sources}
    instrument = session.get(Instrument, shared.pop()) if len(shared) == 1 and None not in shared else None
    return Placement(
        proposal_id=proposal.id,
        proposal=proposal.name,
        proposal_title=proposal.title,
        proposal_type=proposal.type,
        row=proposal,
        policy=access.policy(proposal.type),
        instrument_id=instrument.id if instrument else None,
    )
