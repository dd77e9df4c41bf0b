"""Tables of the rooms `recipes` and `jobs`: checked recipes, jobs with their inputs and outputs, notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pandaas.db.base import Base, Json


class Recipe(Base):
    """A recipe version as checked: the manifest and the parameters' JSON Schema, by content of its folder."""

    __tablename__ = "recipe"

    id: Mapped[int] = mapped_column(primary_key=True)
    recipe: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[str] = mapped_column(String(32))
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    folder: Mapped[str] = mapped_column(String(4096))
    manifest: Mapped[dict[str, Any]] = mapped_column(Json)
    parameter_schema: Mapped[dict[str, Any]] = mapped_column(Json)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None = of the facility
    problem: Mapped[str | None] = mapped_column(Text)  # why it is disabled
    checked: Mapped[datetime]
    is_current: Mapped[bool] = mapped_column(default=True)


class RecipeDefault(Base):
    """An instrument's own default parameters of a recipe."""

    __tablename__ = "recipe_default"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    recipe: Mapped[str] = mapped_column(String(64), primary_key=True)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    changed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    changed: Mapped[datetime]


class Job(Base):
    __tablename__ = "job"
    __table_args__ = (Index("ix_job_state_created", "state", "created"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)  # where the result goes
    recipe: Mapped[str] = mapped_column(String(64), index=True)
    recipe_version: Mapped[str] = mapped_column(String(32))
    recipe_hash: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    environment: Mapped[str | None] = mapped_column(String(100))
    environment_key: Mapped[str | None] = mapped_column(String(64))
    engine: Mapped[str] = mapped_column(String(32))
    engine_reason: Mapped[str | None] = mapped_column(String(300))  # why this one, in words for the person
    engine_handle: Mapped[dict[str, Any] | None] = mapped_column(Json)
    isolation: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16))
    phase: Mapped[str] = mapped_column(String(200), default="")
    attempt: Mapped[int] = mapped_column(default=1)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[float | None] = mapped_column(Float(53))
    message: Mapped[str] = mapped_column(String(500), default="")
    preview: Mapped[dict[str, Any] | None] = mapped_column(Json)
    failure: Mapped[str | None] = mapped_column(Text)  # what happened, for the person
    remedy: Mapped[str | None] = mapped_column(Text)
    exit_code: Mapped[int | None]
    cores: Mapped[int]
    gpus: Mapped[int] = mapped_column(default=0, server_default="0")
    memory_mb: Mapped[int]
    time_limit_s: Mapped[int]
    created: Mapped[datetime]
    queued: Mapped[datetime | None]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    wall_s: Mapped[float | None] = mapped_column(Float(53))
    cpu_s: Mapped[float | None] = mapped_column(Float(53))
    max_rss_mb: Mapped[float | None] = mapped_column(Float(53))
    verifies: Mapped[str | None] = mapped_column(String(64))  # pid of the result this job re-executes
    comparison: Mapped[dict[str, Any] | None] = mapped_column(Json)  # how the re-executed result compares
    repeats: Mapped[str | None] = mapped_column(String(64))  # job it was run again from
    warnings: Mapped[list[str]] = mapped_column(Json, default=list)
    chain_run: Mapped[str | None] = mapped_column(String(64), index=True)  # the run of a chain that it is a step of

    inputs: Mapped[list[JobInput]] = relationship(order_by="JobInput.id", cascade="all, delete-orphan", lazy="selectin")


class JobInput(Base):
    __tablename__ = "job_input"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)
    slot: Mapped[str] = mapped_column(String(64))
    dataset_pid: Mapped[str] = mapped_column(String(64), index=True)
    dataset_version: Mapped[int]
    checksums: Mapped[dict[str, Any]] = mapped_column(Json)  # file name → sha256


class Notice(Base):
    """Something a person should see: her long job ended, an upload failed."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    level: Mapped[str] = mapped_column(String(16))  # info | success | warning | failure
    text: Mapped[str] = mapped_column(String(500))
    link: Mapped[str | None] = mapped_column(String(500))
    created: Mapped[datetime]
    dismissed: Mapped[datetime | None]
    mail: Mapped[str | None] = mapped_column(String(200), index=True)  # subject of a mail that is still to be sent
