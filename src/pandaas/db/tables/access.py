"""Tables of the room `access`: proposals, teams, instrument staff, shares and links."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandaas.db.base import Base


class Proposal(Base):
    __tablename__ = "proposal"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)  # the facility's own number, e.g. "SC-5412"
    title: Mapped[str] = mapped_column(String(500))
    summary: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(16))
    facility: Mapped[str] = mapped_column(String(64))
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"))
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    release_time: Mapped[datetime | None]
    created: Mapped[datetime]


class ProposalMember(Base):
    __tablename__ = "proposal_member"

    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(24))


class Instrument(Base):
    __tablename__ = "instrument"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    facility: Mapped[str] = mapped_column(String(64))
    technique: Mapped[str | None] = mapped_column(String(100))  # PaNET IRI given to data that name none


class InstrumentStaff(Base):
    __tablename__ = "instrument_staff"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)


class Share(Base):
    """One dataset opened to one person, or to whoever holds a link's secret; read-only, until it expires."""

    __tablename__ = "share"
    __table_args__ = (UniqueConstraint("dataset_pid", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_pid: Mapped[str] = mapped_column(String(64), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    granted_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    expires: Mapped[datetime | None]
