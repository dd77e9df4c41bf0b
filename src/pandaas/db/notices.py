"""Notices: what a person should see in the page, and read as mail where the platform sends any.

A notice with a mail subject is an entry of the outbox at the same time: who leads the mailing sends it and takes the
subject away, so that a mail is neither lost with a process nor written in the transaction that it is about.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from pandaas.db.events import append
from pandaas.db.tables import Notice
from pandaas.model import Clock, utc_now

_TEXT, _SUBJECT = 500, 200


def leave_notice(
    session: Session,
    person_id: int,
    text: str,
    *,
    level: str = "info",
    link: str | None = None,
    mail: str | None = None,
    clock: Clock = utc_now,
) -> None:
    """Leave a notice in the caller's transaction. `mail` is the subject under which it is also sent."""
    subject = " ".join(mail.split())[:_SUBJECT] if mail else None
    notice = Notice(
        person_id=person_id, level=level, text=text[:_TEXT], link=link, created=clock(), dismissed=None, mail=subject
    )
    session.add(notice)
    session.flush()
    append(session, "notice.created", str(notice.id), person_id=person_id, payload={"level": level}, clock=clock)
