"""Path capabilities: a secret as part of an address, for programs that can send neither header nor cookie.

Whoever has the address reads that one dataset as the person who made it may at that moment, for some hours at most. The
secret is drawn at random and kept as a hash: with the row it ends at once, which a signed address would not.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select

from pandaas.db import append
from pandaas.db.tables import PathCapability, Person
from pandaas.identity.credentials import SECRET_PATTERN, digest, new_secret
from pandaas.identity.devices import Devices
from pandaas.identity.principals import principal_of
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, Principal, PrincipalKind, Scope

LONGEST_HOURS = 24
_MOST = 100  # of one person at a time
_SCOPES = frozenset({Scope.READ, Scope.ADMIN})  # of these the person's own; the address leads to reading only


class Capabilities(Devices):
    """Made for one person and one dataset; whether she may read it is the caller's to ask, then and with every use."""

    def create_capability(self, person_id: int, pid: str, hours: float = 8) -> tuple[PathCapability, str]:
        """Make a capability; returns its row and its text, which is shown now and never again.

        `InvalidInput` for more than 24 hours, `Conflict` when the person has too many that still work.
        """
        if not 0 < hours <= LONGEST_HOURS:
            raise InvalidInput(f"An address with a key works for at most {LONGEST_HOURS} hours.", field="hours")
        person, now, text = self.person(person_id), self._database.clock(), new_secret()
        with self._database.session() as session:
            session.execute(delete(PathCapability).where(PathCapability.expires <= now))
            count = select(func.count()).select_from(PathCapability).where(PathCapability.person_id == person_id)
            if (session.scalar(count) or 0) >= _MOST:
                raise Conflict(f"You have {_MOST} addresses with a key.", remedy="Take some back, or wait a day.")
            made = PathCapability(
                person_id=person_id,
                dataset_pid=pid,
                secret_hash=digest(text),
                created=now,
                expires=now + timedelta(hours=hours),
            )
            session.add(made)
            session.flush()
            append(
                session,
                "capability.created",
                pid,
                actor_id=person_id,
                person_id=person_id,
                payload={"capability": made.id, "user": person.user, "expires": made.expires.isoformat()},
                clock=self._database.clock,
            )
        return made, text

    def capabilities(self, person_id: int, pid: str) -> list[PathCapability]:
        """The person's capabilities for a dataset that still work, newest first."""
        query = select(PathCapability).where(
            PathCapability.person_id == person_id,
            PathCapability.dataset_pid == pid,
            PathCapability.expires > self._database.clock(),
        )
        with self._database.read() as session:
            return list(session.scalars(query.order_by(PathCapability.id.desc())))

    def delete_capability(self, person_id: int, pid: str, capability_id: int) -> None:
        """Take a capability back at once; `NotFound` when it is not this person's for this dataset."""
        with self._database.session() as session:
            found = session.get(PathCapability, capability_id)
            if found is None or (found.person_id, found.dataset_pid) != (person_id, pid):
                raise NotFound(f"You have no address {capability_id} for this dataset.")
            session.delete(found)
            append(
                session,
                "capability.deleted",
                pid,
                actor_id=person_id,
                person_id=person_id,
                payload={"capability": capability_id},
                clock=self._database.clock,
            )

    def principal_of_capability(self, text: str, pid: str) -> Principal:
        """The person who made this address, limited to reading; `NotAllowed` when it doesn't work (any more) for `pid`."""
        if SECRET_PATTERN.fullmatch(text):
            now = self._database.clock()
            with self._database.read() as session:
                query = (
                    select(Person)
                    .join(PathCapability)
                    .where(
                        PathCapability.secret_hash == digest(text),
                        PathCapability.dataset_pid == pid,
                        PathCapability.expires > now,
                    )
                )
                person = session.scalars(query).first()
                if person is not None and not self.is_shut_out(person):
                    return principal_of(session, person, now, kind=PrincipalKind.TOKEN, scopes=_SCOPES)
        raise NotAllowed(
            "This address has expired, was taken back or is of another dataset.",
            remedy="Make a new one on the dataset's page, 'Open elsewhere'.",
        )
