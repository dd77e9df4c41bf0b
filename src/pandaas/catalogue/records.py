"""Whole records: one dataset as one person may see it, its files, and edits by its team."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access, Protected, not_found
from pandaas.catalogue.cards import cards_of
from pandaas.catalogue.describe import plot_spec, searchable
from pandaas.catalogue.edits import EDITED, PARAMETER, set_parameter, set_techniques
from pandaas.catalogue.folding import storable
from pandaas.catalogue.quality import assess
from pandaas.catalogue.values import Card, FileContent, FileInfo, Record, Version
from pandaas.catalogue.vocabulary import Vocabulary
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, DatasetFile, DatasetParameter, Proposal, SessionResult
from pandaas.model import (
    BY_IRI,
    NESTED,
    Action,
    ArrayInfo,
    ArrayKind,
    Conflict,
    DatasetFiles,
    DatasetState,
    InvalidInput,
    NotFound,
    Parameter,
    Principal,
    Unavailable,
    check_pid,
)

_EDITABLE = ("title", "description", "sample")
_LENGTHS = {"title": 500, "sample": 300, "description": 20_000}


class Records:
    """Every call asks the access rule anew; what may not be seen is `NotFound`."""

    def __init__(self, database: Database, settings: Settings, access: Access, vocabulary: Vocabulary) -> None:
        self._database = database
        self._settings = settings
        self._access = access
        self._vocabulary = vocabulary

    def row(self, session: Session, principal: Principal, pid: str, action: Action) -> Dataset:
        """The row of `pid` if `principal` may do `action` to it, else the error that says so."""
        check_pid(pid)
        found = self._access.find(session, pid)
        if found is None:
            raise not_found(f"'{pid}'")
        self._access.require(principal, action, found[1], what=f"'{pid}'")
        return found[0]

    def protected(self, session: Session, dataset: Dataset) -> Protected:
        return self._access.protect(session, [dataset])[0]

    def record(self, principal: Principal, pid: str) -> Record:
        """The whole record. Of withdrawn data the metadata stay visible to those who may know of them."""
        with self._database.read() as session:
            dataset = self.row(session, principal, pid, Action.DISCOVER)
            protected = self.protected(session, dataset)
            if dataset.state != DatasetState.WITHDRAWN:
                self._access.require(principal, Action.READ, protected, what=f"'{pid}'")
            return self._record(session, principal, dataset, protected)

    def cards(self, principal: Principal, pids: Sequence[str]) -> list[Card]:
        """The cards of those of `pids` that this person may discover, in the same order."""
        found: dict[str, Card] = {}
        wanted = list(dict.fromkeys(pids))
        with self._database.read() as session:
            for start in range(0, len(wanted), 500):
                visible = self._access.visible(principal, Dataset, Action.DISCOVER)
                some = wanted[start : start + 500]
                ids = list(session.scalars(select(Dataset.id).where(Dataset.pid.in_(some), visible)))
                found |= {card.pid: card for card in cards_of(session, ids, self._database.clock()).values()}
        return [found[pid] for pid in pids if pid in found]

    def edit(self, principal: Principal, pid: str, changes: dict[str, Any]) -> None:
        """Change title, description, sample, techniques (PaNET IRIs), parameters (`{name: {"value": …, "unit": …}}`, None
        takes one away) or state; each change is kept with its old value.

        Withdrawing, and undoing it, needs `MANAGE`; the rest `WRITE`.
        """
        with self._database.session() as session:
            needed = Action.MANAGE if "state" in changes else Action.WRITE
            dataset = self.row(session, principal, pid, needed)
            done: dict[str, Any] = {}
            for field, value in _single(changes):
                old, new = self._change(session, dataset, field, value)
                if old != new:
                    done[field] = {"old": old, "new": new}
            if not done:
                return
            session.flush()
            dataset.search_text = searchable(session, dataset)
            assess(session, dataset, clock=self._database.clock)
            append(
                session,
                EDITED,
                pid,
                actor_id=principal.person_id,
                proposal_id=dataset.proposal_id,
                payload={"changes": done},
                clock=self._database.clock,
            )

    def _change(self, session: Session, dataset: Dataset, field: str, value: Any) -> tuple[Any, Any]:
        old: Any
        new: Any
        if field in _EDITABLE:
            old, new = getattr(dataset, field), _text(field, value)
            setattr(dataset, field, new)
        elif field == "techniques":
            old, new = sorted(row.technique for row in dataset.techniques), sorted(set(value or []))
            self.check_techniques([iri for iri in new if iri not in old])
            set_techniques(session, dataset, new)
        elif field.startswith(PARAMETER):
            old, new = set_parameter(dataset, field.removeprefix(PARAMETER), value)
        elif field == "state":
            old, new = str(dataset.state), _state(dataset.state, value)
            dataset.state = new
        else:
            raise InvalidInput(f"'{field[:40]}' can't be edited.", field=field)
        return old, new

    def check_techniques(self, iris: Sequence[str]) -> None:
        """Refuse what the vocabulary doesn't know, and its categories, which say nothing of a measurement."""
        known = self._vocabulary.techniques()
        for iri in iris:
            if known.get(iri) is None and iri not in BY_IRI:
                raise InvalidInput(
                    f"'{iri[:100]}' is no technique of the vocabulary.",
                    remedy="Give the IRIs of techniques; GET /api/v1/techniques finds them by name.",
                    field="techniques",
                )
            if not known.is_tag(iri):
                raise InvalidInput(
                    f"'{known.label(iri)}' is a category of the vocabulary, not a technique.",
                    remedy="Choose a technique below it.",
                    field="techniques",
                )

    # --- files ----------------------------------------------------------------------------------------------------

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        with self._database.read() as session:
            dataset = self.row(session, principal, pid, Action.READ)
            data = [row for row in dataset.files if row.role == "data"]
            if not data:
                raise Unavailable(f"'{pid}' has no files.", remedy="Ask an operator to ingest it again.")
            master = data[0]
            if master.missing_since is not None:
                self._say_missing(session, dataset, master)
            return DatasetFiles(
                pid=pid,
                version=dataset.version,
                master=Path(master.path),
                format=dataset.format,
                entry_path=dataset.entry_path,
                allowed=frozenset(Path(row.path) for row in data if row.missing_since is None),
                growing=dataset.state == DatasetState.GROWING,
            )

    def default_signal(self, principal: Principal, pid: str) -> str | None:
        """Inner path of the array that is plotted by default."""
        with self._database.read() as session:
            plot = plot_spec(self.row(session, principal, pid, Action.READ).plot)
            return plot.signal if plot else None

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        """May this principal read the file at `path`? Only if every dataset it belongs to may be read."""
        try:
            real = storable(str(path.resolve(strict=True)))
        except (OSError, RuntimeError, ValueError):
            return False
        holding = (
            select(DatasetFile.dataset_id)
            .where(DatasetFile.path == real, DatasetFile.role == "data", DatasetFile.missing_since.is_(None))
            .scalar_subquery()
        )
        with self._database.read() as session:
            of_file = list(session.scalars(select(Dataset.id).where(Dataset.id.in_(holding))))
            readable = select(Dataset.id).where(Dataset.id.in_(of_file), self._access.visible(principal))
            return bool(of_file) and len(list(session.scalars(readable))) == len(of_file)

    def file_list(self, principal: Principal, pid: str) -> list[FileInfo]:
        return list(self.record(principal, pid).files)

    def file(self, principal: Principal, pid: str, file_id: int) -> FileContent:
        """One file of a dataset, to be sent. `Conflict` when it is no longer what was registered."""
        with self._database.read() as session:
            dataset = self.row(session, principal, pid, Action.READ)
            row = next((row for row in dataset.files if row.id == file_id), None)
            if row is None:
                raise NotFound(f"'{pid}' has no file number {file_id}.", field="file_id")
            if row.missing_since is not None:
                self._say_missing(session, dataset, row)
            return _content(row, is_growing=dataset.state == DatasetState.GROWING)

    def thumbnail(self, principal: Principal, pid: str) -> bytes:
        with self._database.read() as session:
            dataset = self.row(session, principal, pid, Action.READ)
            picture = session.scalar(select(Dataset.thumbnail).where(Dataset.id == dataset.id))
        if not picture:
            raise NotFound(f"'{pid}' has no thumbnail.")
        return picture

    def _say_missing(self, session: Session, dataset: Dataset, row: DatasetFile) -> None:
        newer = _successor(session, dataset.pid)
        when = f"{row.missing_since:%d %B %Y}" if row.missing_since else "some time"
        if newer is not None:
            raise Unavailable(
                f"The file of this version was overwritten on {when}.", remedy=f"Open the newer version {newer}."
            )
        raise Unavailable(
            f"'{row.name}' is missing on disk since {when}.",
            remedy="Ask an operator to bring it back; it is found again by itself.",
        )

    # --- making the record ----------------------------------------------------------------------------------------

    def _record(self, session: Session, principal: Principal, dataset: Dataset, protected: Protected) -> Record:
        proposal = session.get_one(Proposal, dataset.proposal_id)
        default = next((row.path for row in dataset.arrays if row.is_default), None)
        return Record(
            card=cards_of(session, [dataset.id], self._database.clock())[dataset.id],
            description=dataset.description,
            end_time=dataset.end_time,
            release_time=dataset.release_time,
            licence=dataset.licence,
            proposal_title=proposal.title,
            definitions=tuple(dataset.definitions),
            parameters=tuple(_parameter(row) for row in sorted(_own(dataset.parameters), key=lambda row: row.name)),
            arrays=tuple(_array(row, row.path == default) for row in dataset.arrays),
            plot=plot_spec(dataset.plot),
            unread=tuple(dataset.unread),
            extra=dataset.extra,
            entry_path=dataset.entry_path,
            files=tuple(file_info(row) for row in dataset.files),
            source_note=dataset.source_note,
            missing_since=dataset.missing_since,
            job=dataset.job_id,
            session=_session_of(session, principal, dataset.pid),
            replaces=self._seen(session, principal, dataset.replaces),
            replaced_by=self._seen(session, principal, _successor(session, dataset.pid)),
            versions=self._versions(session, principal, dataset),
            may_write=self._access.may(principal, Action.WRITE, protected),
            may_analyse=self._access.may(principal, Action.ANALYSE, protected),
            client_path=self._client_path(dataset),
            instrument_id=dataset.instrument_id,
            proposal_id=dataset.proposal_id,
        )

    def _versions(self, session: Session, principal: Principal, dataset: Dataset) -> tuple[Version, ...]:
        """All versions this person may see, oldest first."""
        same = select(Dataset).where(
            Dataset.identity == dataset.identity, self._access.visible(principal, Dataset, Action.DISCOVER)
        )
        rows = session.scalars(same.order_by(Dataset.version))
        return tuple(Version(row.pid, row.version, row.created) for row in rows)

    def _seen(self, session: Session, principal: Principal, pid: str | None) -> str | None:
        if pid is None:
            return None
        visible = self._access.visible(principal, Dataset, Action.DISCOVER)
        return session.scalar(select(Dataset.pid).where(Dataset.pid == pid, visible))

    def _client_path(self, dataset: Dataset) -> str | None:
        """Where people find the first file on their own machines, if the storage root says."""
        first = next((row for row in dataset.files if row.role == "data"), None)
        for root in self._settings.storage if first else ():
            real = root.path.resolve()
            if first and root.client_path and real in Path(first.path).parents:
                return root.client_path.rstrip("/") + "/" + str(Path(first.path).relative_to(real))
        return None


