"""Looking into a session from outside: a small picture or the open notebooks, and what operators said in it."""

from __future__ import annotations

from collections.abc import Callable

from pandaas.db import Database
from pandaas.db.tables import WorkSession
from pandaas.model import Conflict, NotAllowed, NotFound, Principal, PrincipalKind, Scope, SessionState
from pandaas.sessions.kernels import OpenNotebook, open_notebooks
from pandaas.sessions.operation import Announcements
from pandaas.sessions.pictures import Screens
from pandaas.sessions.reach import Doorway
from pandaas.sessions.rights import Entry
from pandaas.sessions.states import change, tell
from pandaas.sessions.views import SessionView


class Glances:
    """For the session's person and whom she let in; for operators where she allows it."""

    def __init__(
        self,
        database: Database,
        *,
        look: Callable[[Principal, str], SessionView],
        open_door: Callable[[str], Doorway],
        announcements: Announcements,
    ) -> None:
        self._database = database
        self._look = look
        self._open_door = open_door
        self._announcements = announcements
        self._screens = Screens(open_door)

    def picture(self, principal: Principal, session_id: str) -> bytes:
        """A small JPEG of what a desktop shows, at most 15 seconds old."""
        view = self._looked_into(principal, session_id)
        if view.row.kind != "desktop":
            raise NotFound("This session has no screen.")
        return self._screens.of(view.row.id)

    def open_notebooks(self, principal: Principal, session_id: str) -> list[OpenNotebook]:
        """The notebooks of a Jupyter session that have a kernel."""
        view = self._looked_into(principal, session_id)
        if view.row.kind != "jupyter":
            raise NotFound("This session has no notebooks.")
        door = self._open_door(view.row.id)
        try:
            return open_notebooks(door)
        finally:
            door.close()

    def allow_operators(self, principal: Principal, session_id: str, on: bool) -> None:
        """May operators look too? Its person says so."""
        view = self._look(principal, session_id)
        if not view.is_owner:
            raise NotAllowed("Only the session's person says who sees it.", remedy=f"Ask {view.person}.")
        with self._database.session() as session:
            change(session, view.row, self._database.clock, seen_by_operators=on)
            kind = "session.shown_to_operators" if on else "session.hidden_from_operators"
            tell(session, view.row, self._database.clock, kind, actor_id=principal.person_id)

    def have_read(self, principal: Principal, session_id: str) -> None:
        """Its person has read what the operators said in it."""
        view = self._look(principal, session_id)
        if view.is_owner:
            self._announcements.have_read(view.row)

    def understood(self, entry: Entry) -> None:
        """The same, pressed in the bar above the session."""
        with self._database.read() as session:
            row = session.get_one(WorkSession, entry.session_id)
        self._announcements.have_read(row)

    def _looked_into(self, principal: Principal, session_id: str) -> SessionView:
        """What a session shows is for persons and for their tokens that may run things; not for who looks as she would."""
        view = self._look(principal, session_id)
        may_run = principal.kind is PrincipalKind.TOKEN and Scope.RUN in principal.scopes
        if not view.may_look or not (may_run or principal.kind is PrincipalKind.PERSON):
            raise NotAllowed("Only the session's person and whom she let in see what it shows.")
        if view.row.state != SessionState.READY or view.row.wish is not None:
            raise Conflict(f"The session is {view.row.state}.")
        return view
