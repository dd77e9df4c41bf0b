"""Tables of the room `db` itself: the event log and the leases of background work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pandaas.db.base import Base, BigInt, Json


class Event(Base):
    """One change, written in the transaction that made it. Rows are never changed or deleted.

    `transaction` is PostgreSQL's transaction id (0 on SQLite, where writers are one after the other): a reader that
    takes rows in (transaction, id) order up to the oldest running transaction skips none, although ids commit out of
    order. `proposal_id`, `person_id` say whom it concerns; `subject` is the pid or id of the thing.
    """

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    transaction: Mapped[int] = mapped_column(BigInt, index=True, default=0)
    time: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(48), index=True)  # e.g. "dataset.registered", "job.state"
    subject: Mapped[str] = mapped_column(String(64), index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    proposal_id: Mapped[int | None] = mapped_column(index=True)
    person_id: Mapped[int | None] = mapped_column(index=True)
    request_id: Mapped[str | None] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class Lease(Base):
    """Who leads a piece of background work, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(100))
    expires: Mapped[datetime]
