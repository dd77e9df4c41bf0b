"""What the bar above a session's own pages says to somebody who was let in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pandaas.db.tables import WorkSession
from pandaas.model import SessionState
from pandaas.sessions.members import MemberView
from pandaas.sessions.orders import Order
from pandaas.sessions.rights import Entry

# What watching means, by kind of session; the page says the same.
_WATCHING = {
    "jupyter": "You only watch: notebooks as last saved, with their results; reload to see newer ones. Nothing runs or is saved.",
    "app": "You only watch: what it shows by itself is seen, what you press is not sent.",
    "desktop": "You only watch.",
}
_ALONG = "You work along, with all that its person may do in it."


@dataclass(frozen=True)
class Outlook:
    """What the bar above a session says to one who is in it, in words, empty where there is nothing to say.

    `page` is the path of the session's page on the platform, `link` what it is for.
    """

    title: str
    page: str
    link: str
    left: str = ""
    warning: str = ""
    company: str = ""
    said: str = ""  # by operators, until she has read it
    extend: bool = False  # she may have more time by a click
    ready: bool = True
    phase: str = ""  # while it starts


def outlook_of(
    entry: Entry,
    row: WorkSession,
    owner: str,
    staff: Sequence[MemberView],
    now: datetime,
    *,
    order: Order | None = None,
    said: Sequence[str] = (),
    latest: datetime | None = None,
) -> Outlook:
    """`owner` is the name of the session's person; `staff` those of whom she has to know; `said` what operators said;
    `latest` how far the session may be extended."""
    page, link = f"/sessions/{row.id}", "Chat, who is here"
    company = f"Session of {owner}. " + (_WATCHING[row.kind] if entry.may != "full" else _ALONG)
    if entry.role == "guest":
        page = "/visit"
    if entry.role == "owner":
        link, company = "Share, chat, extend, end …", _of_staff(staff)
    if row.state != SessionState.READY:
        return Outlook(row.title, page, link, ready=False, phase=row.phase or "Starting")
    if row.expires is None:
        return Outlook(row.title, page, link, company=company)
    end = min(row.expires, order.when) if order is not None else row.expires
    minutes = max(0, int((end - now).total_seconds() / 60))
    left = f"{minutes // 60} h {minutes % 60} min left" if minutes >= 60 else f"{minutes} min left"
    warning = "This session hibernates soon: save your work, or extend it on its page." if row.warned else ""
    if order is not None:
        minutes = max(0, round((order.when - now).total_seconds() / 60))
        warning = f"This session hibernates in {minutes} min. {order.why} Save your work; you can resume it later."
    told = "The operators say: " + " · ".join(said) if said and entry.role == "owner" else ""
    extend = entry.role == "owner" and order is None and latest is not None and row.expires < latest
    return Outlook(row.title, page, link, left, warning, company, told, extend)


def _of_staff(staff: Sequence[MemberView]) -> str:
    waiting = [one.name for one in staff if one.waits]
    if waiting:
        return f"{', '.join(waiting)}, of the staff, asks to watch: answer on the session's page."
    here = [f"{one.name} {'works along' if one.row.may == 'full' else 'may watch'}" for one in staff]
    return f"Staff: {', '.join(here)}." if here else ""
