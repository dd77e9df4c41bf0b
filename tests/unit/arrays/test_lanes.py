"""When a lane starts another process: not for what is free again in a moment."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pandaas.arrays import lanes, wire
from pandaas.arrays.lanes import Lane


class FakeProcess:
    """Answers after `body["seconds"]`."""

    started = 0

    def __init__(self) -> None:
        type(self).started += 1
        self.alive = True

    def sees(self, path: Path) -> bool:
        return True

    def call(self, body: dict[str, Any], timeout: float, cancelled: object) -> wire.Message:
        time.sleep(body["seconds"])
        return wire.Message(body, b"")

    def kill(self) -> None:
        self.alive = False


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> Lane:
    monkeypatch.setattr(FakeProcess, "started", 0)
    monkeypatch.setattr(lanes, "_PATIENCE_S", 0.2)
    return Lane("structure", 2, FakeProcess)  # type: ignore[arg-type]


def at_once(lane: Lane, *seconds: float) -> float:
    """Ask all at the same time; returns how long it took."""
    began = time.monotonic()
    threads = [threading.Thread(target=lane.run, args=({"seconds": s}, Path("/x"), 10)) for s in seconds]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join(10)
    return time.monotonic() - began


def test_short_answers_share_a_process(lane: Lane) -> None:
    at_once(lane, 0.02, 0.02, 0.02)
    assert FakeProcess.started == 1


def test_nobody_waits_for_a_long_answer(lane: Lane) -> None:
    assert at_once(lane, 2.0, 0.02) < 3
    assert FakeProcess.started == 2


def test_a_start_that_fails_is_no_end(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("no memory")

    broken = Lane("structure", 1, fail)  # type: ignore[arg-type, return-value]
    for _ in range(2):
        with pytest.raises(OSError, match="no memory"):
            broken.run({"seconds": 0}, Path("/x"), 10)
