"""Slowing down who guesses passwords.

An attempt is written down before the password is checked and struck out when it was right, so that many at once don't
slip past. After `FREE` failures of one user name from one address within `WINDOW` the next has to wait, twice as long
each time; one address trying many names is held back too.

Many addresses guessing at one account lock it: after a number of failures within an hour, from wherever, only addresses at
which its person has signed in lately are let try (so that nobody can lock her out where she works). The lock ends by itself
or by an operator. Addresses of IPv6 count by their network, of which one machine has as many as it likes.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from pandaas.db.tables import Event, SignInAttempt
from pandaas.model import Busy

WINDOW = timedelta(minutes=5)
FREE = 5
FREE_BY_ADDRESS = 50
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = WINDOW
LOCK_WINDOW = timedelta(hours=1)
_LATELY = timedelta(days=30)
_KEPT = timedelta(days=1)


def origin(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 network of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped is not None else str(ipaddress.ip_network((found, 64), strict=False))


def admit(session: Session, user: str, address: str, now: datetime, *, lock_after: int) -> bool:
    """Write the attempt down, or raise `Busy` saying how long to wait. True when with this one, should it fail, the account
    is locked."""
    _one_at_a_time(session, f"sign-in {address}")
    _one_at_a_time(session, f"account {user}")
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
    failures = _failures(session, user, now)
    if failures >= lock_after and not _is_known(session, user, address, now):
        raise Busy(
            "This account is locked for a while: too many wrong passwords were tried, from many places.",
            remedy="Wait an hour, sign in where you have lately or with another provider, or ask an operator to unlock it.",
            field="password",
        )
    session.execute(delete(SignInAttempt).where(SignInAttempt.time < now - _KEPT))
    session.add(SignInAttempt(user=user, address=address, time=now))
    session.flush()
    return failures + 1 == lock_after


def forgive(session: Session, user: str, address: str) -> None:
    """The password was right: earlier slips from this address no longer count."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.user == user, SignInAttempt.address == address))


def unlock(session: Session, user: str) -> int:
    """Forget all failures of a user name; returns how many there were."""
    found = list(session.scalars(select(SignInAttempt).where(SignInAttempt.user == user)))
    for one in found:
        session.delete(one)
    return len(found)


def _failures(session: Session, user: str, now: datetime) -> int:
    query = select(func.count()).where(SignInAttempt.user == user, SignInAttempt.time > now - LOCK_WINDOW)
    return session.scalar(query) or 0


def _is_known(session: Session, user: str, address: str, now: datetime) -> bool:
    """Has this account's person signed in from there lately? The event log knows."""
    query = select(Event.payload).where(
        Event.kind == "person.signed_in", Event.subject == user, Event.time > now - _LATELY
    )
    return any(origin(str(said.get("address", ""))) == address for said in session.scalars(query.limit(500)))


def _wait(beyond: int) -> timedelta:
    if beyond < 0:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(beyond, 10)), LONGEST_WAIT)


def _one_at_a_time(session: Session, what: str) -> None:
    """SQLite's writers are one after the other anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})