def _single(changes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields that change, each parameter by itself."""
    for field, value in changes.items():
        if field == "parameters":
            yield from ((PARAMETER + name, one) for name, one in (value or {}).items())
        else:
            yield field, value


def file_info(row: DatasetFile) -> FileInfo:
    return FileInfo(
        id=row.id,
        name=row.name,
        size=row.size,
        sha256=row.sha256,
        modified=datetime.fromtimestamp(row.mtime_ns / 1e9, UTC),
        role="attachment" if row.role == "attachment" else "data",
        missing=row.missing_since is not None,
    )


def _content(row: DatasetFile, *, is_growing: bool) -> FileContent:
    path = Path(row.path)
    gone = Unavailable(f"'{row.name}' is not on disk at the moment.", remedy="Try again later, or ask an operator.")
    try:
        if os.path.realpath(path) != str(path):  # a link was put in its place
            raise gone
        found = path.stat()
    except OSError as error:
        raise gone from error
    if stat.S_ISDIR(found.st_mode):
        raise InvalidInput(
            f"'{row.name}' is a folder of many files, which can't be sent as one.",
            remedy="Read its arrays through the viewer, the client or /zarr.",
        )
    if not is_growing and (found.st_size, found.st_mtime_ns) != (row.size, row.mtime_ns):
        raise Conflict(
            f"'{row.name}' was changed on disk since it was registered.",
            remedy="Ask an operator to ingest it again; a new version will appear.",
        )
    etag = row.sha256[:32] if row.sha256 else f"{found.st_mtime_ns:x}-{found.st_size:x}"
    return FileContent(path, row.name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC), f'"{etag}"')


def _successor(session: Session, pid: str) -> str | None:
    return session.scalar(select(Dataset.pid).where(Dataset.replaces == pid).order_by(Dataset.id.desc()).limit(1))


def _own(rows: Iterable[DatasetParameter]) -> list[DatasetParameter]:
    """Without those that the record shows as nested metadata."""
    return [row for row in rows if not (row.source or "").startswith(NESTED)]


def _parameter(row: Any) -> Parameter:
    value = row.value if row.value is not None else (row.text or "")
    return Parameter(row.name, value, row.unit, row.si_value, row.si_unit, row.source)


def _array(row: Any, is_default: bool) -> ArrayInfo:
    return ArrayInfo(
        path=row.path,
        shape=tuple(row.shape),
        dtype=row.dtype,
        kind=ArrayKind(row.kind),
        unit=row.unit,
        chunks=tuple(row.chunks) if row.chunks else None,
        compression=row.compression,
        nbytes=row.nbytes,
        is_default=is_default,
    )


def _text(field: str, value: Any) -> str | None:
    text = storable(str(value)).strip() if value is not None else None
    if field == "title" and not text:
        raise InvalidInput("A dataset needs a title.", field="title")
    if text and len(text) > _LENGTHS[field]:
        raise InvalidInput(f"This is longer than {_LENGTHS[field]:,} characters.", field=field)
    return text or None


def _state(old: str, new: Any) -> str:
    """Withdraw, or undo a withdrawal; `growing` is the platform's own."""
    if new not in (DatasetState.COMPLETE, DatasetState.WITHDRAWN):
        raise InvalidInput("A dataset can be set to 'complete' or 'withdrawn'.", field="state")
    if old == DatasetState.GROWING:
        raise Conflict("This measurement is still being written.", remedy="Wait until it is complete.", field="state")
    return str(DatasetState(new))


def _session_of(session: Session, principal: Principal, pid: str) -> str | None:
    """The session in which it was made, for its person and operators: nobody else could open its page."""
    made = session.get(SessionResult, pid)
    if made is None or not (principal.is_operator or made.person_id == principal.person_id):
        return None
    return made.session_id
