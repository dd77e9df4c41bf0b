"""What would change: the feed against the tables, as a list that people can read and `apply` carries out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access.office.feed import Feed, FeedPerson, FeedProposal
from pandaas.db.tables import (
    BeamTime,
    Instrument,
    InstrumentStaff,
    LinkedIdentity,
    OfficeMember,
    OfficeStaff,
    Person,
    Proposal,
    ProposalMember,
)
from pandaas.model import Role

_MANY = 500


@dataclass(frozen=True)
class Change:
    """One change. `about` is what it concerns, `text` says it in words, `data` is for `apply`."""

    kind: str
    about: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def removes(self) -> bool:
        """Does it take something away from somebody?"""
        return self.kind in {"member.gone", "staff.gone", "beam_time.gone", "person.closed"}


@dataclass(frozen=True)
class Plan:
    """`held` is how many memberships, staff and beam times this feed has given; `warnings` are left for people."""

    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    held: int

    @property
    def removals(self) -> int:
        return sum(change.removes for change in self.changes)

    @property
    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(change.kind for change in self.changes).items()))


def issuer_of(feed_name: str) -> str:
    """Under which issuer the office's numbers of people are kept."""
    return f"office:{feed_name}"


def plan(session: Session, feed_name: str, feed: Feed) -> Plan:
    """Compare; nothing is changed."""
    state = _State(session, feed_name, feed)
    changes = [*_people(state), *_instruments(state), *_proposals(state), *_beam_times(state)]
    return Plan(tuple(changes), tuple(state.warnings), state.held)


class _State:
    """What is here of what the feed names."""

    def __init__(self, session: Session, feed_name: str, feed: Feed) -> None:
        self.feed = feed
        self.warnings: list[str] = []
        self.issuer = issuer_of(feed_name)
        rows = session.execute(select(LinkedIdentity.issuer, LinkedIdentity.subject, LinkedIdentity.person_id))
        self.identities = {(issuer, subject): person for issuer, subject, person in rows}
        self.people = {one.id: one for one in session.scalars(select(Person))}
        self.users = {one.user for one in self.people.values()}
        self.by_key = {subject: who for (issuer, subject), who in self.identities.items() if issuer == self.issuer}
        self.key_of = {person: key for key, person in self.by_key.items()}
        self.instruments = {one.name: one for one in session.scalars(select(Instrument))}
        self.proposals = {one.name: one for one in session.scalars(select(Proposal))}
        self.members = {(one.proposal_id, one.person_id): one.role for one in session.scalars(select(ProposalMember))}
        self.held_members = {
            (one.proposal_id, one.person_id): one.role
            for one in session.scalars(select(OfficeMember).where(OfficeMember.feed == feed_name))
        }
        self.staff = {(one.instrument_id, one.person_id) for one in session.scalars(select(InstrumentStaff))}
        self.held_staff = {
            (one.instrument_id, one.person_id)
            for one in session.scalars(select(OfficeStaff).where(OfficeStaff.feed == feed_name))
        }
        self.beam_times = {one.key: one for one in session.scalars(select(BeamTime).where(BeamTime.feed == feed_name))}
        unknown = {one.key for one in feed.people if not one.active} - set(self.by_key)
        self.nobody = unknown  # who has left before she ever came needs no account
        self.held = len(self.held_members) + len(self.held_staff) + len(self.beam_times)

    def name_of(self, person_id: int) -> str:
        return self.people[person_id].user


def _people(state: _State) -> Iterator[Change]:
    for said in state.feed.people:
        number = state.by_key.get(said.key)
        if number is None:
            number = _owner(state, said)
            if number is not None:
                text = f"'{said.name}' is '{state.name_of(number)}', by an identity that is linked already"
                yield Change("person.linked", said.key, text, {"key": said.key, "person": number})
                state.by_key[said.key] = number
        if number is None:
            if said.active:
                yield _new_person(state, said)
            continue
        yield from _changed_person(state, said, state.people[number])


