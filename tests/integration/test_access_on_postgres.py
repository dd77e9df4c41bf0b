"""The access rule in PostgreSQL's SQL."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from pandaas.db import Database
from pandaas.testing.worlds import World, assert_rule_agrees, worlds

pytestmark = [pytest.mark.integration, pytest.mark.postgres]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds())
def test_python_sql_and_index_agree(postgres_database: Database, world: World) -> None:
    assert_rule_agrees(postgres_database, world)
