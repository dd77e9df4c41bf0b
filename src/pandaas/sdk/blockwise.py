"""Runs a blockwise recipe: `open`, `process`, `merge`, `finish`, and optionally `preview`.

    open(inputs, parameters) -> state            state.blocks = Blocks; called once per process
    process(state, block) -> partial             (start, stop) -> dictionary of arrays and JSON values
    merge(a, b) -> partial                       of a range and the block that follows it
    finish(state, partial) -> None               writes the result
    preview(state, partial) -> dict or None      the curve so far, for the live plot

Partials are merged one block after the other in block order, never in the order of arrival or by pairs, so one core, many
cores, many machines and a repetition after a crash give the same bits.
"""

from __future__ import annotations

import sys
import time
from types import ModuleType
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from pandaas.sdk.blocks import Blocks, load_partials, normalised, save_partials
from pandaas.sdk.errors import RecipeError
from pandaas.sdk.job import Job
from pandaas.sdk.pool import run_in_order
from pandaas.sdk.report import Reporter, current_reporter, progress, set_reporter, warn
from pandaas.sdk.threads import thread_count

_MERGE_SHARE = 0.97  # the last percents belong to finish()


def open_state(code: ModuleType, job: Job, parameters: Any) -> tuple[Any, Blocks]:
    """Call the recipe's `open` and check its blocks."""
    state = code.open(job.inputs, parameters)
    blocks = state.blocks
    if not isinstance(blocks, Blocks):
        blocks = Blocks(list(blocks))
    if len(blocks) == 0:
        first = next((item.slot for item in job.inputs.all()), None)
        raise RecipeError("There is nothing to analyse: the inputs hold no data.", "Choose another dataset.", first)
    return state, blocks


def run(code: ModuleType, job: Job, parameters: Any) -> None:
    """All of it on this machine, with the job's cores."""
    progress(0.0, "Opening the data")
    state, blocks = open_state(code, job, parameters)
    processes = min(job.cores, len(blocks))
    current_reporter().journal.say(
        f"{blocks.total} {_unit(state)} in {len(blocks)} block{'s' if len(blocks) > 1 else ''}, "
        f"worked on by {processes} process{'es' if processes > 1 else ''} with one thread each"
    )
    partial = _merged(code, state, blocks, _computed(code, state, blocks, range(len(blocks)), job.cores))
    _finish(code, state, partial)


def plan(code: ModuleType, job: Job, parameters: Any) -> dict[str, Any]:
    """The blocks, for an engine that distributes them."""
    _, blocks = open_state(code, job, parameters)
    return {"format": 1, "blocks": [list(block) for block in blocks]}


def process(code: ModuleType, job: Job, parameters: Any, chosen: tuple[int, int], target: str) -> None:
    """Blocks number chosen[0] … chosen[1]-1, their partials written to `target`."""
    state, blocks = open_state(code, job, parameters)
    first, last = chosen
    if not 0 <= first < last <= len(blocks):
        raise RecipeError(f"Blocks {first}:{last} don't exist; there are {len(blocks)}.")
    partials = {}
    for index, partial in _computed(code, state, blocks, range(first, last), job.cores):
        partials[index] = partial
        progress((index + 1 - first) / (last - first), f"Block {index + 1 - first} of {last - first}")
    save_partials(target, partials, current_reporter().warnings)


def finish(code: ModuleType, job: Job, parameters: Any, files: Sequence[str]) -> None:
    """Merge the partials that `process` wrote, in block order, and write the result."""
    state, blocks = open_state(code, job, parameters)
    found: dict[int, Mapping[str, Any]] = {}
    for file in files:
        partials, warnings = load_partials(file)
        found.update(partials)
        for text in warnings:
            warn(text)
    missing = sorted(set(range(len(blocks))) - set(found))
    if missing:
        raise RecipeError(
            f"{len(missing)} of {len(blocks)} blocks are missing, the first is {missing[0]}.", "Process them again."
        )
    _finish(code, state, _merged(code, state, blocks, ((index, found[index]) for index in range(len(blocks)))))


def _computed(
    code: ModuleType, state: Any, blocks: Blocks, chosen: Sequence[int], cores: int
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The partials of the chosen blocks, in order."""

    def work(index: int) -> tuple[dict[str, Any], list[str]]:
        heard = Reporter()
        former = set_reporter(heard)
        try:
            return normalised(code.process(state, blocks[index])), heard.warnings
        finally:
            set_reporter(former)

    processes = min(cores, len(chosen))
    if processes > 1 and thread_count() > 1:  # a lock held by a thread stays locked for ever in a forked process
        sys.stderr.write("The recipe's open() started threads, so its blocks run one after the other.\n")
        processes = 1
    if processes <= 1:
        results: Iterable[tuple[int, Any]] = ((index, work(index)) for index in chosen)
    else:
        results = run_in_order(work, chosen, processes)
    for index, (partial, warnings) in results:
        for text in warnings:
            warn(text)
        yield index, partial


def _merged(
    code: ModuleType, state: Any, blocks: Blocks, partials: Iterable[tuple[int, Mapping[str, Any]]]
) -> Mapping[str, Any]:
    started = time.monotonic()
    merged: Optional[Mapping[str, Any]] = None
    items = 0
    for index, partial in partials:
        merged = partial if merged is None else normalised(code.merge(merged, partial))
        items += blocks[index][1] - blocks[index][0]
        message = f"{items} of {blocks.total} {_unit(state)}"
        elapsed = time.monotonic() - started
        if elapsed > 1:
            message += f", {items / elapsed:.3g} per second"
        progress(_MERGE_SHARE * items / blocks.total, message, _preview(code, state, merged))
    current_reporter().journal.say(f"{items} {_unit(state)} done in {time.monotonic() - started:.3g} s")
    if merged is None:
        raise RecipeError("There is nothing to analyse: no block gave a result.")
    return merged


def _unit(state: Any) -> str:
    return str(getattr(state, "unit_of_work", "items"))


def _preview(code: ModuleType, state: Any, merged: Mapping[str, Any]) -> Optional[Mapping[str, Any]]:
    """The curve so far, but only when a line is due: it may be costly."""
    preview = getattr(code, "preview", None)
    if preview is None or not current_reporter().is_due():
        return None
    curve: Optional[Mapping[str, Any]] = preview(state, merged)
    return curve


def _finish(code: ModuleType, state: Any, partial: Mapping[str, Any]) -> None:
    progress(_MERGE_SHARE, "Writing the result")
    code.finish(state, dict(partial))
    progress(1.0, "Done")
