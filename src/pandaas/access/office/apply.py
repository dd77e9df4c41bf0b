"""Carrying a plan out, all of it in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access.office.difference import Change, Plan, issuer_of
from pandaas.access.office.feed import FeedPerson, FeedProposal
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import (
    BeamTime,
    Instrument,
    InstrumentStaff,
    OfficeMember,
    OfficeStaff,
    Person,
    Proposal,
    ProposalMember,
)
from pandaas.identity import Identity, find_identity
from pandaas.model import InvalidInput, technique


class Carrier:
    """Carries out changes one by one; `carry` is the way in."""

    def __init__(
        self,
        session: Session,
        database: Database,
        settings: Settings,
        identity: Identity,
        *,
        feed_name: str,
        compute_release: Callable[[Session, Proposal], None],
    ) -> None:
        self._session = session
        self._database = database
        self._settings = settings
        self._identity = identity
        self._feed = feed_name
        self._issuer = issuer_of(feed_name)
        self._compute_release = compute_release

    def carry(self, plan: Plan) -> None:
        for change in plan.changes:
            how: Callable[..., None] = getattr(self, "_" + change.kind.replace(".", "_"))
            how(change, **change.data)
            self._session.flush()

    # --- people ---

    def _person_new(self, _change: Change, said: FeedPerson) -> None:
        person = self._identity.add_person(
            self._session,
            said.user or said.name,
            said.name,
            email=said.email,
            orcid=said.orcid,
            affiliation=said.affiliation,
        )
        self._identity.add_link(self._session, person, self._issuer, said.key)
        for one in said.identities:
            if find_identity(self._session, one.issuer, one.subject) is None:
                self._identity.add_link(self._session, person, one.issuer, one.subject)

    def _person_linked(self, _change: Change, key: str, person: int) -> None:
        self._identity.add_link(self._session, self._session.get_one(Person, person), self._issuer, key)

    def _person_changed(self, _change: Change, person: int, details: dict[str, Any]) -> None:
        row = self._session.get_one(Person, person)
        for name, value in details.items():
            setattr(row, name, value)
        self._log("person.changed", row.user, person_id=person, what=sorted(details))

    def _identity_new(self, _change: Change, person: int, issuer: str, subject: str) -> None:
        self._identity.add_link(self._session, self._session.get_one(Person, person), issuer, subject)

    def _person_opened(self, _change: Change, person: int) -> None:
        self._identity.set_disabled(self._session, self._session.get_one(Person, person), disabled=False)

    def _person_closed(self, _change: Change, person: int) -> None:
        self._identity.set_disabled(self._session, self._session.get_one(Person, person), disabled=True)

    # --- instruments ---

    def _instrument_new(self, change: Change, said: Any) -> None:
        known = technique(said.technique) if said.technique else None
        made = Instrument(
            name=said.name,
            title=(said.title or said.name)[:200],
            facility=self._settings.facility.short_name,
            technique=known.iri if known is not None else None,
        )
        self._session.add(made)
        self._log("instrument.created", change.about)

    def _instrument_changed(self, change: Change, said: Any) -> None:
        self._instrument(said.name).title = said.title
        self._log("instrument.changed", change.about)

    def _staff_new(self, change: Change, instrument: str, key: str) -> None:
        place, person = self._instrument(instrument), self._person(key)
        had = self._session.get(InstrumentStaff, (place.id, person.id))
        if had is None:
            self._session.add(InstrumentStaff(instrument_id=place.id, person_id=person.id))
        self._session.add(
            OfficeStaff(feed=self._feed, instrument_id=place.id, person_id=person.id, before=had is not None)
        )
        self._log("instrument.staff_set", change.about, person_id=person.id, user=person.user)

    def _staff_gone(self, change: Change, instrument: str, person: int) -> None:
        place = self._instrument(instrument)
        held = self._session.get_one(OfficeStaff, (self._feed, place.id, person))
        row = self._session.get(InstrumentStaff, (place.id, person))
        if row is not None and not held.before:
            self._session.delete(row)
        self._session.delete(held)
        user = self._session.get_one(Person, person).user
        self._log("instrument.staff_removed", change.about, person_id=person, user=user)

    # --- proposals ---

    def _proposal_new(self, change: Change, said: FeedProposal) -> None:
        made = Proposal(
            name=said.name,
            title=said.title,
            summary=said.summary,
            type=said.type,
            facility=self._settings.facility.short_name,
            instrument_id=self._instrument_id(said.instrument),
            start_time=said.start,
            end_time=said.end,
            release_time=said.release,
            release_set=said.release is not None,
            announced=False,
            created=self._database.clock(),
        )
        self._session.add(made)
        self._session.flush()
        self._compute_release(self._session, made)
        self._log("proposal.created", change.about, proposal_id=made.id, type=said.type)

    def _proposal_changed(self, change: Change, name: str, changed: dict[str, Any]) -> None:
        row = self._proposal(name)
        for field, value in changed.items():
            setattr(row, field, value)
        self._session.flush()
        self._compute_release(self._session, row)
        self._log("proposal.changed", change.about, proposal_id=row.id, what=sorted(changed))

    def _member_new(self, change: Change, proposal: str, key: str, role: str) -> None:
        row, person = self._proposal(proposal), self._person(key)
        member = self._session.get(ProposalMember, (row.id, person.id))
        before = member.role if member is not None else None
        held = self._session.get(OfficeMember, (self._feed, row.id, person.id))
        if held is None:
            self._session.add(
                OfficeMember(feed=self._feed, proposal_id=row.id, person_id=person.id, role=role, before=before)
            )
        else:
            held.role = role
        if member is None:
            self._session.add(ProposalMember(proposal_id=row.id, person_id=person.id, role=role))
        else:
            member.role = role
        self._log_team("proposal.member_set", row, person, change, role=role)

    _member_changed = _member_new

    def _member_gone(self, change: Change, proposal: str, person: int) -> None:
        row, who = self._proposal(proposal), self._session.get_one(Person, person)
        held = self._session.get_one(OfficeMember, (self._feed, row.id, person))
        member = self._session.get(ProposalMember, (row.id, person))
        if member is not None and held.before is None:
            self._session.delete(member)
        elif member is not None and held.before is not None:
            member.role = held.before
        self._session.delete(held)
        self._log_team("proposal.member_removed", row, who, change)

    # --- beam times ---

    def _beam_time_new(self, change: Change, proposal: str, said: Any) -> None:
        found = select(BeamTime).where(BeamTime.feed == self._feed, BeamTime.key == said.id)
        row = self._session.scalars(found).first()
        values = {
            "proposal_id": self._proposal(proposal).id,
            "instrument_id": self._instrument_id(said.instrument),
            "start": said.start,
            "end": said.end,
        }
        if row is None:
            self._session.add(BeamTime(feed=self._feed, key=said.id, **values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
        self._log("proposal.changed", change.about, proposal_id=values["proposal_id"], what=["beam times"])

    _beam_time_changed = _beam_time_new

    def _beam_time_gone(self, change: Change, key: str) -> None:
        row = self._session.scalars(select(BeamTime).where(BeamTime.feed == self._feed, BeamTime.key == key)).one()
        self._session.delete(row)
        self._log("proposal.changed", change.about, proposal_id=row.proposal_id, what=["beam times"])

    # --- finding what is named ---

    def _person(self, key: str) -> Person:
        found = find_identity(self._session, self._issuer, key)
        if found is None:
            raise InvalidInput(
                f"The person '{key}' could not be told from others.", remedy="See the warnings.", field=key
            )
        return self._session.get_one(Person, found.person_id)

    def _proposal(self, name: str) -> Proposal:
        return self._session.scalars(select(Proposal).where(Proposal.name == name)).one()

    def _instrument(self, name: str) -> Instrument:
        return self._session.scalars(select(Instrument).where(Instrument.name == name)).one()

    def _instrument_id(self, name: str | None) -> int | None:
        return self._session.scalar(select(Instrument.id).where(Instrument.name == name)) if name else None

    def _log_team(self, kind: str, row: Proposal, person: Person, change: Change, **payload: Any) -> None:
        self._log(kind, change.about, proposal_id=row.id, person_id=person.id, user=person.user, **payload)
        self._log("proposal.changed", change.about, proposal_id=row.id)

    def _log(
        self, kind: str, subject: str, *, proposal_id: int | None = None, person_id: int | None = None, **payload: Any
    ) -> None:
        append(
            self._session,
            kind,
            subject,
            proposal_id=proposal_id,
            person_id=person_id,
            payload=payload | {"source": self._issuer},
            clock=self._database.clock,
        )
