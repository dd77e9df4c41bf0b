"""Results of sessions come back: files of the results folder become derived datasets that say what made them.

The folder is written by the session's program, so everything in it is hostile: it is listed without following a link, and a
file is read only as a private copy in `$PANDAAS_HOME/results/<session>/<start of its checksum>/`. The copy appears whole or not
at all; the dataset and the note that this file is registered are of one transaction. Done again, or by two at once, the same
session, file and bytes are one dataset. What a crash left of copies goes with a later registration.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue import Said, SessionMaker, require_space, safe_name, tells_when_full
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetFile, Proposal, SessionResult, WorkSession
from pandaas.jobs import JobRequest, allowed_inputs, place_of_result
from pandaas.model import InvalidInput, NotAllowed, PandaasError, Principal, PrincipalKind, Scope, UnreadableFile
from pandaas.runtime import copy_beneath, open_beneath
from pandaas.sessions.folder import SessionFolder
from pandaas.sessions.looking import MOST, Found, files_below, looks_processed
from pandaas.sessions.programs import Programs
from pandaas.sessions.views import SessionView

_LOOKED_INTO = 100
_AT_ONCE = 20
_LEFT_S = 3600.0
_DATA = "datasets"  # the slot of the session's datasets in the result's provenance


class Catalogue(Protocol):
    """What is needed of the catalogue."""

    def prepare_result(self, file: Path, attachments: Sequence[Path] = ()) -> Any: ...

    def register_result(
        self,
        session: Session,
        maker: SessionMaker,
        file: Any,
        *,
        title: str,
        inputs: Mapping[str, Sequence[str]],
        proposal: Proposal,
        said: Said | None = None,
    ) -> str: ...

    def check_techniques(self, iris: Sequence[str]) -> None: ...


@dataclass(frozen=True)
class ResultFile:
    """A file in the results folder. `name` is its path in it; `problem` says why it can't be registered.

    `processed`: it looks like NeXus with an NXprocess group. `dataset` is what it was registered as last, `changed` that it
    was written since. `automatic`: it registered itself; `set_aside` says why it did not.
    """

    name: str
    size: int
    modified: datetime
    processed: bool = False
    problem: str | None = None
    dataset: str | None = None
    changed: bool = False
    automatic: bool = False
    set_aside: str | None = None


@dataclass(frozen=True)
class ResultList:
    """`more`: there are further files, which are not listed; `automatic`: finished results register themselves."""

    files: tuple[ResultFile, ...]
    more: bool
    may_register: bool
    automatic: bool


@dataclass(frozen=True)
class ResultRequest:
    """What to register: each of `files` as a dataset, or one with its `attachments`."""

    files: Sequence[str]
    title: str
    attachments: Sequence[str] = ()
    description: str | None = None
    sample: str | None = None
    techniques: Sequence[str] = ()
    proposal: str | None = None


@dataclass(frozen=True)
class Registered:
    """`is_new`: it had not been registered before."""

    file: str
    pid: str
    is_new: bool


class SessionResults:
    """`look` gives a session as somebody may see it, `folder` its places."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        access: Access,
        catalogue: Catalogue | None,
        programs: Programs,
        look: Callable[[Principal, str], SessionView],
        folder: Callable[[WorkSession], SessionFolder],
    ) -> None:
        self._database = database
        self._settings = settings
        self._access = access
        self._catalogue = catalogue
        self._programs = programs
        self._look = look
        self._folder = folder

    def files(self, principal: Principal, session_id: str) -> ResultList:
        """The files, the latest first: for the session's person, operators, and who works along in it."""
        view = self._look(principal, session_id)
        if not (view.may_manage or view.may == "full"):
            raise NotAllowed(
                "Only the session's person and who works along in it see its files.", remedy=f"Ask {view.person}."
            )
        folder = self._folder(view.row).results
        found = sorted(files_below(folder), key=lambda one: (-one.mtime_ns, one.name))
        known = self.known(view.row.id)
        shown = tuple(
            _shown(folder, one, known.get(one.name), view.row.set_aside, look_inside=number < _LOOKED_INTO)
            for number, one in enumerate(found[:MOST])
        )
        return ResultList(shown, len(found) > MOST, view.is_owner, view.row.automatic)

    def register(
        self,
        principal: Principal,
        session_id: str,
        request: ResultRequest,
        *,
        tell: Callable[[Registered], None] | None = None,
        tell_bytes: Callable[[int], None] | None = None,
    ) -> list[Registered]:
        """Register files as results of the session's person, made from all its datasets; errors name the field at fault.

        She must still have the right to analyse each of the datasets, and to write to the proposal. Of several files those
        before the one at fault stay registered. `tell` hears of each that is done, `tell_bytes` how many more are copied.
        """
        view, title = self._asked(principal, session_id, request)
        row = view.row
        pids, place = self._place(principal, row, request.proposal)
        several = len(request.files) > 1
        done = []
        with self._held(row.id, fcntl.LOCK_SH):
            for name in dict.fromkeys(request.files):
                called = f"{title}: {Path(name).stem}" if several else title
                one = self._one(view, request, name, called[:500], pids=pids, place=place, tell_bytes=tell_bytes)
                done += [one] if one is not None else []
                if one is not None and tell is not None:
                    tell(one)
        self._tidy_alone(row.id)
        return done

    def size_of(self, principal: Principal, session_id: str, request: ResultRequest) -> int:
        """How many bytes `register` would copy; all that can be known to be wrong before that is raised as there."""
        view, _title = self._asked(principal, session_id, request)
        self._place(principal, view.row, request.proposal)
        folder = self._folder(view.row).results
        total = 0
        for name in dict.fromkeys((*request.files, *request.attachments)):
            handle = open_beneath(folder, name)
            total += os.fstat(handle).st_size
            os.close(handle)
        return total

    def _asked(self, principal: Principal, session_id: str, request: ResultRequest) -> tuple[SessionView, str]:
        """The session, for its person, and the title made plain."""
        view = self._look(principal, session_id)
        if not view.is_owner:
            raise NotAllowed("Only the session's person registers its results.", remedy=f"Ask {view.person}.")
        if principal.kind is PrincipalKind.TOKEN and Scope.RUN not in principal.scopes:
            raise NotAllowed("This token may not register results.", remedy="Use a token with the scope 'run'.")
        return view, self._checked(request)

    def register_processed(self, principal: Principal, session_id: str, name: str) -> Registered | None:
        """Register a file by itself, in the name of the session's person, if it is NeXus with an NXprocess group.

        None where it is something else. The same bytes are registered once, whatever their name and whoever did it.
        """
        view = self._look(principal, session_id)
        pids, place = self._place(principal, view.row, None)
        title = f"{Path(name).stem} of {view.row.title}"[:500]
        request = ResultRequest(files=[name], title=title)
        with self._held(session_id, fcntl.LOCK_SH):
            done = self._one(view, request, name, title, pids=pids, place=place, automatic=True)
        self._tidy_alone(session_id)
        return done

    def _tidy_alone(self, session_id: str) -> None:
        with suppress(BlockingIOError), self._held(session_id, fcntl.LOCK_EX | fcntl.LOCK_NB):
            self._tidy(session_id)

    def _place(self, principal: Principal, row: WorkSession, proposal: str | None) -> tuple[list[str], Proposal]:
        """The session's datasets, which she must still have the right to analyse, and where its results go."""
        pids = [one.dataset_pid for one in row.datasets]
        wanted = JobRequest(recipe="", inputs={_DATA: pids} if pids else {})
        with self._database.read() as session:
            slots = allowed_inputs(session, self._access, principal, wanted)
        return pids, place_of_result(self._database, self._access, principal, slots, proposal)

    @contextmanager
    def _held(self, session_id: str, how: int) -> Iterator[None]:
        """Copies are made by many at once, and tidied by who is alone. `BlockingIOError`: with LOCK_NB, when others are there."""
        folder = self._copies(session_id)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)

    # --- one file -------------------------------------------------------------------------------------------------

    def _checked(self, request: ResultRequest) -> str:
        """The title, made plain; what can be known to be wrong before a file is touched."""
        title = " ".join(request.title.split())
        if not 0 < len(title) <= 500:
            raise InvalidInput("A result needs a title of up to 500 characters.", field="title")
        if not 0 < len(request.files) <= _AT_ONCE:
            raise InvalidInput(f"Choose 1 to {_AT_ONCE} files.", field="files")
        if request.attachments and len(request.files) > 1:
            raise InvalidInput(
                "Files are attached to one result.", remedy="Register the others apart.", field="attachments"
            )
        if len(request.attachments) > _AT_ONCE or set(request.attachments) & set(request.files):
            raise InvalidInput(f"Attach up to {_AT_ONCE} further files.", field="attachments")
        if request.techniques:
            self._rooms().check_techniques(request.techniques)
        return title

    def _one(
        self,
        view: SessionView,
        request: ResultRequest,
        name: str,
        title: str,
        *,
        pids: Sequence[str],
        place: Proposal,
        automatic: bool = False,
        tell_bytes: Callable[[int], None] | None = None,
    ) -> Registered | None:
        """None where it is registered by itself and isn't what does so."""
        row, catalogue = view.row, self._rooms()
        copied = self._copy(row, name, tell_bytes)
        known = self._registered(row.id, None if automatic else name, copied.sha256)
        if known is not None:
            return Registered(name, known, is_new=False)
        further = [self._copy(row, one, tell_bytes).path for one in request.attachments]
        try:
            prepared = catalogue.prepare_result(copied.path, further)
        except UnreadableFile as error:
            raise InvalidInput(
                f"'{name}' can't be registered: {error.detail}",
                remedy="Register a data file, such as NeXus, and attach this one to it; or write it as NeXus.",
                field="files",
            ) from error
        if automatic and not prepared.is_processed:
            return None
        program = self._program(row)
        version = self._programs.version(program, row.environment_key) if program is not None else ""
        entry = SessionResult(
            session_id=row.id, person_id=row.person_id, file=name, sha256=copied.sha256, size=copied.size,
            mtime_ns=copied.mtime_ns, program=view.program[:200], version=version[:100], environment=row.environment,
            environment_key=row.environment_key, automatic=automatic,
            created=self._database.clock(),
        )  # fmt: skip
        maker = SessionMaker(row.id, row.person_id, f"{view.program} {version}".strip())
        said = Said(_text(request.description), _text(request.sample), tuple(request.techniques))
        inputs = {_DATA: pids} if pids else {}
        try:
            with tells_when_full(), self._database.session() as session:
                found = session.scalars(_entry(row.id, None if automatic else name, copied.sha256)).first()
                if found is not None:
                    return Registered(name, found, is_new=False)
                entry.dataset_pid = catalogue.register_result(
                    session, maker, prepared, title=title, inputs=inputs, proposal=place, said=said
                )
                session.add(entry)
                session.flush()
                return Registered(name, entry.dataset_pid, is_new=True)
        except IntegrityError:  # somebody was faster
            known = self._registered(row.id, name, copied.sha256)
            if known is None:
                raise
            return Registered(name, known, is_new=False)

    def _copy(self, row: WorkSession, name: str, tell: Callable[[int], None] | None) -> Any:
        most = int(self._settings.ingest.max_upload_gb * 1e9)
        folder, target = self._folder(row).results, self._copies(row.id)
        handle = open_beneath(folder, name)
        size = os.fstat(handle).st_size
        os.close(handle)
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        if size <= most:
            require_space(target, size)
        with tells_when_full():
            return copy_beneath(folder, name, target, safe_name(name), most=most, tell=tell)

    def _program(self, row: WorkSession) -> Any:
        try:
            return self._programs.get(row.program)
        except PandaasError:
            return None  # it was taken out of the catalogue since

    # --- what is known --------------------------------------------------------------------------------------------

    def _registered(self, session_id: str, name: str | None, sha256: str) -> str | None:
        with self._database.read() as session:
            return session.scalars(_entry(session_id, name, sha256)).first()

    def known(self, session_id: str) -> dict[str, SessionResult]:
        """What was registered last of each file."""
        query = select(SessionResult).where(SessionResult.session_id == session_id).order_by(SessionResult.created)
        with self._database.read() as session:
            return {row.file: row for row in session.scalars(query)}

    def _copies(self, session_id: str) -> Path:
        return self._settings.home / "results" / session_id

    def _tidy(self, session_id: str) -> None:
        """Remove copies that no dataset knows, left by a crash or by a file that could not be read."""
        folder = self._copies(session_id)
        pids = select(SessionResult.dataset_pid).where(SessionResult.session_id == session_id)
        query = select(DatasetFile.path).join(Dataset, Dataset.id == DatasetFile.dataset_id)
        with self._database.read() as session:
            kept = {Path(path).parent.name for path in session.scalars(query.where(Dataset.pid.in_(pids)))}
        oldest = time.time() - _LEFT_S
        for place in folder.iterdir():
            if place.name in kept or place.stat().st_mtime > oldest:
                continue
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)

    def _rooms(self) -> Catalogue:
        if self._catalogue is None:
            raise RuntimeError("sessions were made without a catalogue")
        return self._catalogue


def _entry(session_id: str, name: str | None, sha256: str) -> Any:
    """What these bytes were registered as, under this name or any."""
    query = select(SessionResult.dataset_pid).where(
        SessionResult.session_id == session_id, SessionResult.sha256 == sha256
    )
    return query.where(SessionResult.file == name) if name is not None else query.order_by(SessionResult.created)


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


def _shown(
    folder: Path, one: Found, known: SessionResult | None, aside: Mapping[str, Any], *, look_inside: bool
) -> ResultFile:
    if one.problem is not None:
        known = None
    left = aside.get(one.name, {})
    return ResultFile(
        name=one.name,
        size=one.size,
        modified=datetime.fromtimestamp(min(max(one.mtime_ns / 1e9, 0), 4e9), UTC),
        processed=look_inside and one.problem is None and looks_processed(folder, one.name),
        problem=one.problem,
        dataset=known.dataset_pid if known is not None else None,
        changed=known is not None and (known.size, known.mtime_ns) != (one.size, one.mtime_ns),
        automatic=known is not None and known.automatic,
        set_aside=left.get("why") if left.get("state") == [one.size, one.mtime_ns] else None,
    )
