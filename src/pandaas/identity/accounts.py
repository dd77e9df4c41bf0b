"""Persons: making, finding and disabling them, their passwords and linked identities."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import (
    AuditPerson,
    Event,
    InstrumentStaff,
    LinkedIdentity,
    Notice,
    PathCapability,
    Person,
    Proposal,
    ProposalMember,
    Share,
    SignIn,
    SignInAttempt,
    Token,
)
from pandaas.identity.credentials import Passwords
from pandaas.identity.forgetting import forget_help
from pandaas.model import Conflict, InvalidInput, NotFound, Role

USER_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,54}")  # leaves room for the space `personal-<user>`
_POSIX_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
_ORCID_PATTERN = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")


class Accounts:
    """Local accounts. Who may change them is decided by the caller (operators, the command line)."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._passwords = Passwords()

    def create_person(
        self,
        user: str,
        name: str,
        role: Role | str = Role.VISITOR,
        password: str | None = None,
        *,
        email: str | None = None,
        orcid: str | None = None,
        affiliation: str | None = None,
        demo: bool = False,
        actor_id: int | None = None,
    ) -> int:
        """Make an account and return its id. Without a password nobody can sign in with one.

        `Conflict` when the user name is taken, `InvalidInput` naming the field that is wrong.
        """
        user = user.strip().lower()
        if not USER_PATTERN.fullmatch(user):
            raise InvalidInput(
                f"'{user[:80]}' can't be a user name.",
                remedy="Use up to 55 letters, digits, '.', '_' and '-', starting with a letter or digit.",
                field="user",
            )
        person = Person(
            user=user,
            name=_name(name),
            role=_role(role),
            password_hash=self._passwords.hash(password) if password is not None else None,
            email=_email(email),
            orcid=_orcid(orcid),
            affiliation=affiliation,
            demo=demo,
            created=self._database.clock(),
        )
        try:
            with self._database.session() as session:
                session.add(person)
                session.flush()
                self._log(session, "person.created", person, actor_id=actor_id, payload={"role": person.role})
        except IntegrityError as error:
            raise Conflict(f"The user name '{user}' is taken.", remedy="Choose another.", field="user") from error
        return person.id

    def add_person(
        self,
        session: Session,
        wish: str,
        name: str,
        *,
        email: str | None = None,
        orcid: str | None = None,
        affiliation: str | None = None,
        actor_id: int | None = None,
    ) -> Person:
        """Make an account without a password in the caller's transaction, called like `wish` if nobody else is."""
        person = Person(
            user=_free_name(session, wish),
            name=_name(name),
            email=_email(email),
            orcid=_orcid(orcid),
            affiliation=affiliation,
            role=Role.VISITOR,
            created=self._database.clock(),
        )
        session.add(person)
        session.flush()
        self._log(session, "person.created", person, actor_id=actor_id or person.id, payload={"role": person.role})
        return person

    def person(self, person_id: int) -> Person:
        with self._database.read() as session:
            found = session.get(Person, person_id)
        if found is None:
            raise NotFound(f"There is no person {person_id}.")
        return found

    def person_named(self, user: str) -> Person:
        with self._database.read() as session:
            found = session.scalars(select(Person).where(Person.user == user.strip().lower())).first()
        if found is None:
            raise NotFound(f"There is no person with the user name '{user[:80]}'.", field="user")
        return found

    def find_people(self, query: str = "", *, limit: int = 20, disabled: bool = False) -> list[Person]:
        """Persons whose user name, name or affiliation holds `query` or whose e-mail address it is, by name."""
        words = query.strip()
        pattern = "%" + re.sub(r"([%_\\])", r"\\\1", words) + "%"
        columns = (Person.user, Person.name, Person.affiliation)
        found = select(Person).where(
            or_(*(column.ilike(pattern, escape="\\") for column in columns), func.lower(Person.email) == words.lower())
        )
        if not disabled:
            found = found.where(Person.disabled.is_(False))
        with self._database.read() as session:
            return list(session.scalars(found.order_by(Person.name, Person.id).limit(limit)))

    def set_password(self, person_id: int, password: str, *, actor_id: int | None = None) -> None:
        """Set a new password; all sign-ins of the person end."""
        stored = self._passwords.hash(password)
        with self._database.session() as session:
            person = _get(session, person_id)
            person.password_hash = stored
            self._end_sign_ins(session, person)
            self._log(session, "person.changed", person, actor_id=actor_id, payload={"what": "password"})

    def set_details(
        self,
        person_id: int,
        *,
        name: str | None = None,
        email: str | None = None,
        orcid: str | None = None,
        affiliation: str | None = None,
        actor_id: int | None = None,
    ) -> None:
        """Change what is given; an empty text takes e-mail, ORCID iD or affiliation away. `InvalidInput` names the field."""
        given: dict[str, str | None] = {}
        if name is not None:
            given["name"] = _name(name)
        if email is not None:
            given["email"] = _email(email or None)
        if orcid is not None:
            given["orcid"] = _orcid(orcid or None)
        if affiliation is not None:
            given["affiliation"] = affiliation.strip() or None
        with self._database.session() as session:
            person = _get(session, person_id)
            for field, value in given.items():
                setattr(person, field, value)
            self._log(session, "person.changed", person, actor_id=actor_id, payload={"what": sorted(given)})

    def set_role(self, person_id: int, role: Role | str, *, actor_id: int | None = None) -> None:
        with self._database.session() as session:
            person = _get(session, person_id)
            person.role = _role(role)
            self._log(session, "person.changed", person, actor_id=actor_id, payload={"role": person.role})

    def set_posix_account(self, person_id: int, account: str | None, *, actor_id: int | None = None) -> None:
        """The Unix account that her code runs under; None for one of the platform's own range. `InvalidInput` for root and odd names."""
        if account is not None and (account == "root" or not _POSIX_ACCOUNT.fullmatch(account)):
            raise InvalidInput(
                f"'{account[:64]}' can't be a person's Unix account.",
                remedy="Name an account of a person, as `getent passwd` shows it.",
                field="posix_account",
            )
        with self._database.session() as session:
            person = _get(session, person_id)
            person.posix_account = account
            self._log(session, "person.changed", person, actor_id=actor_id, payload={"posix_account": account})

    def disable(self, person_id: int, *, disabled: bool = True, actor_id: int | None = None) -> None:
        """Shut a person out (or let her in again): sign-ins end, tokens stop working, from the next request on."""
        with self._database.session() as session:
            self.set_disabled(session, _get(session, person_id), disabled=disabled, actor_id=actor_id)

    def set_disabled(self, session: Session, person: Person, *, disabled: bool, actor_id: int | None = None) -> None:
        """`disable` in the caller's transaction."""
        person.disabled = disabled
        if disabled:
            self._end_sign_ins(session, person)
        self._log(session, "person.disabled" if disabled else "person.enabled", person, actor_id=actor_id)

    def erase(self, person_id: int) -> str:
        """Take away everything that tells who a person is, for good; returns the user name that is left of her.

        Her sign-ins, tokens and linked identities go; teams and shares end. What she did stays under a number: the audit
        knows her by an opaque id that from now on means nobody, and the event log no longer names her. Her requests for help go.
        """
        with self._database.session() as session:
            person = _get(session, person_id)
            old, left = person.user, f"erased-{person_id}"
            for table in (LinkedIdentity, SignIn, Token, PathCapability, InstrumentStaff, Share, AuditPerson, Notice):
                session.execute(delete(table).where(table.person_id == person_id))
            session.execute(delete(ProposalMember).where(ProposalMember.person_id == person_id))
            session.execute(delete(SignInAttempt).where(SignInAttempt.user == old))
            space = update(Proposal).where(Proposal.name == f"personal-{old}")
            session.execute(space.values(name=f"personal-{left}", title="Own space of an erased person"))
            forget_help(session, person_id, user=old, name=person.name)
            person.user, person.name = left, "An erased person"
            person.email = person.orcid = person.affiliation = person.password_hash = person.posix_account = None
            person.disabled = True
            session.flush()
            _forget(session, person_id, old, left)
            self._log(session, "person.erased", person)
        return left

    def linked_person(self, issuer: str, subject: str) -> Person | None:
        """The person this foreign identity was linked to."""
        query = (
            select(Person)
            .join(LinkedIdentity)
            .where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
        )
        with self._database.read() as session:
            return session.scalars(query).first()

    def is_shut_out(self, person: Person) -> bool:
        """Disabled, or a made-up account in a place that is no demo."""
        return person.disabled or (person.demo and not self._settings.demo.enabled)

    def _end_sign_ins(self, session: Session, person: Person) -> None:
        session.execute(delete(SignIn).where(SignIn.person_id == person.id))
        self._log(session, "session.expired", person)

    def _log(
        self,
        session: Session,
        kind: str,
        person: Person,
        *,
        actor_id: int | None = None,
        payload: dict[str, Any] | None = None,
    ) -> None:
        append(
            session,
            kind,
            person.user,
            actor_id=actor_id,
            person_id=person.id,
            payload=payload,
            clock=self._database.clock,
        )


