"""Bringing files into a running session: what is dropped on its screen comes to lie in its results folder.

The folder is its program's, so everything in it is hostile: it is opened without following a link, the file is written under a
hidden name that is made for it, and then linked to its own. It never replaces what is there. What would fill the session's
home and results beyond what they may hold is refused beforehand, as the session would be ended for it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pandaas.catalogue import require_space, safe_name, tells_when_full
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Person, WorkSession
from pandaas.model import Conflict, InvalidInput, NotAllowed, Principal, SessionState, TooLarge
from pandaas.runtime import Account, Runtime, written_bytes
from pandaas.sessions.activity import Activity
from pandaas.sessions.elsewhere import ELSEWHERE
from pandaas.sessions.folder import SessionFolder
from pandaas.sessions.views import SessionView

_TRIES = 100


class Bringing:
    """`look` gives a session as somebody may see it, `folder` its places."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        runtime: Runtime,
        activity: Activity,
        look: Callable[[Principal, str], SessionView],
        folder: Callable[[WorkSession], SessionFolder],
    ) -> None:
        self._database = database
        self._settings = settings
        self._runtime = runtime
        self._activity = activity
        self._look = look
        self._folder = folder

    def begin(self, principal: Principal, session_id: str, name: str, size: int) -> Incoming:
        """A file of `size` bytes is about to come, from the session's person or who works along in it."""
        view = self._look(principal, session_id)
        if view.may != "full" or view.row.kind == ELSEWHERE:
            raise NotAllowed("Only who works in the session brings files into it.", remedy=f"Ask {view.person}.")
        if view.row.state != SessionState.READY or view.row.wish is not None:
            raise Conflict(f"The session is {view.row.state}.", remedy="Wait until it is ready, or resume it.")
        place = self._folder(view.row)
        self._need_room(place, size)
        self._activity.note(session_id)
        with self._database.read() as session:
            posix = session.get_one(Person, view.row.person_id).posix_account
        account = self._runtime.sandbox.account_for(view.row.person_id, posix)
        return Incoming(place.results, safe_name(name), size, account)

    def _need_room(self, place: SessionFolder, size: int) -> None:
        limit = self._settings.sessions.home_mb * 1_000_000
        used = written_bytes((str(place.home), str(place.results)), limit)
        if used + size > limit:
            raise TooLarge(
                f"This session's home and results may hold {limit / 1e9:g} GB together; the file does not fit.",
                remedy="Delete what you don't need there, or upload it as a dataset and open that.",
            )
        require_space(place.results, size)


class Incoming:
    """A file that comes: `write` its bytes, then `finish`, or `close` to leave nothing of it."""

    def __init__(self, folder: Path, name: str, size: int, account: Account | None) -> None:
        self._name, self._size, self._got = name, size, 0
        self._hidden = f".{secrets.token_hex(8)}.part"
        try:
            self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise Conflict("The session's results folder is not there.", remedy="Resume the session.") from error
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with tells_when_full():
                self._file = os.open(self._hidden, flags, 0o600, dir_fd=self._folder)
        except BaseException:
            os.close(self._folder)
            raise
        if account is not None:
            os.fchown(self._file, account.uid, account.gid)

    def write(self, block: bytes) -> None:
        self._got += len(block)
        if self._got > self._size:
            raise InvalidInput("More bytes came than were announced.")
        view = memoryview(block)
        with tells_when_full():
            while view:
                view = view[os.write(self._file, view) :]

    def finish(self) -> str:
        """The name that it has now: its own, or with a number where something is called so already."""
        if self._got != self._size:
            raise InvalidInput("Fewer bytes came than were announced.", remedy="Drop the file again.")
        called = Path(self._name)
        for number in range(1, _TRIES):
            name = called.name if number == 1 else f"{called.stem} ({number}){called.suffix}"
            with suppress(FileExistsError):
                os.link(self._hidden, name, src_dir_fd=self._folder, dst_dir_fd=self._folder, follow_symlinks=False)
                return name
        raise Conflict(f"There are many files called '{self._name}' already.", remedy="Rename yours.")

    def close(self) -> None:
        os.close(self._file)
        with suppress(OSError):
            os.unlink(self._hidden, dir_fd=self._folder)
        os.close(self._folder)
