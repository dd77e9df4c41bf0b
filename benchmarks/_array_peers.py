"""Further rows of `benchmarks/arrays.py`: from disk, against the physical limit, against Tiled, and what a second process costs.

The limit is a server of a few lines that keeps an index of chunks and gives anybody the same bytes by `pread` and decoding
(`--limit-server nd_limit_server.py`). Tiled (https://blueskyproject.io/tiled) has an environment of its own
(`python -m venv T; T/bin/pip install "tiled[server]" h5py hdf5plugin`, then `--tiled T/bin`); no other package needs it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FRAMES = 100
_COLD = (("row across the stack", ":,1000,:"), ("EIGER frame, decoded", "N,:,:"))
_LIMIT = (
    ("EIGER frame as it is stored", "/pass/eiger.nxs/{}", True, "N,:,:"),
    ("EIGER frame, decoded", "/dec/eiger.nxs/{}", False, "N,:,:"),
    ("row across the stack", "/rows/eiger.nxs/1000", False, ":,1000,:"),
)
_TILED = (("EIGER frame, decoded", "eiger.nxs", "N,:,:"), ("camera frame in one piece", "camera.nxs", "N,:,:"))
_SECOND = """
import json, sys, time
from pathlib import Path
import psutil
from pandaas.arrays import ArrayService
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles

folder = Path(sys.argv[1]).resolve()

class Files:
    def files(self, principal, pid):
        return DatasetFiles(pid, 1, folder / pid, "", "/", frozenset({folder / pid}))
    def may_read_path(self, principal, path):
        return True

def milliseconds(do):
    started = time.perf_counter()
    do()
    return (time.perf_counter() - started) * 1e3

service = ArrayService(load_settings(home=Path(sys.argv[2])), Files(), folders=[folder])
data = "/entry/data/data"
found = {
    "a slice": milliseconds(lambda: service.read(ANONYMOUS, "eiger.nxs", data, "5,5,:")),
    "structure": milliseconds(lambda: service.tree(ANONYMOUS, "eiger.nxs")),
    "structure again": milliseconds(lambda: service.tree(ANONYMOUS, "eiger.nxs")),
    "a slice again": milliseconds(lambda: service.read(ANONYMOUS, "eiger.nxs", data, "6,5,:")),
}
found["MB"] = psutil.Process().memory_info().rss / 1e6
found["MB of reader processes"] = sum(child.memory_info().rss for child in psutil.Process().children(True)) / 1e6
print(json.dumps(found), flush=True)
sys.stdin.read()
service.close()
"""
Timed = Callable[[Any, Callable[[Any, int], object], int], tuple[list[float], float]]


def from_disk(ours: Any, theirs: Any, ask: Callable[..., Any], folder: Path, rounds: int) -> Iterator[str]:
    """With nothing of the file in the page cache. What a server knows of the file (its index) it keeps."""
    yield "| from disk | PaN-DAaS ms | h5grove ms | h5grove / PaN-DAaS |"
    yield "|---|---|---|---|"
    for title, text in _COLD:
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(rounds + 1):  # in the first one it is learned where the chunks lie
            for side, found in zip((ours, theirs), times, strict=True):
                forget_pages(folder / "eiger.nxs")
                started = time.perf_counter()
                ask("eiger.nxs", text)(side, turn)
                if turn:
                    found.append((time.perf_counter() - started) * 1e3)
        a, b = map(statistics.median, times)
        ratio = statistics.median(y / x for x, y in zip(*times, strict=True))
        yield f"| {title} `[{text}]` | {a:.1f} | {b:.1f} | {ratio:.1f} |"


def forget_pages(path: Path) -> None:
    """Have the kernel drop what it keeps of a file."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def beside_limit(
    ours: Any, limit: Any, stored: Callable[..., Any], ask: Callable[..., Any], tools: tuple[Timed, Any], rounds: int
) -> Iterator[str]:
    """`tools` are `timed` and `rate`."""
    timed, rate = tools
    yield "| of the limit | PaN-DAaS ms (CPU) | limit ms (CPU) | 8 clients, per second | limit | share of the limit |"
    yield "|---|---|---|---|---|---|"
    for title, path, as_stored, text in _LIMIT:

        def theirs(side: Any, number: int, path: str = path) -> object:
            return side.get(path.format(number % FRAMES))

        mine = stored if as_stored else ask("eiger.nxs", text)
        times, cpus, rates = _pairs(3)
        for turn in range(rounds + 1):
            for which, (side, one) in enumerate(((ours, mine), (limit, theirs))):
                found, cpu = timed(side, one, 10)
                speed = rate(side, one, seconds=2)
                if turn:
                    times[which].extend(found)
                    cpus[which].append(cpu)
                    rates[which].append(speed)
        (a, b), (ca, cb), (ra, rb) = (tuple(map(statistics.median, pair)) for pair in (times, cpus, rates))
        share = statistics.median(x / y for x, y in zip(*rates, strict=True))
        yield f"| {title} | {a:.1f} ({ca:.1f}) | {b:.1f} ({cb:.1f}) | {ra:.0f} | {rb:.0f} | {share:.0%} |"


