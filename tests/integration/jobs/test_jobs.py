"""Jobs from request to result, with real processes in the sandbox."""

from __future__ import annotations

import os
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.db.tables import Dataset, Event, Proposal, Relation
from pandaas.jobs import JobRequest
from pandaas.model import Conflict, NotAllowed, NotFound, UnreadableFile
from pandaas.testing.workshop import Workshop

pytestmark = pytest.mark.integration

SLEEP = "import time\nfrom pandaas import sdk\ndef run(inputs, parameters, output):\n    sdk.progress(0.1, 'here')\n    time.sleep(60)\n"


@pytest.mark.parametrize("recipe", ["sum-blocks", "sum-whole"])
def test_a_job_runs_and_its_result_is_registered(workshop: Workshop, recipe: str) -> None:
    pid = workshop.dataset()
    with workshop.running():
        job_id = workshop.start("alice", recipe, pid, parameters={"factor": 2})
        view = workshop.wait(job_id)
    assert (view.job.state, view.job.failure) == ("succeeded", None)
    assert view.proposal == "P-alice"
    [result] = view.outputs
    with workshop.database.read() as session:
        row = session.scalars(select(Dataset).where(Dataset.pid == result)).one()
        assert row.job_id == job_id
        file = Path(row.files[0].path)
        assert session.scalars(select(Relation).where(Relation.subject_pid == result)).one().object_pid == pid
    with h5py.File(file) as stream:
        expected = 2 * np.arange(240.0).reshape(40, 6).sum(axis=1)
        np.testing.assert_array_equal(stream["entry/sum/sum"][()], expected)
    assert not os.access(file.parent / "x", os.W_OK)
    assert file.stat().st_uid == os.geteuid()
    assert view.job.environment_key
    assert view.job.isolation == workshop.runtime.sandbox.level
    assert view.job.progress == 1.0
    assert view.job.wall_s
    assert view.job.cpu_s
    assert view.job.max_rss_mb
    states = [e.payload["state"] for e in _events(workshop, job_id, "job.state")]
    assert states == ["queued", "running", "succeeded"]


def test_progress_is_seen_while_it_runs(workshop: Workshop) -> None:
    code = (
        "import time\nfrom pandaas import sdk\n"
        "def run(inputs, parameters, output):\n"
        "    for n in range(5):\n"
        "        sdk.progress(n / 5, f'step {n}', {'x': [0, 1], 'y': [n, 2]})\n"
        "        time.sleep(0.2)\n"
    )
    workshop.write_recipe("steps", code)
    with workshop.running():
        job_id = workshop.start("alice", "steps", workshop.dataset())
        view = workshop.wait(job_id)
        assert view.job.failure == "The recipe ended without writing a result."
    told = [e.payload["message"] for e in _events(workshop, job_id, "job.progress")]
    assert len({text for text in told if text.startswith("step")}) >= 2
    assert view.job.preview is not None
    assert view.job.preview["x"] == [0.0, 1.0]


def test_events_come_at_most_five_a_second(workshop: Workshop) -> None:
    code = (
        "import json, time\n"
        "def run(inputs, parameters, output):\n"
        "    for n in range(200):\n"
        "        with open(output / 'progress.jsonl', 'a') as f: f.write(json.dumps({'fraction': n / 200, 'message': str(n)}) + '\\n')\n"
        "        time.sleep(0.005)\n"
    )
    workshop.write_recipe("chatty", code)
    with workshop.running():
        job_id = workshop.start("alice", "chatty", workshop.dataset())
        view = workshop.wait(job_id)
    assert len(_events(workshop, job_id, "job.progress")) <= 5 * (view.job.wall_s or 0) + 2


def test_the_recipes_own_words_tell_why_it_failed(workshop: Workshop) -> None:
    code = "from pandaas import sdk\ndef run(inputs, parameters, output):\n    raise sdk.RecipeError('The beam was off.', 'Choose another run.')\n"
    workshop.write_recipe("fails", code)
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "fails", workshop.dataset()))
    assert view.job.state == "failed"
    assert (view.job.failure, view.job.remedy) == ("The beam was off.", "Choose another run.")
    assert [notice.level for notice in workshop.jobs.notices(workshop.principal("alice"))] == ["failure"]


def test_warnings_are_kept(workshop: Workshop) -> None:
    code = "from pandaas import sdk\ndef run(inputs, parameters, output):\n    sdk.warn('The image looks flipped.')\n"
    workshop.write_recipe("warns", code)
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "warns", workshop.dataset()))
    assert view.job.warnings == ["The image looks flipped."]


