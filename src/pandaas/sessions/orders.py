"""Ends that operators ordered: of one session, or of all on a computer that is drained. Everything is in the database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.db.tables import SessionDrain, WorkSession
from pandaas.model import SessionState, Unavailable


@dataclass(frozen=True)
class Order:
    """The session hibernates at `when`; `why` is a sentence for its person."""

    when: datetime
    why: str


def this_node() -> str:
    """The computer that sessions started by this process run on."""
    return os.uname().nodename


def drained(session: Session) -> Mapping[str, SessionDrain]:
    """The computers that are drained, by name."""
    return {one.node: one for one in session.scalars(select(SessionDrain))}


def waits(row: WorkSession) -> bool:
    """It has yet to start: its software is prepared, it stands in a queue, or its program comes up."""
    return row.state in {SessionState.REQUESTED, SessionState.STARTING}


def node_of(row: WorkSession) -> str:
    """The computer that it runs on or is about to start on; what was only requested starts here, if not elsewhere."""
    here = row.state == SessionState.REQUESTED and row.kind != "elsewhere"
    return this_node() if here else row.node or ""


def need_open(session: Session) -> None:
    """`Unavailable` where this computer is drained."""
    drain = drained(session).get(this_node())
    if drain is not None:
        raise Unavailable(closed(drain), remedy="Try again later; what sleeps is kept.")


def closed(drain: SessionDrain) -> str:
    """What is said to who wants to start something there."""
    return f"No sessions start now, this computer is taken out of service: {drain.reason}"


def order_of(row: WorkSession, drains: Mapping[str, SessionDrain]) -> Order | None:
    """The first end that operators ordered for this session; None where there is none."""
    found = []
    if row.stop_at is not None:
        found.append(Order(row.stop_at, f"An operator stops it: {row.stop_reason}"))
    drain = drains.get(node_of(row))
    if drain is not None:
        what = "it waits for" if waits(row) else "it runs on"
        found.append(Order(drain.until, f"The computer {what} is taken out of service: {drain.reason}"))
    return min(found, key=lambda order: order.when, default=None)
