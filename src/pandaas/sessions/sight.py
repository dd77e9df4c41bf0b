"""Which sessions somebody may see, and what of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.db import Database
from pandaas.db.tables import Dataset, Person, SessionDataset, SessionExtension, SessionMember, WorkSession
from pandaas.model import Action, Principal, SessionState
from pandaas.sessions.elsewhere import ELSEWHERE, Providers
from pandaas.sessions.engines import latest_end
from pandaas.sessions.operation import Announcements
from pandaas.sessions.orders import drained, order_of
from pandaas.sessions.programs import Programs
from pandaas.sessions.rights import Inside, Who
from pandaas.sessions.times import Times
from pandaas.sessions.views import SessionView


class Sight:
    """`asked` gives the latest request for more time of a session."""

    def __init__(
        self,
        database: Database,
        times: Times,
        *,
        access: Access,
        inside: Inside,
        programs: Programs,
        providers: Providers,
        announcements: Announcements,
        asked: Callable[[Session, WorkSession], SessionExtension | None],
    ) -> None:
        self._database = database
        self._times = times
        self._access = access
        self._inside = inside
        self._programs = programs
        self._providers = providers
        self._announcements = announcements
        self._asked = asked

    def visible(self, principal: Principal) -> Any:
        """Her own, those she was let into (`views` asks whether that still holds), and those that staff may help with."""
        if self._access.may(principal, Action.OPERATE):
            return WorkSession.id.is_not(None)
        joined = select(SessionMember.session_id).where(SessionMember.person_id == principal.person_id)
        measured = (
            select(SessionDataset.session_id)
            .join(Dataset, Dataset.pid == SessionDataset.dataset_pid)
            .where(Dataset.instrument_id.in_(principal.instruments))
        )
        return or_(
            WorkSession.person_id == principal.person_id, WorkSession.id.in_(joined), WorkSession.id.in_(measured)
        )

    def views(self, session: Session, principal: Principal, rows: Sequence[WorkSession]) -> list[SessionView]:
        """Those of these sessions that she may see, as she may see them."""
        persons = select(Person).where(Person.id.in_({row.person_id for row in rows}))
        people = {one.id: one for one in session.scalars(persons)}
        drains = drained(session, self._database.clock())
        said = self._announcements.unread(session, [row.id for row in rows])
        pids = {one.dataset_pid for row in rows for one in row.datasets}
        seen = select(Dataset.pid, Dataset.title).where(Dataset.pid.in_(pids), self._access.visible(principal, Dataset))
        titles = dict(session.execute(seen).all())
        named = {program.id: program.title for program in self._programs.list()}
        counts = select(SessionMember.session_id, func.count()).where(
            SessionMember.session_id.in_([row.id for row in rows]),
            SessionMember.added.is_not(None),
            or_(SessionMember.expires.is_(None), SessionMember.expires > self._database.clock()),
        )
        others = dict(session.execute(counts.group_by(SessionMember.session_id)).all())
        operates = self._access.may(principal, Action.OPERATE)  # a token needs the scope for it
        found = []
        for row in rows:
            right = self._inside.right(session, row, Who(principal.person_id))
            is_owner = row.person_id == principal.person_id
            may_help = self._inside.may_help(session, principal, row)
            if right is None and not (may_help or operates):
                continue
            view = SessionView(
                row=row,
                program=named.get(row.program, row.program),
                person=people[row.person_id].name if row.person_id in people else "",
                datasets=tuple(
                    (one.dataset_pid, titles[one.dataset_pid]) for one in row.datasets if one.dataset_pid in titles
                ),
                may=right.may if right is not None else None,
                is_owner=is_owner,
                may_manage=is_owner or operates,
                latest_end=latest_end(row, self._times.longest(row)),
                role=right.role if right is not None else None,
                may_help=may_help,
                others=others.get(row.id, 0) if is_owner or operates else 0,
                user=people[row.person_id].user if row.person_id in people else "",
                order=order_of(row, drains),
                announcements=tuple(one.text for one in said.get(row.id, ())) if is_owner else (),
                asked=self._asked(session, row) if is_owner or may_help else None,
                may_look=right is not None or (operates and row.seen_by_operators),
                **self._elsewhere(row, is_owner),
            )
            found.append(view)
        return found

    def _elsewhere(self, row: WorkSession, is_owner: bool) -> dict[str, Any]:
        """Where a session lives that does not run here; only its person is led there."""
        if row.kind != ELSEWHERE:
            return {}
        found = self._providers.get(row.engine)
        if found is None:
            return {"provider": row.engine}
        missing = tuple(found.speaker.missing) if found.speaker is not None else ()
        opens = is_owner and row.state == SessionState.READY and row.wish is None
        address = (row.engine_handle or {}).get("address") if opens else None
        return {"provider": found.settings.title, "address": address, "missing": missing}