def _owner(state: _State, said: FeedPerson) -> int | None:
    """The one person here whom the office's identities name; never by user name or e-mail address."""
    found = {state.identities.get((one.issuer, one.subject)) for one in said.identities} - {None}
    if len(found) > 1:
        state.warnings.append(f"The identities of '{said.key}' ({said.name}) belong to different people here.")
        return None
    [owner] = found or {None}
    if owner is not None and owner in state.key_of:
        state.warnings.append(f"'{said.key}' ({said.name}) has an identity of '{state.key_of[owner]}'.")
        return None
    return owner


def _new_person(state: _State, said: FeedPerson) -> Change:
    user = (said.user or "").lower()
    if user in state.users:
        state.warnings.append(
            f"The user name '{user}' of '{said.key}' ({said.name}) is somebody's already; she gets another. If it is the same"
            f" person: pandaas user link {user} --issuer {state.issuer} --subject {said.key}"
        )
    return Change("person.new", said.key, f"{said.name} is new", {"said": said})


def _changed_person(state: _State, said: FeedPerson, person: Person) -> Iterator[Change]:
    details = {
        name: value
        for name in ("name", "email", "orcid", "affiliation")
        if (value := getattr(said, name)) and value != getattr(person, name)
    }
    if details:
        text = "; ".join(f"{name} becomes {value}" for name, value in details.items())
        yield Change("person.changed", said.key, f"{person.user}: {text}", {"person": person.id, "details": details})
    for one in said.identities:
        owner = state.identities.get((one.issuer, one.subject))
        if owner is None:
            text = f"{person.user} may sign in as {one.subject} of {one.issuer}"
            data = {"person": person.id, "issuer": one.issuer, "subject": one.subject}
            yield Change("identity.new", said.key, text, data)
        elif owner != person.id:
            state.warnings.append(
                f"{one.subject} of {one.issuer} belongs to '{state.name_of(owner)}', not '{person.user}'."
            )
    if said.active == person.disabled:
        if not said.active and person.role == Role.OPERATOR:
            state.warnings.append(f"'{person.user}' is an operator and is not shut out by the user office.")
        elif said.active:
            yield Change("person.opened", said.key, f"{person.user} is let in again", {"person": person.id})
        else:
            yield Change("person.closed", said.key, f"{person.user} is shut out", {"person": person.id})


def _instruments(state: _State) -> Iterator[Change]:
    for said in state.feed.instruments:
        here = state.instruments.get(said.name)
        if here is None:
            yield Change("instrument.new", said.name, f"instrument {said.name} is new", {"said": said})
        elif said.title and said.title != here.title:
            yield Change("instrument.changed", said.name, f"{said.name} is called {said.title}", {"said": said})
        wanted = {key: state.by_key.get(key) for key in said.staff if key not in state.nobody}
        held = {person for instrument, person in state.held_staff if here is not None and instrument == here.id}
        for key, person in wanted.items():
            if person is None or person not in held:
                text = f"{_called(state, key)} joins the staff of {said.name}"
                yield Change("staff.new", said.name, text, {"instrument": said.name, "key": key})
        for person in sorted(held - set(wanted.values())):
            text = f"{state.name_of(person)} leaves the staff of {said.name}"
            yield Change("staff.gone", said.name, text, {"instrument": said.name, "person": person})


def _proposals(state: _State) -> Iterator[Change]:
    known = set(state.instruments) | {one.name for one in state.feed.instruments}
    for said in state.feed.proposals:
        strange = {said.instrument, *(one.instrument for one in said.beam_times)} - known - {None}
        if strange:
            state.warnings.append(
                f"Proposal '{said.name}' names the instrument '{min(map(str, strange))}', which is unknown."
            )
        here = state.proposals.get(said.name)
        if here is None:
            yield Change("proposal.new", said.name, f"proposal {said.name}, {said.title}", {"said": said})
        else:
            yield from _changed_proposal(state, said, here)
        yield from _team(state, said, here)


