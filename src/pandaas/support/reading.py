"""Requests as one person sees them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from pandaas.access import Access
from pandaas.db import Database
from pandaas.db.tables import (
    Dataset,
    HelpMessage,
    HelpPicture,
    HelpReader,
    HelpRequest,
    HelpSeen,
    Instrument,
    Person,
)
from pandaas.model import Action, Principal
from pandaas.support.views import Fact, MessageView, PictureView, RequestView

_NAMED = re.compile(r"\b(?:ds|res)-[0-9a-z]{12}\b")


class Reading:
    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def views(self, session: Session, principal: Principal, rows: Sequence[HelpRequest]) -> list[RequestView]:
        people = self._people(session, {id_ for row in rows for id_ in (row.person_id, row.assigned_id) if id_})
        wanted = {row.instrument_id for row in rows if row.instrument_id}
        instruments = dict(
            session.execute(select(Instrument.id, Instrument.name).where(Instrument.id.in_(wanted))).all()
        )
        titles = self._titles(session, principal, {pid for row in rows for pid in row.dataset_pids})
        ids = [row.id for row in rows]
        helped = set(
            session.scalars(select(HelpRequest.id).where(HelpRequest.id.in_(ids), self._access.help_wanted(principal)))
        )
        unread: dict[str, int] = dict(session.execute(self._unread(principal, ids)).all())
        found = []
        for row in rows:
            assigned = people.get(row.assigned_id) if row.assigned_id else None
            seen = tuple((pid, titles[pid]) for pid in row.dataset_pids if pid in titles)
            found.append(
                RequestView(
                    row=row,
                    person=people[row.person_id].name,
                    person_user=people[row.person_id].user,
                    assigned=assigned.name if assigned else None,
                    assigned_user=assigned.user if assigned else None,
                    instrument=instruments.get(row.instrument_id) if row.instrument_id else None,
                    datasets=seen,
                    hidden=len(row.dataset_pids) - len(seen),
                    is_mine=row.person_id == principal.person_id,
                    may_help=row.id in helped,
                    unread=unread.get(row.id, 0),
                )
            )
        return found

    def whole(self, session: Session, principal: Principal, row: HelpRequest) -> RequestView:
        [view] = self.views(session, principal, [row])
        said = list(
            session.scalars(select(HelpMessage).where(HelpMessage.request_id == row.id).order_by(HelpMessage.id))
        )
        people = self._people(session, {one.person_id for one in said})
        pictures: dict[int, list[PictureView]] = {}
        query = select(HelpPicture).where(HelpPicture.message_id.in_([one.id for one in said]))
        for one in session.scalars(query.order_by(HelpPicture.name)):
            pictures.setdefault(one.message_id, []).append(PictureView(one.id, one.name, one.width, one.height))
        named = (
            select(Person.user, Person.name)
            .join(HelpReader, HelpReader.person_id == Person.id)
            .where(HelpReader.request_id == row.id)
            .order_by(Person.name)
        )
        messages = tuple(
            MessageView(
                id=one.id,
                author=people[one.person_id].name,
                author_user=people[one.person_id].user,
                as_staff=one.as_staff,
                is_mine=one.person_id == principal.person_id,
                text=one.text,
                created=one.created,
                pictures=tuple(pictures.get(one.id, ())),
            )
            for one in said
        )
        names = tuple((user, name) for user, name in session.execute(named))
        struck = self._hidden_names(session, principal, view)
        facts = tuple(Fact(one["name"], _without(one["value"], struck)) for one in row.facts)
        log = _without(row.log, struck) if row.log is not None else None
        return RequestView(**{**vars(view), "facts": facts, "log": log, "messages": messages, "people": names})

    def has_unread(self, principal: Principal) -> ColumnElement[bool]:
        """Requests with a message of somebody else that this person hasn't seen, as a clause on `HelpRequest`."""
        message, seen = aliased(HelpMessage), aliased(HelpSeen)
        read = exists().where(
            seen.request_id == HelpRequest.id,
            seen.person_id == principal.person_id,
            seen.message_id >= message.id,
        )
        return exists().where(message.request_id == HelpRequest.id, message.person_id != principal.person_id, ~read)

    @staticmethod
    def _unread(principal: Principal, ids: Sequence[str]) -> Select[str, int]:
        of_hers = and_(HelpSeen.request_id == HelpMessage.request_id, HelpSeen.person_id == principal.person_id)
        return (
            select(HelpMessage.request_id, func.count())
            .outerjoin(HelpSeen, of_hers)
            .where(
                HelpMessage.request_id.in_(ids),
                HelpMessage.person_id != principal.person_id,
                or_(HelpSeen.message_id.is_(None), HelpSeen.message_id < HelpMessage.id),
            )
            .group_by(HelpMessage.request_id)
        )

    def _titles(self, session: Session, principal: Principal, pids: set[str]) -> dict[str, str]:
        allowed = self._access.visible(principal, Dataset, Action.DISCOVER)
        return dict(session.execute(select(Dataset.pid, Dataset.title).where(Dataset.pid.in_(pids), allowed)).all())

    def _hidden_names(self, session: Session, principal: Principal, view: RequestView) -> list[str]:
        """Identifiers and titles of datasets that this reader may not see, longest first.

        Looked for are those of the request and whatever log and facts name: she may have left out a dataset that the
        log still tells of.
        """
        row = view.row
        told = "\n".join((row.log or "", *(str(one["value"]) for one in row.facts)))
        named = {*row.dataset_pids, *_NAMED.findall(told)}
        hidden = named - self._titles(session, principal, named).keys()
        titles = session.scalars(select(Dataset.title).where(Dataset.pid.in_(hidden))) if hidden else ()
        return sorted({*hidden, *titles} - {""}, key=len, reverse=True)

    @staticmethod
    def _people(session: Session, ids: set[int]) -> dict[int, Person]:
        return {one.id: one for one in session.scalars(select(Person).where(Person.id.in_(ids)))}


def _without(text: str, names: Sequence[str]) -> str:
    """In one go, and whole words only: a dataset may be called "a"."""
    if not names:
        return text
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", "[a dataset]", text)
