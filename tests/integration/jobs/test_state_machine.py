"""The life of jobs against a model, with a fault at any point: kills, errors of the database, an engine that is down or forgets.

Everything runs in one thread, so that hypothesis can find and shorten what goes wrong. A kill is an exception that nothing
catches, raised before, in or after a transaction, a submission or the taking back of a result; then all memory is thrown away, as
a restarted platform has none.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

import pandaas.jobs.collection as collection
from pandaas.db.tables import Dataset, Event, Job
from pandaas.jobs import JobService
from pandaas.model import JOB_TRANSITIONS, Conflict, JobState, Unavailable
from pandaas.runtime import ExitRecord, Observation, Standing, WorkSpec
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
STARTS = 3
_EXAMPLES = 60 if os.environ.get("PANDAAS_TEST_FULL") else 8


class Killed(BaseException):
    """The platform was killed here."""


class Faults:
    """Raises what is set when the `after`-th of the points ahead is passed."""

    def __init__(self) -> None:
        self.after = 0
        self.error: BaseException | None = None

    def point(self) -> None:
        if self.error is None:
            return
        self.after -= 1
        if self.after <= 0:
            error, self.error = self.error, None
            raise error


class FakeEngine:
    """What it knows survives kills of the platform. `started` counts how often each piece of work was taken."""

    name = "local"
    cores = 2
    memory_mb = 4096

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.states: dict[str, str] = {}
        self.ends: dict[str, ExitRecord] = {}
        self.started: dict[str, int] = {}
        self.forgotten: set[str] = set()
        self.folders: dict[str, Path] = {}  # of each piece of work; every start of a job is one
        self.down = False

    def submit(self, work: WorkSpec) -> dict[str, Any]:
        self._answer()
        self._faults.point()
        name = work.folder.name
        if name not in self.states:
            self.states[name], self.folders[name] = "queued", work.folder
            self.started[name] = self.started.get(name, 0) + 1
        self._faults.point()
        return {"folder": str(work.folder)}

    def poll(self, handles: Sequence[dict[str, Any]]) -> list[Observation]:
        self._answer()
        return [self._look(Path(handle["folder"]).name) for handle in handles]

    def _look(self, name: str) -> Observation:
        if name in self.forgotten or name not in self.states:
            return Observation("unknown", detail="It is not known.")
        if self.states[name] == "ended":
            return Observation("ended", self.ends[name])
        return Observation("queued" if self.states[name] == "queued" else "running")

    def cancel(self, handle: dict[str, Any]) -> None:
        self._answer()
        name = Path(handle["folder"]).name
        if self.states.get(name) in {"queued", "running"}:
            self.end(name, "cancelled")

    def end(self, name: str, how: str) -> None:
        self.states[name] = "ended"
        code = {"good": 0, "bad": 1}.get(how)
        reason: Any = {"cancelled": "cancelled", "lost": "node"}.get(how, "exit")
        self.ends[name] = ExitRecord(code, None, reason, 1.0, 1.0, 10.0, 1.7e9, 1.7e9 + 1)

    def standing(self, cores: int, memory_mb: int) -> Standing:
        return Standing(starts_now=True, waiting=0)

    def outlook(self, cores: int, memory_mb: int) -> str:
        return "Here."

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("The engine is down.")


_SHARED: dict[str, Any] = {}


def shared() -> tuple[Workshop, str]:
    """One small facility for all examples: recipes are checked once; jobs of former examples have ended."""
    if not _SHARED:
        place = tempfile.TemporaryDirectory(prefix="pandaas-states-")
        workshop = Workshop(Path(place.name), runtime={"lost_grace_s": 1e-9, "starts": STARTS})
        workshop.recipes.refresh(force=True)
        _SHARED.update(place=place, workshop=workshop, pid=workshop.dataset(), session=workshop.database.session)
    return _SHARED["workshop"], _SHARED["pid"]


class Jobs(RuleBasedStateMachine):
    """The model is what the engine did, what it knows, and what people asked for."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.workshop, self.pid = shared()
        self.faults = Faults()
        self.engine = FakeEngine(self.faults)
        self.workshop.runtime.engines = {"local": self.engine}  # type: ignore[dict-item]  # a fake of the port
        self.workshop.catalogue.fail_next = None
        self.ids: list[str] = []
        self.cancelled: set[str] = set()
        original: Callable[[], Any] = _SHARED["session"]

        @contextmanager
        def session() -> Iterator[Any]:
            self.faults.point()
            with original() as opened:
                yield opened
                self.faults.point()
            self.faults.point()

        self.workshop.database.session = session  # type: ignore[method-assign]
        self._take_back = collection.take_back

        def take_back(source: Path, target: Path) -> None:
            self.faults.point()
            self._take_back(source, target)
            self.faults.point()

        collection.take_back = take_back
        self.restart()

    # --- what may happen ---------------------------------------------------------------------------------------------

    @rule()
    def restart(self) -> None:
        """A new process: nothing is remembered."""
        made = self.workshop
        self.service = JobService(made.database, made.settings, made.access, made.catalogue, made.runtime, made.recipes)
        self.reconciler = self.service._reconciler

        def at_once(followed: Any, work: Callable[..., None], *arguments: Any) -> None:
            try:
                work(*arguments)
            except (Conflict, OperationalError):
                return  # it is tried again

        self.reconciler._in_background = at_once  # type: ignore[method-assign]

    @rule(target=jobs)
    def request(self) -> str:
        job_id = self.workshop.start("alice", "sum-whole", self.pid)
        self.ids.append(job_id)
        return job_id

    @rule(job=jobs)
    def cancel(self, job: str) -> None:
        if self.state(job) not in {"requested", "queued", "running"}:
            return
        self.service.cancel(self.workshop.principal("alice"), job)
        self.cancelled.add(job)

    @rule(job=jobs)
    def begin(self, job: str) -> None:
        work = self.work(job)
        if self.engine.states.get(work) == "queued":
            self.engine.states[work] = "running"

    @rule(job=consumes(jobs), how=st.sampled_from(["good", "good", "bad"]))
    def end(self, job: str, how: str) -> None:
        self._end(self.work(job), how)

    @rule(job=jobs)
    def lose(self, job: str) -> None:
        self._end(self.work(job), "lost")

    @rule(job=jobs)
    def end_what_is_left_of_the_first_start(self, job: str) -> None:
        """It was believed lost, and is started again: what it still does counts no more."""
        if self.work(job) != job:
            self._end(job, "good")

    def _end(self, work: str, how: str) -> None:
        if self.engine.states.get(work) not in {"queued", "running"}:
            return
        if how == "good":
            (self.engine.folders[work] / "output").mkdir(exist_ok=True)
            (self.engine.folders[work] / "output/result.nxs").write_text(work)
        self.engine.end(work, how)

    @rule(job=jobs)
    def forget(self, job: str) -> None:
        self.engine.forgotten.add(self.work(job))

    @rule()
    def remember(self) -> None:
        self.engine.forgotten.clear()

    @rule(down=st.booleans())
    def answer_or_not(self, down: bool) -> None:
        self.engine.down = down

    @rule()
    def look(self) -> None:
        self.step()

    @rule(after=st.integers(1, 12))
    def look_and_be_killed(self, after: int) -> None:
        self.faults.after, self.faults.error = after, Killed()
        try:
            self.step()
        except Killed:
            self.restart()
        self.faults.error = None

    @rule(after=st.integers(1, 12))
    def look_with_an_error_of_the_database(self, after: int) -> None:
        self.faults.after, self.faults.error = after, OperationalError("UPDATE", {}, Exception("disk I/O error"))
        try:
            self.step()
        except OperationalError:
            self.restart()  # the loop of the service is started again
        self.faults.error = None

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def nothing_runs_twice(self) -> None:
        assert all(count == 1 for count in self.engine.started.values())

    @invariant()
    @precondition(lambda self: bool(self.ids))
    def a_result_is_that_of_the_last_start(self) -> None:
        for job in self.ids:
            assert self.attempt(job) <= STARTS
            if self.results(job):
                assert (self.workshop.home / "results" / job / "result.nxs").read_text() == self.work(job)

    @invariant()
    @precondition(lambda self: bool(self.ids))
    def each_way_is_one_of_the_allowed_ones(self) -> None:
        for job in self.ids:
            way = self.way(job)
            for former, following in pairwise(way):
                assert JobState(following) in JOB_TRANSITIONS[JobState(former)], way
            assert way[-1] == self.state(job), way

    @invariant()
    @precondition(lambda self: bool(self.ids))
    def a_result_belongs_to_each_success_and_to_nothing_else(self) -> None:
        for job in self.ids:
            assert self.results(job) == (1 if self.state(job) == "succeeded" else 0)

    def teardown(self) -> None:
        """Left alone, with an engine that answers and ends all work, every job comes to the end that is its own."""
        try:
            self.faults.error, self.engine.down = None, False
            self.engine.forgotten.clear()
            self.restart()
            for _round in range(8):
                self.step()
                for work in list(self.engine.states):
                    self._end(work, "good")
            self.restart()  # looks for the lost again
            self.step()
            for job in self.ids:
                assert self.state(job) in self.expected(job), (job, self.way(job), self.expected(job))
            self.nothing_runs_twice()
            self.a_result_belongs_to_each_success_and_to_nothing_else()
        finally:
            collection.take_back = self._take_back
            self.workshop.database.session = _SHARED["session"]  # type: ignore[method-assign]

    def expected(self, job: str) -> set[str]:
        record = self.engine.ends.get(self.work(job))
        if record is None:
            return {"cancelled"} if job in self.cancelled else set()
        if record.reason == "cancelled":
            return {"cancelled"} if "lost" not in self.way(job) else {"lost", "cancelled"}
        if record.reason == "node":
            return {"failed"} if self.attempt(job) == STARTS or job in self.cancelled else set()
        return {"succeeded"} if record.code == 0 else {"failed"}

    # --- looking -----------------------------------------------------------------------------------------------------

    def step(self) -> None:
        self.reconciler._loaded = float("-inf")
        self.reconciler.step()

    def state(self, job: str) -> str:
        with self.workshop.database.read() as session:
            return session.get_one(Job, job).state

    def attempt(self, job: str) -> int:
        with self.workshop.database.read() as session:
            return session.get_one(Job, job).attempt

    def work(self, job: str) -> str:
        """The name of what the engine does for it now."""
        return self.service.folder(job, self.attempt(job)).path.name

    def results(self, job: str) -> int:
        with self.workshop.database.read() as session:
            return session.scalar(select(func.count()).select_from(Dataset).where(Dataset.job_id == job)) or 0

    def way(self, job: str) -> list[str]:
        with self.workshop.database.read() as session:
            events = session.scalars(
                select(Event).where(Event.subject == job, Event.kind == "job.state").order_by(Event.id)
            )
            return ["requested", *(event.payload["state"] for event in events)]


Jobs.TestCase.settings = settings(
    max_examples=_EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestJobsAgainstTheModel = pytest.mark.xdist_group("states")(Jobs.TestCase)


@pytest.mark.xdist_group("states")
def test_a_job_waits_for_an_engine_that_does_not_answer() -> None:
    jobs = Jobs()
    job = jobs.request()
    jobs.answer_or_not(down=True)
    jobs.look()
    assert jobs.state(job) == "requested"
    jobs.teardown()  # now it answers
    assert jobs.state(job) == "succeeded"


@pytest.mark.xdist_group("states")
def test_a_silent_engine_ends_no_round_that_looks_for_lost_jobs() -> None:
    jobs = Jobs()
    lost = jobs.request()
    for _start in range(STARTS):
        jobs.look()  # starts it
        jobs.forget(lost)
        jobs.look()  # misses it
        jobs.look()  # the grace is over
    assert jobs.state(lost) == "lost"
    jobs.answer_or_not(down=True)
    jobs.restart()  # looks for the lost again
    jobs.look()
    assert jobs.state(lost) == "lost"
    jobs.teardown()
