"""Tables of the room `chains`: saved chains, their runs with steps, attachments to instruments, automatic runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pandaas.db.base import Base, Json


class Chain(Base):
    """A saved chain. `sharing` is private, team (of `proposal_id`), or published; no owner: it came with the platform."""

    __tablename__ = "chain"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text, default="")
    sharing: Mapped[str] = mapped_column(String(16))
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id"), index=True)
    number: Mapped[int]  # of the current version
    created: Mapped[datetime]
    changed: Mapped[datetime]
    removed: Mapped[datetime | None]


class ChainVersion(Base):
    """A chain as it was saved once; never changed."""

    __tablename__ = "chain_version"

    chain_id: Mapped[str] = mapped_column(ForeignKey("chain.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]] = mapped_column(Json)
    fingerprint: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class ChainRun(Base):
    """A chain at work on some datasets: the definition as it is run, with its parameters."""

    __tablename__ = "chain_run"
    __table_args__ = (Index("ix_chain_run_state_created", "state", "created"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    chain_id: Mapped[str] = mapped_column(ForeignKey("chain.id"), index=True)
    number: Mapped[int]
    definition: Mapped[dict[str, Any]] = mapped_column(Json)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)  # where the results go
    series: Mapped[str] = mapped_column(String(64), index=True)  # of the runs that were started together
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("chain_attachment.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=1)  # one more with every restart
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    # The token that started or restarted it last: its steps keep the token's scopes. None: the person herself.
    token_id: Mapped[int | None]
    acting_since: Mapped[datetime | None]  # when that was: a token made later is another one, whatever its number
    created: Mapped[datetime]
    ended: Mapped[datetime | None]

    inputs: Mapped[list[ChainRunInput]] = relationship(
        order_by="ChainRunInput.id", cascade="all, delete-orphan", lazy="selectin"
    )
    steps: Mapped[list[ChainRunStep]] = relationship(
        order_by="ChainRunStep.position", cascade="all, delete-orphan", lazy="selectin"
    )


class ChainRunInput(Base):
    __tablename__ = "chain_run_input"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("chain_run.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    dataset_pid: Mapped[str] = mapped_column(String(64), index=True)
    reason: Mapped[str | None] = mapped_column(String(300))  # why it was proposed; None: a person chose it


class ChainRunStep(Base):
    """A step of a run. It has at most one job in each attempt: the job's row and `job_id` are written together."""

    __tablename__ = "chain_run_step"

    run_id: Mapped[str] = mapped_column(ForeignKey("chain_run.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int]
    recipe: Mapped[str] = mapped_column(String(64))
    recipe_version: Mapped[str] = mapped_column(String(32))
    recipe_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    job_id: Mapped[str | None] = mapped_column(String(64), index=True)
    failure: Mapped[str | None] = mapped_column(Text)
    remedy: Mapped[str | None] = mapped_column(Text)


class ChainAttachment(Base):
    """A chain version that runs by itself on new data of an instrument.

    `position` is how far the event log has been looked through; data registered before `since` are not new.
    """

    __tablename__ = "chain_attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), index=True)
    chain_id: Mapped[str] = mapped_column(ForeignKey("chain.id"), index=True)
    number: Mapped[int]
    predicate: Mapped[dict[str, Any]] = mapped_column(Json)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)  # step → changed parameters
    enabled: Mapped[bool]
    at_once: Mapped[int]
    per_day: Mapped[int | None]
    core_hours_per_day: Mapped[float | None] = mapped_column(Float(53))
    service_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # the account that its jobs belong to
    position: Mapped[str] = mapped_column(String(48))
    since: Mapped[datetime]
    created: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    removed: Mapped[datetime | None]


class AutomaticRun(Base):
    """A dataset that a chain version runs on by itself: once, and once more for each repetition that staff ask for."""

    __tablename__ = "automatic_run"
    __table_args__ = (UniqueConstraint("chain_id", "number", "dataset_pid", "generation"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attachment_id: Mapped[int] = mapped_column(ForeignKey("chain_attachment.id"), index=True)
    chain_id: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    dataset_pid: Mapped[str] = mapped_column(String(64), index=True)
    generation: Mapped[int] = mapped_column(default=0)
    cause: Mapped[str] = mapped_column(String(16))  # new | backlog | again
    state: Mapped[str] = mapped_column(String(16), index=True)  # waiting | started | refused
    reason: Mapped[str | None] = mapped_column(String(500))  # why it waits or was refused
    run_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    created: Mapped[datetime]
    started: Mapped[datetime | None]
