"""The state machine of a chain's run, as pure functions: what can start, what never will, how the run stands.

A step waits for the steps whose results it takes. When one of these ends without a result the step is skipped; branches
that don't need it go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"  # its job has been requested
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # a step that it needs has no result

    @property
    def is_final(self) -> bool:
        return self not in {StepState.WAITING, StepState.RUNNING}


class RunState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self is not RunState.RUNNING


STEP_TRANSITIONS: dict[StepState, frozenset[StepState]] = {
    StepState.WAITING: frozenset({StepState.RUNNING, StepState.FAILED, StepState.SKIPPED, StepState.CANCELLED}),
    StepState.RUNNING: frozenset({StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED}),
    # Only a restart of the run leads out of these.
    StepState.SUCCEEDED: frozenset({StepState.WAITING}),
    StepState.FAILED: frozenset({StepState.WAITING}),
    StepState.CANCELLED: frozenset({StepState.WAITING}),
    StepState.SKIPPED: frozenset({StepState.WAITING}),
}


@dataclass(frozen=True)
class Plan:
    """What is to be done now: `ready` steps get a job, `ended` steps this state. `run` is the state that the run is in
    once that is done."""

    ready: tuple[str, ...]
    ended: Mapping[str, StepState]
    run: RunState


def plan(states: Mapping[str, StepState], needs: Mapping[str, Iterable[str]], *, cancelled: bool = False) -> Plan:
    """What follows from the steps' states. Steps come in the order of `states`; applied again it changes nothing."""
    now = dict(states)
    ended: dict[str, StepState] = {}
    if cancelled:
        ended = {name: StepState.CANCELLED for name, state in now.items() if state is StepState.WAITING}
        now |= ended
    dead = {name for name, state in now.items() if state.is_final and state is not StepState.SUCCEEDED}
    changed = True
    while changed:
        changed = False
        for name, state in now.items():
            if state is StepState.WAITING and dead & set(needs.get(name, ())):
                now[name] = ended[name] = StepState.SKIPPED
                dead.add(name)
                changed = True
    ready = tuple(
        name
        for name, state in now.items()
        if state is StepState.WAITING and all(now[one] is StepState.SUCCEEDED for one in needs.get(name, ()))
    )
    return Plan(ready, ended, _run_state(now.values()))


def to_restart(
    states: Mapping[str, StepState], needs: Mapping[str, Iterable[str]], first: Iterable[str] = ()
) -> tuple[str, ...]:
    """The steps that wait again when the run is restarted: those without a result and, with `first`, these and all that
    take their results. What the others have made is used again."""
    again = set(first) | {name for name, state in states.items() if state is not StepState.SUCCEEDED}
    changed = True
    while changed:
        more = {name for name in states if name not in again and again & set(needs.get(name, ()))}
        again |= more
        changed = bool(more)
    return tuple(name for name in states if name in again)


def cycle(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Steps that wait for one another in a circle, empty where there is none."""
    left = {name: {one for one in of if one in needs} for name, of in needs.items()}
    while True:
        free = [name for name, of in left.items() if not of]
        if not free:
            return tuple(left)
        for name in free:
            del left[name]
        for of in left.values():
            of.difference_update(free)


def levels(needs: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """How many steps lie before each at most: the row in which a graph draws it. Those of a circle come last."""
    found: dict[str, int] = {}
    while len(found) < len(needs):
        free = [name for name, of in needs.items() if name not in found and all(one in found for one in of)]
        for name in free or [name for name in needs if name not in found]:
            found[name] = 1 + max((found[one] for one in needs[name] if one in found), default=-1)
    return found


def _run_state(states: Iterable[StepState]) -> RunState:
    found = set(states)
    if found & {StepState.WAITING, StepState.RUNNING}:
        return RunState.RUNNING
    if StepState.FAILED in found:
        return RunState.FAILED
    if StepState.CANCELLED in found:
        return RunState.CANCELLED
    return RunState.FAILED if StepState.SKIPPED in found else RunState.SUCCEEDED
