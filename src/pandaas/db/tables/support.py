"""Tables of the room `support`: requests for help, what was said about them, pictures, who has read how far."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pandaas.db.base import Base, BigInt, Json


class HelpRequest(Base):
    """A person's request for help. `state` is open, waiting (for her), answered or closed.

    `instrument_id` and `proposal_id` say whose staff may see it. `dataset_pids` are what it is about; who reads the request
    sees their names only where she may see the datasets. `facts` and `log` are what the person saw and sent.
    """

    __tablename__ = "help_request"
    __table_args__ = (Index("ix_help_request_state_changed", "state", "changed"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    assigned_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"), index=True)
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id"), index=True)
    session_id: Mapped[str | None] = mapped_column(String(64), index=True)
    job_id: Mapped[str | None] = mapped_column(String(64))
    dataset_pids: Mapped[list[str]] = mapped_column(Json, default=list)
    facts: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)  # [{"name": …, "value": …}]
    log: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime]
    changed: Mapped[datetime]
    messages: Mapped[list[HelpMessage]] = relationship(order_by="HelpMessage.id", viewonly=True)


class HelpMessage(Base):
    """What somebody said about a request, in Markdown; the first is the request itself."""

    __tablename__ = "help_message"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("help_request.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    as_staff: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(index=True)


class HelpPicture(Base):
    """A picture that belongs to a message: PNG or JPEG without anything but the picture."""

    __tablename__ = "help_picture"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("help_message.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(16))
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class HelpReader(Base):
    """Somebody whom a request's person named: she reads it and writes with the others."""

    __tablename__ = "help_reader"

    request_id: Mapped[str] = mapped_column(ForeignKey("help_request.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    added: Mapped[datetime]


class HelpSeen(Base):
    """How far a person has read a request: the last message that she saw."""

    __tablename__ = "help_seen"

    request_id: Mapped[str] = mapped_column(ForeignKey("help_request.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    message_id: Mapped[int] = mapped_column(BigInt)
