"""Arrays over HTTP: PaN-DAaS with authorisation against h5grove without, on the same files.

    python benchmarks/arrays.py [ROUNDS] [--rows WORD…] [--limit-server FILE] [--tiled FOLDER]

Makes its files (1.9 GB: EIGER 4M frames in Bitshuffle-LZ4, camera frames in one piece, a tomography volume, many groups),
registers them in a demo facility, starts h5grove's own FastAPI application on them, and asks both the same in turns
(default 3 rounds). Prints medians of milliseconds and of processor time, and their ratio. The first slice of a kind in the
first round is cold (nothing known of the file); the others are warm. Use a quiet machine.

`--rows` keeps the rows whose titles have one of these words, and the parts `limits`, `together`, `beside`, `disk`, `second` where
named (all of them without it). The limit server and Tiled are asked where they are given (`_array_peers.py`).
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import _array_peers as array_peers
import h5py
import httpx
import numpy as np
import psutil
from _array_files import FRAMES, make_files

from pandaas.arrays import direct, plain
from pandaas.arrays.layout import Source
from pandaas.codecs import STORED_MEDIA_TYPES, parse_selection
from pandaas.testing.platform import RunningPlatform, running_demo, stop

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


# --- asking ---------------------------------------------------------------------------------------------------------


@dataclass
class Side:
    """One server under test. `names` maps a file's name to what the server calls it."""

    url: str
    pid: int
    names: dict[str, str]
    prefix: str = ""
    token: str | None = None
    buffer: bytearray = field(default_factory=lambda: bytearray(20 << 20))
    connection: http.client.HTTPConnection | None = None
    line: socket.socket | None = None

    def another(self) -> Side:
        """A client of its own."""
        return Side(self.url, self.pid, self.names, self.prefix, self.token)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], int]:
        """Status, headers and length; the body is read into memory that is used again."""
        login = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self._send(path, login | (headers or {}))
        length, view = 0, memoryview(self.buffer)
        while count := answer.readinto(view[length:]):
            length += count
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, length

    def _send(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """On a connection that is used again; servers close those that rest for some seconds."""
        where = urlsplit(self.url)
        for _ in range(2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=300)
            try:
                self.connection.request("GET", path, headers=headers)
                return self.connection.getresponse()
            except (ConnectionError, http.client.RemoteDisconnected):
                self.connection = None
        raise SystemExit(f"{self.url} doesn't answer")

    def ask(self, kind: str, file: str, path: str = DATA, selection: str | None = None, **more: str) -> int:
        query = {"file": self.names[file], "path": path, **more}
        if kind == "data":
            query |= {"format": "bin", "selection": selection or ""}
        while True:
            status, _, length = self.get(f"{self.prefix}/{kind}?{urlencode(query)}")
            if status != 429:  # ours where all memory for answers is lent out; clients try again
                break
            time.sleep(0.1)
        assert status == 200, status
        return length

    def stored(self, file: str, selection: str) -> int:
        """A frame as it is stored, which only PaN-DAaS gives."""
        query = urlencode({"path": DATA, "selection": selection})
        accept = {"Accept": STORED_MEDIA_TYPES["bitshuffle-lz4"]}
        status, headers, length = self.get(f"/api/v1/datasets/{self.names[file]}/data?{query}", accept)
        assert status == 200
        assert headers["content-type"] == STORED_MEDIA_TYPES["bitshuffle-lz4"]
        return length

    def small(self, kind: str, file: str, path: str = DATA) -> int:
        """A small answer over a bare socket: all share two cores, and `http.client` takes longer for it than the servers."""
        where = urlsplit(self.url)
        if self.line is None:
            self.line = socket.create_connection((where.hostname or "", where.port or 80))
        login = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        query = urlencode({"file": self.names[file], "path": path})
        self.line.sendall(f"GET {self.prefix}/{kind}?{query} HTTP/1.1\r\nHost: {where.netloc}\r\n{login}\r\n".encode())
        answer = self.line.recv(1 << 16)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        wanted = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < wanted:
            body += self.line.recv(1 << 16)
        return len(body)

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

    def memory(self) -> int:
        process = psutil.Process(self.pid)
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


Ask = Callable[[Side, int], object]
Wanted = Callable[[str], bool]


def timed(side: Side, ask: Ask, repeats: int) -> tuple[list[float], float]:
    """Milliseconds of each request, and processor milliseconds per request."""
    before, found = side.cpu(), []
    for number in range(repeats):
        started = time.perf_counter()
        ask(side, number)
        found.append((time.perf_counter() - started) * 1e3)
    return found, (side.cpu() - before) * 1e3 / repeats


def rate(side: Side, ask: Ask, *, clients: int = 8, seconds: float = 4) -> float:
    """Requests per second of several clients together."""
    done = [0] * clients
    end = time.perf_counter() + seconds

    def work(who: int) -> None:
        own = side.another()
        while time.perf_counter() < end:
            ask(own, done[who] * clients + who)
            done[who] += 1

    threads = [threading.Thread(target=work, args=(who,)) for who in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - started)


def data(file: str, selection: str) -> Ask:
    """`N` is another frame each time, `M` a plane of other chunks of the volume."""
    texts = [selection.replace("N", str(n)).replace("M", str(64 * (n % 16) + 8)) for n in range(FRAMES)]
    return lambda side, number: side.ask("data", file, selection=texts[number % FRAMES])


def both(file: str, selection: str, repeats: int) -> tuple[Ask, Ask, int]:
    return data(file, selection), data(file, selection), repeats


def stored(side: Side, number: int) -> object:
    return side.stored("eiger.nxs", f"{number % FRAMES},:,:")


ONE_BY_ONE: dict[str, tuple[Ask, Ask, int]] = {
    "EIGER frame as it is stored / decoded": (stored, data("eiger.nxs", "N,:,:"), 20),
    "EIGER frame, decoded": both("eiger.nxs", "N,:,:", 20),
    "camera frame in one piece": both("camera.nxs", "N,:,:", 20),
    "row across the stack `[:, 1000, :]`": both("eiger.nxs", ":,1000,:", 4),
    "one pixel through the stack": both("eiger.nxs", ":,1000,1000", 4),
    "region of 100 × 100 through the stack": both("eiger.nxs", ":,500:600,500:600", 4),
    "column across the stack `[:, :, 1000]`": both("eiger.nxs", ":,:,1000", 3),
    "every 8th pixel of a frame": both("eiger.nxs", "N,::8,::8", 10),
    "volume, slice along z": both("volume.nxs", "200,:,:", 10),
    "volume, slice along y, far from the last": both("volume.nxs", ":,M,:", 16),
    "volume, slice along x, far from the last": both("volume.nxs", ":,:,M", 16),
    "volume, the next slice along y": both("volume.nxs", ":,N,:", 60),
    "volume, the next slice along x": both("volume.nxs", ":,:,N", 60),
    "list of 2,000 groups": (*[lambda s, _: s.ask("meta", "groups.nxs", "/")] * 2, 5),
    "attributes": (lambda s, _: s.ask("attr", "eiger.nxs"), lambda s, _: s.ask("attr", "eiger.nxs"), 60),
}
TOGETHER: dict[str, tuple[Ask, Ask]] = {
    "EIGER frames as stored / decoded, per second": (stored, data("eiger.nxs", "N,:,:")),
    "EIGER frames decoded, per second": (data("eiger.nxs", "N,:,:"), data("eiger.nxs", "N,:,:")),
    "camera frames, per second": (data("camera.nxs", "N,:,:"), data("camera.nxs", "N,:,:")),
    "attributes, per second": (lambda s, _: s.small("attr", "eiger.nxs"), lambda s, _: s.small("attr", "eiger.nxs")),
}


def one_by_one(ours: Side, theirs: Side, rounds: int, wanted: Wanted) -> Iterator[str]:
    yield "| request | PaN-DAaS ms (CPU) | first | h5grove ms (CPU) | h5grove / PaN-DAaS (CPU) |"
    yield "|---|---|---|---|---|"
    for title, (ask_ours, ask_theirs, repeats) in ONE_BY_ONE.items():
        if not wanted(title):
            continue
        times: tuple[list[float], list[float]] = ([], [])
        cpus: tuple[list[float], list[float]] = ([], [])
        first = 0.0
        for turn in range(rounds):
            for which, (side, ask) in enumerate(((ours, ask_ours), (theirs, ask_theirs))):
                found, cpu = timed(side, ask, repeats)
                if turn == 0:
                    first = found[0] if which == 0 else first
                    continue
                times[which].extend(found)
                cpus[which].append(cpu)
        a, b = (statistics.median(found) for found in times)
        ca, cb = (statistics.median(found) for found in cpus)
        yield f"| {title} | {a:.1f} ({ca:.1f}) | {first:.0f} | {b:.1f} ({cb:.1f}) | {b / a:.1f} ({cb / max(ca, 0.01):.1f}) |"


def together(ours: Side, theirs: Side, rounds: int) -> Iterator[str]:
    yield "| 8 clients | PaN-DAaS | h5grove | PaN-DAaS / h5grove |"
    yield "|---|---|---|---|"
    for title, (ask_ours, ask_theirs) in TOGETHER.items():
        found = [(rate(ours, ask_ours), rate(theirs, ask_theirs)) for _ in range(rounds)]
        a, b = (statistics.median(side) for side in zip(*found, strict=True))
        yield f"| {title} | {a:.0f} | {b:.0f} | {statistics.median(x / y for x, y in found):.1f} |"


def worst_beside(side: Side, heavy: Ask) -> float:
    """The 95th percentile of attribute requests, in milliseconds, while `heavy` is read again and again."""
    ended = threading.Event()

    def load() -> None:
        other = side.another()
        while not ended.is_set():
            heavy(other, 0)

    thread = threading.Thread(target=load)
    thread.start()
    time.sleep(0.3)
    found, _ = timed(side, ONE_BY_ONE["attributes"][0], 100)
    ended.set()
    thread.join()
    return sorted(found)[94]


def cpu_after_leaving(side: Side) -> float:
    """Processor milliseconds spent for a client who left 0.1 s after asking for a column across the stack."""
    where = urlsplit(side.url)
    query = urlencode({"file": side.names["eiger.nxs"], "path": DATA, "format": "bin", "selection": ":,:,1001"})
    login = f"Authorization: Bearer {side.token}\r\n" if side.token else ""
    with socket.create_connection((where.hostname or "", where.port or 80)) as client:
        head = f"GET {side.prefix}/data?{query} HTTP/1.1\r\nHost: {where.hostname}:{where.port}\r\n{login}\r\n"
        client.sendall(head.encode())
        time.sleep(0.1)
    before = side.cpu()
    time.sleep(3)
    return (side.cpu() - before) * 1e3


def most_memory(side: Side, clients: int = 50) -> float:
    """The most memory, in MB, while many clients read decoded frames; theirs is read slowly by none."""
    most, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            most[0] = max(most[0], side.memory())

    thread = threading.Thread(target=watch)
    thread.start()
    rate(side, ONE_BY_ONE["EIGER frame, decoded"][0], clients=clients, seconds=6)
    ended.set()
    thread.join()
    return most[0] / 1e6


def not_modified(side: Side) -> float:
    """Processor milliseconds of an answer that the client has already."""
    query = urlencode({"file": side.names["eiger.nxs"], "path": DATA, "format": "bin", "selection": "7,:,:"})
    _, headers, _ = side.get(f"{side.prefix}/data?{query}")

    def again(one: Side, _: int) -> object:
        status, _, _ = one.get(f"{one.prefix}/data?{query}", {"If-None-Match": headers["etag"]})
        assert status == 304
        return status

    return timed(side, again, 300)[1]


def limits(folder: Path) -> Iterator[str]:
    """The same bytes without a server: found, read and decoded into memory that is used again."""
    yield "| without a server | ms |"
    yield "|---|---|"
    for file, text in (
        ("eiger.nxs", "7,:,:"),
        ("camera.nxs", "7,:,:"),
        ("eiger.nxs", ":,1000,:"),
        ("volume.nxs", "200,:,:"),
        ("volume.nxs", ":,200,:"),
        ("volume.nxs", ":,:,200"),
    ):
        with h5py.File(folder / file) as opened:
            found = plain.plain(opened[DATA])
            assert found is not None
            source = Source(found.descriptor, found.layout, plain.walk(found) if found.layout.chunk else None)
            selection = parse_selection(text, found.layout.shape)
            into = np.empty(selection.shape, found.layout.dtype)
            times = []
            for _ in range(8):
                started = time.perf_counter()
                direct.read_values(source, selection.ascending()[0], into)
                times.append((time.perf_counter() - started) * 1e3)
        yield f"| {file} `[{text}]` | {statistics.median(times[1:]):.1f} |"


# --- the servers ----------------------------------------------------------------------------------------------------


@contextmanager
def h5grove(folder: Path) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", SERVER, str(folder), str(port)])
    try:
        wait(lambda: httpx.get(f"http://127.0.0.1:{port}/openapi.json").status_code == 200)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        stop(process)  # type: ignore[arg-type]


def wait(ready: Callable[[], bool], seconds: float = 20) -> None:
    for _ in range(int(seconds * 10)):
        try:
            if ready():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("a server did not start")


def register(platform: RunningPlatform, folder: Path) -> dict[str, str]:
    """Ingest the files; which identifier each got."""
    done = platform.command("ingest", str(folder), "--proposal", "SC-2026-0117", check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    login = {"Authorization": f"Bearer {platform.token('otto', 'read', 'admin')}"}
    names = {}
    for file in folder.iterdir():
        found = httpx.get(f"{platform.url}/api/v1/search", params={"q": file.stem}, headers=login).json()["results"]
        names[file.name] = found[0]["pid"]
    return names


def beside(ours: Side, theirs: Side) -> Iterator[str]:
    heavy = data("eiger.nxs", ":,:,1000")
    yield "| | PaN-DAaS | h5grove |"
    yield "|---|---|---|"
    yield f"| attributes beside a heavy slice, p95 ms | {worst_beside(ours, heavy):.1f} | {worst_beside(theirs, heavy):.1f} |"
    yield f"| CPU ms after the client left | {cpu_after_leaving(ours):.0f} | {cpu_after_leaving(theirs):.0f} |"
    yield f"| most memory with 50 clients on frames, MB | {most_memory(ours):.0f} | {most_memory(theirs):.0f} |"
    yield f"| CPU ms of a 304 | {not_modified(ours):.2f} | - |"


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def peer(start: Callable[[Path, Path, int], AbstractContextManager[Any]], what: Path, folder: Path) -> Iterator[Side]:
    """One of the other servers, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with start(what, folder, port) as process:
        wait(lambda: listens(port), seconds=60)
        yield Side(f"http://127.0.0.1:{port}", process.pid, {})


def tables(ours: Side, theirs: Side, folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """Line by line, as soon as each is measured."""
    rounds = options.rounds

    def wanted(title: str) -> bool:
        return not options.rows or any(word.lower() in title.lower() for word in options.rows)

    if wanted("limits"):
        yield from limits(folder)
    if any(map(wanted, ONE_BY_ONE)):
        yield from one_by_one(ours, theirs, rounds + 1, wanted)  # the first round is not counted
    if wanted("together"):
        yield from together(ours, theirs, rounds)
    if wanted("beside"):
        yield from beside(ours, theirs)
    if wanted("disk"):
        yield from array_peers.from_disk(ours, theirs, data, folder, rounds)
    if wanted("second"):
        with tempfile.TemporaryDirectory() as home:
            yield from array_peers.second_process(folder, Path(home))
    if options.limit_server:
        with peer(array_peers.limit_server, options.limit_server, folder) as limit:
            yield from array_peers.beside_limit(ours, limit, stored, data, (timed, rate), rounds)
    if options.tiled:
        with peer(array_peers.tiled_server, options.tiled, folder) as tiled:
            wait(lambda: array_peers.has_registered(tiled), seconds=180)
            yield from array_peers.beside_tiled(ours, tiled, data, timed, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description="Arrays over HTTP, PaN-DAaS beside others.")
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--rows", nargs="*", default=[])
    parser.add_argument("--limit-server", type=Path)
    parser.add_argument("--tiled", type=Path, help="the folder 'bin' of an environment with Tiled")
    options = parser.parse_args()
    cache = Path(__file__).parents[1] / ".cache/environments"
    extra = {"PANDAAS_RUNTIME__ENVIRONMENT_FOLDER": os.environ.get("PANDAAS_RUNTIME__ENVIRONMENT_FOLDER", str(cache))}
    with tempfile.TemporaryDirectory() as home, running_demo(Path(home), frames=4, extra=extra) as platform:
        folder = Path(home, "data", "bench")
        make_files(folder)
        names = register(platform, folder)
        with h5grove(folder) as (url, process):
            token = platform.token("otto", "read", "admin")
            ours = Side(platform.url, platform.process.pid, names, "/h5grove", token)
            theirs = Side(url, process, {name: name for name in names})
            print(f"load {os.getloadavg()[0]:.1f}, {FRAMES} frames, {options.rounds} rounds", flush=True)
            for line in tables(ours, theirs, folder, options):
                print(line, flush=True)
            print(f"load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
