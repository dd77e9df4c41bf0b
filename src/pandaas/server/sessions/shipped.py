"""What JupyterLab's page loads of the session's own software is answered without asking the session.

A page of JupyterLab is a hundred such files. Their names hold a hash of what is in them, so the file of that name in the environment
is what the session would send; the environment is the platform's, and sessions can't write it. What isn't there (an extension in
somebody's home) is the session's to answer. Only who was let in comes this far.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from pandaas.server.files import FOR_EVER, answer_file, inside
from pandaas.server.sessions.gathered import answer_gathered, is_main, is_piece
from pandaas.server.sessions.proxy import HEADERS
from pandaas.sessions import Software

_HASHED = r"(?:[\w.-]*[.-])?[0-9a-f]{16,64}\.(?:js|css|woff2?|ttf|svg|png)"
_PART = r"@?\w[\w.-]*"
_CORE = "share/jupyter/lab/static"
_PLACES = (
    (re.compile(rf"/static/lab/({_HASHED})"), _CORE),
    (re.compile(rf"/lab/extensions/((?:{_PART}/){{1,2}}static/{_HASHED})"), "share/jupyter/labextensions"),
)
_VERSION = re.compile(r"(?:v=[0-9a-f]{16,64})?")
_ASK_AGAIN_S = 60.0
_MOST = 1000
_EARLY_S, _MOST_AHEAD = 20.0, 200


def is_shipped(request: Request) -> bool:
    """Could this be such a file?"""
    return request.method in {"GET", "HEAD"} and _place(request) is not None


class Shipped:
    """Remembers which folder a session's software is in: it changes only when the session is resumed, and with it the hashes."""

    def __init__(self) -> None:
        self._folders: dict[str, tuple[float, Path]] = {}
        self._begun: dict[str, float] = {}
        self._early: dict[Path, dict[str, None]] = {}  # of each folder: addresses
        self._pieces: dict[Path, dict[Path, None]] = {}  # of each folder: scripts that go with its main one

    def answer(self, request: Request, software: Software, session_id: str) -> Response | None:
        """The file that is asked for; None where the session has to be asked."""
        place, folder = _place(request), self._folder(software, session_id)
        if place is None or folder is None:
            return None
        file = inside(folder / place[0], place[1])
        if file is None:
            return None
        self._remember(request, file, folder, session_id)
        headers = HEADERS | {"cache-control": FOR_EVER}
        if is_main(file) and self._pieces.get(folder):
            return answer_gathered(file, list(self._pieces[folder]), request, headers)
        return answer_file(file, request, headers)

    def ahead(self, software: Software, session_id: str) -> list[str]:
        """Addresses of what pages of this software asked for at first, for a page that is about to be opened."""
        if len(self._begun) >= _MOST:
            self._begun.clear()
        self._begun[session_id] = time.monotonic()
        folder = self._folder(software, session_id)
        return list(self._early.get(folder, ())) if folder is not None else []

    def _remember(self, request: Request, file: Path, folder: Path, session_id: str) -> None:
        early, pieces = self._early.setdefault(folder, {}), self._pieces.setdefault(folder, {})
        query = request.url.query
        at_first = time.monotonic() - self._begun.get(session_id, float("-inf")) < _EARLY_S
        if not at_first or len(early) + len(pieces) >= _MOST_AHEAD or not _VERSION.fullmatch(query):
            return
        if file.parent == folder / _CORE and is_piece(
            file
        ):  # an extension's could meet another version in somebody's home
            pieces[file] = None
        else:
            early[request.url.path + f"?{query}" * bool(query)] = None

    def _folder(self, software: Software, session_id: str) -> Path | None:
        now = time.monotonic()
        known = self._folders.get(session_id)
        if known is not None and now - known[0] < _ASK_AGAIN_S:
            return known[1]
        if len(self._folders) >= _MOST:
            self._folders.clear()
        folder = software.of(session_id)
        if folder is not None:
            self._folders[session_id] = now, folder
        return folder


def _place(request: Request) -> tuple[str, str] | None:
    for pattern, folder in _PLACES:
        found = pattern.fullmatch(request.url.path)
        if found is not None:
            return folder, found[1]
    return None
