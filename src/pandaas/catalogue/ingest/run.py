"""One ingest: find files, read what is new, register each dataset by itself, say what happened to every file.

Files are read in worker processes (`arrays`), checksums are made beside them in threads. Each dataset is stored in its
own transaction, so an ingest that dies is continued by running it again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Protocol

from pandaas.access import Access
from pandaas.catalogue.disk import is_full, tells_when_full
from pandaas.catalogue.folding import storable
from pandaas.catalogue.ingest.attachments import Attachments
from pandaas.catalogue.ingest.checksum import MeasuredFile, sha256_of
from pandaas.catalogue.ingest.known import Known, look_up
from pandaas.catalogue.ingest.placement import Placement, Places
from pandaas.catalogue.ingest.store import Prepared, Store
from pandaas.catalogue.ingest.walk import FoundFile, RefusedFile, is_below, measure, walk
from pandaas.catalogue.ingest.writing import is_being_written
from pandaas.catalogue.quarantine import QuarantineList
from pandaas.catalogue.values import IngestedDataset, IngestProgress, IngestReport, OnProgress, QuarantinedFile
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.model import InvalidInput, ScannedDataset, UnreadableFile

_PART = 200  # files read before the first of them are registered


class Scan(Protocol):
    """What a reader process says of one path (`pandaas.arrays.ScanResult`)."""

    @property
    def path(self) -> Path: ...
    @property
    def datasets(self) -> Sequence[ScannedDataset]: ...
    @property
    def error(self) -> UnreadableFile | None: ...
    @property
    def attachment(self) -> bool: ...


class Scanner(Protocol):
    """The part of `pandaas.arrays.ArrayService` that ingest needs."""

    def scan(self, paths: Sequence[Path], *, roots: Sequence[Path]) -> Iterator[Scan]: ...
    def thumbnail(self, scanned: ScannedDataset) -> bytes | None: ...


@dataclass(frozen=True)
class Request:
    """What to ingest and for whom. `given` and `allowed`: see `walk`."""

    paths: tuple[Path, ...]
    given: tuple[Path, ...] | None = None
    allowed: tuple[Path, ...] = ()
    proposal: str | None = None
    instrument: str | None = None
    actor_id: int | None = None
    owner_id: int | None = None
    adds_instruments: bool = True
    rescan: bool = False
    origin: str = "measured"
    source_note: str | None = None
    licence: str | None = None


@dataclass
class _Run:
    """What has happened so far in one ingest."""

    request: Request
    places: Places
    found: dict[Path, FoundFile]
    progress: OnProgress | None
    datasets: list[IngestedDataset] = field(default_factory=list)
    quarantined: list[QuarantinedFile] = field(default_factory=list)
    attachments: list[Path] = field(default_factory=list)
    fresh: list[tuple[Path, str]] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    bytes: int = 0
    done: int = 0

    def settle(self, name: str, files: int = 1) -> None:
        self.done += files
        if self.progress is not None:
            self.progress(IngestProgress(min(self.done, len(self.found)), len(self.found), storable(name)))


@dataclass(frozen=True)
class _Stored:
    dataset: IngestedDataset | None
    bytes: int


class Ingest:
    def __init__(
        self, database: Database, settings: Settings, access: Access, scanner: Scanner, quarantine: QuarantineList
    ) -> None:
        self._database = database
        self._settings = settings
        self._access = access
        self._scanner = scanner
        self._quarantine = quarantine
        self._store = Store(database, settings)
        self._attachments = Attachments(database)

    def run(self, request: Request, progress: OnProgress | None = None) -> IngestReport:
        """Ingest. Raises `InvalidInput` for a path, proposal or instrument that doesn't exist, `DiskFull`."""
        started = time.perf_counter()
        places = self._places(request)
        run = _Run(request, places, {}, progress)
        for one in walk(request.paths, request.allowed, request.given):
            if isinstance(one, RefusedFile):
                run.quarantined.append(self._quarantine.note(one.path, one.reason, one.remedy))
            else:
                run.found[one.path] = one
        waiting = self._skip_known(run)
        with tells_when_full():
            self._read(run, waiting)
            self._attach(run)
        return IngestReport(
            datasets=run.datasets,
            quarantined=run.quarantined,
            attachments=[storable(path.name) for path in run.attachments],
            pending=run.pending,
            files=len(run.found),
            bytes=run.bytes,
            seconds=time.perf_counter() - started,
        )

    def _places(self, request: Request) -> Places:
        return Places(
            self._database,
            self._settings,
            self._access,
            proposal=request.proposal,
            instrument=request.instrument,
            adds_instruments=request.adds_instruments,
        )

    def _skip_known(self, run: _Run) -> list[Path]:
        """The files to read; those that are as they were registered, or failed as they are, are settled."""
        known = Known() if run.request.rescan else look_up(self._database, run.found)
        run.datasets.extend(known.datasets)
        for path in known.settled | known.attachments:
            run.settle(path.name)
        run.attachments.extend(sorted(known.attachments))
        rest = [path for path in run.found if path not in known.settled and path not in known.attachments]
        if run.request.rescan:
            return rest
        with self._database.read() as session:
            failed = self._quarantine.unchanged(session, [storable(str(path)) for path in rest])
        waiting = []
        for path in rest:
            row, file = failed.get(storable(str(path))), run.found[path]
            if row is not None and (row.size, row.mtime_ns) == (file.size, file.mtime_ns):
                run.quarantined.append(QuarantinedFile(row.id, row.name, row.reason, row.remedy))
                run.settle(path.name)
            else:
                waiting.append(path)
        return waiting

    def _read(self, run: _Run, waiting: list[Path]) -> None:
        """Read files realm by realm: no reader sees beyond what may be part of the dataset it reads."""
        realms: dict[Path, list[Path]] = {}
        for path in waiting:
            realms.setdefault(self._realm(run, path), []).append(path)
        workers = self._settings.ingest.workers
        pool = ThreadPoolExecutor(workers, thread_name_prefix="ingest")
        try:
            going: set[Future[_Stored]] = set()
            for realm, paths in realms.items():
                for part in _parts(paths):
                    for result in self._scanner.scan(part, roots=[realm]):
                        for prepared in self._sort(run, result, realm):
                            going.add(pool.submit(self._settle, prepared, run))
                        if len(going) >= workers * 4:
                            going = _collect(run, *wait(going, return_when=FIRST_COMPLETED))
            _collect(run, *wait(going))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _realm(self, run: _Run, path: Path) -> Path:
        request = run.request
        given = [one.resolve() for one in (request.paths if request.given is None else request.given)]
        return run.places.realm_of(path, given, is_given=run.found[path].given)

    def _sort(self, run: _Run, result: Scan, realm: Path) -> list[Prepared]:
        """What to do with what a reader said of one path: register, attach, quarantine or wait."""
        path, file = result.path, run.found.get(result.path)
        run.settle(path.name)
        if result.attachment:
            run.attachments.append(path)
            return []
        growing = is_being_written(path)
        if result.error is not None and growing:
            run.pending.append(storable(path.name))
            return []
        if result.error is not None:
            self._refuse(run, path, file, result.error)
            return []
        prepared = []
        for scanned in result.datasets:
            try:
                placement = run.places.of(scanned, path, given=file.given if file else True)
                prepared.append(self._prepare(run, realm, scanned, placement, growing=growing))
            except InvalidInput as error:
                self._refuse(run, path, file, error)
        return prepared

    def _prepare(
        self, run: _Run, realm: Path, scanned: ScannedDataset, placement: Placement, *, growing: bool
    ) -> Prepared:
        own, foreign = _own_files(scanned, realm)
        if not own:
            raise UnreadableFile("It went away while it was read.", remedy="Try again.")
        notes = tuple(
            f"{file.name}: lies outside of this dataset's folders; shown only to those who may read it by itself."
            for file in foreign
        )
        request = run.request
        return Prepared(
            scanned=replace(scanned, files=own, unread=(*scanned.unread, *notes)),
            files=(),
            placement=placement,
            growing=growing or any(is_being_written(file) for file in own[1:]),
            owner_id=request.owner_id,
            origin=request.origin,
            source_note=request.source_note,
            licence=request.licence,
            refresh=request.rescan,
        )

    def _settle(self, prepared: Prepared, run: _Run) -> _Stored:
        """Checksums, thumbnail and the transaction, in a thread."""
        try:
            return self._register(prepared, run)
        except OSError as error:
            if is_full(error):
                raise
            path = prepared.scanned.files[0]
            why = UnreadableFile(f"It could not be read to its end: {error.strerror or error}.", remedy="Try again.")
            self._refuse(run, path, run.found.get(path), why)
            return _Stored(None, 0)

    def _register(self, prepared: Prepared, run: _Run) -> _Stored:
        files: list[MeasuredFile] = []
        for path in prepared.scanned.files:
            size, mtime_ns = measure(path)
            checksum = "" if prepared.growing else sha256_of(path)
            if not prepared.growing and measure(path) != (size, mtime_ns):  # it changed while we read it
                return self._register(replace(prepared, growing=True), run)
            files.append(MeasuredFile(path, path.name, size, mtime_ns, checksum))
        thumbnail = self._scanner.thumbnail(prepared.scanned)
        stored = self._store.put(replace(prepared, files=tuple(files), thumbnail=thumbnail), run.request.actor_id)
        read = 0 if prepared.growing else sum(file.size for file in files)
        run.fresh.append((files[0].path.parent, stored.pid))
        return _Stored(stored, read)

    def _refuse(self, run: _Run, path: Path, file: FoundFile | None, error: InvalidInput) -> None:
        proposal, _ = run.places.by_path(path, given=file.given if file else True)
        run.quarantined.append(
            self._quarantine.note(
                path,
                error.detail,
                error.remedy,
                stat=(file.size, file.mtime_ns) if file else (0, 0),
                proposal_id=run.places.proposal_id(proposal),
                owner_id=run.request.owner_id,
                instrument_id=run.places.instrument_id(run.request.instrument),
            )
        )

    def _attach(self, run: _Run) -> None:
        """Attachments to the datasets beside them; new datasets also get what their folder had before."""
        new = {dataset.pid for dataset in run.datasets if dataset.outcome in ("new", "new_version")}
        for folder, pid in run.fresh:
            if pid in new:
                self._attachments.inherit(folder, pid)
        for path in run.attachments:
            size, mtime_ns = measure(path)
            proposal, _ = run.places.by_path(path, given=run.found[path].given)
            measured = MeasuredFile(path, path.name, size, mtime_ns, sha256_of(path))
            self._attachments.attach(measured, proposal_id=run.places.proposal_id(proposal))


def _parts(paths: list[Path]) -> Iterator[list[Path]]:
    """Whole folders, since files of one folder may belong together; together enough to be worth starting readers."""
    part: list[Path] = []
    for _, folder in groupby(paths, key=lambda path: path.parent):
        part.extend(folder)
        if len(part) >= _PART:
            yield part
            part = []
    if part:
        yield part


def _collect(run: _Run, done: set[Future[_Stored]], going: set[Future[_Stored]]) -> set[Future[_Stored]]:
    for future in done:
        stored = future.result()
        if stored.dataset is not None:
            run.datasets.append(stored.dataset)
        run.bytes += stored.bytes
    return going


def _own_files(scanned: ScannedDataset, realm: Path) -> tuple[tuple[Path, ...], list[Path]]:
    """The files that really are this dataset's, and those that its links only name.

    A link in a file is written by whoever wrote the file; it must not make another team's data part of this dataset.
    """
    own: dict[Path, None] = {}
    foreign: dict[Path, None] = {}
    for named in scanned.files:
        try:
            real = named.resolve(strict=True)
        except (OSError, RuntimeError):
            continue
        (own if is_below(real, realm) else foreign)[real] = None
    return tuple(own), list(foreign)
