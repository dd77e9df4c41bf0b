"""What is remembered is never older than the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from pandaas.db import Database, Memo
from pandaas.testing.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'd.sqlite'}", clock=clock)
    with made.session() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
    yield made
    made.dispose()


class Counting:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        return self.count


def write(database: Database) -> None:
    with database.session() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))


def test_an_answer_is_made_once(database: Database) -> None:
    memo: Memo[int] = Memo(database)
    make = Counting()
    assert [memo.get("a", make) for _ in range(3)] == [1, 1, 1]
    assert memo.peek("a") == 1
    assert memo.peek("b") is None


def test_a_commit_makes_it_forget(database: Database) -> None:
    memo: Memo[int] = Memo(database)
    make = Counting()
    memo.get("a", make)
    write(database)
    assert memo.peek("a") is None
    assert memo.get("a", make) == 2


def test_a_commit_of_another_process_makes_it_forget(database: Database, tmp_path: Path) -> None:
    memo: Memo[int] = Memo(database)
    make = Counting()
    memo.get("a", make)
    other = Database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    write(other)
    other.dispose()
    assert memo.get("a", make) == 2


def test_a_commit_while_the_answer_is_made_counts(database: Database) -> None:
    memo: Memo[int] = Memo(database)

    def slow() -> int:
        write(database)
        return 1

    memo.get("a", slow)
    assert memo.peek("a") is None


def test_nothing_is_older_than_a_second(database: Database, clock: ManualClock) -> None:
    memo: Memo[int] = Memo(database)
    make = Counting()
    memo.get("a", make)
    clock.advance(seconds=1)
    assert memo.get("a", make) == 2


def test_an_error_is_not_kept(database: Database) -> None:
    memo: Memo[int] = Memo(database)

    def fails() -> int:
        raise KeyError

    with pytest.raises(KeyError):
        memo.get("a", fails)
    assert memo.get("a", lambda: 5) == 5


def test_only_so_many_are_kept(database: Database) -> None:
    memo: Memo[int] = Memo(database, limit=2)
    for key in "abc":
        memo.get(key, lambda: 1)
    assert [memo.peek(key) for key in "abc"] == [None, 1, 1]


def test_a_database_that_does_not_tell_is_asked_each_time(clock: ManualClock) -> None:
    memory = Database("sqlite://", clock=clock)
    memo: Memo[int] = Memo(memory)
    make = Counting()
    assert [memo.get("a", make) for _ in range(2)] == [1, 2]
    memory.dispose()
