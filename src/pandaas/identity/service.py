"""The face of the room: principals; accounts, tokens, sign-ins and identities are in the base classes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.config import Settings
from pandaas.db import Database, Memo
from pandaas.db.tables import Person, SignIn, Token
from pandaas.identity.credentials import SECRET_PATTERN, TOKEN_PATTERN, digest
from pandaas.identity.keeping import Keeping
from pandaas.identity.principals import principal_of
from pandaas.model import NotAllowed, NotFound, NotSignedIn, Principal, PrincipalKind

_TOUCH_EVERY = timedelta(minutes=1)


class Identity(Keeping):
    """Who is asking. Every question reads the tables: what changes there is felt by the next request."""

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__(database, settings)
        self._principals: Memo[Any] = Memo(database)

    def principal_of_cookie(self, secret: str) -> Principal | None:
        """Who this browser is, or None when the sign-in is unknown, expired or of a disabled account."""
        found: Principal | None = self._principals.get(
            ("cookie", digest(secret)), lambda: self._principal_of_cookie(secret)
        )
        return found

    def principal_of_lens(self, secret: str, signed_in: Principal | None) -> Principal | None:
        """Who looks through this lens (a reviewer's visit, "view as"), or None when it has ended.

        `signed_in` is who the same browser is signed in as: with that sign-in the look as somebody else ends.
        """
        key = ("lens", digest(secret), repr(signed_in))
        found: Principal | None = self._principals.get(key, lambda: self._principal_of_lens(secret, signed_in))
        return found

    def remembered(self, kind: Literal["cookie", "token"], secret: str) -> Principal | None:
        """Whose cookie or token this is, where that is known without asking the tables."""
        found: Principal | None = self._principals.peek((kind, digest(secret)))
        return found

    def _principal_of_cookie(self, secret: str) -> Principal | None:
        if not SECRET_PATTERN.fullmatch(secret):
            return None
        now = self._database.clock()
        with self._database.read() as session:
            query = select(Person).join(SignIn).where(SignIn.secret_hash == digest(secret), SignIn.expires > now)
            person = session.scalars(query).first()
            if person is None or self.is_shut_out(person):
                return None
            return principal_of(session, person, now)

    def principal_of_token(self, text: str) -> Principal:
        """Whose token this is, with its scopes; `NotSignedIn` when it is unknown, expired or of a disabled account."""
        found: Principal = self._principals.get(("token", digest(text)), lambda: self._principal_of_token(text))
        return found

    def _principal_of_token(self, text: str) -> Principal:
        now = self._database.clock()
        if TOKEN_PATTERN.fullmatch(text):
            with self._database.read() as session:
                query = select(Person, Token).join(Token).where(Token.secret_hash == digest(text))
                person, token = session.execute(query).first() or (None, None)
                if person and token and _is_valid(token, now) and not self.is_shut_out(person):
                    principal = _by_token(session, person, token, now)
                    used = token.last_used
                    token_id = token.id
                else:
                    person = None
            if person:
                if used is None or now - used >= _TOUCH_EVERY:
                    self._touch(token_id, now)
                return principal
        raise NotSignedIn(
            "This token is unknown or has expired.", remedy="Make a new one under your name, 'Access tokens'."
        )

    def principal_of_person(self, person_id: int) -> Principal:
        """The platform itself acting for this person (a job that registers its result): her rights, no more."""
        now = self._database.clock()
        with self._database.read() as session:
            person = session.get(Person, person_id)
            if person is None or self.is_shut_out(person):
                raise NotFound(f"There is no active person {person_id}.")
            return principal_of(session, person, now, kind=PrincipalKind.SERVICE, acting_for=person_id)

    def principal_of_started(self, person_id: int, token_id: int, started: datetime) -> Principal:
        """For what goes on of something that this person's token started: as the token, so with its scopes. `NotAllowed`
        once it was taken back or has expired."""
        now = self._database.clock()
        with self._database.read() as session:
            token, person = session.get(Token, token_id), session.get(Person, person_id)
            if person is None or self.is_shut_out(person):
                raise NotFound(f"There is no active person {person_id}.")
            known = token is not None and token.person_id == person_id and token.created <= started
            if token is None or not known or not _is_valid(token, now):  # SQLite may give its number to a later one
                raise NotAllowed(
                    "The token that started this was taken back or has expired.",
                    remedy="Restart it: it goes on as whoever restarts it.",
                )
            return _by_token(session, person, token, now)


def _by_token(session: Session, person: Person, token: Token, now: datetime) -> Principal:
    principal = principal_of(session, person, now, kind=PrincipalKind.TOKEN, scopes=token.scopes)
    return replace(principal, token_id=token.id)


def _is_valid(token: Token, now: datetime) -> bool:
    return token.expires is None or token.expires > now
