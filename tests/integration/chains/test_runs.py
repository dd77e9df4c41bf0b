"""Chains from request to result, with real jobs in the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import h5py
import pytest
from sqlalchemy import func, select

from pandaas.chains import ChainDefinition, RunRequest, RunState, RunView, definition_of
from pandaas.db.tables import ChainRun, Dataset, DatasetFile, Job
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, PrincipalKind, Scope
from pandaas.testing.leader import leader
from pandaas.testing.workshop import Workshop

pytestmark = pytest.mark.integration

# Fails while the file `broken` lies beside its code, so that it can be mended between two attempts.
FAILING = "def run(inputs, parameters, output):\n    from pandaas import sdk\n    raise sdk.RecipeError('Too noisy.', 'Mend it.')\n"
SLOW = (
    "import time\nimport numpy as np\nfrom pandaas import sdk\n"
    "def run(inputs, parameters, output):\n"
    "    array = np.asarray(inputs.one('sample').array()[...], dtype=float).sum(axis=-1)\n"
    "    time.sleep(0.8)\n"
    "    plot = sdk.Plot('sum', sdk.Field('sum', array), [sdk.Field('n', np.arange(array.shape[0]))])\n"
    "    sdk.write_result(title='Slow', process={'program': 't', 'version': '1', 'parameters': {}}, plots=[plot])\n"
)


def two_steps(first: str = "sum-blocks", second: str = "sum-whole", **parameters: Any) -> ChainDefinition:
    return definition_of(
        {
            "title": "Twice",
            "inputs": [{"name": "sample"}],
            "steps": [
                {"name": "one", "recipe": first, "inputs": {"sample": ["sample"]}, "parameters": {"factor": 2}},
                {"name": "two", "recipe": second, "inputs": {"sample": ["one"]}, "parameters": parameters},
            ],
        }
    )


def start(workshop: Workshop, chain: ChainDefinition, pids: Sequence[str], **more: Any) -> list[str]:
    alice = workshop.principal("alice")
    saved = workshop.chains.library.save(alice, chain)
    return workshop.chains.runs.start(alice, RunRequest(saved, {"sample": pids}, **more))


def wait(workshop: Workshop, run_id: str, *, until: Callable[[RunView], bool] | None = None) -> RunView:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        view = workshop.chains.runs.run(workshop.principal("otto"), run_id)
        if until(view) if until else view.run.state != "running":
            return view
        time.sleep(0.05)
    raise AssertionError(f"{run_id}: {states(view)}")


def states(view: RunView) -> dict[str, str]:
    return {step.step.name: step.step.state for step in view.steps}


def values(workshop: Workshop, pid: str) -> Any:
    with workshop.database.read() as session:
        query = select(DatasetFile.path).join(Dataset).where(Dataset.pid == pid)
        path = session.scalars(query).one()
    with h5py.File(path) as stream:
        return stream["entry/sum/sum"][()]


def jobs_of(workshop: Workshop, run_id: str) -> int:
    with workshop.database.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.chain_run == run_id)) or 0


def test_a_chain_runs_to_its_last_result(workshop: Workshop) -> None:
    pid = workshop.dataset()
    [run_id] = start(workshop, two_steps(factor=10), [pid])
    with workshop.running(chains=True):
        view = wait(workshop, run_id)
    assert (view.run.state, states(view)) == ("succeeded", {"one": "succeeded", "two": "succeeded"})
    assert view.proposal == "P-alice"
    first, last = view.steps[0].result, view.steps[1].result
    assert first is not None
    assert last is not None
    assert list(values(workshop, last)) == [10 * value for value in values(workshop, first)]
    assert jobs_of(workshop, run_id) == 2


def test_several_datasets_are_a_series_of_runs(workshop: Workshop) -> None:
    runs = start(workshop, two_steps(), [workshop.dataset(), workshop.dataset()])
    assert len(runs) == 2
    series = {workshop.chains.runs.run(workshop.principal("alice"), run).run.series for run in runs}
    assert len(series) == 1
    assert workshop.chains.runs.runs(workshop.principal("alice"), series=series.pop()).total == 2


def test_a_restart_uses_the_results_that_are_there(workshop: Workshop) -> None:
    workshop.write_recipe("shaky", FAILING)
    [run_id] = start(workshop, two_steps(second="shaky"), [workshop.dataset()])
    with workshop.running(chains=True):
        failed = wait(workshop, run_id)
        assert states(failed) == {"one": "succeeded", "two": "failed"}
        assert failed.steps[1].step.failure == "Too noisy."
        workshop.write_recipe("shaky", (workshop.recipe_folder / "sum-whole" / "run.py").read_text())
        workshop.chains.runs.restart(workshop.principal("alice"), run_id, parameters={"two": {"factor": 3}})
        again = wait(workshop, run_id)
    assert again.run.state == "succeeded"
    assert again.steps[0].step.job_id == failed.steps[0].step.job_id
    assert jobs_of(workshop, run_id) == 3


def test_parameters_of_a_step_that_keeps_its_result_do_not_change(workshop: Workshop) -> None:
    workshop.write_recipe("shaky", FAILING)
    [run_id] = start(workshop, two_steps(second="shaky"), [workshop.dataset()])
    with workshop.running(chains=True):
        wait(workshop, run_id)
    with pytest.raises(InvalidInput) as caught:
        workshop.chains.runs.restart(workshop.principal("alice"), run_id, parameters={"one": {"factor": 3}})
    assert caught.value.field == "parameters.one"


def test_cancelling_ends_the_running_step_and_starts_no_other(workshop: Workshop) -> None:
    workshop.write_recipe("slow", SLOW.replace("0.8", "60"))
    [run_id] = start(workshop, two_steps(first="slow"), [workshop.dataset()])
    with workshop.running(chains=True):
        wait(workshop, run_id, until=lambda view: view.steps[0].job_state == "running")
        workshop.chains.runs.cancel(workshop.principal("alice"), run_id)
        view = wait(workshop, run_id)
    assert (view.run.state, states(view)) == ("cancelled", {"one": "cancelled", "two": "cancelled"})


def test_kills_between_steps_start_each_step_once(workshop: Workshop) -> None:
    """Two runs of three steps; the process that leads is killed again and again, at other moments each time."""
    workshop.write_recipe("slow", SLOW)
    chain = two_steps(first="slow", second="sum-whole")
    third = {"name": "three", "recipe": "sum-blocks", "inputs": {"sample": ["two"]}}
    chain = definition_of({**chain.to_json(), "steps": [*chain.to_json()["steps"], third]})
    runs = start(workshop, chain, [workshop.dataset() for _ in range(2)])
    for patience in (0.3, 0.8, 1.3, 1.8):
        with leader(workshop, chains=True):
            time.sleep(patience)
    with leader(workshop, chains=True):
        views = [wait(workshop, run) for run in runs]
    assert [states(view) for view in views] == [dict.fromkeys(("one", "two", "three"), "succeeded")] * 2
    assert [jobs_of(workshop, run) for run in runs] == [3, 3]


def test_two_leaders_at_once_start_each_step_once(workshop: Workshop) -> None:
    [run_id] = start(workshop, two_steps(), [workshop.dataset()])
    stale = workshop.chains.keeper
    with workshop.running():
        end = time.monotonic() + 30
        while time.monotonic() < end and stale.advance(run_id) == "running":
            stale.advance(run_id)
            time.sleep(0.02)
    assert jobs_of(workshop, run_id) == 2


def test_others_neither_see_nor_change_a_run(workshop: Workshop) -> None:
    [run_id] = start(workshop, two_steps(), [workshop.dataset()])
    with pytest.raises(NotFound):
        workshop.chains.runs.run(workshop.principal("bob"), run_id)
    with pytest.raises(NotFound):
        workshop.chains.runs.cancel(workshop.principal("bob"), run_id)


def test_a_dataset_that_one_may_not_analyse_is_refused(workshop: Workshop) -> None:
    bob = workshop.principal("bob")
    saved = workshop.chains.library.save(bob, two_steps())
    with pytest.raises(NotFound) as caught:
        workshop.chains.runs.start(bob, RunRequest(saved, {"sample": [workshop.dataset()]}))
    assert caught.value.field == "sample"


def test_a_right_taken_back_between_two_steps_stops_the_chain(workshop: Workshop) -> None:
    [run_id] = start(workshop, two_steps(), [workshop.dataset()])
    with workshop.running():
        workshop.chains.keeper.advance(run_id)
        wait(workshop, run_id, until=lambda view: view.steps[0].job_state == "succeeded")
        with workshop.database.session() as session:
            session.execute(_alice_leaves())
        while workshop.chains.keeper.advance(run_id) == "running":
            time.sleep(0.05)
    view = workshop.chains.runs.run(workshop.principal("otto"), run_id)
    assert states(view) == {"one": "succeeded", "two": "failed"}
    assert jobs_of(workshop, run_id) == 1


def test_private_chains_are_their_owners(workshop: Workshop) -> None:
    alice, bob = workshop.principal("alice"), workshop.principal("bob")
    saved = workshop.chains.library.save(alice, two_steps())
    assert [one.chain.id for one in workshop.chains.library.chains(bob)] == []
    with pytest.raises(NotFound):
        workshop.chains.library.chain(bob, saved)
    with pytest.raises(NotAllowed, match="Only instrument staff"):
        workshop.chains.library.share(alice, saved, "published")


def test_a_token_without_admin_changes_no_chain_of_others(workshop: Workshop) -> None:
    chain = workshop.chains.library.save(workshop.principal("alice"), two_steps())
    otto = workshop.principal("otto")
    workshop.chains.library.share(otto, chain, "published")
    token = workshop.principal("otto", kind=PrincipalKind.TOKEN, scopes=frozenset({Scope.READ, Scope.RUN}))
    with pytest.raises(NotAllowed, match="not yours"):
        workshop.chains.library.remove(token, chain)
    workshop.chains.library.remove(otto, chain)


def test_a_saved_chain_gets_a_new_version_only_when_it_changed(workshop: Workshop) -> None:
    alice = workshop.principal("alice")
    saved = workshop.chains.library.save(alice, two_steps())
    workshop.chains.library.save(alice, two_steps(), saved)
    workshop.chains.library.save(alice, two_steps(factor=3), saved)
    assert [one.number for one in workshop.chains.library.versions(alice, saved)] == [2, 1]


def test_a_run_that_goes_on_can_not_be_restarted(workshop: Workshop) -> None:
    [run_id] = start(workshop, two_steps(), [workshop.dataset()])
    with pytest.raises(Conflict):
        workshop.chains.runs.restart(workshop.principal("alice"), run_id)


def _alice_leaves() -> Any:
    from sqlalchemy import delete

    from pandaas.db.tables import Person, ProposalMember

    alice = select(Person.id).where(Person.user == "alice").scalar_subquery()
    return delete(ProposalMember).where(ProposalMember.person_id == alice)


def test_each_run_of_a_series_has_inputs_proposed_for_itself(workshop: Workshop) -> None:
    slot = '[[inputs]]\nname = "background"\ntitle = "Background"\nhelp = "Of the solvent."\nminimum = 0\nmaximum = 1\n'
    workshop.write_recipe("subtract", "pass", manifest=f"{slot}\n[resources]\ncores = 1\n")
    document = {
        "title": "Without its background",
        "inputs": [{"name": "sample"}, {"name": "background", "optional": True}],
        "steps": [
            {
                "name": "one",
                "recipe": "subtract",
                "inputs": {"sample": ["sample"], "background": ["background"]},
            }
        ],
    }
    sample, water = workshop.dataset(), workshop.dataset(title="Water background")
    first, second = start(workshop, definition_of(document), [sample, water], fill=True)
    alice = workshop.principal("alice")
    told = [
        {one.name: one.dataset_pid for one in workshop.chains.runs.run(alice, run).run.inputs}
        for run in (first, second)
    ]
    assert told == [{"sample": sample, "background": water}, {"sample": water}]


def _by_token(workshop: Workshop, scopes: Sequence[Scope]) -> tuple[str, int]:
    """A run of two steps that a token of alice's started, and the token's number."""
    alice = workshop.principal("alice")
    saved = workshop.chains.library.save(alice, two_steps())
    number, text = workshop.identity.create_token(alice.person_id or 0, "for chains", scopes)
    token = workshop.identity.principal_of_token(text)
    [run] = workshop.chains.runs.start(token, RunRequest(saved, {"sample": [workshop.dataset()]}))
    return run, number


def test_steps_keep_the_scopes_of_the_token_that_started_them(workshop: Workshop) -> None:
    run_id, _ = _by_token(workshop, [Scope.READ, Scope.RUN])
    with workshop.database.read() as session:
        acting = workshop.chains.keeper._acting.of_run(session, session.get_one(ChainRun, run_id))
    assert (acting.kind, acting.scopes) == (PrincipalKind.TOKEN, {Scope.READ, Scope.RUN})


def test_no_step_starts_for_a_token_that_was_taken_back(workshop: Workshop) -> None:
    run_id, number = _by_token(workshop, [Scope.READ, Scope.RUN])
    alice = workshop.principal("alice")
    workshop.identity.delete_token(alice.person_id or 0, number)
    workshop.identity.create_token(alice.person_id or 0, "another", [Scope.READ, Scope.RUN])  # it may get its number
    while workshop.chains.keeper.advance(run_id) is RunState.RUNNING:
        pass
    view = workshop.chains.runs.run(alice, run_id)
    assert states(view) == {"one": "failed", "two": "skipped"}
    assert "taken back" in (view.steps[0].step.failure or "")
    workshop.chains.runs.restart(alice, run_id)  # now it is she herself
    workshop.chains.keeper.advance(run_id)
    assert states(workshop.chains.runs.run(alice, run_id))["one"] == "running"
