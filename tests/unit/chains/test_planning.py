"""The state machine of runs: examples, and what must hold for every chain whatever becomes of its steps."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pandaas.chains.planning import (
    STEP_TRANSITIONS,
    RunState,
    StepState,
    cycle,
    levels,
    plan,
    to_restart,
)

W, R, S, F, C, K = (
    StepState.WAITING,
    StepState.RUNNING,
    StepState.SUCCEEDED,
    StepState.FAILED,
    StepState.CANCELLED,
    StepState.SKIPPED,
)
NEEDS = {"integrate": set(), "subtract": {"integrate"}, "fit": {"subtract"}, "view": {"integrate"}}


def test_first_the_steps_start_that_need_no_other() -> None:
    assert plan(dict.fromkeys(NEEDS, W), NEEDS).ready == ("integrate",)


def test_branches_start_together_when_their_source_has_a_result() -> None:
    assert plan({"integrate": S, "subtract": W, "fit": W, "view": W}, NEEDS).ready == ("subtract", "view")


def test_what_needs_a_failed_step_is_skipped_and_other_branches_go_on() -> None:
    found = plan({"integrate": S, "subtract": F, "fit": W, "view": R}, NEEDS)
    assert found.ended == {"fit": K}
    assert found.run is RunState.RUNNING


def test_a_run_with_a_failed_step_has_failed_once_all_has_ended() -> None:
    assert plan({"integrate": S, "subtract": F, "fit": K, "view": S}, NEEDS).run is RunState.FAILED


def test_a_cancelled_run_starts_nothing_and_waits_for_its_running_steps() -> None:
    found = plan({"integrate": S, "subtract": R, "fit": W, "view": W}, NEEDS, cancelled=True)
    assert (found.ready, found.ended, found.run) == ((), {"fit": C, "view": C}, RunState.RUNNING)


def test_a_restart_takes_the_steps_without_result() -> None:
    assert to_restart({"integrate": S, "subtract": F, "fit": K, "view": S}, NEEDS) == ("subtract", "fit")


def test_a_restart_from_a_step_takes_all_that_use_its_result() -> None:
    assert to_restart(dict.fromkeys(NEEDS, S), NEEDS, ["subtract"]) == ("subtract", "fit")


def test_a_circle_is_found() -> None:
    assert set(cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()})) == {"a", "b", "c"}


def test_a_step_lies_below_all_that_it_needs() -> None:
    assert levels(NEEDS) == {"integrate": 0, "subtract": 1, "fit": 2, "view": 1}


@st.composite
def graphs(draw: Any) -> dict[str, set[str]]:
    names = [f"s{n}" for n in range(draw(st.integers(1, 7)))]
    return {
        name: set(draw(st.lists(st.sampled_from(names[:n]), max_size=3))) if n else set()
        for n, name in enumerate(names)
    }


@given(graphs(), st.data())
def test_every_run_comes_to_an_end_and_starts_each_step_at_most_once(needs: dict[str, set[str]], data: Any) -> None:
    """Whatever the jobs do and whenever it is cancelled; each change is one of the state machine's."""
    states = dict.fromkeys(needs, W)
    started: list[str] = []
    cancelled = False
    for _ in range(4 * len(needs) + 4):
        found = plan(states, needs, cancelled=cancelled)
        for name, state in found.ended.items():
            assert state in STEP_TRANSITIONS[states[name]]
            states[name] = state
        assert plan(states, needs, cancelled=cancelled).run is found.run  # a second look changes nothing
        for name in found.ready:
            assert all(states[one] is S for one in needs[name])
            states[name] = R
            started.append(name)
        if found.run.is_final:
            break
        running = [name for name, state in states.items() if state is R]
        assert running, "nothing runs and nothing can start, but the run has not ended"
        cancelled = cancelled or data.draw(st.booleans())
        states[data.draw(st.sampled_from(running))] = data.draw(st.sampled_from([S, F, C]))
    assert found.run.is_final
    assert all(state.is_final for state in states.values())
    assert len(started) == len(set(started))
    assert (found.run is RunState.SUCCEEDED) == all(state is S for state in states.values())


@given(graphs(), st.data())
def test_a_restart_keeps_only_results_that_rest_on_kept_ones(needs: dict[str, set[str]], data: Any) -> None:
    states = {name: data.draw(st.sampled_from([S, F, C, K])) for name in needs}
    first = data.draw(st.lists(st.sampled_from(sorted(needs)), max_size=2))
    again = set(to_restart(states, needs, first))
    assert {name for name, state in states.items() if state is not S} <= again
    assert all(not (again & set(needs[name])) for name in needs if name not in again)


def test_a_circle_is_drawn_behind_the_rest() -> None:
    assert levels({"a": set(), "b": {"a", "c"}, "c": {"b"}, "d": {"c"}, "e": {"missing"}})["a"] == 0
