"""What becomes of requests for help when a person is erased.

Her own requests go, with all that was said and sent with them: they are about her, and answers address her. What she said in
requests of others stays for them, without pictures and without her name in it, as of an erased person; what she looked after is
nobody's again.
"""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from pandaas.db.tables import HelpMessage, HelpPicture, HelpReader, HelpRequest, HelpSeen, Notice

_STRUCK = "[erased]"


def forget_help(session: Session, person_id: int, *, user: str, name: str) -> None:
    """Take a person out of all requests for help, in the caller's transaction."""
    wrote = select(HelpMessage.request_id).where(HelpMessage.person_id == person_id)
    named = select(HelpReader.request_id).where(HelpReader.person_id == person_id)
    touched = or_(
        HelpRequest.person_id == person_id,
        HelpRequest.assigned_id == person_id,
        HelpRequest.id.in_(wrote),
        HelpRequest.id.in_(named),
    )
    rows = list(session.scalars(select(HelpRequest).where(touched)))
    own = [row for row in rows if row.person_id == person_id]
    others = [row for row in rows if row.person_id != person_id]
    messages = select(HelpMessage.id).where(HelpMessage.person_id == person_id)
    session.execute(delete(HelpPicture).where(HelpPicture.message_id.in_(messages)))
    for table in (HelpReader, HelpSeen):
        session.execute(delete(table).where(table.person_id == person_id))
    session.execute(update(HelpRequest).where(HelpRequest.assigned_id == person_id).values(assigned_id=None))
    _remove(session, [row.id for row in own])
    for row in others:
        _strike(session, row, re.compile(rf"\b(?:{re.escape(name)}|{re.escape(user)})\b", re.IGNORECASE))
        session.execute(delete(Notice).where(_of(row.id), Notice.text.startswith(name, autoescape=True)))


def _remove(session: Session, ids: list[str]) -> None:
    of_them = select(HelpMessage.id).where(HelpMessage.request_id.in_(ids))
    session.execute(delete(HelpPicture).where(HelpPicture.message_id.in_(of_them)))
    for table in (HelpMessage, HelpReader, HelpSeen):
        session.execute(delete(table).where(table.request_id.in_(ids)))
    session.execute(delete(HelpRequest).where(HelpRequest.id.in_(ids)))
    for one in ids:
        session.execute(delete(Notice).where(_of(one)))


def _of(request_id: str) -> ColumnElement[bool]:
    return Notice.link == f"/support/{request_id}"


def _strike(session: Session, row: HelpRequest, names: re.Pattern[str]) -> None:
    row.subject = names.sub(_STRUCK, row.subject)
    row.log = names.sub(_STRUCK, row.log) if row.log else row.log
    row.facts = [{**fact, "value": names.sub(_STRUCK, fact["value"])} for fact in row.facts]
    for message in session.scalars(select(HelpMessage).where(HelpMessage.request_id == row.id)):
        message.text = names.sub(_STRUCK, message.text)
