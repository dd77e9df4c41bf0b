"""Sign-ins on their way to a provider and back: kept for minutes, bound to one browser, used once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pandaas.db.tables import SignInFlow
from pandaas.identity.credentials import SECRET_PATTERN, digest
from pandaas.identity.oidc import Arrival
from pandaas.identity.vault import Vault
from pandaas.model import Busy, InvalidInput, NotSignedIn

Purpose = Literal["sign_in", "link", "confirm"]
LIFE = timedelta(minutes=15)
_MOST_BY_ADDRESS = 60
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x1f\x7f]{0,1999}")


@dataclass(frozen=True)
class Start:
    """What is wanted of a way to a provider. `next`: the page to show afterwards, a path of this site."""

    provider: str
    purpose: Purpose
    browser: str
    next: str
    address: str
    person_id: int | None = None


def local_path(path: str | None) -> str:
    """`path` if it is one of this site, else the start page: nobody is sent elsewhere after signing in."""
    return path if path and _LOCAL.fullmatch(path) else "/"


def check_browser(secret: str | None) -> str:
    """The secret of the browser's sign-in cookie; `NotSignedIn` where there is none."""
    if secret is None or not SECRET_PATTERN.fullmatch(secret):
        raise NotSignedIn(
            "This sign-in was not begun in this browser, or too long ago.",
            remedy="Begin it again here; cookies must be allowed.",
            field="state",
        )
    return secret


def begin(session: Session, start: Start, state: str, now: datetime) -> None:
    session.execute(delete(SignInFlow).where(SignInFlow.expires <= now))
    count = select(func.count()).select_from(SignInFlow).where(SignInFlow.address == start.address)
    if (session.scalar(count) or 0) >= _MOST_BY_ADDRESS:
        raise Busy("Too many sign-ins have been begun.", remedy="Wait a few minutes, then try again.")
    session.add(
        SignInFlow(
            state_hash=digest(state),
            browser_hash=digest(start.browser),
            provider=start.provider,
            purpose=start.purpose,
            person_id=start.person_id,
            next=local_path(start.next),
            address=start.address,
            created=now,
            expires=now + LIFE,
        )
    )


def take_back(session: Session, provider: str, state: str, browser: str, now: datetime) -> SignInFlow:
    """The flow of this state, once: a second return with it, or one in another browser, is refused."""
    flow = _find(session, state, browser, now)
    if flow.back:
        raise _stale("This sign-in has been used already.")
    if flow.provider != provider:
        raise _stale("This sign-in was begun with another provider.")
    flow.back = True
    return flow


def keep(flow: SignInFlow, arrival: Arrival, vault: Vault) -> None:
    """Remember who has come back until she has decided what becomes of it."""
    flow.issuer, flow.subject = arrival.issuer, arrival.subject
    flow.arrival = vault.lock(json.dumps(arrival.as_json()))


def waiting(session: Session, state: str, browser: str, now: datetime, vault: Vault) -> tuple[SignInFlow, Arrival]:
    """The flow that waits for the person's decision, and who has come back."""
    flow = _find(session, state, browser, now)
    kept = vault.unlock(flow.arrival) if flow.arrival else None
    if kept is None:
        raise _stale("There is no sign-in that waits for you.")
    return flow, Arrival.of_json(json.loads(kept))


def _find(session: Session, state: str, browser: str, now: datetime) -> SignInFlow:
    if not SECRET_PATTERN.fullmatch(state):
        raise InvalidInput("This is no state of a sign-in.", remedy="Begin the sign-in again.", field="state")
    query = select(SignInFlow).where(SignInFlow.state_hash == digest(state), SignInFlow.expires > now).with_for_update()
    flow = session.scalars(query).first()
    if flow is None or flow.browser_hash != digest(browser):
        raise _stale("This sign-in was not begun in this browser, or too long ago.")
    return flow


def _stale(reason: str) -> NotSignedIn:
    return NotSignedIn(reason, remedy="Begin the sign-in again.", field="state")
