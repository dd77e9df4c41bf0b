"""Programs that ask for a token without a browser of their own (as RFC 8628 does it).

The program shows a short code; the person opens the page, signs in however she likes, compares the code and says yes or no.
The program's own secret fetches the token once, and the token exists only from that moment on.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pandaas.db.tables import DeviceRequest, Person
from pandaas.identity.credentials import SECRET_PATTERN, digest, new_secret
from pandaas.identity.principals import role_of, scopes_of
from pandaas.identity.tokens import Tokens, scopes_named
from pandaas.model import Busy, InvalidInput, NotAllowed, NotFound

LIFE = timedelta(minutes=10)
INTERVAL_S = 2
_SLACK = timedelta(seconds=0.5)
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so no words: RFC 8628 section 6.1
_MOST_BY_ADDRESS = 30
_TOKEN_DAYS = 90


@dataclass(frozen=True)
class DeviceStart:
    secret: str
    user_code: str
    expires_s: int


@dataclass(frozen=True)
class DeviceAnswer:
    """`token` (and its number) with `granted` only."""

    state: Literal["waiting", "granted", "refused"]
    token: str | None = None
    token_id: int | None = None


class Devices(Tokens):
    """A request lives ten minutes; 20⁸ codes and thirty requests an address leave nothing to guess."""

    def ask_for_token(self, client: str, scopes: Iterable[str], *, address: str) -> DeviceStart:
        """A program asks; `client` is what it calls itself. `Busy` when this address asks too often."""
        wanted, now = scopes_named(scopes), self._database.clock()
        name = " ".join("".join(sign for sign in client if sign.isprintable()).split())[:100]
        if not name:
            raise InvalidInput("A program has to say what it is.", field="client")
        secret, code = new_secret(), "".join(secrets.choice(_LETTERS) for _ in range(8))
        with self._database.session() as session:
            session.execute(delete(DeviceRequest).where(DeviceRequest.expires <= now))
            count = select(func.count()).select_from(DeviceRequest).where(DeviceRequest.address == address[:64])
            if (session.scalar(count) or 0) >= _MOST_BY_ADDRESS:
                raise Busy("Too many programs ask for a token.", remedy="Wait a few minutes, then try again.")
            session.add(
                DeviceRequest(
                    device_hash=digest(secret),
                    user_code=code,
                    client=name,
                    address=address[:64],
                    scopes=sorted(wanted),
                    state="waiting",
                    created=now,
                    expires=now + LIFE,
                )
            )
        return DeviceStart(secret, f"{code[:4]}-{code[4:]}", int(LIFE.total_seconds()))

    def device_request(self, user_code: str) -> DeviceRequest:
        """The request that waits under this code; `NotFound` when there is none."""
        with self._database.read() as session:
            return self._waiting_for(session, user_code)

    def decide_device(self, person_id: int, user_code: str, *, grant: bool) -> None:
        """The signed-in person says yes or no. Scopes beyond her own are left out."""
        with self._database.session() as session:
            request = self._waiting_for(session, user_code)
            request.state = "granted" if grant else "refused"
            request.person_id = person_id
            person = session.get_one(Person, person_id)
            own = scopes_of(role_of(session, person, self._database.clock()))
            request.scopes = sorted(own & {*scopes_named(request.scopes)})
            told = {"client": request.client, "address": request.address, "granted": grant}
            self._log(session, "token.asked", person, actor_id=person_id, payload=told)

    def fetch_token(self, secret: str) -> DeviceAnswer:
        """The program asks whether it may. `NotFound` once the request is over, `Busy` when it asks too fast."""
        now = self._database.clock()
        if not SECRET_PATTERN.fullmatch(secret):
            raise _over()
        with self._database.session() as session:
            query = select(DeviceRequest).where(
                DeviceRequest.device_hash == digest(secret), DeviceRequest.expires > now
            )
            request = session.scalars(query.with_for_update()).first()
            if request is None:
                raise _over()
            if request.polled is not None and now - request.polled < timedelta(seconds=INTERVAL_S) - _SLACK:
                raise Busy("This program asks too often.", remedy=f"Ask every {INTERVAL_S} seconds.")
            request.polled = now
            state, person_id, client, scopes = request.state, request.person_id, request.client, list(request.scopes)
            if state == "waiting":
                return DeviceAnswer("waiting")
            session.delete(request)
        if state == "refused" or person_id is None:
            return DeviceAnswer("refused")
        with self._database.read() as session:
            if self.is_shut_out(session.get_one(Person, person_id)):
                raise NotAllowed("This account is disabled.", remedy="Ask an operator.")
        token_id, text = self.create_token(person_id, client, scopes, _TOKEN_DAYS)
        return DeviceAnswer("granted", text, token_id)

    def _waiting_for(self, session: Session, user_code: str) -> DeviceRequest:
        code = "".join(sign for sign in user_code.upper() if sign.isalnum())[:16]
        query = select(DeviceRequest).where(
            DeviceRequest.user_code == code,
            DeviceRequest.state == "waiting",
            DeviceRequest.expires > self._database.clock(),
        )
        found = session.scalars(query).first()
        if found is None:
            raise NotFound(
                "No program waits under this code.",
                remedy="Compare it with the program's; it lasts ten minutes.",
                field="code",
            )
        return found


def _over() -> NotFound:
    return NotFound("This request is over.", remedy="Begin the sign-in of the program again.", field="secret")
