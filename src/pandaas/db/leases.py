"""Leases: at most one process leads a piece of background work; two are safe, none is visible in health."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pandaas.db.engine import Database
from pandaas.db.tables.events import Lease

LEASE_S = 30.0


def hold(database: Database, name: str, holder: str, *, seconds: float = LEASE_S) -> bool:
    """Take or renew the lease `name`; True while `holder` leads. Renew at least every third of `seconds`."""
    now = database.clock()
    try:
        with database.session() as session:
            lease = session.scalars(select(Lease).where(Lease.name == name).with_for_update()).first()
            if lease is None:
                session.add(Lease(name=name, holder=holder, expires=now + timedelta(seconds=seconds)))
            elif lease.holder == holder or lease.expires <= now:
                lease.holder, lease.expires = holder, now + timedelta(seconds=seconds)
            else:
                return False
    except IntegrityError:  # two took a new lease at once; the other one has it
        return False
    return True


def release(database: Database, name: str, holder: str) -> None:
    """Give the lease back, so that the next process need not wait for it to expire."""
    with database.session() as session:
        lease = session.get(Lease, name)
        if lease is not None and lease.holder == holder:
            session.delete(lease)


def holders(database: Database) -> dict[str, datetime]:
    """The leases that are held now, with the time each expires (for health)."""
    now = database.clock()
    with database.read() as session:
        return {lease.name: lease.expires for lease in session.scalars(select(Lease)) if lease.expires > now}
