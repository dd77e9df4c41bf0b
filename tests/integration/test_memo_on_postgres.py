"""What is remembered is never older than PostgreSQL's tables."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from pandaas.db import Database, Memo

pytestmark = [pytest.mark.integration, pytest.mark.postgres]


def test_a_commit_makes_it_forget_and_nothing_else_does(postgres_database: Database) -> None:
    other = Database(postgres_database.url.render_as_string(hide_password=False))
    memo: Memo[int] = Memo(postgres_database)
    made: list[int] = []

    def make() -> int:
        with postgres_database.read() as session:
            made.append(session.scalar(text("SELECT count(*) FROM t")) or 0)
        return made[-1]

    with other.session() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
    assert [memo.get("a", make) for _ in range(3)] == [0, 0, 0]
    assert len(made) == 1
    assert memo.peek("a") is None  # would need the network
    with other.session() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))
        assert memo.get("a", make) == 0
    assert memo.get("a", make) == 1
    other.dispose()


def test_a_lost_connection_is_no_error(postgres_database: Database) -> None:
    memo: Memo[int] = Memo(postgres_database)
    assert memo.get("a", lambda: 1) == 1
    with postgres_database.session() as session:
        session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
    assert memo.get("a", lambda: 2) == 2
    assert memo.get("a", lambda: 3) in (2, 3)
    assert memo.get("a", lambda: 4) in (2, 3)
