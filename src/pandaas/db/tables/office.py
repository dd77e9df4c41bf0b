"""Tables of the import from user offices (room `access`): what each feed has given, beam times, and past imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandaas.db.base import Base, Json


class OfficeMember(Base):
    """A membership that a feed has given; `before` is the role that somebody here had given earlier."""

    __tablename__ = "office_member"

    feed: Mapped[str] = mapped_column(String(64), primary_key=True)
    proposal_id: Mapped[int] = mapped_column(
        ForeignKey("proposal.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(24))
    before: Mapped[str | None] = mapped_column(String(24))


class OfficeStaff(Base):
    """A place on an instrument's staff that a feed has given; `before`: she had it already."""

    __tablename__ = "office_staff"

    feed: Mapped[str] = mapped_column(String(64), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(
        ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    before: Mapped[bool] = mapped_column(default=False)


class BeamTime(Base):
    """When a proposal has an instrument; `key` is the office's own number of it."""

    __tablename__ = "beam_time"
    __table_args__ = (UniqueConstraint("feed", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    feed: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id", ondelete="CASCADE"), index=True)
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"), index=True)
    start: Mapped[datetime] = mapped_column(index=True)
    end: Mapped[datetime] = mapped_column(index=True)


class OfficeRun(Base):
    """One import that was not a dry run, and what came of it."""

    __tablename__ = "office_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    feed: Mapped[str] = mapped_column(String(64), index=True)
    time: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text)
    counts: Mapped[dict[str, Any]] = mapped_column(Json)
    changes: Mapped[list[Any]] = mapped_column(Json)
    warnings: Mapped[list[Any]] = mapped_column(Json)
    removals: Mapped[int]
