"""Linked identities: who is known by which issuer and subject, and what the groups of an identity give her."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pandaas.config import ProviderSettings
from pandaas.db.tables import ForeignSignIn, GroupGrant, LinkedIdentity, Person, SignIn
from pandaas.identity.oidc import Arrival, granted_by
from pandaas.identity.sign_ins import SignIns
from pandaas.model import Conflict, InvalidInput, NotFound


class Links(SignIns):
    """Identities are keyed on issuer and subject, never on an e-mail address or a name."""

    def link_identity(self, person_id: int, issuer: str, subject: str, label: str | None = None) -> None:
        """Tie a foreign identity (issuer and subject, never an e-mail address) to a person; for operators."""
        with self._database.session() as session:
            self.add_link(session, _person(session, person_id), issuer, subject, label)

    def identities(self, person_id: int) -> list[LinkedIdentity]:
        """The person's identities, oldest first."""
        query = select(LinkedIdentity).where(LinkedIdentity.person_id == person_id).order_by(LinkedIdentity.id)
        with self._database.read() as session:
            return list(session.scalars(query))

    def given_by_groups(self, person_id: int) -> dict[int, list[str]]:
        """What the groups of each identity give at this moment, in words."""
        found: dict[int, list[str]] = {}
        query = select(GroupGrant).join(LinkedIdentity, LinkedIdentity.id == GroupGrant.identity_id)
        query = query.where(LinkedIdentity.person_id == person_id, LinkedIdentity.groups_end > self._database.clock())
        with self._database.read() as session:
            for row in session.scalars(query.order_by(GroupGrant.id)):
                role = row.role.replace("_", " ")
                words = {"team": f"{role} of {row.target}", "staff": f"staff of {row.target}"}.get(row.kind, role)
                found.setdefault(row.identity_id, []).append(words)
        return found

    def unlink(self, person_id: int, identity_id: int, *, actor_id: int | None = None, force: bool = False) -> None:
        """Take an identity off a person; sign-ins that came through it end, and what its groups gave is gone.

        `Conflict` when she could then no longer sign in (unless `force`).
        """
        with self._database.session() as session:
            found = session.get(LinkedIdentity, identity_id)
            if found is None or found.person_id != person_id:
                raise NotFound(f"You have no identity {identity_id}.")
            person = session.get_one(Person, person_id)
            if not force and not self._other_ways_in(session, person, found):
                raise Conflict(
                    "Without it you could not sign in any more.",
                    remedy="Link another identity first, or ask an operator for a password.",
                    field="identity",
                )
            through = select(ForeignSignIn.sign_in_id).where(ForeignSignIn.identity_id == identity_id)
            session.execute(delete(SignIn).where(SignIn.id.in_(through)))
            session.delete(found)
            told = {"issuer": found.issuer, "subject": found.subject}
            self._log(session, "person.unlinked", person, actor_id=actor_id, payload=told)
            self._log(session, "session.expired", person, actor_id=actor_id)

    def add_link(
        self,
        session: Session,
        person: Person,
        issuer: str,
        subject: str,
        label: str | None = None,
        *,
        actor_id: int | None = None,
    ) -> LinkedIdentity:
        """Tie an identity to a person in the caller's transaction; `Conflict` when it is somebody's already."""
        if not 0 < len(issuer) <= 255 or not 0 < len(subject) <= 255:
            raise InvalidInput("Issuer and subject have 1 to 255 characters.", field="subject")
        if find_identity(session, issuer, subject) is not None:
            raise Conflict(
                "This identity is linked already.",
                remedy="Unlink it there first: sign in with it and open your account page.",
                field="identity",
            )
        made = LinkedIdentity(
            person_id=person.id,
            issuer=issuer,
            subject=subject,
            label=label[:200] if label else None,
            created=self._database.clock(),
        )
        session.add(made)
        session.flush()
        told = {"issuer": issuer, "subject": subject}
        self._log(session, "person.linked", person, actor_id=actor_id, payload=told)
        return made

    def _evaluate(
        self, session: Session, identity: LinkedIdentity, settings: ProviderSettings, arrival: Arrival
    ) -> None:
        """Replace what the identity's groups give by what they give now."""
        now, person = self._database.clock(), session.get_one(Person, identity.person_id)
        had = select(GroupGrant.kind, GroupGrant.target, GroupGrant.role).where(GroupGrant.identity_id == identity.id)
        before = {(kind, target, role) for kind, target, role in session.execute(had)}
        after = {(one.kind, one.target, one.role) for one in granted_by(settings.rules, arrival.groups)}
        identity.groups_end = now + timedelta(days=self._settings.sign_in.groups_days)
        if before == after:
            return
        session.execute(delete(GroupGrant).where(GroupGrant.identity_id == identity.id))
        for kind, target, role in sorted(after):
            session.add(GroupGrant(identity_id=identity.id, kind=kind, target=target, role=role))
        told = {"gained": sorted(map(list, after - before)), "lost": sorted(map(list, before - after))}
        self._log(session, "person.groups_changed", person, payload={"issuer": identity.issuer} | told)

    def _other_ways_in(self, session: Session, person: Person, without: LinkedIdentity) -> bool:
        if person.password_hash is not None and self._settings.sign_in.local:
            return True
        issuers = [provider.issuer for provider in self._settings.sign_in.providers]
        others = select(func.count()).where(
            LinkedIdentity.person_id == person.id, LinkedIdentity.id != without.id, LinkedIdentity.issuer.in_(issuers)
        )
        return bool(session.scalar(others))


def find_identity(session: Session, issuer: str, subject: str) -> LinkedIdentity | None:
    query = select(LinkedIdentity).where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
    return session.scalars(query).first()


def _person(session: Session, person_id: int) -> Person:
    found = session.get(Person, person_id)
    if found is None:
        raise NotFound(f"There is no person {person_id}.")
    return found
