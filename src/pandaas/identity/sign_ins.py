"""Sign-ins of browsers: opening, listing and ending them, and proving anew who one is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pandaas.db.tables import ForeignSignIn, Person, SignIn
from pandaas.identity import attempts
from pandaas.identity.credentials import digest, new_secret
from pandaas.identity.lenses import Lenses
from pandaas.model import NotAllowed, NotFound, NotSignedIn


@dataclass(frozen=True)
class Visit:
    """Where a request comes from, for the list of sign-ins and the log."""

    address: str
    client: str | None = None


@dataclass(frozen=True)
class SignInView:
    """A sign-in as its person sees it; `provider` is the id of the provider it came through."""

    row: SignIn
    provider: str | None
    is_this: bool


class SignIns(Lenses):
    """A sign-in is known by the secret in its cookie, which is kept as a hash only."""

    def sign_in(self, user: str, password: str, *, address: str, client: str | None = None) -> str:
        """Check a password and open a sign-in; returns the secret for the cookie.

        `NotSignedIn` for an unknown user or a wrong password alike (and after the same time), `NotAllowed` for a
        disabled account, `Busy` while guessing is slowed down or the account is locked.
        """
        user, visit = user.strip().lower()[:64], Visit(address[:64], client)
        if not self._settings.sign_in.local:
            raise NotAllowed("This facility has no passwords of its own.", remedy="Choose one of the other ways.")
        person, outdated = self._checked(user, password, visit.address)
        with self._database.session() as session:
            attempts.forgive(session, user, attempts.origin(visit.address))
            if outdated:
                session.get_one(Person, person.id).password_hash = outdated
            secret, _row = self._open(session, person, visit)
            self._log(session, "person.signed_in", person, actor_id=person.id, payload={"address": visit.address})
        return secret

    def confirm(self, secret: str, password: str, *, address: str) -> None:
        """The person of this cookie proves by her password that it is still she; errors as for `sign_in`."""
        with self._database.read() as session:
            person = session.scalars(select(Person).join(SignIn).where(SignIn.secret_hash == digest(secret))).first()
        if person is None:
            raise NotSignedIn("You are not signed in any more.", remedy="Sign in again.")
        self._checked(person.user, password, address[:64])
        with self._database.session() as session:
            attempts.forgive(session, person.user, attempts.origin(address))
            self._mark_confirmed(session, secret, person)

    def is_confirmed(self, secret: str) -> bool:
        """Has the person of this cookie proved who she is a short while ago?"""
        now, fresh = self._database.clock(), timedelta(minutes=self._settings.sign_in.confirm_minutes)
        with self._database.read() as session:
            row = session.scalars(select(SignIn).where(SignIn.secret_hash == digest(secret))).first()
        return row is not None and now - (row.confirmed or row.created) < fresh

    def require_confirmed(self, secret: str | None) -> None:
        """`NotAllowed` (field `confirm`) unless she has: before anything that changes how one signs in."""
        if secret is None or not self.is_confirmed(secret):
            raise NotAllowed(
                "This needs a fresh proof that it is you.", remedy="Confirm it, then try again.", field="confirm"
            )

    def sign_ins(self, person_id: int, secret: str | None) -> list[SignInView]:
        """The person's sign-ins that have not ended, newest first."""
        query = (
            select(SignIn, ForeignSignIn.provider)
            .outerjoin(ForeignSignIn, ForeignSignIn.sign_in_id == SignIn.id)
            .where(SignIn.person_id == person_id, SignIn.expires > self._database.clock())
            .order_by(SignIn.id.desc())
        )
        mine = digest(secret) if secret else None
        with self._database.read() as session:
            return [SignInView(row, provider, row.secret_hash == mine) for row, provider in session.execute(query)]

    def end_sign_in(self, person_id: int, sign_in_id: int) -> None:
        """End one sign-in of this person; `NotFound` when it is not hers."""
        with self._database.session() as session:
            row = session.get(SignIn, sign_in_id)
            if row is None or row.person_id != person_id:
                raise NotFound(f"You have no sign-in {sign_in_id}.")
            session.delete(row)
            person = session.get_one(Person, person_id)
            self._log(session, "session.expired", person, actor_id=person_id, payload={"sign_in": sign_in_id})

    def sign_out(self, secret: str, *, everywhere: bool = False) -> None:
        """End the sign-in of this cookie, or all of its person; an unknown one is no error. Tokens stay."""
        with self._database.session() as session:
            person = session.scalars(select(Person).join(SignIn).where(SignIn.secret_hash == digest(secret))).first()
            if person is None:
                return
            mine = SignIn.person_id == person.id if everywhere else SignIn.secret_hash == digest(secret)
            session.execute(delete(SignIn).where(mine))
            self._log(session, "session.expired", person, actor_id=person.id, payload={"everywhere": everywhere})

    def signed_in_count(self) -> int:
        """Persons with a sign-in that has not expired."""
        with self._database.read() as session:
            query = select(func.count(SignIn.person_id.distinct())).where(SignIn.expires > self._database.clock())
            return session.scalar(query) or 0

    def _checked(self, user: str, password: str, address: str) -> tuple[Person, str | None]:
        """The person with this password, and its new hash where the stored one is outdated."""
        lock_after = self._settings.sign_in.lock_after
        with self._database.session() as session:
            now = self._database.clock()
            locks = attempts.admit(session, user, attempts.origin(address), now, lock_after=lock_after)
        with self._database.read() as session:
            person = session.scalars(select(Person).where(Person.user == user)).first()
        stored = person.password_hash if person else None
        if not self._passwords.matches(stored, password) or person is None or stored is None:
            self._note_failure(person, address, locks=locks)
            raise NotSignedIn(
                "The user name or the password is wrong.",
                remedy="Check both; an operator can set a new password.",
                field="password",
            )
        self._require_active(person)
        return person, self._passwords.hash(password) if self._passwords.is_outdated(stored) else None

    def unlock(self, user: str, *, actor_id: int | None = None) -> int:
        """Forget the wrong passwords tried for an account, so that its person may sign in; returns how many there were."""
        person = self.person_named(user)
        with self._database.session() as session:
            found = attempts.unlock(session, person.user)
            self._log(session, "person.unlocked", person, actor_id=actor_id, payload={"failures": found})
        return found

    def _note_failure(self, person: Person | None, address: str, *, locks: bool) -> None:
        if person is None:
            return
        with self._database.session() as session:
            self._log(session, "person.sign_in_failed", person, payload={"address": address})
            if locks:
                self._log(session, "person.locked", person)

    def _require_active(self, person: Person) -> None:
        if self.is_shut_out(person):
            raise NotAllowed(f"The account '{person.user}' is disabled.", remedy="Ask an operator.")

    def _open(self, session: Session, person: Person, visit: Visit) -> tuple[str, SignIn]:
        """A new sign-in in the caller's transaction; its secret and its row."""
        now, secret = self._database.clock(), new_secret()
        session.execute(delete(SignIn).where(SignIn.expires <= now))
        row = SignIn(
            person_id=person.id,
            secret_hash=digest(secret),
            created=now,
            expires=now + timedelta(hours=self._settings.server.session_hours),
            client=visit.client[:200] if visit.client else None,
            address=visit.address[:64],
            confirmed=now,
        )
        session.add(row)
        session.flush()
        return secret, row

    def _mark_confirmed(self, session: Session, secret: str, person: Person, when: datetime | None = None) -> None:
        row = session.scalars(select(SignIn).where(SignIn.secret_hash == digest(secret))).one()
        row.confirmed = when or self._database.clock()
        self._log(session, "person.confirmed", person, actor_id=person.id)
