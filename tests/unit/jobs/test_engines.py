"""Rights and allocations on engines, and what a job remembers of the choice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from pandaas.db.tables import Job
from pandaas.jobs.place import Queue, write_queue
from pandaas.model import NotAllowed
from pandaas.runtime import Gpu, QueuePlace
from pandaas.testing.workshop import Workshop


def make(tmp_path: Path, **rights: object) -> Workshop:
    return Workshop(tmp_path, runtime={"choice": {"rights": [{"engine": "local", **rights}]}})


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Workshop]:
    made = make(tmp_path, core_hours=1)
    yield made
    made.close()


def test_a_job_remembers_why_it_runs_where_it_runs(limited: Workshop) -> None:
    pid = limited.dataset()
    chosen = limited.jobs.job(limited.principal("alice"), limited.start("alice", "sum-whole", pid)).job
    assert (chosen.engine, chosen.engine_reason) == ("local", "There is no other.")
    asked = limited.start("alice", "sum-whole", pid, engine="local")
    assert limited.jobs.job(limited.principal("alice"), asked).job.engine_reason == "You chose it."


def test_a_spent_allocation_is_refused_with_its_figures(limited: Workshop) -> None:
    pid = limited.dataset()
    job_id = limited.start("alice", "sum-whole", pid)
    with limited.database.session() as session:
        session.execute(update(Job).where(Job.id == job_id).values(wall_s=4000.0, cores=1))
    with pytest.raises(NotAllowed, match="used 1 of 1 core hours"):
        limited.start("alice", "sum-whole", pid)
    assert limited.start("bob", "sum-whole", limited.dataset("P-bob"))  # hers is hers


def test_a_role_without_the_right_is_refused(tmp_path: Path) -> None:
    workshop = make(tmp_path, roles=["operator"])
    with pytest.raises(NotAllowed, match="not open to your role"):
        workshop.start("alice", "sum-whole", workshop.dataset())
    workshop.close()


def test_who_waits_is_told_her_place(limited: Workshop) -> None:
    pid = limited.dataset()
    ids = [limited.start("alice", "sum-whole", pid) for _ in range(3)]
    with limited.database.session() as session:
        session.execute(update(Job).values(state="queued"))
    views = [limited.jobs.job(limited.principal("alice"), job_id) for job_id in ids]
    assert [(view.queue.place, view.queue.of) for view in views if view.queue] == [(1, 3), (2, 3), (3, 3)]


def test_the_schedulers_word_is_believed(limited: Workshop) -> None:
    job_id = limited.start("alice", "sum-whole", limited.dataset())
    folder = limited.jobs.folder(job_id)
    folder.path.mkdir(parents=True)
    write_queue(folder, QueuePlace(4, 9, "others come first", 1_795_658_520.0))
    assert limited.jobs.job(limited.principal("alice"), job_id).queue is None  # it doesn't wait yet
    with limited.database.session() as session:
        session.execute(update(Job).values(state="queued"))
    queue = limited.jobs.job(limited.principal("alice"), job_id).queue
    assert queue == Queue(4, 9, "others come first", datetime(2026, 11, 26, 2, 2, tzinfo=UTC))


@pytest.fixture
def graphics(tmp_path: Path) -> Iterator[Workshop]:
    """A computer with a GPU, of which everybody has two hours."""
    made = make(tmp_path, gpu_hours=2)
    made.runtime.local_gpus._found = (Gpu("cuda", "stand-in", 4096),)
    made.write_recipe("able", "", manifest="[resources]\ngpu = true\n")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("recipe", "wanted", "gpus", "reason"),
    [
        ("able", True, 1, "It runs on a GPU."),
        ("able", False, 0, "You wanted no GPU."),
        ("sum-whole", True, 0, "There is no other."),
    ],
)
def test_a_job_gets_a_gpu_where_its_recipe_uses_one_and_the_person_lets_it(
    graphics: Workshop, recipe: str, wanted: bool, gpus: int, reason: str
) -> None:
    job = graphics.start("alice", recipe, graphics.dataset(), gpu=wanted)
    found = graphics.jobs.job(graphics.principal("alice"), job).job
    assert (found.gpus, (found.engine_reason or "").endswith(reason)) == (gpus, True)


def test_who_has_used_up_her_gpu_hours_gets_none_for_now(graphics: Workshop) -> None:
    pid = graphics.dataset()
    first = graphics.start("alice", "able", pid)
    with graphics.database.session() as session:
        session.execute(update(Job).where(Job.id == first).values(wall_s=9000.0))
    second = graphics.jobs.job(graphics.principal("alice"), graphics.start("alice", "able", pid)).job
    assert (second.gpus, second.engine) == (0, "local")
    assert "You have used 2.5 of 2 GPU hours of 30 days." in (second.engine_reason or "")
