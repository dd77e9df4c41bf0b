"""Which engine runs a job, by rule, with the reason in words. A pure function: what it needs is in its arguments.

In this order: what the person chose, if she may and it fits; engines that fit the recipe's needs (a GPU, then memory); for large
data an engine beyond this computer; one that starts at once; the one where least waits. Of equals the first, which is this computer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pandaas.model import InvalidInput, NotAllowed

LOCAL = "local"


@dataclass(frozen=True)
class Demand:
    """What a job needs. `size` of its inputs in bytes; `gpu`: its recipe works on a GPU where there is one."""

    cores: int
    memory_mb: int
    gpu: bool = False
    size: int = 0


@dataclass(frozen=True)
class Standing:
    """How an engine stands now for such work. `starts_now` is None where it can't know; `waiting` pieces of work."""

    starts_now: bool | None
    waiting: int
    answers: bool = True


@dataclass(frozen=True)
class Candidate:
    """An engine. `barred` says why this person may not use it now, None where she may."""

    name: str
    title: str
    memory_mb: int
    gpus: int
    standing: Standing
    barred: str | None = None


@dataclass(frozen=True)
class Choice:
    engine: str
    reason: str


def choose(demand: Demand, candidates: Sequence[Candidate], wanted: str | None = None, large: int = 0) -> Choice:
    """The engine and why. `large` is the size in bytes from which data go beyond this computer (0 = never).

    Raises `InvalidInput` for an engine that is not there, `NotAllowed` for one that the person may not use.
    """
    if wanted is not None:
        return _wanted(candidates, wanted)
    open_ones = [one for one in candidates if one.barred is None]
    if not open_ones:
        raise NotAllowed(candidates[0].barred or "There is no engine.", remedy="Ask the operator.", field="engine")
    fitting, reason = _fitting(demand, open_ones)
    if len(fitting) == 1:
        return Choice(fitting[0].name, reason or _only(fitting[0], candidates))
    if large and demand.size >= large:
        beyond = [one for one in fitting if one.name != LOCAL and one.standing.answers]
        if beyond:
            return Choice(_least(beyond).name, f"The data are large ({demand.size / 1e9:.3g} GB).")
    return _by_what_is_free(fitting)


def _wanted(candidates: Sequence[Candidate], wanted: str) -> Choice:
    found = next((one for one in candidates if one.name == wanted), None)
    if found is None:
        names = ", ".join(one.name for one in candidates)
        raise InvalidInput(f"There is no engine '{wanted}'.", remedy=f"Choose one of {names}.", field="engine")
    if found.barred is not None:
        raise NotAllowed(found.barred, remedy="Leave the choice to the platform, or ask the operator.", field="engine")
    return Choice(found.name, "You chose it.")


def _fitting(demand: Demand, candidates: Sequence[Candidate]) -> tuple[list[Candidate], str]:
    """Those that have what the recipe needs, and the reason if that alone decides."""
    fitting = list(candidates)
    if demand.gpu and any(one.gpus for one in fitting):
        fitting = [one for one in fitting if one.gpus]
        if len(fitting) == 1:
            return fitting, "The recipe works on a GPU, which is there."
    roomy = [one for one in fitting if one.memory_mb >= demand.memory_mb]
    if not roomy:  # the most that there is has to do
        return [max(fitting, key=lambda one: one.memory_mb)], "It has the most memory."
    if len(roomy) == 1 and len(fitting) > 1:
        return roomy, f"The recipe needs {demand.memory_mb / 1000:.3g} GB of memory."
    return roomy, ""


def _only(chosen: Candidate, candidates: Sequence[Candidate]) -> str:
    barred = next((one for one in candidates if one.barred is not None and one.name != chosen.name), None)
    return (barred.barred or "") if barred is not None else "There is no other."


def _by_what_is_free(candidates: Sequence[Candidate]) -> Choice:
    for one in candidates:
        if one.standing.answers and one.standing.starts_now:
            return Choice(one.name, "It starts at once.")
    chosen = _least(candidates)
    ahead = chosen.standing.waiting
    if not chosen.standing.answers:
        return Choice(chosen.name, "No engine answers now.")
    busy = next((one for one in candidates if one.name == LOCAL and one is not chosen), None)
    if busy is not None:
        return Choice(
            chosen.name, f"This computer is busy ({busy.standing.waiting} waiting); {ahead or 'nobody'} waits there."
        )
    return Choice(chosen.name, f"Least is waiting there ({ahead}).")


def _least(candidates: Sequence[Candidate]) -> Candidate:
    return min(candidates, key=lambda one: (not one.standing.answers, one.standing.waiting))