def test_too_much_memory_is_said_in_one_sentence(workshop: Workshop) -> None:
    code = "def run(inputs, parameters, output):\n    held = []\n    while True: held.append(bytearray(b'x' * (16 << 20)))\n"
    workshop.write_recipe("greedy", code, manifest="[resources]\nmemory_mb = 300\n")
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "greedy", workshop.dataset()))
    assert view.job.failure == "It needed more than 300 MB of memory and was stopped."
    assert "fewer data" in (view.job.remedy or "")


def test_too_much_time_is_said_in_one_sentence(workshop: Workshop) -> None:
    workshop.write_recipe("sleeps", SLEEP)
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "sleeps", workshop.dataset(), time_limit_s=1))
    assert view.job.failure == "It took longer than the limit of 1 s and was stopped."


@pytest.mark.parametrize(("own", "limit"), [("", "3 MB"), ("output_mb = 1\n", "1 MB")])
def test_too_much_output_is_said_with_the_limit(tmp_path: Path, own: str, limit: str) -> None:
    """The recipe's own limit, where it has one, stands for the platform's."""
    workshop = Workshop(tmp_path / "home", runtime={"output_mb": 3})
    code = "def run(inputs, parameters, output):\n    (output / 'big').write_bytes(b'x' * 5_000_000)\n    import time; time.sleep(60)\n"
    workshop.write_recipe("writes", code, manifest=f"[resources]\nmemory_mb = 256\n{own}")
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "writes", workshop.dataset()))
    workshop.close()
    assert view.job.state == "failed"
    assert view.job.failure == f"It wrote more than the {limit} that it may, and was stopped."
    assert "runtime.output_mb" in (view.job.remedy or "")


def test_a_running_job_can_be_cancelled(workshop: Workshop) -> None:
    workshop.write_recipe("sleeps", SLEEP)
    with workshop.running():
        job_id = workshop.start("alice", "sleeps", workshop.dataset())
        workshop.wait(job_id, state="running")
        begun = time.monotonic()
        workshop.jobs.cancel(workshop.principal("alice"), job_id)
        view = workshop.wait(job_id)
    assert view.job.state == "cancelled"
    assert time.monotonic() - begun < 5


def test_a_job_can_be_run_again(workshop: Workshop) -> None:
    pid = workshop.dataset()
    alice = workshop.principal("alice")
    with workshop.running():
        first = workshop.wait(workshop.start("alice", "sum-whole", pid, parameters={"factor": 3}))
        again = workshop.wait(workshop.jobs.retry(alice, first.job.id))
    assert again.job.state == "succeeded"
    assert again.job.repeats == first.job.id
    assert again.job.parameters == first.job.parameters
    assert again.outputs != first.outputs


def test_a_selection_makes_a_job_each(workshop: Workshop) -> None:
    pids = [workshop.dataset(title=f"run {n}") for n in range(3)]
    with workshop.running():
        ids = workshop.jobs.start(workshop.principal("alice"), JobRequest("sum-whole", {"sample": pids}))
        views = [workshop.wait(job_id) for job_id in ids]
    assert [view.inputs[0].pid for view in views] == pids
    assert {view.job.state for view in views} == {"succeeded"}


def test_inputs_that_only_the_platform_can_read_reach_the_job(workshop: Workshop) -> None:
    pid = workshop.dataset()
    with workshop.database.read() as session:
        file = Path(session.scalars(select(Dataset).where(Dataset.pid == pid)).one().files[0].path)
    file.chmod(0o600)
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "sum-whole", pid))
    assert view.job.state == "succeeded", view.job.failure
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_job_can_not_read_another_ones_inputs_nor_the_database(workshop: Workshop) -> None:
    other = workshop.dataset("P-bob")
    with workshop.database.read() as session:
        path = session.scalars(select(Dataset).where(Dataset.pid == other)).one().files[0].path
    code = (
        "import os\nfrom pandaas import sdk\n"
        "def run(inputs, parameters, output):\n"
        f"    for place in ({path!r}, {str(workshop.home / 'pandaas.sqlite')!r}, {str(workshop.home / 'jobs')!r} + '/../pandaas.sqlite'):\n"
        "        if os.path.exists(place): sdk.warn('read ' + place)\n"
    )
    workshop.write_recipe("spies", code)
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "spies", workshop.dataset()))
    assert view.job.warnings == []


@pytest.mark.parametrize(
    "trick",
    [
        "os.symlink('/etc/shadow', output / 'result.nxs')",
        "os.mkfifo(output / 'result.nxs')",
        "os.mkdir(output / 'result.nxs')",
    ],
)
def test_a_result_that_is_no_file_fails_the_job(workshop: Workshop, trick: str) -> None:
    workshop.write_recipe("tricky", f"import os\ndef run(inputs, parameters, output):\n    {trick}\n    os._exit(0)\n")
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "tricky", workshop.dataset()))
    assert view.job.state == "failed"
    assert view.outputs == ()


