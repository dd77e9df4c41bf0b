"""Leads one job through a Dask cluster: `python -m pandaas.runtime.engines.dask.drive FOLDER`, under a supervisor.

`dask.json` in FOLDER says what to run. Work in blocks: `plan` here, `process` of groups of blocks on the workers, `finish` here; each
is the SDK's own command in the job's sandbox. Partials are merged in the order of blocks by `finish`, whatever worker made
them and however often, so the bits are those of one computer. Other work is one task. The exit code is the work's.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from pandaas.runtime.engines import task
from pandaas.runtime.engines.leading import Ended, groups_of, outcome, run_here, tell
from pandaas.runtime.supervisor import write_atomically

_TRIES = 5  # losses of a worker that one group of blocks survives
_CONNECT_S = 60


def main() -> int:
    folder = Path(sys.argv[1])
    wanted = json.loads((folder / "dask.json").read_text("utf-8"))
    try:
        if wanted.get("blocks") is None:
            with _client(wanted) as client:
                told = _submit(client, wanted, wanted["whole"], folder / "tries").result()
                _count(folder, wanted, [told])
                return outcome(told, folder, Path(wanted["output"]))
        return _in_blocks(folder, wanted)
    except Ended as end:
        return end.code
    finally:
        shutil.rmtree(folder / "tries", ignore_errors=True)


def _in_blocks(folder: Path, wanted: dict[str, Any]) -> int:
    planned = json.loads(run_here(wanted["plan"]))["blocks"]
    groups = groups_of(len(planned), wanted["cores"])
    with _client(wanted) as client:
        partials = _process(client, folder, wanted, groups, sum(stop - start for start, stop in planned))
    command = wanted["finish"]
    run_here({**command, "argv": [*command["argv"], *partials]})
    return 0


def _process(client: Any, folder: Path, wanted: dict[str, Any], groups: list[tuple[int, int]], total: int) -> list[str]:
    """The partials' files, in the order of blocks."""
    distributed = _distributed()
    output = Path(wanted["output"])
    futures: dict[Any, tuple[int, int]] = {}
    for group in groups:
        piece = json.loads(json.dumps(wanted["process"]).replace("@BLOCKS@", f"{group[0]}:{group[1]}"))
        futures[_submit(client, wanted, piece, folder / "tries")] = group
    done: dict[tuple[int, int], str] = {}
    all_told: list[dict[str, Any]] = []
    for future in distributed.as_completed(futures):
        told = future.result()
        all_told.append(told)
        _count(folder, wanted, all_told)
        code = outcome(told, folder, output)
        if code:
            raise Ended(code)
        done[futures[future]] = f"{told['folder']}/output/partial.npz"
        tell(output, 0.97 * len(done) / len(groups), f"{len(done)} of {len(groups)} parts of {total}")
    return [done[group] for group in groups]


def _count(folder: Path, wanted: dict[str, Any], told: list[dict[str, Any]]) -> None:
    """What parts used on workers that our supervisor doesn't see; those of a cluster of our own are its descendants."""
    ends = [one["exit"] for one in told if one["exit"]]
    cpu_s = sum(end["cpu_s"] for end in ends) if wanted["cluster"]["scheduler"] else 0.0
    used = {"cpu_s": cpu_s, "max_rss_mb": max((end["max_rss_mb"] for end in ends), default=0.0)}
    write_atomically(str(folder / "usage.json"), used)


def _submit(client: Any, wanted: dict[str, Any], piece: dict[str, Any], place: Path) -> Any:
    return client.submit(
        task.run_in_folder, str(place), piece, wanted["supervisor"], pure=False, retries=_TRIES, key=None
    )


def _distributed() -> Any:
    """Its parts have no types; and it is optional."""
    return import_module("distributed")


@contextmanager
def _client(wanted: dict[str, Any]) -> Iterator[Any]:
    """A client of the given scheduler, or of a cluster that lives as long as this job, reached with its own certificates only."""
    import cloudpickle

    distributed = _distributed()
    cloudpickle.register_pickle_by_value(task)
    place = wanted["cluster"]
    if place["scheduler"]:
        security = None
        if place["scheduler"].startswith("tls:"):
            security = distributed.Security(
                tls_ca_file=place["ca"],
                tls_client_cert=place["cert"],
                tls_client_key=place["key"],
                require_encryption=True,
            )
        with distributed.Client(place["scheduler"], security=security, timeout=_CONNECT_S) as client:
            yield client
        return
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=distributed.Security.temporary(),
            dashboard_address=None,
            memory_limit=0,
            local_directory=wanted["scratch"],
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        cluster.adapt(minimum=1, maximum=max(1, min(wanted["cores"], place["workers"])))
        yield client


if __name__ == "__main__":
    sys.exit(main())
