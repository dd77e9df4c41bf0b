"""Who reads next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from pandaas.arrays.turns import LONG_BYTES, Turns
from pandaas.model import Busy


def nothing() -> None:
    return


class Queue:
    """Requests in threads of their own, each holding its turn until it is told to end."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.started: list[str] = []
        self.ends: dict[str, threading.Event] = {}

    def ask(self, name: str, cost: int = 1, check: Callable[[], None] = nothing) -> None:
        """`name` begins with the letter of the person. Returns once it waits or runs."""
        self.ends[name] = threading.Event()
        before = self.turns._number

        def work() -> None:
            with self.turns.take(name[0], cost, check):
                self.started.append(name)
                self.ends[name].wait(20)

        threading.Thread(target=work, daemon=True).start()
        until(lambda: self.turns._number > before)

    def end(self, name: str) -> None:
        self.ends[name].set()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_the_person_with_least_running_is_next() -> None:
    queue = Queue(Turns(long=2, short=2))
    for name in ("a1", "a2", "a3", "b1"):
        queue.ask(name)
        time.sleep(0.02)
    until(lambda: queue.started == ["a1", "a2"])
    queue.end("a1")
    until(lambda: len(queue.started) == 3)
    assert queue.started[-1] == "b1"
    queue.end("a2")
    until(lambda: queue.started[-1] == "a3")


def test_of_one_persons_requests_the_first_comes_first() -> None:
    queue = Queue(Turns(long=1, short=1))
    for name in ("a1", "a2", "a3"):
        queue.ask(name)
        time.sleep(0.02)
        queue.end(name) if name != "a1" else None
    queue.end("a1")
    until(lambda: queue.started == ["a1", "a2", "a3"])


def test_people_take_turns_where_one_reads_at_a_time() -> None:
    queue = Queue(Turns(long=1, short=1))
    for name in ("a1", "a2", "a3", "b1", "b2"):
        queue.ask(name)
        time.sleep(0.02)
    for name in ("a1", "b1", "a2", "b2", "a3"):
        until(lambda wanted=name: queue.started[-1:] == [wanted])  # type: ignore[misc]
        queue.end(name)
    assert queue.started == ["a1", "b1", "a2", "b2", "a3"]


def test_short_work_does_not_wait_for_long() -> None:
    queue = Queue(Turns(long=1, short=1))
    queue.ask("a1", LONG_BYTES)
    queue.ask("a2", LONG_BYTES)
    queue.ask("b1", LONG_BYTES - 1)
    until(lambda: sorted(queue.started) == ["a1", "b1"])


def test_who_leaves_while_waiting_leaves_the_line() -> None:
    turns = Turns(long=1, short=1)

    class Gone(Exception):
        pass

    def gone() -> None:
        raise Gone

    with turns.take("a", 1, nothing):
        with pytest.raises(Gone), turns.take("b", 1, gone):
            raise AssertionError("had a turn")
        assert not turns._waiting
    with turns.take("b", 1, nothing):
        pass


def test_a_long_line_grows_no_longer() -> None:
    queue = Queue(Turns(long=1, short=1, line=2))
    for name in ("a1", "a2", "b1"):
        queue.ask(name)
    until(lambda: len(queue.turns._waiting) == 2)
    with pytest.raises(Busy), queue.turns.take("c", 1, nothing):
        raise AssertionError("had a turn")
    for name in queue.ends:
        queue.end(name)
    until(lambda: len(queue.started) == 3)


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(long=1, short=1)
    with pytest.raises(KeyError), turns.take("a", 1, nothing):
        raise KeyError
    with turns.take("b", 1, nothing):
        pass
    assert not turns._running