def test_odd_progress_files_do_no_harm(workshop: Workshop) -> None:
    code = (
        "import os\ndef run(inputs, parameters, output):\n"
        "    os.unlink(output / 'progress.jsonl')\n"
        "    os.symlink('/etc/passwd', output / 'progress.jsonl')\n"
        "    os.mkfifo(output / 'warnings.json')\n"
        "    os.symlink('/etc/passwd', output / 'failure.json')\n"
        "    os._exit(1)\n"
    )
    workshop.write_recipe("odd", code)
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "odd", workshop.dataset()))
    assert view.job.state == "failed"
    assert "root:" not in f"{view.job.failure} {view.job.message} {view.job.warnings}"


def test_a_result_that_can_not_be_registered_fails_the_job(workshop: Workshop) -> None:
    workshop.catalogue.fail_next = UnreadableFile("It holds nothing that can be shown.")
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "sum-whole", workshop.dataset()))
    assert view.job.state == "failed"
    assert "could not be registered: It holds nothing" in (view.job.failure or "")


def test_an_input_that_is_gone_fails_the_job(workshop: Workshop) -> None:
    pid = workshop.dataset(title="Lost run")
    with workshop.database.read() as session:
        Path(session.scalars(select(Dataset).where(Dataset.pid == pid)).one().files[0].path).unlink()
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "sum-whole", pid))
    assert view.job.state == "failed"
    assert "of 'Lost run' can't be opened" in (view.job.failure or "")


def test_others_neither_see_nor_cancel_a_job(workshop: Workshop) -> None:
    workshop.write_recipe("sleeps", SLEEP)
    with workshop.running():
        job_id = workshop.start("alice", "sleeps", workshop.dataset())
        workshop.wait(job_id, state="running")
        bob = workshop.principal("bob")
        for ask in (workshop.jobs.job, workshop.jobs.cancel, workshop.jobs.log, workshop.jobs.retry):
            with pytest.raises(NotFound):
                ask(bob, job_id)
        assert workshop.jobs.jobs(bob, mine=False).total == 0
        workshop.jobs.cancel(workshop.principal("otto"), job_id)
        assert workshop.wait(job_id).job.state == "cancelled"


def test_instrument_staff_see_jobs_on_data_of_their_instrument(workshop: Workshop) -> None:
    workshop.write_recipe("sleeps", SLEEP)
    pid = workshop.dataset()
    instrument = workshop.access.create_instrument(FACILITY, "BL-1").id
    with workshop.database.session() as session:
        session.scalars(select(Dataset).where(Dataset.pid == pid)).one().instrument_id = instrument
        session.scalars(select(Proposal).where(Proposal.name == "P-alice")).one().instrument_id = instrument
    job_id = workshop.start("alice", "sleeps", pid)
    staff, others = (workshop.principal("bob", instruments=frozenset(of)) for of in ({instrument}, {instrument + 1}))
    assert workshop.jobs.job(staff, job_id).job.id == job_id
    assert not workshop.jobs.may_see(others, job_id)


def test_only_the_owner_of_a_notice_dismisses_it(workshop: Workshop) -> None:
    workshop.write_recipe("fails", "def run(inputs, parameters, output):\n    raise ValueError('no')\n")
    with workshop.running():
        workshop.wait(workshop.start("alice", "fails", workshop.dataset()))
    alice, bob = workshop.principal("alice"), workshop.principal("bob")
    [notice] = workshop.jobs.notices(alice)
    assert notice.text.startswith("Fails of “A series” failed: ")
    with pytest.raises(NotFound):
        workshop.jobs.dismiss_notice(bob, notice.id)
    workshop.jobs.dismiss_notice(alice, notice.id)
    assert workshop.jobs.notices(alice) == []


def test_the_log_is_read_in_pieces(workshop: Workshop) -> None:
    code = "def run(inputs, parameters, output):\n    print('a' * 10, flush=True)\n    print('end', flush=True)\n"
    workshop.write_recipe("talks", code)
    alice = workshop.principal("alice")
    with workshop.running():
        job_id = workshop.start("alice", "talks", workshop.dataset())
        workshop.wait(job_id)
    whole = workshop.jobs.log(alice, job_id)
    assert b"aaaaaaaaaa\nend\n" in whole.text
    first = workshop.jobs.log(alice, job_id, 0, 4)
    assert first.next_offset == 4
    assert first.text + workshop.jobs.log(alice, job_id, 4).text == whole.text
    assert workshop.jobs.log(alice, job_id, -3).text == whole.text[-3:]
    assert workshop.jobs.log(alice, job_id, 10**9).text == b""


