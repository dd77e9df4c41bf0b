"""Random facilities for property tests of the access rule: persons, teams, instruments, datasets, shares, askers.

A `World` is a plain description; `build` writes it into a session and returns some of those who may ask. Everything happens around one
moment, `NOW`, with release and expiry times before it, exactly at it and just after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import FACILITY, Access
from pandaas.db import Database
from pandaas.db.tables import (
    Dataset,
    Instrument,
    InstrumentStaff,
    Person,
    Proposal,
    ProposalMember,
    Share,
)
from pandaas.identity import principal_of
from pandaas.model import (
    ANONYMOUS,
    Action,
    DatasetState,
    Principal,
    PrincipalKind,
    ProposalType,
    Role,
    Scope,
    TeamRole,
)

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
_TIMES = (
    None,
    NOW - timedelta(days=400),
    NOW - timedelta(microseconds=1),
    NOW,
    NOW + timedelta(microseconds=1),
    NOW + timedelta(days=400),
)
_PERSONS, _PROPOSALS, _INSTRUMENTS, _DATASETS = 4, 4, 2, 6


@dataclass(frozen=True)
class DatasetSpec:
    """Indices into the world's persons, proposals and instruments; `made_from` into earlier datasets."""

    proposal: int
    owner: int | None
    instrument: int | None
    release: datetime | None
    state: DatasetState
    made_from: tuple[int, ...]


