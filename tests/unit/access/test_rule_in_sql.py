"""The access rule says the same in Python, in SQL, on the search's bitmaps and by brute force, for every action, in random
worlds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from sqlalchemy import select
from sqlalchemy.orm import aliased

from pandaas.access import Access
from pandaas.db import Database
from pandaas.db.tables import Dataset
from pandaas.model import ANONYMOUS
from pandaas.testing.worlds import World, assert_rule_agrees, worlds


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds())
def test_python_sql_and_index_agree(sqlite_database: Database, world: World) -> None:
    assert_rule_agrees(sqlite_database, world)


def test_the_clause_works_on_an_alias(sqlite_database: Database) -> None:
    other = aliased(Dataset)
    clause = Access(sqlite_database).visible(ANONYMOUS, other)
    with sqlite_database.read() as session:
        assert session.scalars(select(other.pid).where(clause)).all() == []


def test_the_clause_holds_more_values_than_a_statement_has_parameters(sqlite_database: Database) -> None:
    many = replace(ANONYMOUS, linked_datasets=frozenset(f"ds-{number}" for number in range(40_000)))
    with sqlite_database.read() as session:
        assert session.scalars(select(Dataset.pid).where(Access(sqlite_database).visible(many))).all() == []
