"""A database of the first release, with rows in every table: after the upgrade nothing is lost and everyone sees the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    func,
    select,
)

from pandaas.access import FACILITY, Access
from pandaas.config import Settings, load_settings
from pandaas.db import Database, upgrade
from pandaas.db.migrate import migrate_to, schema_connection
from pandaas.db.tables import Dataset, Person, Proposal
from pandaas.identity import principal_of
from pandaas.model import ANONYMOUS, Action, Principal
from pandaas.testing.postgres import PostgresServer

pytestmark = pytest.mark.integration

FIRST = "0001"
LONG_AGO, SOON, NEVER = datetime(2023, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC), None
OTTO, ALICE, BOB, IRIS = 1, 2, 3, 4
_PERSON = {"demo": False, "disabled": False, "role": "visitor"}
_DATASET = {
    "kind": "raw",
    "state": "complete",
    "is_latest": True,
    "owner_id": None,
    "instrument_id": 1,
    "replaces": None,
}
WORLD: dict[str, list[dict[str, Any]]] = {
    "person": [
        _PERSON | {"id": OTTO, "user": "otto", "role": "operator"},
        _PERSON | {"id": ALICE, "user": "alice"},
        _PERSON | {"id": BOB, "user": "bob"},
        _PERSON | {"id": IRIS, "user": "iris", "role": "instrument_staff"},
    ],
    "instrument": [{"id": 1, "name": "BL1"}],
    "instrument_staff": [{"instrument_id": 1, "person_id": IRIS}],
    "proposal": [
        {"id": 1, "name": "PUB", "type": "public_access", "end_time": LONG_AGO, "release_time": None, "instrument_id": 1},
        {"id": 2, "name": "DATED", "type": "public_access", "end_time": LONG_AGO, "release_time": SOON, "instrument_id": 1},
        {"id": 3, "name": "PROP", "type": "proprietary", "end_time": LONG_AGO, "release_time": None, "instrument_id": 1},
    ],
    "proposal_member": [
        {"proposal_id": 1, "person_id": ALICE, "role": "principal_investigator"},
        {"proposal_id": 3, "person_id": BOB, "role": "member"},
    ],
    "dataset": [
        _DATASET | {"id": 1, "pid": "open", "proposal_id": 1, "release_time": LONG_AGO},
        _DATASET | {"id": 2, "pid": "embargoed", "proposal_id": 1, "release_time": SOON},
        _DATASET | {"id": 3, "pid": "never", "proposal_id": 1, "release_time": NEVER},
        _DATASET | {"id": 4, "pid": "dated", "proposal_id": 2, "release_time": SOON},
        _DATASET | {"id": 5, "pid": "secret", "proposal_id": 3, "release_time": NEVER},
        _DATASET | {"id": 6, "pid": "made", "proposal_id": 1, "release_time": SOON, "kind": "derived"},
        _DATASET | {"id": 7, "pid": "withdrawn", "proposal_id": 1, "release_time": LONG_AGO, "state": "withdrawn"},
    ],
    "dataset_ancestor": [{"dataset_id": 6, "ancestor_id": 2}],
    "share": [
        {"id": 1, "dataset_pid": "embargoed", "person_id": BOB, "expires": None, "granted_by": ALICE, "secret_hash": None}
    ],
}  # fmt: skip
# What the rule of the first release gave: by whom, what she may read.
READABLE: dict[int | None, set[str]] = {
    None: {"open"},
    ALICE: {"open", "embargoed", "never", "made"},
    BOB: {"open", "embargoed", "secret"},
    IRIS: {"open", "embargoed", "never", "dated", "made"},
    OTTO: {"open", "embargoed", "never", "dated", "secret", "made", "withdrawn"},
}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return load_settings(home=tmp_path / "home")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return load_settings(home=tmp_path / "home", database={"url": server.new_database()})


@pytest.fixture
def before(settings: Settings) -> dict[str, list[str]]:
    """A database at the first revision with at least one row in every table; all of its rows."""
    settings.home.mkdir(mode=0o700)
    migrate_to(settings.database_url, FIRST)
    with schema_connection(settings.database_url) as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                for row in WORLD.get(table.name, [{}]):
                    connection.execute(table.insert().values({**_filled(table), **row}))
        if connection.dialect.name == "postgresql":
            for table in metadata.sorted_tables:
                _number_on(connection, table)
    return rows_of(settings)


def _number_on(connection: Connection, table: Table) -> None:
    """New rows are numbered behind those that were given their numbers here."""
    if "id" in table.columns and isinstance(table.c.id.type, Integer):
        serial = func.pg_get_serial_sequence(f'"{table.name}"', "id")
        connection.execute(select(func.setval(serial, select(func.max(table.c.id)).scalar_subquery())))


def _filled(table: Table) -> dict[str, Any]:
    """A row of which every column holds something."""
    return {column.name: _something(column) for column in table.columns}


def _something(column: Column[Any]) -> Any:
    for key in column.foreign_keys:
        return _something(key.column)
    match column.type:
        case Boolean():
            return True
        case DateTime():
            return LONG_AGO
        case JSON():
            return {"ä": [1, None, "x"]}
        case LargeBinary():
            return b"\x89PNG\x00"
        case Float():
            return 1.5
        case Integer():
            return 1
    return f"{column.name}-ü"[: getattr(column.type, "length", None) or 40]


def rows_of(settings: Settings, like: dict[str, list[str]] | None = None) -> dict[str, list[str]]:
    """All rows of all tables as texts; with `like`, of the tables and columns that stand there."""
    with schema_connection(settings.database_url) as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        found: dict[str, list[str]] = {}
        for table in metadata.sorted_tables:
            if table.name == "alembic_version" or (like is not None and table.name not in like):
                continue
            names = list(json.loads(like[table.name][0])) if like is not None else [one.name for one in table.columns]
            rows = connection.execute(select(*(table.c[name] for name in names))).mappings()
            found[table.name] = sorted(json.dumps(dict(row), default=str) for row in rows)
        return found


@pytest.fixture
def upgraded(settings: Settings, before: dict[str, list[str]]) -> Iterator[Database]:
    assert all(before.values())
    done = upgrade(settings)
    assert (done.before, done.backup is not None) == (FIRST, True)
    database = Database(settings.database_url)
    yield database
    database.dispose()


def readable(database: Database, access: Access, person: int | None, action: Action = Action.READ) -> set[str]:
    with database.read() as session:
        row = session.get(Person, person) if person is not None else None
        principal: Principal = principal_of(session, row, database.clock()) if row is not None else ANONYMOUS
        seen = session.scalars(select(Dataset.pid).where(access.visible(principal, Dataset, action)))
        return set(seen)


def test_nothing_is_lost_and_everyone_sees_what_she_saw(
    settings: Settings, before: dict[str, list[str]], upgraded: Database
) -> None:
    assert rows_of(settings, before) == before
    access = Access(upgraded)
    assert {person: readable(upgraded, access, person) for person in READABLE} == READABLE


def test_what_was_set_by_people_stays_and_the_policy_waits_to_be_applied(upgraded: Database) -> None:
    access = Access(upgraded)
    with upgraded.read() as session:
        kept = session.execute(select(Dataset.pid, Dataset.release_set)).all()
        proposals = dict(session.execute(select(Proposal.id, Proposal.release_set)).all())
    assert {pid for pid, is_set in kept if is_set} == {"never"}
    assert proposals == {1: False, 2: True, 3: False}
    assert access.waiting_releases() == 1
    [change] = access.apply_policy(FACILITY, dry_run=True)
    assert (change.old, change.datasets) == (None, 3)  # of four measured ones: "never" stays
    assert access.waiting_releases() == 1
    access.apply_policy(FACILITY)
    assert access.waiting_releases() == 0
    assert "never" not in readable(upgraded, access, None)
    assert readable(upgraded, access, BOB) >= {"embargoed", "secret"}
    assert access.proposal(FACILITY, "PUB").proposal.release_time == datetime(2026, 1, 1, tzinfo=UTC)
