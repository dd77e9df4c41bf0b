"""API tokens: shown once, kept as a hash, limited to scopes and time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select, update

from pandaas.db import append
from pandaas.db.tables import Person, Token
from pandaas.identity.accounts import Accounts
from pandaas.identity.credentials import TOKEN_PREFIX, digest, new_secret
from pandaas.identity.principals import role_of, scopes_of
from pandaas.model import InvalidInput, NotFound, Scope, Unavailable

_LONGEST_DAYS = 3650


class Tokens(Accounts):
    """A token's rights are its scopes ∩ the person's rights, asked anew with every request."""

    def create_token(
        self, person_id: int, name: str, scopes: Iterable[Scope | str] = (Scope.READ,), expires_in_days: int | None = 90
    ) -> tuple[int, str]:
        """Make a token; returns its id and its text, which is shown now and never again."""
        wanted, now = scopes_named(scopes), self._database.clock()
        person = self.person(person_id)
        with self._database.read() as session:
            role = role_of(session, person, now)
        name = name.strip()
        if not 0 < len(name) <= 100:
            raise InvalidInput("A token's name has 1 to 100 characters.", field="name")
        if beyond := wanted - scopes_of(role):
            raise InvalidInput(
                f"'{person.user}' can't give the scope {', '.join(sorted(beyond))}: only operators have it.",
                field="scopes",
            )
        if expires_in_days is not None and not 1 <= expires_in_days <= _LONGEST_DAYS:
            raise InvalidInput(f"A token lives 1 to {_LONGEST_DAYS} days.", field="expires_in_days")
        text = TOKEN_PREFIX + new_secret()
        token = Token(
            person_id=person_id,
            name=name,
            secret_hash=digest(text),
            scopes=sorted(wanted),
            created=now,
            expires=now + timedelta(days=expires_in_days) if expires_in_days is not None else None,
        )
        with self._database.session() as session:
            session.add(token)
            session.flush()
            append(
                session,
                "token.created",
                person.user,
                actor_id=person_id,
                person_id=person_id,
                payload={"token": token.id, "name": name, "scopes": token.scopes},
                clock=self._database.clock,
            )
        return token.id, text

    def tokens(self, person_id: int) -> list[Token]:
        """The person's tokens, newest first, expired ones included."""
        query = select(Token).where(Token.person_id == person_id).order_by(Token.id.desc())
        with self._database.read() as session:
            return list(session.scalars(query))

    def delete_token(self, person_id: int, token_id: int) -> None:
        """Take a token back at once; `NotFound` when it is not this person's."""
        with self._database.session() as session:
            token = session.get(Token, token_id)
            if token is None or token.person_id != person_id:
                raise NotFound(f"You have no token {token_id}.")
            session.delete(token)
            append(
                session,
                "token.deleted",
                self.person(person_id).user,
                actor_id=person_id,
                person_id=person_id,
                payload={"token": token_id, "name": token.name},
                clock=self._database.clock,
            )

    def delete_own_token(self, text: str) -> None:
        """A program that is done takes its own token back; an unknown one is no error."""
        with self._database.session() as session:
            token = session.scalars(select(Token).where(Token.secret_hash == digest(text))).first()
            if token is None:
                return
            session.delete(token)
            append(
                session,
                "token.deleted",
                session.get_one(Person, token.person_id).user,
                actor_id=token.person_id,
                person_id=token.person_id,
                payload={"token": token.id, "name": token.name},
                clock=self._database.clock,
            )

    def _touch(self, token_id: int, now: datetime) -> None:
        """Note the use. A busy database or a full disk is no reason to refuse to read: a later use is noted instead."""
        try:
            with self._database.session(patient=False) as session:
                session.execute(update(Token).where(Token.id == token_id).values(last_used=now))
        except Unavailable:
            return


def scopes_named(scopes: Iterable[Scope | str]) -> frozenset[Scope]:
    """The scopes of these names; `InvalidInput` when one is none, or there are none."""
    try:
        wanted = frozenset(Scope(scope) for scope in scopes)
    except ValueError as error:
        raise InvalidInput(f"{error}.", remedy=f"Scopes are {', '.join(Scope)}.", field="scopes") from error
    if not wanted:
        raise InvalidInput("A token needs at least one scope.", field="scopes")
    return wanted