def beside_tiled(ours: Any, tiled: Any, ask: Callable[..., Any], timed: Timed, rounds: int) -> Iterator[str]:
    yield "| | PaN-DAaS ms (CPU) | Tiled ms (CPU) | Tiled / PaN-DAaS (CPU) |"
    yield "|---|---|---|---|"
    for title, file, text in _TILED:

        def theirs(side: Any, number: int, file: str = file, text: str = text) -> object:
            selection = text.replace("N", str(number % FRAMES))
            node = f"/api/v1/array/full/{file.partition('.')[0]}/entry/data/data"
            status, _, length = side.get(f"{node}?slice={selection}&format=application/octet-stream")
            if status != 200:
                raise SystemExit(f"Tiled says {status} to {node}")
            return length

        times, cpus = _pairs(2)
        for turn in range(rounds + 1):
            for which, (side, one) in enumerate(((ours, ask(file, text)), (tiled, theirs))):
                found, cpu = timed(side, one, 5)
                if turn:
                    times[which].extend(found)
                    cpus[which].append(cpu)
        (a, b), (ca, cb) = (tuple(map(statistics.median, pair)) for pair in (times, cpus))
        yield f"| {title} | {a:.1f} ({ca:.1f}) | {b:.1f} ({cb:.1f}) | {b / a:.1f} ({cb / max(ca, 0.01):.1f}) |"


def second_process(folder: Path, home: Path) -> Iterator[str]:
    """Array services in two processes one after the other, both alive, which share what is on the shelf."""
    running = []
    try:
        answers = []
        for _ in range(2):
            process = subprocess.Popen(
                [sys.executable, "-c", _SECOND, str(folder), str(home)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            running.append(process)
            assert process.stdout is not None
            answers.append(json.loads(process.stdout.readline()))
        yield "| | first process | second process |"
        yield "|---|---|---|"
        for name in answers[0]:
            unit = "" if name.startswith("MB") else ", ms"
            yield f"| {name}{unit} | {answers[0][name]:.1f} | {answers[1][name]:.1f} |"
    finally:
        for process in running:
            process.communicate()


@contextmanager
def limit_server(program: Path, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"ND_DATA": str(folder)}
    with _running([sys.executable, str(program), "asgi", str(port)], environment) as process:
        yield process


@contextmanager
def tiled_server(programs: Path, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Every file of `folder` as HDF5; `programs` is the `bin` of Tiled's environment."""
    command = [str(programs / "tiled"), "serve", "directory", str(folder), "--public", "--port", str(port)]
    with _running([*command, "--ext", ".nxs=application/x-hdf5"], dict(os.environ)) as process:
        yield process


def has_registered(tiled: Any) -> bool:
    """Whether Tiled knows all files that it is asked for; it answers before it has looked at them."""
    names = {file.partition(".")[0] for _, file, _ in _TILED}
    return all(tiled.get(f"/api/v1/metadata/{name}/entry/data/data")[0] == 200 for name in names)


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _pairs(number: int) -> list[tuple[list[float], list[float]]]:
    """Room for what two sides measure, so many times."""
    return [([], []) for _ in range(number)]
