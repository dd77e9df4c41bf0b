"""Tables of the room `access`: proposals, teams, instrument staff; release policy; shares, links, requests, lenses."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, ForeignKey, String, Text, UniqueConstraint
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
    release_time: Mapped[datetime | None]  # what the policy gives, or what was set for it
    release_set: Mapped[bool] = mapped_column(default=False)  # an exception: the policy doesn't change it
    announced: Mapped[bool] = mapped_column(default=False)  # anyone may know of it before it is released
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


class ReleasePolicy(Base):
    """What holds for proposals of one type. Types without a row follow the configuration."""

    __tablename__ = "release_policy"

    type: Mapped[str] = mapped_column(String(16), primary_key=True)
    embargo_years: Mapped[float | None] = mapped_column(Float(53))  # after the experiment; None: not by time
    licence: Mapped[str] = mapped_column(String(64))
    announced: Mapped[bool]
    invoiced: Mapped[bool]
    remind_days: Mapped[int]
    changed: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class ReleaseRequest(Base):
    """A wish to shorten or extend an embargo, of a proposal or of one dataset, and what became of it."""

    __tablename__ = "release_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    dataset_pid: Mapped[str | None] = mapped_column(String(64), index=True)
    release_time: Mapped[datetime]  # what is asked for
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), index=True)  # pending | approved | refused | taken_back
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    asked: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)


class ReleaseTold(Base):
    """What the team of a proposal was told about one release time: the reminder, the release."""

    __tablename__ = "release_told"

    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id", ondelete="CASCADE"), primary_key=True)
    what: Mapped[str] = mapped_column(String(16), primary_key=True)  # reminder | release
    release_time: Mapped[datetime] = mapped_column(primary_key=True)
    told: Mapped[datetime]


class AccessRequest(Base):
    """A person asks to read a dataset, or all of a proposal; kept whether or not there is such a thing."""

    __tablename__ = "access_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    dataset_pid: Mapped[str | None] = mapped_column(String(64), index=True)
    proposal: Mapped[str | None] = mapped_column(String(64), index=True)  # its name, as it was asked for
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), index=True)  # pending | granted | refused | taken_back
    asked: Mapped[datetime]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    until: Mapped[datetime | None]  # until when it was granted
    told: Mapped[bool] = mapped_column(default=False, index=True)  # whether the owners know of it


class ReviewerLink(Base):
    """Some datasets opened to whoever holds the link's secret: no sign-in, read-only, until it ends."""

    __tablename__ = "reviewer_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    granted_by: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    created: Mapped[datetime]
    expires: Mapped[datetime]
    revoked: Mapped[datetime | None]
    uses: Mapped[int] = mapped_column(default=0)
    last_used: Mapped[datetime | None]


class ReviewerLinkDataset(Base):
    __tablename__ = "reviewer_link_dataset"

    link_id: Mapped[int] = mapped_column(ForeignKey("reviewer_link.id", ondelete="CASCADE"), primary_key=True)
    dataset_pid: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class Lens(Base):
    """A browser that sees less than, or not the same as, the person before it: a reviewer's visit, or "view as".

    Exactly one of `link_id` and `viewer_id` is set; with the latter `person_id` None looks as nobody in particular.
    """

    __tablename__ = "lens"

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    link_id: Mapped[int | None] = mapped_column(ForeignKey("reviewer_link.id", ondelete="CASCADE"), index=True)
    viewer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    created: Mapped[datetime]
    expires: Mapped[datetime]


class Share(Base):
    """One dataset opened to one person; read-only, until it expires."""

    __tablename__ = "share"
    __table_args__ = (UniqueConstraint("dataset_pid", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_pid: Mapped[str] = mapped_column(String(64), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    granted_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    expires: Mapped[datetime | None]
