"""Arrays over HTTP: PaN-DAaS with authorisation against h5grove without, on the same file of EIGER 4M frames.

    python benchmarks/arrays.py [ROUNDS]

Starts the demo facility with 100 frames and h5grove's own FastAPI application, both on loopback, and asks both the same
in turns (default 3 rounds). Prints per request the medians of milliseconds and of processor time, and their ratio. The
first slice of a kind in the first round is cold (no block table known); the others are warm.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from pandaas.testing.platform import running_demo, stop

FRAMES = 100
DATA = "/entry/data/data"
SERVER = """
import sys, uvicorn
from fastapi import FastAPI
from h5grove.fastapi_utils import router, settings
settings.base_dir = sys.argv[1]
app = FastAPI()
app.include_router(router)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""
REQUESTS = {
    "one frame, decoded": ("data", "7,:,:"),
    "row across the stack [:,1000,:]": ("data", ":,1000,:"),
    "column across the stack [:,:,1000]": ("data", ":,:,1000"),
    "one pixel through the stack": ("data", ":,1000,1000"),
    "100 x 100 region through the stack": ("data", ":,500:600,500:600"),
    "every 8th pixel of a frame": ("data", "9,::8,::8"),
    "attributes": ("attr", None),
}


@dataclass
class Side:
    """One server under test."""

    url: str
    file: str
    pid: int
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=120))

    def ask(self, kind: str, selection: str | None) -> int:
        wanted = {"file": self.file, "path": DATA}
        if kind == "data":
            wanted |= {"format": "bin", "selection": selection or ""}
        answer = self.client.get(f"{self.url}/{kind}", params=wanted, follow_redirects=True)
        answer.raise_for_status()
        return len(answer.content)

    def cpu(self) -> float:
        """Seconds of processor time, reader processes included."""
        total = 0.0
        process = psutil.Process(self.pid)
        for each in (process, *process.children(recursive=True)):
            try:
                times = each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total


def measure(side: Side, kind: str, selection: str | None, repeats: int) -> tuple[list[float], float]:
    """Milliseconds of each request, and processor milliseconds per request."""
    before, found = side.cpu(), []
    for _ in range(repeats):
        started = time.perf_counter()
        side.ask(kind, selection)
        found.append((time.perf_counter() - started) * 1e3)
    return found, (side.cpu() - before) * 1e3 / repeats


def worst_beside(side: Side, heavy: str) -> float:
    """The 95th percentile of attribute requests, in milliseconds, while `heavy` is read again and again."""
    ended = threading.Event()

    def load() -> None:
        other = Side(side.url, side.file, side.pid)
        while not ended.is_set():
            other.ask("data", heavy)

    thread = threading.Thread(target=load)
    thread.start()
    time.sleep(0.3)
    found, _ = measure(side, "attr", None, 60)
    ended.set()
    thread.join()
    return sorted(found)[int(0.95 * len(found))]


def compare(ours: Side, theirs: Side, rounds: int) -> Iterator[str]:
    yield "| request | PaN-DAaS ms (CPU) | h5grove ms (CPU) | h5grove / PaN-DAaS |"
    yield "|---|---|---|---|"
    for title, (kind, selection) in REQUESTS.items():
        repeats = 40 if kind == "attr" else 3
        times: dict[str, list[float]] = {"ours": [], "theirs": []}
        cpus: dict[str, list[float]] = {"ours": [], "theirs": []}
        first = {}
        for side in (ours, theirs):
            side.ask("attr", None)
        for turn in range(rounds):
            for name, side in (("ours", ours), ("theirs", theirs)):
                found, cpu = measure(side, kind, selection, repeats)
                if turn == 0:
                    first[name] = found.pop(0)
                times[name] += found
                cpus[name].append(cpu)
        a, b = statistics.median(times["ours"]), statistics.median(times["theirs"])
        ca, cb = statistics.median(cpus["ours"]), statistics.median(cpus["theirs"])
        yield f"| {title} | {a:.1f} ({ca:.0f}); first {first['ours']:.0f} | {b:.1f} ({cb:.0f}) | {b / a:.1f} |"
    a, b = worst_beside(ours, ":,:,1000"), worst_beside(theirs, ":,:,1000")
    yield f"| attributes while a column across the stack is read, 95th percentile | {a:.1f} | {b:.1f} | {b / a:.1f} |"


@contextmanager
def h5grove(folder: Path) -> Iterator[tuple[str, int]]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(folder), str(port)])
    try:
        wait(lambda: httpx.get(f"http://127.0.0.1:{port}/openapi.json").status_code == 200)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        stop(process)  # type: ignore[arg-type]


def wait(ready: Callable[[], bool]) -> None:
    for _ in range(200):
        try:
            if ready():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("h5grove did not start")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    cache = Path(__file__).parents[1] / ".cache/environments"
    extra = {"PANDAAS_RUNTIME__ENVIRONMENT_FOLDER": os.environ.get("PANDAAS_RUNTIME__ENVIRONMENT_FOLDER", str(cache))}
    with tempfile.TemporaryDirectory() as home, running_demo(Path(home), frames=FRAMES, extra=extra) as platform:
        wanted = {"q": "Growing silica spheres", "kind": "raw"}
        pid = httpx.get(f"{platform.url}/api/v1/search", params=wanted).json()["results"][0]["pid"]
        file = next(path for path in Path(home, "data").rglob("*.nxs") if "silica" in path.name)
        with h5grove(file.parent) as (url, process):
            ours = Side(f"{platform.url}/h5grove", pid, platform.process.pid)
            theirs = Side(url, file.name, process)
            print(f"load {os.getloadavg()[0]:.1f}, {FRAMES} frames, {rounds} rounds")
            for line in compare(ours, theirs, rounds):
                print(line, flush=True)


if __name__ == "__main__":
    main()
