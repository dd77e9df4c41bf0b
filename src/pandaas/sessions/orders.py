"""Ends that operators ordered: of one session, or of all on a computer that is drained. Everything is in the database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.db.tables import Lease, SessionDrain, WorkSession
from pandaas.model import SessionState, Unavailable

LEASE = "sessions"


@dataclass(frozen=True)
class Order:
    """The session hibernates at `when`; `why` is a sentence for its person."""

    when: datetime
    why: str


def this_node() -> str:
    """The computer that sessions started by this process run on."""
    return os.uname().nodename


@dataclass(frozen=True)
class Drains:
    """The computers that are drained, by name; what was only requested starts at `starts_at`, whoever asks."""

    on: Mapping[str, SessionDrain]
    starts_at: str

    @property
    def where_they_start(self) -> SessionDrain | None:
        return self.on.get(self.starts_at)

    def of(self, row: WorkSession) -> SessionDrain | None:
        """That of the computer which the session runs on, or is about to start on."""
        here = row.state == SessionState.REQUESTED and row.kind != "elsewhere"
        return self.on.get(self.starts_at if here else row.node or "")


def drained(session: Session, now: datetime) -> Drains:
    """Who leads starts the sessions on its own computer; where nobody does, it will probably be this one."""
    leader = session.get(Lease, LEASE)
    leads = leader is not None and leader.expires > now  # who crashed leaves a lease that has run out
    starts_at = leader.holder.partition(":")[0] if leader is not None and leads else this_node()
    return Drains({one.node: one for one in session.scalars(select(SessionDrain))}, starts_at)


def waits(row: WorkSession) -> bool:
    """It has yet to start: its software is prepared, it stands in a queue, or its program comes up."""
    return row.state in {SessionState.REQUESTED, SessionState.STARTING}


def need_open(session: Session, now: datetime) -> None:
    """`Unavailable` where the computer on which sessions start is drained."""
    drain = drained(session, now).where_they_start
    if drain is not None:
        raise Unavailable(closed(drain), remedy="Try again later; what sleeps is kept.")


def closed(drain: SessionDrain) -> str:
    """What is said to who wants to start something there."""
    return f"No sessions start now, this computer is taken out of service: {drain.reason}"


def order_of(row: WorkSession, drains: Drains) -> Order | None:
    """The first end that operators ordered for this session; None where there is none."""
    found = []
    if row.stop_at is not None:
        found.append(Order(row.stop_at, f"An operator stops it: {row.stop_reason}"))
    drain = drains.of(row)
    if drain is not None:
        what = "it waits for" if waits(row) else "it runs on"
        found.append(Order(drain.until, f"The computer {what} is taken out of service: {drain.reason}"))
    return min(found, key=lambda order: order.when, default=None)