@dataclass(frozen=True)
class World:
    roles: tuple[Role, ...]
    types: tuple[ProposalType, ...]
    releases: tuple[datetime | None, ...]
    instruments: tuple[int | None, ...]  # of the proposals
    teams: dict[tuple[int, int], TeamRole]  # (proposal, person)
    staff: frozenset[tuple[int, int]]  # (instrument, person)
    datasets: tuple[DatasetSpec, ...]
    shares: dict[tuple[int, int], datetime | None]  # (dataset, person) -> expires
    scopes: tuple[frozenset[Scope], ...]  # of a token of each person
    linked: frozenset[int]  # datasets behind a link
    askers: frozenset[int]  # which of all possible askers this example is about


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A whole world; small, since every combination of ties on one row counts, not the number of rows."""
    times = st.sampled_from(_TIMES)
    instrument = st.none() | st.integers(0, _INSTRUMENTS - 1)
    person = st.integers(0, _PERSONS - 1)

    def each(strategy: st.SearchStrategy[object], number: int) -> st.SearchStrategy[tuple[object, ...]]:
        return st.tuples(*[strategy] * number)

    datasets = tuple(
        DatasetSpec(
            proposal=draw(st.integers(0, _PROPOSALS - 1)),
            owner=draw(st.none() | person),
            instrument=draw(instrument),
            release=draw(times),
            state=draw(st.sampled_from(DatasetState)),
            made_from=draw(st.sets(st.integers(0, index - 1), max_size=2).map(sorted).map(tuple)) if index else (),
        )
        for index in range(_DATASETS)
    )
    return World(
        roles=draw(each(st.sampled_from(Role), _PERSONS)),  # type: ignore[arg-type]
        types=draw(each(st.sampled_from(ProposalType), _PROPOSALS)),  # type: ignore[arg-type]
        releases=draw(each(times, _PROPOSALS)),  # type: ignore[arg-type]
        instruments=draw(each(instrument, _PROPOSALS)),  # type: ignore[arg-type]
        teams=draw(
            st.dictionaries(st.tuples(st.integers(0, _PROPOSALS - 1), person), st.sampled_from(TeamRole), max_size=8)
        ),
        staff=frozenset(draw(st.sets(st.tuples(st.integers(0, _INSTRUMENTS - 1), person), max_size=4))),
        datasets=datasets,
        shares=draw(st.dictionaries(st.tuples(st.integers(0, _DATASETS - 1), person), times, max_size=5)),
        scopes=draw(each(st.frozensets(st.sampled_from(Scope)), _PERSONS)),  # type: ignore[arg-type]
        linked=frozenset(draw(st.sets(st.integers(0, _DATASETS - 1), max_size=3))),
        askers=draw(st.frozensets(st.integers(0, 2 + 3 * _PERSONS), min_size=3, max_size=3)),
    )


def build(world: World, session: Session, access: Access) -> list[Principal]:
    """Write the world into `session` and return the chosen askers: persons, tokens, jobs, a link, nobody, the facility."""
    persons = [
        Person(user=f"person{index}", name=f"Person {index}", role=role, created=NOW)
        for index, role in enumerate(world.roles)
    ]
    instruments = [Instrument(name=f"I{index}", title="", facility="f") for index in range(_INSTRUMENTS)]
    session.add_all([*persons, *instruments])
    session.flush()
    proposals = [
        Proposal(
            name=f"P{index}",
            title="",
            type=world.types[index],
            facility="f",
            release_time=world.releases[index],
            instrument_id=None if (one := world.instruments[index]) is None else instruments[one].id,
            created=NOW,
        )
        for index in range(_PROPOSALS)
    ]
    session.add_all(proposals)
    session.flush()
    for (proposal, person), role in world.teams.items():
        session.add(ProposalMember(proposal_id=proposals[proposal].id, person_id=persons[person].id, role=role))
    for instrument, person in world.staff:
        session.add(InstrumentStaff(instrument_id=instruments[instrument].id, person_id=persons[person].id))
    datasets: list[Dataset] = []
    for index, spec in enumerate(world.datasets):
        made = _dataset(f"ds-{index}", spec, persons, proposals, instruments)
        session.add(made)
        session.flush()
        access.record_ancestors(session, made.id, [datasets[one].pid for one in spec.made_from])
        session.flush()
        datasets.append(made)
    for (dataset, person), expires in world.shares.items():
        session.add(
            Share(
                dataset_pid=datasets[dataset].pid,
                person_id=persons[person].id,
                granted_by=persons[0].id,
                created=NOW,
                expires=expires,
            )
        )
    session.flush()
    link = Principal(kind=PrincipalKind.LINK, linked_datasets=frozenset(f"ds-{one}" for one in world.linked))
    askers = [ANONYMOUS, FACILITY, link]
    for person_row, scopes in zip(persons, world.scopes, strict=True):
        askers += [
            principal_of(session, person_row, NOW),
            principal_of(session, person_row, NOW, kind=PrincipalKind.TOKEN, scopes=scopes),
            principal_of(session, person_row, NOW, kind=PrincipalKind.SERVICE, acting_for=person_row.id),
        ]
    return [askers[index] for index in sorted(world.askers)]


def assert_rule_agrees(database: Database, world: World) -> None:
    """`may` in Python and `visible` in SQL must pick the same rows for every action; the world is rolled back after."""
    database.clock = lambda: NOW
    access = Access(database)
    with database.read() as session:
        askers = build(world, session, access)
        datasets = list(session.scalars(select(Dataset).order_by(Dataset.id)))
        protected = dict(zip((one.pid for one in datasets), access.protect(session, datasets), strict=True))
        proposals = {one.name: access.protected_proposal(one) for one in session.scalars(select(Proposal))}
        for asker, action in product(askers, Action):
            seen = set(session.scalars(select(Dataset.pid).where(access.visible(asker, Dataset, action))))
            wanted = {pid for pid, row in protected.items() if access.may(asker, action, row)}
            assert seen == wanted, f"{asker} {action}"
            found = set(session.scalars(select(Proposal.name).where(access.visible(asker, Proposal, action))))
            wanted = {name for name, row in proposals.items() if access.may(asker, action, row)}
            assert found == wanted, f"{asker} {action}"
        session.rollback()


def _dataset(
    pid: str, spec: DatasetSpec, persons: list[Person], proposals: list[Proposal], instruments: list[Instrument]
) -> Dataset:
    return Dataset(
        pid=pid,
        kind="raw",
        title=pid,
        facility="f",
        created=NOW,
        format="nexus",
        identity=pid,
        fingerprint=pid,
        proposal_id=proposals[spec.proposal].id,
        owner_id=None if spec.owner is None else persons[spec.owner].id,
        instrument_id=None if spec.instrument is None else instruments[spec.instrument].id,
        release_time=spec.release,
        state=spec.state,
    )