def _free_name(session: Session, wish: str) -> str:
    """A user name like the wish that nobody has: never a way to become somebody else."""
    base = re.sub(r"[^a-z0-9._-]+", "-", wish.partition("@")[0].lower()).strip("-._")[:40]
    if not USER_PATTERN.fullmatch(base):
        base = "person"
    taken = set(session.scalars(select(Person.user).where(Person.user.startswith(base, autoescape=True))))
    if base not in taken:
        return base
    return next(name for name in (f"{base}{number}" for number in count(2)) if name not in taken)


def _forget(session: Session, person_id: int, old: str, left: str) -> None:
    """Take a name out of the event log: where it is the subject, and what was said of her."""
    session.execute(update(Event).where(Event.subject == old, Event.person_id == person_id).values(subject=left))
    session.execute(update(Event).where(Event.subject == f"personal-{old}").values(subject=f"personal-{left}"))
    mine = or_(Event.person_id == person_id, Event.actor_id == person_id)
    for event in session.scalars(select(Event).where(mine)):
        told = {"user", "name", "email", "address", "client"} & event.payload.keys()
        if told:
            event.payload = {key: value for key, value in event.payload.items() if key not in told}


def _get(session: Session, person_id: int) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(f"There is no person {person_id}.")
    return person


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= 200:
        raise InvalidInput("A person's name has 1 to 200 characters.", field="name")
    return name


def _role(role: Role | str) -> str:
    try:
        return Role(role).value
    except ValueError as error:
        raise InvalidInput(f"'{role}' is no role.", remedy=f"Use one of {', '.join(Role)}.", field="role") from error


def _email(email: str | None) -> str | None:
    if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise InvalidInput(
            f"'{email[:80]}' is no e-mail address.", remedy="It looks like name@example.org.", field="email"
        )
    return email


def _orcid(orcid: str | None) -> str | None:
    if orcid is not None and not _ORCID_PATTERN.fullmatch(orcid):
        raise InvalidInput(
            f"'{orcid[:40]}' is no ORCID iD.", remedy="It looks like 0000-0002-1825-0097.", field="orcid"
        )
    return orcid
