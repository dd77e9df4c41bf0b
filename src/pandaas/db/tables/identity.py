"""Tables of the room `identity`: persons, their sign-ins, tokens, linked identities and what groups give them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandaas.db.base import Base, BigInt, Json


class Person(Base):
    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(String(64), unique=True)  # the name she signs in with
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    orcid: Mapped[str | None] = mapped_column(String(19))
    affiliation: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(24))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    posix_account: Mapped[str | None] = mapped_column(String(32))
    disabled: Mapped[bool] = mapped_column(default=False)
    demo: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime]


class LinkedIdentity(Base):
    """A foreign identity of a person, keyed on issuer and subject, never on e-mail."""

    __tablename__ = "linked_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    created: Mapped[datetime]
    label: Mapped[str | None] = mapped_column(String(200))  # how the provider calls her, for people to recognise it
    last_used: Mapped[datetime | None]
    groups_end: Mapped[datetime | None]  # when what its groups give lapses, unless the provider is asked before


class GroupGrant(Base):
    """What a group of the provider gives to the person of an identity, by the configured rules.

    `kind` is `team` (target: a proposal's name, role: the role there), `staff` (target: an instrument's name) or `role`
    (role: what she is to the facility).
    """

    __tablename__ = "group_grant"

    id: Mapped[int] = mapped_column(primary_key=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("linked_identity.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(24))


class SignIn(Base):
    """A browser's sign-in; the cookie's secret is kept as a hash only."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime]
    expires: Mapped[datetime]
    client: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(64))
    confirmed: Mapped[datetime | None]  # when she last proved who she is


class ForeignSignIn(Base):
    """What belongs to a sign-in that came through a provider; its tokens are encrypted."""

    __tablename__ = "foreign_sign_in"

    sign_in_id: Mapped[int] = mapped_column(ForeignKey("sign_in.id", ondelete="CASCADE"), primary_key=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("linked_identity.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(32))
    provider_session: Mapped[str | None] = mapped_column(String(255), index=True)
    id_token: Mapped[str | None] = mapped_column(Text)
    refresh_token: Mapped[str | None] = mapped_column(Text)
    asked: Mapped[datetime] = mapped_column(index=True)


class SignInFlow(Base):
    """A sign-in on its way to a provider and back; bound to one browser, used once.

    `purpose` is `sign_in`, `link` (a further identity for `person_id`) or `confirm` (she proves anew who she is). Once back,
    `issuer`, `subject` and `claims` hold the identity that waits for the person's decision.
    """

    __tablename__ = "sign_in_flow"

    id: Mapped[int] = mapped_column(primary_key=True)
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    next: Mapped[str] = mapped_column(String(2000))
    address: Mapped[str] = mapped_column(String(64), index=True)
    back: Mapped[bool] = mapped_column(default=False)
    issuer: Mapped[str | None] = mapped_column(String(255))
    subject: Mapped[str | None] = mapped_column(String(255))
    arrival: Mapped[str | None] = mapped_column(Text)  # encrypted: claims and tokens
    created: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)


class SeenToken(Base):
    """One-time tokens that have been used (logout tokens), until they would have expired anyway."""

    __tablename__ = "seen_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires: Mapped[datetime] = mapped_column(index=True)


class DeviceRequest(Base):
    """A program that asks for a token; a person confirms its code in the page."""

    __tablename__ = "device_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_code: Mapped[str] = mapped_column(String(16), unique=True)
    client: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(64), index=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16))  # waiting, granted, refused
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    polled: Mapped[datetime | None]
    created: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)


class Token(Base):
    """An API token; shown once, kept as a hash."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    created: Mapped[datetime]
    expires: Mapped[datetime | None]
    last_used: Mapped[datetime | None]


class PathCapability(Base):
    """A secret in an address that lets programs read one dataset as this person may; kept as a hash."""

    __tablename__ = "path_capability"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    dataset_pid: Mapped[str] = mapped_column(String(64))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime]
    expires: Mapped[datetime]


class SignInAttempt(Base):
    """Failed sign-ins, for slowing down guessing."""

    __tablename__ = "sign_in_attempt"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    user: Mapped[str] = mapped_column(String(64), index=True)
    address: Mapped[str] = mapped_column(String(64))
    time: Mapped[datetime] = mapped_column(index=True)
    detail: Mapped[str | None] = mapped_column(Text)
