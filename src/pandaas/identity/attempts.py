"""Slowing down who guesses passwords.

An attempt is written down before the password is checked and struck out when it was right, so that many at once don't
slip past. After `FREE` failures of one user name from one address within `WINDOW` the next has to wait, twice as long
each time; one address trying many names is held back too. Nobody can lock somebody else out from another address.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from pandaas.db.tables import SignInAttempt
from pandaas.model import Busy

WINDOW = timedelta(minutes=5)
FREE = 5
FREE_BY_ADDRESS = 50
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = WINDOW
_KEPT = timedelta(days=1)


def admit(session: Session, user: str, address: str, now: datetime) -> int:
    """Write the attempt down and return its id, or raise `Busy` saying how long to wait."""
    _one_at_a_time(session, address)
    recent = select(func.count(), func.max(SignInAttempt.time)).where(
        SignInAttempt.address == address, SignInAttempt.time > now - WINDOW
    )
    for count, last, free in (
        (*session.execute(recent.where(SignInAttempt.user == user)).one(), FREE),
        (*session.execute(recent).one(), FREE_BY_ADDRESS),
    ):
        left = _wait(count - free) - (now - last) if last is not None else timedelta(0)
        if left > timedelta(0):
            raise Busy(
                "Too many sign-ins have failed.",
                remedy=f"Wait {ceil(left.total_seconds())} seconds, then try again.",
                field="password",
            )
    session.execute(delete(SignInAttempt).where(SignInAttempt.time < now - _KEPT))
    attempt = SignInAttempt(user=user, address=address, time=now)
    session.add(attempt)
    session.flush()
    return attempt.id


def forgive(session: Session, user: str, address: str) -> None:
    """The password was right: earlier slips from this address no longer count."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.user == user, SignInAttempt.address == address))


def _wait(beyond: int) -> timedelta:
    if beyond < 0:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(beyond, 10)), LONGEST_WAIT)


def _one_at_a_time(session: Session, address: str) -> None:
    """SQLite's writers are one after the other anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:address))"), {"address": f"sign-in {address}"})
