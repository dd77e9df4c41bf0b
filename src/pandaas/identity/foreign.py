"""Signing in with a provider: the way there, the way back, and what becomes of an identity nobody knows yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sqlalchemy.orm import Session

from pandaas.config import ProviderSettings
from pandaas.db.tables import ForeignSignIn, LinkedIdentity, Person, SignInFlow
from pandaas.identity import flows
from pandaas.identity.credentials import new_secret
from pandaas.identity.flows import Purpose, Start
from pandaas.identity.links import Links, find_identity
from pandaas.identity.oidc import Arrival, Provider, Return
from pandaas.identity.sign_ins import Visit
from pandaas.identity.vault import Vault
from pandaas.model import Conflict, NotAllowed, NotFound, NotSignedIn

_CLOCKS_DIFFER_S = 60


@dataclass(frozen=True)
class Outcome:
    """What a return from a provider led to.

    `signed_in`: `secret` is the cookie's. `new`: nobody has this identity; the person decides whether to make an account.
    `link`: she decides whether it becomes hers too. `confirmed`: she has proved anew who she is. `next`: the page to show.
    """

    kind: Literal["signed_in", "new", "link", "confirmed"]
    next: str
    arrival: Arrival
    secret: str | None = None


class Foreign(Links):
    """Every provider stands alone: one that is down or misbehaves stops nobody from using another."""

    @cached_property
    def vault(self) -> Vault:
        return Vault(self._settings)

    @cached_property
    def providers(self) -> dict[str, Provider]:
        """The configured providers by id, in the order of the configuration."""
        clock = self._database.clock
        return {one.id: Provider(one, clock=clock) for one in self._settings.sign_in.providers}

    def close(self) -> None:
        """Let go of the connections to the providers."""
        for provider in self.__dict__.get("providers", {}).values():
            provider.close()

    def provider(self, name: str) -> Provider:
        found = self.providers.get(name)
        if found is None:
            raise NotFound(f"There is no sign-in provider '{name[:32]}'.", field="provider")
        return found

    def begin(
        self,
        name: str,
        redirect: str,
        *,
        browser: str | None,
        visit: Visit,
        next: str | None = None,  # noqa: A002 - the page's word
        purpose: Purpose = "sign_in",
        person_id: int | None = None,
    ) -> tuple[str, str]:
        """Begin a sign-in; returns the address at the provider and the secret for the browser's own cookie.

        `redirect` is where the provider sends the browser back to. `Unavailable` when the provider can't be reached.
        """
        provider = self.provider(name)
        try:
            browser = flows.check_browser(browser)
        except NotSignedIn:
            browser = new_secret()
        state = new_secret()
        address = provider.way_there(redirect, state, browser, afresh=purpose != "sign_in")
        start = Start(name, purpose, browser, flows.local_path(next), visit.address[:64], person_id)
        with self._database.session() as session:
            flows.begin(session, start, state, self._database.clock())
        return address, browser

    def arrive(
        self,
        name: str,
        state: str,
        back: Return,
        redirect: str,
        *,
        browser: str | None,
        visit: Visit,
        cookie: str | None = None,
        person_id: int | None = None,
    ) -> Outcome:
        """The browser is back. `cookie` and `person_id` are those of the sign-in that it has, if any.

        `NotSignedIn` where something is not to be believed, `NotAllowed` where a policy says no, `Unavailable` where the
        provider fails now.
        """
        provider, browser = self.provider(name), flows.check_browser(browser)
        with self._database.session() as session:
            flow = flows.take_back(session, name, state, browser, self._database.clock())
        if flow.purpose != "sign_in" and flow.person_id != person_id:
            raise NotSignedIn("You have signed out meanwhile.", remedy="Sign in, then begin again.", field="state")
        arrival = provider.arrive(back, redirect, state, browser)
        if flow.purpose != "sign_in":
            self._check_fresh(arrival, flow)
        with self._database.session() as session:
            flow = session.get_one(SignInFlow, flow.id)
            if flow.purpose == "confirm":
                return self._confirmed(session, flow, arrival, cookie)
            if flow.purpose == "link":
                self._refuse_taken(session, flow, arrival)
                flows.keep(flow, arrival, self.vault)
                return Outcome("link", flow.next, arrival)
            return self._entered(session, provider.settings, flow, arrival, visit)

    def waiting(self, state: str, browser: str | None) -> tuple[str, Arrival]:
        """Purpose and identity of the return that waits for this browser's decision."""
        with self._database.session() as session:
            flow, arrival = self._waiting(session, state, browser)
            return flow.purpose, arrival

    def accept_new(self, state: str, browser: str | None, visit: Visit) -> tuple[str, str]:
        """Make an account for the identity that waits; returns the secret for the cookie and the page to show."""
        with self._database.session() as session:
            flow, arrival = self._waiting(session, state, browser)
            if flow.purpose != "sign_in" or find_identity(session, arrival.issuer, arrival.subject) is not None:
                raise Conflict("This identity has been linked meanwhile.", remedy="Sign in again.")
            settings = self.provider(flow.provider).settings
            self._require_open_door(settings, arrival)
            identity = self._new_person(session, arrival)
            secret = self._sign_in_as(session, settings, identity, arrival, visit)
            session.delete(flow)
            return secret, flow.next

    def accept_link(self, state: str, browser: str | None, person_id: int) -> None:
        """The signed-in person makes the identity that waits her own: one she linked, or one she came with."""
        with self._database.session() as session:
            flow, arrival = self._waiting(session, state, browser)
            if flow.purpose == "link" and flow.person_id != person_id:
                raise NotAllowed("This was begun by somebody else.", remedy="Begin the linking again.")
            person = session.get_one(Person, person_id)
            issuer, subject = arrival.issuer, arrival.subject
            made = self.add_link(session, person, issuer, subject, arrival.label, actor_id=person_id)
            self._evaluate(session, made, self.provider(flow.provider).settings, arrival)
            if person.orcid is None and arrival.orcid:
                person.orcid = arrival.orcid
            session.delete(flow)

    def _waiting(self, session: Session, state: str, browser: str | None) -> tuple[SignInFlow, Arrival]:
        return flows.waiting(session, state, flows.check_browser(browser), self._database.clock(), self.vault)

    def _entered(
        self, session: Session, settings: ProviderSettings, flow: SignInFlow, arrival: Arrival, visit: Visit
    ) -> Outcome:
        identity = find_identity(session, arrival.issuer, arrival.subject) or self._carried(session, arrival)
        if identity is None:
            flows.keep(flow, arrival, self.vault)
            return Outcome("new", flow.next, arrival)
        secret = self._sign_in_as(session, settings, identity, arrival, visit)
        session.delete(flow)
        return Outcome("signed_in", flow.next, arrival, secret)

    def _carried(self, session: Session, arrival: Arrival) -> LinkedIdentity | None:
        """The provider vouches for an older identity that is somebody's: the new one becomes hers too."""
        owners: dict[int, Person] = {}
        for issuer, subject in arrival.carried:
            older = find_identity(session, issuer, subject)
            if older is not None:
                owners[older.person_id] = session.get_one(Person, older.person_id)
        if len(owners) != 1:
            return None
        [person] = owners.values()
        return self.add_link(session, person, arrival.issuer, arrival.subject, arrival.label, actor_id=person.id)

    def _sign_in_as(
        self, session: Session, settings: ProviderSettings, identity: LinkedIdentity, arrival: Arrival, visit: Visit
    ) -> str:
        person = session.get_one(Person, identity.person_id)
        self._require_active(person)
        now = self._database.clock()
        identity.last_used, identity.label = now, arrival.label
        self._evaluate(session, identity, settings, arrival)
        secret, row = self._open(session, person, visit)
        keeps = self._settings.sign_in.keep_refresh_tokens
        session.add(
            ForeignSignIn(
                sign_in_id=row.id,
                identity_id=identity.id,
                provider=settings.id,
                provider_session=arrival.provider_session,
                id_token=self.vault.lock(arrival.id_token) if arrival.id_token and settings.logout else None,
                refresh_token=self.vault.lock(arrival.refresh_token) if arrival.refresh_token and keeps else None,
                asked=now,
            )
        )
        told = {"address": visit.address, "provider": settings.id}
        self._log(session, "person.signed_in", person, actor_id=person.id, payload=told)
        return secret

    def _require_open_door(self, settings: ProviderSettings, arrival: Arrival) -> None:
        if (settings.new_people or self._settings.sign_in.new_people) == "known":
            raise NotAllowed(
                f"'{arrival.label}' of '{settings.title}' is not known here yet.",
                remedy=f"Sign in another way and link it, or give the user office your identifier there: {arrival.subject}",
                field="identity",
            )

    def _new_person(self, session: Session, arrival: Arrival) -> LinkedIdentity:
        person = self.add_person(
            session,
            arrival.user or arrival.name or "person",
            arrival.name or arrival.user or "Somebody",
            email=arrival.email,
            orcid=arrival.orcid,
            affiliation=arrival.affiliation,
        )
        return self.add_link(session, person, arrival.issuer, arrival.subject, arrival.label, actor_id=person.id)

    def _refuse_taken(self, session: Session, flow: SignInFlow, arrival: Arrival) -> None:
        owner = find_identity(session, arrival.issuer, arrival.subject)
        if owner is None:
            return
        if owner.person_id == flow.person_id:
            raise Conflict(f"'{arrival.label}' is linked to your account already.", field="identity")
        raise Conflict(
            f"'{arrival.label}' belongs to another account here.",
            remedy="If that is yours too: sign in with it, unlink it on its account page, then link it here.",
            field="identity",
        )

    def _check_fresh(self, arrival: Arrival, flow: SignInFlow) -> None:
        """She was asked to prove anew who she is; a provider that says when must say: now."""
        began = flow.created.timestamp() - _CLOCKS_DIFFER_S
        if arrival.authenticated is None or arrival.authenticated < began:
            raise NotSignedIn(
                "The provider did not ask you to sign in anew.",
                remedy="Sign out there, then try again.",
                field="provider",
            )

    def _confirmed(self, session: Session, flow: SignInFlow, arrival: Arrival, cookie: str | None) -> Outcome:
        owner = find_identity(session, arrival.issuer, arrival.subject)
        if owner is None or owner.person_id != flow.person_id or cookie is None:
            raise NotAllowed(
                f"'{arrival.label}' is not an identity of your account.", remedy="Use one that is linked to it."
            )
        self._mark_confirmed(session, cookie, session.get_one(Person, owner.person_id))
        session.delete(flow)
        return Outcome("confirmed", flow.next, arrival)
