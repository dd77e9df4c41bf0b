"""Leads one job through a Dask cluster: `python -m pandaas.runtime.engines.dask.drive FOLDER`, under a supervisor.

`dask.json` in FOLDER says what to run. Work in blocks: `plan` here, `process` of groups of blocks on the workers, `finish` here; each
is the SDK's own command in the job's sandbox. Partials are merged in the order of blocks by `finish`, whatever worker made
them and however often, so the bits are those of one computer. Other work is one task. The exit code is the work's.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import cloudpickle

from pandaas.runtime.engines import task
from pandaas.runtime.engines.dask.clusters import TRIES, client_of
from pandaas.runtime.engines.leading import Ended, groups_of, outcome, run_here, tell
from pandaas.runtime.supervisor import write_atomically

_LOOK_S = 3.0


def main() -> int:
    folder = Path(sys.argv[1])
    cloudpickle.register_pickle_by_value(task)
    wanted = json.loads((folder / "dask.json").read_text("utf-8"))
    try:
        if wanted.get("blocks") is None:
            with client_of(wanted, folder) as (client, look):
                future = _submit(client, wanted, wanted["whole"], folder / "tries")
                [(_, told)] = _as_they_end([future], folder, look)
                _count(folder, wanted, [told])
                return outcome(told, folder, Path(wanted["output"]))
        return _in_blocks(folder, wanted)
    except Ended as end:
        return end.code
    finally:
        shutil.rmtree(folder / "tries", ignore_errors=True)


def _in_blocks(folder: Path, wanted: dict[str, Any]) -> int:
    planned = json.loads(run_here(wanted["plan"]))["blocks"]
    with client_of(wanted, folder) as (client, look):
        partials = _process(client, look, folder, wanted, planned)
    command = wanted["finish"]
    run_here({**command, "argv": [*command["argv"], *partials]})
    return 0


def _process(
    client: Any, look: Callable[[], None], folder: Path, wanted: dict[str, Any], planned: list[tuple[int, int]]
) -> list[str]:
    """The partials' files, in the order of blocks."""
    groups = groups_of(len(planned), wanted["cores"])
    total = sum(stop - start for start, stop in planned)
    output = Path(wanted["output"])
    futures: dict[Any, tuple[int, int]] = {}
    for group in groups:
        piece = json.loads(json.dumps(wanted["process"]).replace("@BLOCKS@", f"{group[0]}:{group[1]}"))
        futures[_submit(client, wanted, piece, folder / "tries")] = group
    done: dict[tuple[int, int], str] = {}
    all_told: list[dict[str, Any]] = []
    for future, told in _as_they_end(futures, folder, look):
        all_told.append(told)
        _count(folder, wanted, all_told)
        code = outcome(told, folder, output)
        if code:
            raise Ended(code)
        done[futures[future]] = f"{told['folder']}/output/partial.npz"
        tell(output, 0.97 * len(done) / len(groups), f"{len(done)} of {len(groups)} parts of {total}")
    return [done[group] for group in groups]


def _as_they_end(
    futures: Iterable[Any], folder: Path, look: Callable[[], None]
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each with what its worker told; the workers are looked after meanwhile."""
    distributed, left = import_module("distributed"), set(futures)
    while left:
        try:
            ended = distributed.wait(list(left), timeout=_LOOK_S, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            ended = set()
        look()
        for future in ended:
            try:
                yield future, future.result()
            except (distributed.KilledWorker, ChildProcessError) as error:
                sys.stderr.write(f"A part was lost with its worker more than {TRIES} times: {error}\n")
                (folder / "reason.json").write_text(json.dumps({"reason": "node"}), "utf-8")
                raise Ended(1) from error
        left -= ended


def _count(folder: Path, wanted: dict[str, Any], told: list[dict[str, Any]]) -> None:
    """What parts used on workers that our supervisor doesn't see; those of a cluster of our own are its descendants."""
    ends = [one["exit"] for one in told if one["exit"]]
    place = wanted["cluster"]
    cpu_s = sum(end["cpu_s"] for end in ends) if place["scheduler"] or place["slurm"] else 0.0
    used = {"cpu_s": cpu_s, "max_rss_mb": max((end["max_rss_mb"] for end in ends), default=0.0)}
    write_atomically(str(folder / "usage.json"), used)


def _submit(client: Any, wanted: dict[str, Any], piece: dict[str, Any], place: Path) -> Any:
    return client.submit(
        task.run_or_be_lost, str(place), piece, wanted["supervisor"], pure=False, retries=TRIES, key=None
    )


if __name__ == "__main__":
    sys.exit(main())
