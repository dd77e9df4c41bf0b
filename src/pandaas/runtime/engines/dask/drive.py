"""Leads one job through a Dask cluster: `python -m pandaas.runtime.engines.dask.drive FOLDER`, under a supervisor.

`dask.json` in FOLDER says what to run. Work in blocks: `plan` here, `process` of groups of blocks on the workers, `finish` here; each
is the SDK's own command in the job's sandbox. Partials are merged in the order of blocks by `finish`, whatever worker made
them and however often, so the bits are those of one computer. Other work is one task. The exit code is the work's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from pandaas.runtime.engines.dask import task

_TRIES = 5  # losses of a worker that one group of blocks survives
_GROUPS_PER_CORE = 4
_CONNECT_S = 60


class Ended(Exception):
    """The work ended before its end, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def main() -> int:
    folder = Path(sys.argv[1])
    wanted = json.loads((folder / "dask.json").read_text("utf-8"))
    try:
        if wanted.get("blocks") is None:
            with _client(wanted) as client:
                future = _submit(client, wanted, wanted["whole"], folder / "tries")
                return _outcome(future.result(), folder, Path(wanted["output"]))
        return _in_blocks(folder, wanted)
    except Ended as end:
        return end.code
    finally:
        shutil.rmtree(folder / "tries", ignore_errors=True)


def _in_blocks(folder: Path, wanted: dict[str, Any]) -> int:
    planned = json.loads(_here(wanted["plan"]))["blocks"]
    groups = _groups(len(planned), wanted["cores"])
    with _client(wanted) as client:
        partials = _process(client, folder, wanted, groups, sum(stop - start for start, stop in planned))
    command = wanted["finish"]
    _here({**command, "argv": [*command["argv"], *partials]})
    return 0


def _groups(blocks: int, cores: int) -> list[tuple[int, int]]:
    """Consecutive blocks (first, last + 1); a few groups per core, so that a slow worker holds nobody up."""
    size = max(1, blocks // (_GROUPS_PER_CORE * cores))
    return [(first, min(first + size, blocks)) for first in range(0, blocks, size)]


def _process(client: Any, folder: Path, wanted: dict[str, Any], groups: list[tuple[int, int]], total: int) -> list[str]:
    """The partials' files, in the order of blocks."""
    distributed = _distributed()
    output = Path(wanted["output"])
    futures: dict[Any, tuple[int, int]] = {}
    for group in groups:
        piece = json.loads(json.dumps(wanted["process"]).replace("@BLOCKS@", f"{group[0]}:{group[1]}"))
        futures[_submit(client, wanted, piece, folder / "tries")] = group
    done: dict[tuple[int, int], str] = {}
    for future in distributed.as_completed(futures):
        told = future.result()
        code = _outcome(told, folder, output)
        if code:
            raise Ended(code)
        done[futures[future]] = f"{told['folder']}/output/partial.npz"
        _tell(output, 0.97 * len(done) / len(groups), f"{len(done)} of {len(groups)} parts of {total}")
    return [done[group] for group in groups]


def _submit(client: Any, wanted: dict[str, Any], piece: dict[str, Any], place: Path) -> Any:
    return client.submit(
        task.run_in_folder, str(place), piece, wanted["supervisor"], pure=False, retries=_TRIES, key=None
    )


def _outcome(told: dict[str, Any], folder: Path, output: Path) -> int:
    """The exit code of a task; what it wrote and why it failed becomes the job's."""
    tried = Path(told["folder"])
    if (tried / "log.txt").exists():
        sys.stderr.write((tried / "log.txt").read_text("utf-8", "replace"))
        sys.stderr.flush()
    record = told["exit"]
    if record is None:
        sys.stderr.write("The supervisor on the worker left no record.\n")
        return 2
    if record["reason"] != "exit":
        (folder / "reason.json").write_text(json.dumps({"reason": record["reason"]}), "utf-8")
        return 1
    for name in ("failure.json", "warnings.json"):
        if (tried / "output" / name).is_file() and not (tried / "output" / name).is_symlink():
            shutil.copyfile(tried / "output" / name, output / name)
    code = record["code"]
    return int(code) if code is not None else 128 + int(record["signal"] or 9)


def _here(command: dict[str, Any]) -> str:
    """Run one of the SDK's commands here, in its sandbox; its standard output."""
    done = subprocess.run(
        command["argv"], env=command["env"], cwd=command["cwd"], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise Ended(done.returncode if done.returncode > 0 else 128 - done.returncode)
    return done.stdout


def _tell(output: Path, fraction: float, message: str) -> None:
    line = {"t": time.time(), "fraction": fraction, "message": message}
    with (output / "progress.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


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
