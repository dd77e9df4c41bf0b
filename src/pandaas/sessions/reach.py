"""Reaching a session: its socket, opened so that a session can only ever lead to itself.

The socket's name lies in a folder that the session writes. It could put a symbolic link to another session's socket there;
so the name is opened without following links, must be a socket of the session's own account, and is connected to through
the descriptor that was looked at.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from pandaas.model import Unavailable

_ANSWER_BYTES = 1_048_576
_ASK_S = 3.0


class Doorway:
    """An opened socket file; `path` can be connected to as long as it isn't closed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        found = os.fstat(descriptor)
        self.identity = (found.st_dev, found.st_ino)

    @classmethod
    def open(cls, file: Path, uid: int | None) -> Doorway:
        """Open the socket file of a session that runs under `uid` (None: under our own). `Unavailable` where it isn't one."""
        try:
            descriptor = os.open(file, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise Unavailable("The session does not answer yet.", remedy="Wait a moment.") from error
        found = os.fstat(descriptor)
        if not stat.S_ISSOCK(found.st_mode) or found.st_uid != (os.geteuid() if uid is None else uid):
            os.close(descriptor)
            raise Unavailable("The session's socket is not its own.", remedy="End the session and start it again.")
        return cls(descriptor)

    @property
    def path(self) -> str:
        return f"/proc/self/fd/{self._descriptor}"

    def connect(self) -> socket.socket:
        """A connection, with a timeout of a few seconds; `OSError` when nobody listens."""
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(_ASK_S)
        try:
            found.connect(self.path)
        except OSError:
            found.close()
            raise
        return found

    def show(self, file: Path) -> None:
        """Give this very socket a second name, `file`, and let the group of its folder connect. Does nothing where it has it.

        nginx reaches the session by that name, in a folder where no session writes; whatever the session puts in the place of
        its own name meanwhile is not followed. `Unavailable` where the system doesn't allow it.
        """
        if _identity(file) == self.identity:
            return
        fresh = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
        try:
            os.chown(self.path, -1, file.parent.stat().st_gid)
            Path(self.path).chmod(0o660)
            os.link(self.path, fresh, src_dir_fd=self._descriptor)  # with it Python follows the path to the socket
            fresh.replace(file)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise Unavailable(
                f"The session can't be shown to nginx: {error.strerror or error}.",
                remedy="sessions.nginx_doors must be a folder of home, and its group be one of the platform's account.",
            ) from error

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def show_to_nginx(door: Doorway, folder: Path | None, name: str) -> Path:
    """The door's second name in this folder; closes the door. `Unavailable` also where no folder is set up."""
    try:
        if folder is None:
            raise Unavailable("nginx leads to no sessions here.", remedy="Set sessions.nginx_doors.")
        door.show(folder / name)
        return folder / name
    finally:
        door.close()


class _Unix(HTTPConnection):
    def __init__(self, door: Doorway) -> None:
        super().__init__("session", timeout=_ASK_S)
        self._door = door

    def connect(self) -> None:
        self.sock = self._door.connect()


def ask(door: Doorway, path: str) -> Any:
    """The JSON that the session's web server answers; None when it doesn't, or not with JSON of a sensible size."""
    connection = _Unix(door)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        if answer.status != 200:
            return None
        return json.loads(answer.read(_ANSWER_BYTES))
    except (OSError, HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()


def responds(door: Doorway) -> bool:
    """Does a web server answer, whatever it says?"""
    connection = _Unix(door)
    try:
        connection.request("GET", "/", headers={"Host": "localhost"})
        connection.getresponse().close()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def greets(door: Doorway) -> bool:
    """Does a screen (an RFB server) answer?"""
    try:
        with door.connect() as connection:
            return connection.recv(4) == b"RFB "
    except OSError:
        return False
