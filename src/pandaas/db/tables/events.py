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


class AuditPerson(Base):
    """The opaque id under which the audit knows a person. When she is erased the row goes, and the id means nobody."""

    __tablename__ = "audit_person"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), unique=True)


class AuditRow(Base):
    """One line of the audit; `hash` covers the line and the hash before it. Rows are never changed or deleted.

    `event_transaction`, `event_id` say up to where the event log has been taken over.
    """

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)  # 1, 2, 3, … without a gap
    time: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str | None] = mapped_column(
        String(40), index=True
    )  # an opaque id; None: nobody signed in, or the platform
    kind: Mapped[str] = mapped_column(String(48), index=True)
    subject: Mapped[str] = mapped_column(String(64), index=True)
    whom: Mapped[str | None] = mapped_column(String(40), index=True)  # the person whom it concerns, opaque too
    proposal_id: Mapped[int | None] = mapped_column(index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    event_transaction: Mapped[int] = mapped_column(BigInt)
    event_id: Mapped[int] = mapped_column(BigInt)
    hash: Mapped[str] = mapped_column(String(64))


class AccessCount(Base):
    """Requests for data in one minute, counted until the audit takes them over: by whom, what, through which door."""

    __tablename__ = "access_count"

    who: Mapped[str] = mapped_column(String(40), primary_key=True)  # "person 7", "link 3", "anonymous"
    viewer_id: Mapped[int] = mapped_column(primary_key=True, default=0)  # the operator who looks as this person, or 0
    dataset_pid: Mapped[str] = mapped_column(String(64), primary_key=True)
    door: Mapped[str] = mapped_column(String(16), primary_key=True)  # metadata | view | download | h5grove | zarr
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    requests: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInt)


class Lease(Base):
    """Who leads a piece of background work, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(100))
    expires: Mapped[datetime]
