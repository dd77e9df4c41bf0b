"""Random facilities for property tests of the access rule: persons, teams, instruments, datasets, shares, askers.

A `World` is a plain description; `build` writes it into a session and returns some of those who may ask. Everything happens around one
moment, `NOW`, with release and expiry times before it, exactly at it and just after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from sqlalchemy import case, select
from sqlalchemy.orm import Session

from pandaas.access import FACILITY, Access
from pandaas.catalogue import IndexOfRights
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
from pandaas.testing.oracle import may_dataset, may_proposal

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
class Asker:
    """Who asks: `kind` is anonymous, facility, link, person, token, service (a job of hers) or view (somebody looks as her).

    `person` and `viewer` are indices into the world's persons.
    """

    kind: str
    person: int | None = None
    viewer: int | None = None

    def viewer_as_person(self) -> Asker:
        """The one who looks, with her own rights."""
        return Asker("person", self.viewer)


@dataclass(frozen=True)
class World:
    roles: tuple[Role, ...]
    types: tuple[ProposalType, ...]
    releases: tuple[datetime | None, ...]
    announced: tuple[bool, ...]
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
        announced=draw(each(st.booleans(), _PROPOSALS)),  # type: ignore[arg-type]
        instruments=draw(each(instrument, _PROPOSALS)),  # type: ignore[arg-type]
        teams=draw(
            st.dictionaries(st.tuples(st.integers(0, _PROPOSALS - 1), person), st.sampled_from(TeamRole), max_size=8)
        ),
        staff=frozenset(draw(st.sets(st.tuples(st.integers(0, _INSTRUMENTS - 1), person), max_size=4))),
        datasets=datasets,
        shares=draw(st.dictionaries(st.tuples(st.integers(0, _DATASETS - 1), person), times, max_size=5)),
        scopes=draw(each(st.frozensets(st.sampled_from(Scope)), _PERSONS)),  # type: ignore[arg-type]
        linked=frozenset(draw(st.sets(st.integers(0, _DATASETS - 1), max_size=3))),
        askers=draw(st.frozensets(st.integers(0, 2 + 4 * _PERSONS), min_size=3, max_size=3)),
    )


def build(world: World, session: Session, access: Access) -> list[Principal]:
    """Write the world into `session` and return the chosen askers."""
    return [principal for _, principal in build_askers(world, session, access)]


def build_askers(world: World, session: Session, access: Access) -> list[tuple[Asker, Principal]]:
    """Write the world into `session` and return the chosen askers: persons, tokens, jobs, people who look as others, a
    link, nobody, the facility."""
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
            announced=world.announced[index],
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
    askers = [(Asker("anonymous"), ANONYMOUS), (Asker("facility"), FACILITY), (Asker("link"), link)]
    for index, (row, scopes) in enumerate(zip(persons, world.scopes, strict=True)):
        viewer = (index + 1) % _PERSONS
        her = principal_of(session, row, NOW, kind=PrincipalKind.VIEW)
        seen = replace(her, viewer=principal_of(session, persons[viewer], NOW))
        askers += [
            (Asker("person", index), principal_of(session, row, NOW)),
            (Asker("token", index), principal_of(session, row, NOW, kind=PrincipalKind.TOKEN, scopes=scopes)),
            (Asker("service", index), principal_of(session, row, NOW, kind=PrincipalKind.SERVICE, acting_for=row.id)),
            (Asker("view", index, viewer), seen),
        ]
    return [askers[index] for index in sorted(world.askers)]


def assert_rule_agrees(database: Database, world: World) -> None:
    """`may` in Python, `visible` in SQL, the search's bitmaps and the oracle must pick the same rows for every action; the
    world is rolled back after."""
    database.clock = lambda: NOW
    access = Access(database)
    with database.read() as session:
        askers = build_askers(world, session, access)
        datasets = list(session.scalars(select(Dataset).order_by(Dataset.id)))
        proposals = list(session.scalars(select(Proposal).order_by(Proposal.id)))
        of_datasets = access.protect(session, datasets)
        of_proposals = [access.protected_proposal(one) for one in proposals]
        bitmaps = IndexOfRights(session, [one.id for one in datasets])
        for asker, principal in askers:
            for action in Action:
                wanted_pids = {
                    one.pid
                    for one, right in zip(datasets, of_datasets, strict=True)
                    if access.may(principal, action, right)
                }
                assert bitmaps.visible(principal, action, NOW) == wanted_pids, f"{asker} {action} in the index"
            for table, rights, oracle in ((Dataset, of_datasets, may_dataset), (Proposal, of_proposals, may_proposal)):
                clauses = [
                    case((access.visible(principal, table, action), 1), else_=0).label(action) for action in Action
                ]
                query = select(table.id, *clauses).order_by(table.id)
                in_sql = [tuple(map(bool, row[1:])) for row in session.execute(query)]
                for index, (row, right) in enumerate(zip(in_sql, rights, strict=True)):
                    in_python = tuple(access.may(principal, action, right) for action in Action)
                    assert row == in_python, f"{asker} {table.__name__} {index}: SQL {row}, Python {in_python}"
                    wanted = tuple(oracle(world, asker, action, index, NOW) for action in Action)
                    assert in_python == wanted, f"{asker} {table.__name__} {index}: {in_python}, oracle {wanted}"
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