class TestVerify:
    def _result(self, workshop: Workshop) -> str:
        view = workshop.wait(workshop.start("alice", "sum-whole", workshop.dataset()))
        return view.outputs[0]

    def test_the_same_is_bit_equal(self, workshop: Workshop) -> None:
        alice = workshop.principal("alice")
        with workshop.running():
            pid = self._result(workshop)
            assert workshop.jobs.verification(alice, pid) is None
            workshop.wait(workshop.jobs.verify(alice, pid))
        found = workshop.jobs.verification(alice, pid)
        assert found is not None
        job, comparison = found
        assert job.state == "succeeded"
        assert comparison is not None
        assert (comparison.equal, comparison.bit_equal, comparison.differences) == (True, True, ())

    def test_a_changed_result_differs(self, workshop: Workshop) -> None:
        alice = workshop.principal("alice")
        with workshop.running():
            pid = self._result(workshop)
            with workshop.database.read() as session:
                file = session.scalars(select(Dataset).where(Dataset.pid == pid)).one().files[0].path
            with h5py.File(file, "r+") as stream:
                stream["entry/sum/sum"][3] *= 1 + 1e-5
            workshop.wait(workshop.jobs.verify(alice, pid))
        found = workshop.jobs.verification(alice, pid)
        assert found is not None
        assert found[1] is not None
        assert found[1].equal is False
        assert found[1].largest_relative_difference == pytest.approx(1e-5, rel=0.01)
        assert any("sum/sum" in text for text in found[1].differences)

    def test_the_recorded_version_is_used_after_an_edit(self, workshop: Workshop) -> None:
        alice = workshop.principal("alice")
        with workshop.running():
            pid = self._result(workshop)
            run = workshop.recipe_folder / "sum-whole" / "run.py"
            run.write_text(run.read_text().replace("* parameters.factor", "* parameters.factor + 1"))
            workshop.recipes.refresh(force=True)
            workshop.wait(workshop.jobs.verify(alice, pid))
        found = workshop.jobs.verification(alice, pid)
        assert found is not None
        assert found[1] is not None
        assert found[1].bit_equal

    def test_another_person_can_not_verify_it(self, workshop: Workshop) -> None:
        with workshop.running():
            pid = self._result(workshop)
        with pytest.raises(NotFound):
            workshop.jobs.verify(workshop.principal("bob"), pid)


def test_a_job_is_ended_once(workshop: Workshop) -> None:
    """Whoever comes second with an older view of the job is refused by the fence."""
    from pandaas.db.tables import Job
    from pandaas.jobs.states import move
    from pandaas.model import JobState

    job_id = workshop.start("alice", "sum-whole", workshop.dataset())
    with workshop.database.read() as session:
        first, second = (session.get_one(Job, job_id) for _ in range(2))
        session.expunge_all()
    with workshop.database.read() as session:
        second = session.get_one(Job, job_id)
    with workshop.database.session() as session:
        move(session, first, JobState.CANCELLED, workshop.database.clock)
    with pytest.raises(Conflict), workshop.database.session() as session:
        move(session, second, JobState.QUEUED, workshop.database.clock)


def test_a_token_without_the_scope_may_not_run(workshop: Workshop) -> None:
    from pandaas.model import PrincipalKind, Scope

    token = workshop.principal("alice", kind=PrincipalKind.TOKEN, scopes=frozenset({Scope.READ}))
    with pytest.raises(NotAllowed, match="scope run"):
        workshop.jobs.start(token, JobRequest("sum-whole", {"sample": [workshop.dataset()]}))


def _events(workshop: Workshop, job_id: str, kind: str) -> list[Event]:
    with workshop.database.read() as session:
        query = select(Event).where(Event.subject == job_id, Event.kind == kind).order_by(Event.id)
        return list(session.scalars(query))


def test_files_of_a_failed_job_are_kept_for_those_who_may_read_its_inputs(workshop: Workshop) -> None:
    code = (
        "from pandaas import sdk\n"
        "def run(inputs, parameters, output):\n"
        "    (output / 'files').mkdir()\n"
        "    (output / 'files' / 'notebook.ipynb').write_text('how far it came')\n"
        "    raise sdk.RecipeError('No peak.', 'Widen the range.')\n"
    )
    workshop.write_recipe("failing", code)
    with workshop.running():
        job_id = workshop.start("alice", "failing", workshop.dataset())
        assert workshop.wait(job_id).job.failure == "No peak."
    alice = workshop.principal("alice")
    [kept] = workshop.jobs.kept(alice, job_id)
    assert (kept.name, kept.path.read_text()) == ("notebook.ipynb", "how far it came")
    with pytest.raises(NotFound):
        workshop.jobs.kept_file(alice, job_id, "../notebook.ipynb")
    with pytest.raises(NotFound):
        workshop.jobs.kept(workshop.principal("bob"), job_id)
