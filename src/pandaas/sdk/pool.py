"""Local processes that work on blocks, forked from a process that has opened the state.

Forking after `open()` shares what is expensive to build (a look-up table of a detector) and costs milliseconds. Numerical
libraries are pinned to one thread before, so no thread is lost in the fork. A process that dies (killed, out of memory,
a crash in a library) takes one block with it, which is given to a fresh process; a block that kills three is the error.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import traceback
from multiprocessing.connection import Connection, wait
from typing import Any, Callable, Iterator, Optional, Sequence

from pandaas.sdk.errors import RecipeError, explain

_ATTEMPTS = 3
_AHEAD = 4  # partials that may wait for an earlier block, per process: keeps the memory flat

Work = Callable[[int], Any]


class _Worker:
    def __init__(self, work: Work, others: Sequence[_Worker]) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, far = context.Pipe()
        inherited = [worker.pipe for worker in others] + [self.pipe]
        self.process = context.Process(target=_serve, args=(work, far, inherited), daemon=True)
        sys.stdout.flush()
        sys.stderr.flush()
        self.process.start()
        far.close()
        self.block: Optional[int] = None

    def give(self, block: int) -> None:
        self.block = block
        self.pipe.send(block)

    def stop(self) -> None:
        self.pipe.close()
        self.process.join(timeout=1)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def run_in_order(work: Work, blocks: Sequence[int], processes: int) -> Iterator[tuple[int, Any]]:
    """Yield (block, work(block)) strictly in the order of `blocks`, computed by `processes` processes.

    Raises the `RecipeError` (or its explanation) of the first block in that order that failed.
    """
    waiting = list(reversed(blocks))
    done: dict[int, Any] = {}
    attempts: dict[int, int] = {}
    workers: list[_Worker] = []
    try:
        for expected in blocks:
            while expected not in done:
                _hand_out(work, workers, waiting, done, processes)
                for block in _collect(workers, done):
                    attempts[block] = attempts.get(block, 0) + 1
                    if attempts[block] >= _ATTEMPTS:
                        done[block] = _died(block)
                    else:
                        waiting.append(block)
            outcome = done.pop(expected)
            if isinstance(outcome, RecipeError):
                raise outcome
            yield expected, outcome
    finally:
        for worker in workers:
            worker.stop()


def _hand_out(work: Work, workers: list[_Worker], waiting: list[int], done: dict[int, Any], processes: int) -> None:
    """Give every idle process a block, unless too many partials already wait for their turn."""
    while waiting and len(done) < _AHEAD * processes:
        idle = next((worker for worker in workers if worker.block is None), None)
        if idle is None and len(workers) < processes:
            idle = _Worker(work, workers)
            workers.append(idle)
        if idle is None:
            return
        try:
            idle.give(waiting[-1])
        except OSError:  # it died while idle
            idle.block = None
            workers.remove(idle)
            idle.stop()
            continue
        waiting.pop()


def _collect(workers: list[_Worker], done: dict[int, Any]) -> list[int]:
    """Wait for news; put partials into `done` and return the blocks whose process died."""
    lost = []
    ready = set(wait([worker.pipe for worker in workers if worker.block is not None]))
    for worker in [worker for worker in workers if worker.pipe in ready]:
        block = worker.block
        if block is None:
            continue
        try:
            done[block] = worker.pipe.recv()
            worker.block = None
        except (EOFError, OSError):
            lost.append(block)
            workers.remove(worker)
            worker.stop()
            sys.stderr.write(f"A process died while working on block {block}; it is tried again.\n")
    return lost


def _serve(work: Work, pipe: Connection, inherited: Sequence[Connection]) -> None:
    """The life of a process: blocks in, partials out, until the other end closes."""
    for connection in inherited:
        connection.close()
    while True:
        try:
            block = pipe.recv()
        except (EOFError, OSError):
            break
        try:
            outcome: Any = work(block)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent reports it in plain words
            traceback.print_exc()
            sys.stderr.flush()
            outcome = explain(error)
        try:
            pipe.send(outcome)
        except OSError:
            break
    os._exit(0)


def _died(block: int) -> RecipeError:
    return RecipeError(
        f"The process working on block {block} ended three times without an answer.",
        "It may have needed more memory than is there: run it again with fewer cores or more memory.",
    )
