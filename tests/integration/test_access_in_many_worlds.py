"""The access rule in Python, in the index and in the SQL of both databases, over many made-up worlds.

`make test-full` looks at five times as many.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings

from pandaas.db import Database
from pandaas.testing.worlds import World, assert_rule_agrees, worlds

pytestmark = pytest.mark.integration
_TIMES = 5 if os.environ.get("PANDAAS_TEST_FULL") else 1
_SLOW = [HealthCheck.function_scoped_fixture]


@pytest.mark.timeout(900)  # other programs may share the machine
@settings(max_examples=100 * _TIMES, deadline=None, suppress_health_check=_SLOW)
@given(world=worlds())
def test_python_sql_and_index_agree_on_sqlite(sqlite_database: Database, world: World) -> None:
    assert_rule_agrees(sqlite_database, world)


@pytest.mark.postgres
@pytest.mark.timeout(900)
@settings(max_examples=20 * _TIMES, deadline=None, suppress_health_check=_SLOW)
@given(world=worlds())
def test_python_sql_and_index_agree_on_postgres(postgres_database: Database, world: World) -> None:
    assert_rule_agrees(postgres_database, world)