def _changed_proposal(state: _State, said: FeedProposal, here: Proposal) -> Iterator[Change]:
    instrument = state.instruments.get(said.instrument or "")
    wanted: dict[str, Any] = {"title": said.title, "type": said.type}
    given = {"summary": said.summary, "start_time": said.start, "end_time": said.end}
    wanted |= {name: value for name, value in given.items() if value is not None}
    if instrument is not None:
        wanted["instrument_id"] = instrument.id
    changed = {name: value for name, value in wanted.items() if getattr(here, name) != value}
    if changed:
        words = {"instrument_id": "instrument", "start_time": "start", "end_time": "end"}
        text = ", ".join(f"{words.get(name, name)} {_shown(value, said)}" for name, value in changed.items())
        yield Change("proposal.changed", said.name, f"{said.name}: {text}", {"name": said.name, "changed": changed})


def _team(state: _State, said: FeedProposal, here: Proposal | None) -> Iterator[Change]:
    number = here.id if here is not None else None
    wanted = {one.person: one.role for one in said.members if one.person not in state.nobody}
    people = {state.by_key.get(key): key for key in wanted}
    held = {person: role for (proposal, person), role in state.held_members.items() if proposal == number}
    for key, role in wanted.items():
        person = state.by_key.get(key)
        current = state.members.get((number, person)) if number is not None and person is not None else None
        data = {"proposal": said.name, "key": key, "role": role}
        who, words = _called(state, key), role.replace("_", " ")
        if person is None or person not in held:
            yield Change("member.new", said.name, f"{who} is {words} of {said.name}", data)
        elif role != held[person] or role != current:
            yield Change("member.changed", said.name, f"{who} becomes {words} of {said.name}", data)
    for person in sorted(set(held) - set(people)):
        text = f"{state.name_of(person)} leaves the team of {said.name}"
        yield Change("member.gone", said.name, text, {"proposal": said.name, "person": person})


def _beam_times(state: _State) -> Iterator[Change]:
    named = {one.name for one in state.feed.proposals}
    wanted = {one.id: (proposal, one) for proposal in state.feed.proposals for one in proposal.beam_times}
    for key, (proposal, said) in wanted.items():
        here = state.beam_times.get(key)
        when = f"{said.start:%Y-%m-%d %H:%M} to {said.end:%Y-%m-%d %H:%M} at {said.instrument}"
        data = {"proposal": proposal.name, "said": said}
        if here is None:
            yield Change("beam_time.new", proposal.name, f"{proposal.name}: beam time {when}", data)
        elif (here.start, here.end) != (said.start, said.end) or not _same_place(
            state, here, proposal.name, said.instrument
        ):
            yield Change("beam_time.changed", proposal.name, f"{proposal.name}: beam time moves to {when}", data)
    names = {one.id: name for name, one in state.proposals.items()}
    for key, here in state.beam_times.items():
        if key not in wanted and names.get(here.proposal_id) in named:
            text = f"{names[here.proposal_id]}: beam time of {here.start:%Y-%m-%d} is gone"
            yield Change("beam_time.gone", names[here.proposal_id], text, {"key": key})


def _same_place(state: _State, here: BeamTime, proposal: str, instrument: str) -> bool:
    there = state.proposals.get(proposal), state.instruments.get(instrument)
    return all(one is not None for one in there) and (here.proposal_id, here.instrument_id) == tuple(
        one.id for one in there if one is not None
    )


def _called(state: _State, key: str) -> str:
    person = state.by_key.get(key)
    if person is not None:
        return state.name_of(person)
    return next((one.name for one in state.feed.people if one.key == key), key)


def _shown(value: Any, said: FeedProposal) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return str(said.instrument) if isinstance(value, int) else str(value)[:80]


def shortened(changes: Iterable[Change]) -> list[dict[str, str]]:
    """The first changes as they are kept and shown."""
    return [{"kind": one.kind, "about": one.about, "text": one.text} for one in list(changes)[:_MANY]]
