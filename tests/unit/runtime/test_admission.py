"""Who starts when on the local engine; nothing is really started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pandaas.config import RuntimeSettings
from pandaas.runtime import LocalEngine, WorkSpec
from pandaas.runtime.engines import local
from pandaas.runtime.engines.spec import never_ran
from pandaas.runtime.sandbox import Command


class _NoSandbox:
    works = False

    def command(self, argv: object, confinement: object) -> Command:
        return Command(("true",), {}, "/", isolated=True)

    def group(self, name: str) -> None:
        return None


class _Engine(LocalEngine):
    """Starting only notes the order; `end` ends."""

    def __init__(self, cores: int, memory_mb: int = 1000) -> None:
        super().__init__(RuntimeSettings(cores=cores, memory_mb=memory_mb), _NoSandbox())  # type: ignore[arg-type]
        self.order: list[str] = []
        self.importing = ""  # whose template still imports

    def _start(self, claim: local._Claim) -> bool:
        if claim.folder.name == self.importing:
            return False
        self.order.append(claim.folder.name)
        self._running[claim.folder] = claim
        return True

    def end(self, folder: Path) -> None:
        record = never_ran() | {"reason": "exit", "code": 0}
        (folder / "exit.json").write_text(json.dumps(record))
        self.poll([])


def work(folder: Path, name: str, share: str, cores: int = 1, memory_mb: int = 100) -> WorkSpec:
    place = folder / name
    place.mkdir()
    return WorkSpec(place, ("true",), cores=cores, memory_mb=memory_mb, share=share)


def test_who_runs_least_is_next(tmp_path: Path) -> None:
    engine = _Engine(cores=2)
    for name, share in (("a1", "a"), ("a2", "a"), ("a3", "a"), ("a4", "a"), ("b1", "b")):
        engine.submit(work(tmp_path, name, share))
    assert engine.order == ["a1", "a2"]
    engine.end(tmp_path / "a1")
    assert engine.order[2:] == ["b1"]
    engine.end(tmp_path / "a2")
    assert engine.order[3:] == ["a3"]


def test_large_work_is_not_overtaken(tmp_path: Path) -> None:
    engine = _Engine(cores=2)
    engine.submit(work(tmp_path, "small", "a"))
    engine.submit(work(tmp_path, "large", "b", cores=2))
    engine.submit(work(tmp_path, "late", "b"))
    assert engine.order == ["small"]
    engine.end(tmp_path / "small")
    assert engine.order == ["small", "large"]


def test_memory_counts_too(tmp_path: Path) -> None:
    engine = _Engine(cores=8, memory_mb=1000)
    engine.submit(work(tmp_path, "a", "a", memory_mb=700))
    engine.submit(work(tmp_path, "b", "b", memory_mb=400))
    assert engine.order == ["a"]
    assert "1 waiting" in engine.outlook(1, 100)


def test_work_whose_template_imports_lets_others_start_and_keeps_its_place(tmp_path: Path) -> None:
    engine = _Engine(cores=2)
    engine.importing = "a1"
    for name in ("a1", "a2", "a3", "a4"):
        engine.submit(work(tmp_path, name, "a"))
    assert engine.order == ["a2", "a3"]
    engine.importing = ""
    engine.end(tmp_path / "a2")
    assert engine.order == ["a2", "a3", "a1"]


def test_more_cores_than_there_are_become_all(tmp_path: Path) -> None:
    engine = _Engine(cores=2)
    engine.submit(work(tmp_path, "wide", "a", cores=64))
    assert engine.order == ["wide"]


_jobs = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(50, 600)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=40)
@given(_jobs)
def test_all_work_runs_once_within_the_limits(
    tmp_path_factory: pytest.TempPathFactory, jobs: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("work")
    engine = _Engine(cores=3)
    for number, (share, cores, memory_mb) in enumerate(jobs):
        engine.submit(work(folder, str(number), share, cores, memory_mb))
    for _ in range(len(jobs)):
        assert sum(claim.cores for claim in engine._running.values()) <= 3
        assert sum(claim.memory_mb for claim in engine._running.values()) <= 1000
        assert engine._running, "work waits although nothing runs"
        engine.end(next(iter(engine._running)))
    assert sorted(engine.order, key=int) == [str(number) for number in range(len(jobs))]
