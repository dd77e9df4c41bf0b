"""Tables of the room `sessions`: notebooks and desktops of persons, the datasets they see, the keys to reach them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pandaas.db.base import Base, BigInt, Json


class WorkSession(Base):
    """A session. `wish` is what its program is to be ended for: `end` or `hibernate`; `reason` tells people why."""

    __tablename__ = "work_session"
    __table_args__ = (Index("ix_work_session_state_created", "state", "created"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    program: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=1)  # how many times its program was started
    phase: Mapped[str] = mapped_column(String(200), default="")
    wish: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    remedy: Mapped[str | None] = mapped_column(Text)
    environment: Mapped[str | None] = mapped_column(String(100))
    environment_key: Mapped[str | None] = mapped_column(String(64))
    engine: Mapped[str] = mapped_column(String(32))
    engine_handle: Mapped[dict[str, Any] | None] = mapped_column(Json)
    isolation: Mapped[str | None] = mapped_column(String(100))
    cores: Mapped[int]
    gpus: Mapped[int] = mapped_column(default=0, server_default="0")
    memory_mb: Mapped[int]
    lifetime_s: Mapped[int]
    created: Mapped[datetime]
    started: Mapped[datetime | None]  # of the current attempt
    ready: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    expires: Mapped[datetime | None]
    last_active: Mapped[datetime | None]
    warned: Mapped[datetime | None]  # for the current end
    cpu_s: Mapped[float] = mapped_column(Float, default=0.0)
    memory_used_mb: Mapped[float | None] = mapped_column(Float)
    kept: Mapped[dict[str, Any] | None] = mapped_column(Json)  # what a hibernated session needs to go on
    notices: Mapped[list[str]] = mapped_column(Json, default=list)  # what was lost, what to know
    automatic: Mapped[bool] = mapped_column(default=True)  # finished results register themselves
    gathered: Mapped[int] = mapped_column(default=0)  # the last attempt after whose end its results were looked through
    set_aside: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # of file: state and why it did not
    node: Mapped[str | None] = mapped_column(String(255))  # the computer that it was last started on
    latest: Mapped[datetime | None]  # it may be extended until then, as staff agreed
    stop_at: Mapped[datetime | None]  # an operator lets it hibernate then
    stop_reason: Mapped[str | None] = mapped_column(String(500))
    told_end: Mapped[datetime | None]  # the end that operators ordered, as its person was told
    seen_by_operators: Mapped[bool] = mapped_column(default=False)  # she lets operators see what it shows, small
    datasets: Mapped[list[SessionDataset]] = relationship(lazy="selectin", order_by="SessionDataset.position")


class SessionDataset(Base):
    """A dataset that a session was opened on."""

    __tablename__ = "session_dataset"

    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), primary_key=True)
    dataset_pid: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int]


class SessionKey(Base):
    """What opens one session to one browser: a ticket, used once, and the cookie it is exchanged for; kept as hashes.

    It is a person's or a guest's.
    """

    __tablename__ = "session_key"
    __table_args__ = (CheckConstraint("(person_id IS NULL) <> (guest_id IS NULL)", name="of_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("session_guest.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(8))  # ticket, cookie
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)


class SessionMember(Base):
    """Somebody else who may come into a session, once `added`. `may` is `view` or `full`.

    `role` is `member`, let in by the session's person, or `staff`, who asked to join and why (`reason`); staff without
    `added` wait for consent.
    """

    __tablename__ = "session_member"

    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    may: Mapped[str] = mapped_column(String(8))
    role: Mapped[str] = mapped_column(String(8), default="member")
    reason: Mapped[str | None] = mapped_column(String(500))
    asked: Mapped[datetime | None]
    added: Mapped[datetime | None]
    expires: Mapped[datetime | None]


class SessionInvitation(Base):
    """A link into a session, for `most` people; with `guests` also for who has no account. Kept as a hash."""

    __tablename__ = "session_invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    may: Mapped[str] = mapped_column(String(8))
    guests: Mapped[bool]
    most: Mapped[int]
    uses: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime]
    expires: Mapped[datetime]
    revoked: Mapped[datetime | None]


class SessionGuest(Base):
    """Somebody without an account who came by an invitation, as she calls herself; she only watches."""

    __tablename__ = "session_guest"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), index=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("session_invitation.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime]
    expires: Mapped[datetime]


class SessionMessage(Base):
    """What was said in the chat beside a session."""

    __tablename__ = "session_message"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("session_guest.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime]


class SessionPresence(Base):
    """Somebody at a session through one process of the platform, which renews `seen`; `left`: when she last closed its program."""

    __tablename__ = "session_presence"

    process: Mapped[str] = mapped_column(String(300), primary_key=True)
    session_id: Mapped[str] = mapped_column(
        ForeignKey("work_session.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    who: Mapped[str] = mapped_column(String(30), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    may: Mapped[str] = mapped_column(String(8))
    role: Mapped[str] = mapped_column(String(16))
    here: Mapped[bool]
    inside: Mapped[bool]
    x: Mapped[int | None]
    y: Mapped[int | None]
    seen: Mapped[datetime]
    left: Mapped[datetime | None]


class SessionResult(Base):
    """A file of a session's results folder that was registered as a dataset, and what it was made with.

    `size` and `mtime_ns` are those of the file in the folder then; `program` and `version` as people call them.
    """

    __tablename__ = "session_result"
    __table_args__ = (UniqueConstraint("session_id", "file", "sha256"),)

    dataset_pid: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    file: Mapped[str] = mapped_column(String(1000))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInt)
    mtime_ns: Mapped[int] = mapped_column(BigInt)
    program: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(100), default="")
    automatic: Mapped[bool] = mapped_column(default=False)  # it registered itself
    environment: Mapped[str | None] = mapped_column(String(100))
    environment_key: Mapped[str | None] = mapped_column(String(64))
    created: Mapped[datetime]


class SessionDrain(Base):
    """A computer that starts no further sessions; those that run there hibernate at `until`."""

    __tablename__ = "session_drain"

    node: Mapped[str] = mapped_column(String(255), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    since: Mapped[datetime]
    until: Mapped[datetime]


class SessionAnnouncement(Base):
    """What an operator says in a session, shown until its person has read it."""

    __tablename__ = "session_announcement"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    text: Mapped[str] = mapped_column(String(500))
    created: Mapped[datetime]
    read: Mapped[datetime | None]


class SessionExtension(Base):
    """More time than the rules give, asked of staff; `granted` says what was decided."""

    __tablename__ = "session_extension"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), index=True)
    attempt: Mapped[int]  # of the session when it was asked
    hours: Mapped[float] = mapped_column(Float)
    reason: Mapped[str] = mapped_column(String(500))
    asked: Mapped[datetime]
    decided: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    granted: Mapped[bool | None]
    answer: Mapped[str | None] = mapped_column(String(500))


class SessionRegistration(Base):
    """Results of a session that are being registered after the request, or were last. One of a session at a time.

    `request` as it was asked; `state` is working, done or failed; `done` and `total` are bytes; `registered` holds file,
    dataset and is_new; `problem` detail, remedy and field of what ended it. `holder` works on it and touches it.
    """

    __tablename__ = "session_registration"

    session_id: Mapped[str] = mapped_column(ForeignKey("work_session.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    token_id: Mapped[int | None]  # which asked for it; None: the person herself
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16), index=True)
    done: Mapped[int] = mapped_column(BigInt)
    total: Mapped[int] = mapped_column(BigInt)
    registered: Mapped[list[Any]] = mapped_column(Json)
    problem: Mapped[dict[str, Any]] = mapped_column(Json)
    holder: Mapped[str] = mapped_column(String(200))
    touched: Mapped[datetime]
    created: Mapped[datetime]
