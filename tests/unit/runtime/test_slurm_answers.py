"""What Slurm's answers mean for work: read by the command driver, judged by the engine. Without a Slurm."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pandaas.config import RuntimeSettings, SlurmSettings
from pandaas.model import Unavailable
from pandaas.runtime import Blocks, Confinement, Observation, Sandbox, SlurmEngine, WorkSpec
from pandaas.runtime.engines.port import QueuePlace
from pandaas.runtime.engines.slurm import command
from pandaas.runtime.engines.slurm.driver import Accounted, NodeSize, QueueEntry, Submission
from pandaas.runtime.engines.slurm.words import place_of, waits_for


class FakeSlurm:
    """A driver whose answers are set by the test; `down` makes it silent. A job named x is what was submitted last."""

    def __init__(self) -> None:
        self.queue: list[QueueEntry] = []
        self.ended: list[Accounted] = []
        self.submitted: list[Submission] = []
        self.down = False
        self.forgets = False  # no job is found by its name

    def submit(self, submission: Submission) -> str:
        self._check()
        self.submitted.append(submission)
        return "7"

    def find(self, name: str, _user: str = "") -> str | None:
        self._check()
        known = not self.forgets and any(done.name == name for done in self.submitted)
        return "7" if known else None

    def own(self) -> list[QueueEntry]:
        self._check()
        names = {"x": self.submitted[-1].name} if self.submitted else {}
        return [replace(entry, name=names.get(entry.name, entry.name)) for entry in self.queue]

    def pending(self) -> list[QueueEntry]:
        return [entry for entry in self.own() if entry.state == "PENDING"]

    def accounted(self, jobs: Sequence[str]) -> list[Accounted]:
        self._check()
        return [entry for entry in self.ended if entry.job in jobs]

    def cancel(self, job: str, _name: str, _user: str = "") -> None:
        self._check()

    def node_size(self) -> NodeSize:
        return NodeSize(8, 8192)

    def _check(self) -> None:
        if self.down:
            raise Unavailable("Slurm does not answer: connection refused.")


@pytest.fixture
def slurm() -> FakeSlurm:
    return FakeSlurm()


@pytest.fixture
def engine(slurm: FakeSlurm) -> SlurmEngine:
    return _engine(slurm)


def _engine(slurm: FakeSlurm) -> SlurmEngine:
    settings = RuntimeSettings(sandbox="none", slurm=SlurmSettings(enabled=True, poll_s=0.001))
    made = SlurmEngine(settings, Sandbox(settings), slurm)
    made.settle_s = 0.05
    return made


@pytest.fixture
def work(tmp_path: Path) -> WorkSpec:
    return WorkSpec(tmp_path, ("/bin/true",), Confinement(), memory_mb=256)


def _look(engine: SlurmEngine, folder: Path) -> Observation:
    """As `poll` and its thread do, one after the other."""
    engine._look()
    for _ in range(2):
        engine._observe(folder)
        time.sleep(0.055)
    engine._look()
    return engine._observe(folder)


def _supervised(folder: Path, **record: object) -> None:
    """What a supervisor leaves."""
    (folder / "supervisor.json").write_text("{}")
    full = {"code": None, "signal": None, "reason": "exit", "wall_s": 5.0, "cpu_s": 4.0, "max_rss_mb": 9.0}
    (folder / "exit.json").write_text(json.dumps({**full, "started": 1.0, "ended": 6.0, **record}))


@pytest.mark.parametrize(
    ("state", "reason"),
    [("TIMEOUT", "timeout"), ("OUT_OF_MEMORY", "memory"), ("NODE_FAIL", "node"), ("PREEMPTED", "node")],
)
def test_an_end_without_a_record_is_told_by_slurm(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec, state: str, reason: str
) -> None:
    engine.submit(work)
    slurm.queue = [QueueEntry("7", "x", state)]
    slurm.ended = [Accounted("7", state, 0, 9, 61.0, 50.0, 211.0, 100.0, 161.0)]
    seen = _look(engine, work.folder)
    assert seen.exit is not None
    assert (seen.exit.reason, seen.exit.succeeded) == (reason, False)
    assert (seen.exit.wall_s, seen.exit.cpu_s, seen.exit.max_rss_mb) == (61.0, 50.0, 211.0)
    assert _engine(slurm)._observe(work.folder) == seen  # written down


@pytest.mark.parametrize(("state", "reason"), [("TIMEOUT", "timeout"), ("CANCELLED", "node"), ("FAILED", "node")])
def test_a_termination_that_nobody_here_asked_for_is_never_called_cancelled(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec, state: str, reason: str
) -> None:
    engine.submit(work)
    _supervised(work.folder, reason="cancelled")
    slurm.queue = [QueueEntry("7", "x", state)]
    seen = _look(engine, work.folder)
    assert seen.exit is not None
    assert seen.exit.reason == reason


def test_a_kill_by_the_nodes_memory_limit_is_told_as_such(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec
) -> None:
    engine.submit(work)
    _supervised(work.folder, signal=9, code=137)
    slurm.queue = [QueueEntry("7", "x", "OUT_OF_MEMORY")]
    seen = _look(engine, work.folder)
    assert seen.exit is not None
    assert seen.exit.reason == "memory"


def test_a_success_is_believed_at_once(engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec) -> None:
    engine.submit(work)
    _supervised(work.folder, code=0)
    slurm.down = True
    seen = engine._observe(work.folder)
    assert seen.exit is not None
    assert seen.exit.succeeded


def test_silence_concludes_nothing_and_new_work_waits(engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec) -> None:
    slurm.down = True
    engine.submit(work)
    assert engine._observe(work.folder).state == "queued"
    engine._look()
    assert "as soon as" in engine._observe(work.folder).detail
    slurm.down = False
    slurm.queue = [QueueEntry("7", "x", "RUNNING")]
    assert _look(engine, work.folder).state == "running"
    slurm.down = True
    assert _look(engine, work.folder).state == "running"
    assert len(slurm.submitted) == 1


def test_a_restart_between_asking_and_noting_submits_no_second_job(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec
) -> None:
    engine.submit(work)
    (work.folder / "slurm-job.json").unlink()
    _engine(slurm).submit(work)
    assert len(slurm.submitted) == 1
    assert json.loads((work.folder / "slurm-job.json").read_text())["job"] == "7"


def test_a_job_that_neither_queue_nor_accounting_knows_is_unknown(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec
) -> None:
    engine.submit(work)
    (work.folder / "claim").write_text("7")
    seen = _look(engine, work.folder)
    assert (seen.state, "7" in seen.detail) == ("unknown", True)
    assert engine._observe(work.folder).state == "unknown"  # it stays so, or it would never count as lost
    slurm.queue = [QueueEntry("7", "x", "RUNNING")]
    assert _look(engine, work.folder).state == "running"


@pytest.mark.parametrize("state", ["RUNNING", "COMPLETED", None])
def test_a_job_that_a_killed_controller_has_forgotten_is_submitted_again(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec, state: str | None
) -> None:
    """Its number is another's, or nobody's; nothing of the work has begun."""
    engine.submit(work)
    if state is not None:
        slurm.queue = [QueueEntry("7", "of somebody else", state)]
        slurm.ended = [Accounted("7", state, 0, 0, 5.0, 4.0, 1.0, 1.0, 6.0)]
    slurm.forgets = True
    for _ in range(3):
        assert _look(engine, work.folder).state == "queued"
    assert len(slurm.submitted) == 2
    slurm.queue = [QueueEntry("7", "x", "RUNNING")]
    assert _look(engine, work.folder).state == "running"


def test_a_completion_of_work_that_has_begun_is_waited_for(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec
) -> None:
    engine.submit(work)
    (work.folder / "claim").write_text("7")
    slurm.ended = [Accounted("7", "COMPLETED", 0, 0, 5.0, 4.0, 1.0, 1.0, 6.0)]
    _look(engine, work.folder)
    assert len(slurm.submitted) == 1


@pytest.mark.parametrize("asked", [True, False])
def test_only_what_was_cancelled_here_is_cancelled(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec, asked: bool
) -> None:
    """Slurm calls jobs cancelled too that a killed controller had forgotten: their work is lost."""
    handle = engine.submit(work)
    if asked:
        engine.cancel(handle)
    slurm.queue = [QueueEntry("7", "x", "CANCELLED")]
    slurm.ended = [Accounted("7", "CANCELLED", 0, 0, 5.0, 4.0, 1.0, 1.0, 6.0)]
    seen = _look(engine, work.folder)
    assert seen.exit is not None
    assert seen.exit.reason == ("cancelled" if asked else "node")


def test_how_another_job_with_its_number_ended_says_nothing_of_it(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec
) -> None:
    engine.submit(work)
    (work.folder / "claim").write_text("7")
    slurm.ended = [Accounted("7", "FAILED", 1, 0, 5.0, 4.0, 1.0, 1.0, 6.0, name="of somebody else")]
    assert _look(engine, work.folder).state == "unknown"


def test_begun_work_that_only_the_accounting_believes_in_is_unknown(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec
) -> None:
    """The controller was killed and has forgotten it; nobody will ever tell the accounting of its end."""
    engine.submit(work)
    (work.folder / "claim").write_text("7")
    slurm.ended = [Accounted("7", "RUNNING", 0, 0, 5.0, 4.0, 1.0, 1.0, 0.0)]
    _look(engine, work.folder)
    assert _look(engine, work.folder).state == "unknown"
    _supervised(work.folder, code=0)  # it had lived on
    assert _look(engine, work.folder).state == "ended"


@pytest.fixture
def array(tmp_path: Path) -> WorkSpec:
    (tmp_path / "job.json").write_text("{}")
    (tmp_path / "output").mkdir()
    blocks = Blocks(("/bin/true",), tmp_path / "job.json")
    confined = Confinement(writable=(tmp_path / "output",))
    return WorkSpec(tmp_path, ("/bin/true",), confined, cores=20, memory_mb=256, blocks=blocks)


def test_work_in_blocks_with_more_cores_than_a_node_is_an_array(
    engine: SlurmEngine, slurm: FakeSlurm, array: WorkSpec
) -> None:
    engine.submit(array)
    [asked] = slurm.submitted
    assert (asked.tasks, asked.cores) == (3, 8)
    assert "--array=0-2" in command._options(asked)
    assert engine.cores == 8
    assert engine.spread_cores == 64


def test_an_array_stands_where_its_leading_task_stands(engine: SlurmEngine, slurm: FakeSlurm, array: WorkSpec) -> None:
    engine.submit(array)
    slurm.queue = [QueueEntry("7", "x", "PENDING", task="7"), QueueEntry("7", "x", "COMPLETED", task="8")]
    engine._look()
    assert engine._observe(array.folder).state == "queued"
    (array.folder / "claim").write_text("9")
    slurm.queue.append(QueueEntry("7", "x", "RUNNING", task="9"))
    engine._look()
    assert engine._observe(array.folder).state == "running"


def test_an_array_whose_leader_is_gone_is_submitted_once_more(
    engine: SlurmEngine, slurm: FakeSlurm, array: WorkSpec
) -> None:
    engine.submit(array)
    (array.folder / "claim").write_text("9")
    slurm.queue = [QueueEntry("7", "x", "NODE_FAIL", task="9"), QueueEntry("7", "x", "RUNNING", task="8")]
    _look(engine, array.folder)
    engine._look()
    assert len(slurm.submitted) == 2
    assert not (array.folder / "claim").exists()
    (array.folder / "claim").write_text("9")
    seen = _look(engine, array.folder)
    assert len(slurm.submitted) == 2
    assert seen.exit is None or seen.exit.reason == "node"


def test_usage_of_an_array_is_the_sum_over_its_tasks(engine: SlurmEngine, slurm: FakeSlurm, array: WorkSpec) -> None:
    engine.submit(array)
    _supervised(array.folder, code=0)
    slurm.queue = [QueueEntry("7", "x", "COMPLETED", task="8"), QueueEntry("7", "x", "COMPLETED", task="9")]
    slurm.ended = [
        Accounted("7", "COMPLETED", 0, 0, 61.0, 50.0, 211.0, 100.0, 161.0, task="8"),
        Accounted("7", "COMPLETED", 0, 0, 61.0, 30.0, 300.0, 100.0, 161.0, task="9"),
    ]
    engine.settle_s = 60
    engine._observe(array.folder)
    engine._look()
    seen = engine._observe(array.folder)
    assert seen.exit is not None
    assert (seen.exit.cpu_s, seen.exit.max_rss_mb, seen.exit.wall_s) == (80.0, 300.0, 5.0)


def test_place_reason_and_expected_start_are_in_words() -> None:
    mine = QueueEntry("12", "x", "PENDING", "Priority", 1_795_658_520.0, 10, "main")
    others = [
        QueueEntry("9", "y", "PENDING", "", None, 10, "main"),
        QueueEntry("8", "z", "PENDING", "", None, 5, "main"),
    ]
    elsewhere = QueueEntry("1", "y", "PENDING", "", None, 99, "other")
    queue = place_of(mine, [mine, *others, elsewhere])
    assert queue == QueuePlace(2, 3, "others come first", 1_795_658_520.0)
    said = waits_for(mine, queue)
    assert said == "Waiting in Slurm: 2nd of 3 in main, others come first, expected to start 26 Nov 02:02 UTC"


def test_the_accounting_is_read_with_the_usage_of_its_steps() -> None:
    text = (
        "7|7|COMPLETED|0:0|5|00:01.000||10|20|n1|90|an earlier seventh\n"
        "7|7|OUT_OF_MEMORY|0:125|61|01:02.500||100|161|n1|90|one|with a bar\n"
        "7.batch|7.batch|OUT_OF_MEMORY|0:125|61|01:02.500|216064K|100|161|n1|90|batch\n"
        "8_1|9|CANCELLED by 0|0:0|0|00:00:00||None|161|None assigned|90|x\n"
    )
    former, first, second = command._accounted(text)
    assert (former.name, former.max_rss_mb) == ("an earlier seventh", 0.0)
    assert first == Accounted(
        "7", "OUT_OF_MEMORY", 0, 125, 61.0, 62.5, 211.0, 100.0, 161.0, "n1", "7", "one|with a bar", 90.0
    )
    assert (second.job, second.task, second.state, second.started) == ("8", "9", "CANCELLED", 0.0)


@pytest.mark.parametrize("ahead", [-3600.0, 5.0, 3600.0])
def test_when_a_job_shall_start_is_told_by_our_clock(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec, ahead: float
) -> None:
    engine.submit(work)
    theirs = time.time() + ahead
    slurm.queue = [QueueEntry("7", "x", "PENDING", "Resources", theirs + 600, 1, "main", submitted=theirs)]
    engine._look()
    queue = engine._observe(work.folder).queue
    assert queue is not None
    assert queue.expected_start == pytest.approx(time.time() + 600, abs=30)


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
@pytest.mark.parametrize("accounted", [True, False])
def test_a_controller_whose_clock_is_off_changes_no_usage(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec, ahead: float, accounted: bool
) -> None:
    engine.submit(work)
    (work.folder / "supervisor.json").write_text("{}")
    theirs, begun = time.time() + ahead, time.time()
    slurm.queue = [QueueEntry("7", "x", "NODE_FAIL", "", theirs, submitted=theirs)]
    if accounted:
        slurm.ended = [Accounted("7", "NODE_FAIL", 0, 0, 4.0, 3.0, 9.0, theirs + 1, theirs + 5, "n1", "7", "", theirs)]
    seen = _look(engine, work.folder).exit
    assert seen is not None
    assert seen.reason == "node"
    assert (seen.wall_s == 4.0) if accounted else (0 <= seen.wall_s < 10)
    assert begun - 10 < seen.started <= seen.ended < time.time() + 10


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_a_node_whose_clock_is_off_misdates_no_end(
    engine: SlurmEngine, slurm: FakeSlurm, work: WorkSpec, ahead: float
) -> None:
    before = time.time()
    engine.submit(work)
    _supervised(work.folder, code=0, wall_s=0.5, started=before + ahead, ended=before + ahead + 0.5)
    slurm.queue = [QueueEntry("7", "x", "COMPLETED", submitted=before)]
    seen = _look(engine, work.folder).exit
    assert seen is not None
    assert (seen.succeeded, seen.wall_s, seen.cpu_s) == (True, 0.5, 4.0)
    assert before - 1 <= seen.started <= seen.ended <= time.time()
    assert _engine(slurm)._observe(work.folder).exit == seen


@pytest.mark.parametrize(("text", "seconds"), [("1-02:03:04", 93784.0), ("03:04.5", 184.5), ("", 0.0)])
def test_durations(text: str, seconds: float) -> None:
    assert command._duration(text) == seconds


def test_what_is_asked_of_slurm() -> None:
    settings = SlurmSettings(
        partition="main",
        account="beam",
        recipes=[{"recipe": "heavy", "gpus": 2, "options": ["--constraint=a100"]}],  # type: ignore[list-item]
    )
    asked = Submission("n", "", Path("/x"), 4, 1000, 61, settings.directives("heavy"))
    words = command._options(asked)
    assert {"--partition=main", "--account=beam", "--gres=gpu:2", "--constraint=a100", "--time=2"} <= set(words)
    assert not any("gres" in word for word in command._options(Submission("n", "", Path("/x"), 1, 1, 1)))


@pytest.mark.parametrize("wanted", [True, False])
def test_only_work_on_gpus_asks_slurm_for_them(slurm: FakeSlurm, work: WorkSpec, wanted: bool) -> None:
    settings = RuntimeSettings(sandbox="none", slurm=SlurmSettings(enabled=True, poll_s=0.001, gpus=2))
    engine = SlurmEngine(settings, Sandbox(settings), slurm)
    engine._write(replace(work, confinement=replace(work.confinement, gpu=wanted)), work.folder)
    assert engine._submission(work.folder).directives.gpus == (2 if wanted else 0)


@pytest.mark.parametrize(
    "said",
    [
        "sbatch: error: Batch job submission failed: Connection reset by peer",
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
        "sbatch: error: Batch job submission failed: Broken pipe",
    ],
)
def test_a_controller_killed_while_it_is_asked_refuses_nothing(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """The job is submitted later; whether it was taken all the same is looked up by its name."""
    answer = subprocess.CompletedProcess(("sbatch",), 1, "", said)
    monkeypatch.setattr(command.CommandDriver, "_run", lambda *_words, **_given: answer)
    with pytest.raises(Unavailable):
        command.CommandDriver(SlurmSettings(enabled=True)).submit(Submission("n", "", Path("/x"), 1, 1, 1))
