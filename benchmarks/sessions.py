"""Sessions: how fast they start, what they hold, and what lies between a browser and them, beside named peers.

    python benchmarks/sessions.py [start] [proxy] [desktop]

Without an argument all three. The platform runs in a process of its own, with the environments of PANDAAS_RUNTIME__ENVIRONMENT_FOLDER
(they are built before anything is timed); sessions are started over HTTP as the page starts them.

start    from the request until the session is ready (a desktop shows its window, a notebook's server answers), and for a notebook
         until the kernel of its notebook is idle; the first after the platform came up, then others; memory as PSS of all its
         processes. Phases, each in seconds from the request: written down (the work is there), let go (its supervisor runs it),
         socket (its screen or server listens), window (a desktop's), ready; medians of the later ones.
proxy    GET of 1 kB, and a websocket's echo of 100 bytes, of the same program on the same unix socket: directly, through nginx,
         through nginx that asks the platform first (auth_request), through the platform. One client, one after the other, in turns.
desktop  the same Tk program under TigerVNC: directly on its socket, through the platform, and under jupyter-remote-desktop-proxy
         (.cache/jupyterhub, as its package starts it). From a key to the picture that it changes; pictures a second and bytes while
         a window of 500 × 400 is dragged (60 moves a second, ZRLE, continuous updates); bytes a second while nothing happens.

Prints JSON. Processor times are of the process in between, per request or message; other work on the machine disturbs them less
than the clock. `load` is the machine's load average before and after.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil
from _screen import Screen, by_socket, by_websocket
from _session_programs import PASSWORD, WINDOWS, serve
from websockets.sync.client import ClientConnection, connect, unix_connect

ROOT = Path(__file__).parents[1]
PEER = ROOT / ".cache/jupyterhub/bin"
NGINX = next((p for p in ("/usr/sbin/nginx", str(ROOT / ".cache/debian/usr/sbin/nginx")) if Path(p).exists()), None)
# --- the platform ---------------------------------------------------------------------------------------------------------


class Platform:
    """The platform as alice's browser meets it."""

    def __init__(self, url: str, home: Path, process: psutil.Process) -> None:
        self.url, self.home, self.process = url, home, process
        self.client = httpx.Client(base_url=url, headers={"X-PaNDAaS": "1", "Origin": url}, timeout=60)
        self.client.post("/api/v1/session", json={"user": "alice", "password": PASSWORD}).raise_for_status()
        self.pid = self.client.get("/api/v1/search").json()["results"][0]["pid"]

    def start(self, program: str, *, on_data: bool = False) -> tuple[str, float]:
        """The session's id and the seconds until it was ready."""
        begun = time.perf_counter()
        sent = {"program": program, "datasets": [self.pid] if on_data else []}
        answer = self.client.post("/api/v1/sessions", json=sent)
        answer.raise_for_status()
        name = answer.json()["id"]
        while (found := self.client.get(f"/api/v1/sessions/{name}").json())["state"] != "ready":
            assert found["state"] in {"requested", "starting"}, found
            time.sleep(0.05)
        return name, time.perf_counter() - begun

    def end(self, name: str) -> None:
        self.client.post(f"/api/v1/sessions/{name}/end").raise_for_status()
        while self.client.get(f"/api/v1/sessions/{name}").json()["state"] != "ended":
            time.sleep(0.1)

    def let_in(self, name: str) -> dict[str, str]:
        """Headers with which the session's own host lets a browser in."""
        ticket = self.client.post(f"/api/v1/sessions/{name}/ticket").json()
        host = ticket["address"].split("/")[2]
        sent, headers = {"ticket": ticket["ticket"]}, {"Host": host, "Origin": self.url}
        answer = httpx.post(f"{self.url}/.pandaas/enter", data=sent, headers=headers)
        cookie = answer.headers["set-cookie"].split(";")[0]
        return {"Host": host, "Origin": f"http://{host}", "Cookie": cookie}

    def socket_of(self, name: str, file: str) -> Path:
        return self.home / "sessions" / name / f"{name}-1" / "run" / file

    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())


@contextmanager
def platform() -> Iterator[Platform]:
    home, port = Path(tempfile.mkdtemp(prefix="bs-")), free_port()
    command = [sys.executable, __file__, "--serve", str(home), str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        wait(lambda: answers(port), 600)
        yield Platform(f"http://127.0.0.1:{port}", home, psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(condition: Callable[[], Any], seconds: float) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def cpu_ms(process: psutil.Process) -> float:
    used = process.cpu_times()
    return 1000 * (used.user + used.system)


# --- start ----------------------------------------------------------------------------------------------------------------


def measure_start() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with platform() as ours:
        for program in ("jupyterlab", "silx-view", "windows"):
            seconds, kernels, memory, steps = [], [], [], []
            for _ in range(5):
                asked = time.time()
                name, took = ours.start(program, on_data=program != "windows")
                seconds.append(took)
                if program == "jupyterlab":
                    kernels.append(took + kernel(ours, name))
                steps.append(phases(ours, name, asked))
                time.sleep(4)
                memory.append(pss_mb(ours, name))
                ours.end(name)
            row = {
                "first_s": seconds[0],
                "warm_s": median(seconds[2:]),
                "memory_mb": max(memory),
                "warm_mb": max(memory[2:]),
            }
            if kernels:
                row |= {"first_to_kernel_s": kernels[0], "warm_to_kernel_s": median(kernels[2:])}
            row |= {f"phase_{key}": median([step[key] for step in steps[2:]]) for key in steps[-1]}
            found[program] = {key: round(value, 2) for key, value in row.items()}
    return found


def phases(ours: Platform, name: str, asked: float) -> dict[str, float]:
    """Seconds from the request, told by the files that each step leaves."""
    folder = ours.home / "sessions" / name / f"{name}-1"
    files = {"written": "spec.json", "known": "supervisor.json", "let_go": "warm"}
    files |= {"listens": "run/http.sock", "screen": "run/rfb.sock", "window": "run/window"}
    there = {key: folder / file for key, file in files.items() if (folder / file).exists()}
    return {key: file.lstat().st_mtime - asked for key, file in there.items()}


def kernel(ours: Platform, name: str) -> float:
    """Seconds until the kernel of the session's notebook answers."""
    begun = time.perf_counter()
    with httpx.Client(base_url=ours.url, headers=ours.let_in(name), timeout=60) as browser:
        browser.get("/lab/tree").raise_for_status()
        own = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        browser.headers["cookie"] += f"; {own}"
        browser.headers["x-xsrftoken"] = browser.cookies["_xsrf"]
        opened = wait(lambda: browser.get("/api/sessions").json(), 60)
        address = f"{ours.url.replace('http', 'ws')}/api/kernels/{opened[0]['kernel']['id']}/channels"
        headers = {key: value for key, value in browser.headers.items() if key.lower() in {"host", "cookie"}}
        with connect_as(address, headers, browser.headers["origin"]) as channels:
            ask = {
                "header": {
                    "msg_id": "1",
                    "msg_type": "kernel_info_request",
                    "username": "",
                    "session": "1",
                    "version": "5.3",
                }
            }
            channels.send(json.dumps(ask | {"parent_header": {}, "metadata": {}, "content": {}, "channel": "shell"}))
            while '"kernel_info_reply"' not in str(channels.recv(timeout=60)):
                pass
    return time.perf_counter() - begun


def pss_mb(ours: Platform, name: str) -> float:
    """Of everything that stands in the session's file system, and of its supervisor."""
    folder = ours.home / "sessions" / name
    record = json.loads((folder / f"{name}-1" / "supervisor.json").read_text("utf-8"))
    total = _pss_kb(record["pid"])
    own = Path("/proc/self/ns/mnt").readlink()
    for pid in psutil.pids():
        try:
            if Path(f"/proc/{pid}/ns/mnt").readlink() != own and Path(f"/proc/{pid}/root{folder}/results").exists():
                total += _pss_kb(pid)
        except OSError:  # it ended
            continue
    return total / 1024


def _pss_kb(pid: int) -> int:
    with Path(f"/proc/{pid}/smaps_rollup").open(encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def connect_as(address: str, headers: dict[str, str], origin: str) -> ClientConnection:
    """A websocket to `address` whose Host is another one, as a browser that resolves <id>.localhost opens it."""
    host = headers.get("host") or headers.get("Host") or ""
    there = address.split("/", 3)
    link = socket.create_connection((there[2].split(":")[0], int(there[2].split(":")[1])))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    cookie = headers.get("cookie") or headers.get("Cookie") or ""
    return connect(
        f"ws://{host}/{there[3]}", sock=link, origin=origin, additional_headers={"Cookie": cookie},  # type: ignore[arg-type]
        compression=None, max_size=None, ping_interval=None,
    )  # fmt: skip


# --- proxy ----------------------------------------------------------------------------------------------------------------


class Direct(HTTPConnection):
    """HTTP on the session's own socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))


@contextmanager
def nginx(path: Path, ours: Platform) -> Iterator[tuple[int, int, psutil.Process]]:
    """Two ports: straight to the socket, and to it after asking the platform with each request."""
    folder, plain, asking = Path(tempfile.mkdtemp(prefix="bn-")), free_port(), free_port()
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    upgrade = (
        "proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; "
        "proxy_set_header Connection $connection_upgrade;"
    )
    (folder / "conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\nhttp {{ access_log off; {temporary}\n"
        "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n"
        f"upstream session {{ server unix:{path}; keepalive 8; }} upstream platform {{ server {ours.url[7:]}; keepalive 8; }}\n"
        f"server {{ listen 127.0.0.1:{plain}; location / {{ proxy_pass http://session; {upgrade} }} }}\n"
        f"server {{ listen 127.0.0.1:{asking}; location / {{ auth_request /ask; proxy_pass http://session; {upgrade} }}\n"
        "location = /ask { internal; proxy_pass http://platform/.pandaas/may; proxy_pass_request_body off; proxy_http_version 1.1;\n"
        "proxy_set_header Host $http_host; proxy_set_header Connection ''; proxy_set_header Content-Length '';\n"
        "proxy_set_header X-Original-Method $request_method; proxy_set_header X-PaNDAaS-nginx 1; proxy_set_header X-Original-URI $request_uri; } } }\n",
        "utf-8",
    )
    assert NGINX is not None, "nginx is not installed"
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")])
    try:
        wait(lambda: answers(asking), 20)
        yield plain, asking, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def measure_proxy(*, rounds: int = 8, each: int = 100) -> dict[str, Any]:
    with platform() as ours:
        name, _ = ours.start("echo")
        path = ours.socket_of(name, "http.sock")
        with nginx(path, ours) as (plain, asking, between):
            headers = ours.let_in(name)
            ports = {"nginx": (plain, [between]), "nginx, asking": (asking, [between, ours.process])}
            ports["platform"] = (int(ours.url.rsplit(":", 1)[1]), [ours.process])
            ways = {"directly": (None, [])} | ports
            found = {
                "request": in_turns(
                    {way: requests(port, path, headers) for way, (port, _) in ways.items()}, ways, rounds, each
                ),
                "websocket": in_turns(
                    {way: messages(port, path, headers) for way, (port, _) in ways.items()}, ways, rounds, each
                ),
            }
        ours.end(name)
    return found


def requests(port: int | None, path: Path, headers: dict[str, str]) -> Callable[[], None]:
    connection = Direct(path) if port is None else HTTPConnection("127.0.0.1", port)

    def one() -> None:
        connection.request("GET", "/", headers=headers)
        answer = connection.getresponse()
        assert (answer.status, len(answer.read())) == (200, 1024), answer.status

    return one


def messages(port: int | None, path: Path, headers: dict[str, str]) -> Callable[[], None]:
    if port is None:
        channel = unix_connect(str(path), "ws://localhost/", compression=None, ping_interval=None)
    else:
        channel = connect_as(f"ws://127.0.0.1:{port}/", headers, headers["Origin"])

    def one() -> None:
        channel.send("x" * 100)
        assert len(channel.recv()) == 100

    return one


def in_turns(
    ones: dict[str, Callable[[], None]], ways: dict[str, tuple[Any, list[psutil.Process]]], rounds: int, each: int
) -> dict[str, Any]:
    """Every way for a while, again and again; milliseconds by the clock (median) and of the processor in between."""
    clock: dict[str, list[float]] = {way: [] for way in ones}
    used = dict.fromkeys(ones, 0.0)
    for _ in range(rounds):
        for way, one in ones.items():
            before = sum(map(cpu_ms, ways[way][1]))
            for _ in range(each):
                begun = time.perf_counter()
                one()
                clock[way].append(1000 * (time.perf_counter() - begun))
            used[way] += sum(map(cpu_ms, ways[way][1])) - before
    bare = median(clock["directly"])
    return {
        way: {
            "ms": round(median(times), 3),
            "more_ms": round(median(times) - bare, 3),
            "cpu_ms": round(used[way] / len(times), 3),
        }
        for way, times in clock.items()
    }


# --- desktop --------------------------------------------------------------------------------------------------------------


def measure_desktop() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with platform() as ours:
        name, _ = ours.start("windows")
        time.sleep(2)
        with peer() as (opened, process):
            screens = {
                "directly": (by_socket(ours.socket_of(name, "rfb.sock")), None),
                "platform": (by_websocket(screen_of(ours, name)), ours.process),
                "jupyter-remote-desktop-proxy": (by_websocket(opened), process),
            }
            for screen, _p in screens.values():
                wait(screen.answers, 60)
            trips: dict[str, list[float]] = {way: [] for way in screens}
            for _ in range(10):
                for way, (screen, _p) in screens.items():
                    for _ in range(10):
                        begun = time.perf_counter()
                        screen.key(0x61)
                        screen.until_update(10)
                        trips[way].append(1000 * (time.perf_counter() - begun))
                        screen.still(0.05)
            for way, (screen, between) in screens.items():
                for other, _p in screens.values():
                    other.still(0.3)
                row: dict[str, Any] = {"key_to_picture_ms": round(median(trips[way]), 2)}
                row["key_to_picture_p95_ms"] = round(sorted(trips[way])[int(0.95 * len(trips[way]))], 2)
                found[way] = row | drag(screen, between) | idle(screen)
            for screen, _p in screens.values():
                screen.close()
        ours.end(name)
    return found


def screen_of(ours: Platform, name: str) -> ClientConnection:
    address = f"{ours.url.replace('http', 'ws')}/api/v1/sessions/{name}/screen"
    return connect(
        address, origin=ours.url, additional_headers={"Cookie": ours.cookie()}, compression=None, max_size=None,  # type: ignore[arg-type]
        ping_interval=None,
    )  # fmt: skip


def drag(screen: Screen, between: psutil.Process | None, seconds: float = 5.0) -> dict[str, Any]:
    """Draw the window round in a circle, with the button held."""
    import math

    updates, size, used = screen.updates, screen.bytes, cpu_ms(between) if between else 0.0
    begun, over = time.perf_counter(), threading.Event()

    def move() -> None:
        screen.point(200, 200, 0)
        screen.point(200, 200, 1)
        step = 0
        while not over.is_set():
            step += 1
            screen.point(300 + int(100 * math.sin(step / 20)), 300 + int(100 * math.cos(step / 20)), 1)
            time.sleep(1 / 60)
        screen.point(200, 200, 0)

    hand = threading.Thread(target=move)
    hand.start()
    screen.listen(seconds)
    over.set()
    hand.join()
    took, many = time.perf_counter() - begun, screen.updates - updates
    row = {"pictures_per_s": round(many / took, 1), "drag_mb_per_s": round((screen.bytes - size) / took / 1e6, 2)}
    if between is not None:
        row["cpu_ms_per_picture"] = round((cpu_ms(between) - used) / max(many, 1), 2)
    return row


def idle(screen: Screen) -> dict[str, Any]:
    screen.still(1.0)
    size = screen.bytes
    screen.listen(5.0)
    return {"idle_bytes_per_s": round((screen.bytes - size) / 5)}


@contextmanager
def peer() -> Iterator[tuple[ClientConnection, psutil.Process]]:
    """jupyter-remote-desktop-proxy, as its package starts a desktop; the same window manager and program."""
    home, port = Path(tempfile.mkdtemp(prefix="bj-")), free_port()
    (home / "windows.tcl").write_text(WINDOWS, "utf-8")
    start = home / "xstartup"
    start.write_text(f"#!/bin/sh\nopenbox --sm-disable &\nsleep 3\nexec wish {home}/windows.tcl\n", "utf-8")
    start.chmod(0o755)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PANDAAS", "DISPLAY"))}
    environment = clean | {
        "HOME": str(home),
        "JUPYTER_REMOTE_DESKTOP_PROXY_XSTARTUP": str(start),
        "PATH": f"{PEER}:/usr/bin:/bin",
    }
    command = [
        str(PEER / "jupyter-server"), "--allow-root", "--no-browser", f"--port={port}", "--ServerApp.token=benchmark",
        f"--ServerApp.root_dir={home}", "--ServerApp.ip=127.0.0.1",
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log, start_new_session=True)
    running = psutil.Process(process.pid)
    try:
        wait(lambda: answers(port), 60)
        address = f"ws://127.0.0.1:{port}/desktop-websockify/"
        channel = connect(
            address, additional_headers={"Authorization": "token benchmark"}, subprotocols=["binary"], open_timeout=60,  # type: ignore[list-item]
            compression=None, max_size=None, ping_interval=None,
        )  # fmt: skip
        time.sleep(6)
        with closing(channel):
            yield channel, running
    finally:
        children = running.children(recursive=True)
        process.terminate()
        psutil.wait_procs([running], timeout=10)
        for child in children:
            if child.is_running():
                child.terminate()
        shutil.rmtree(home, ignore_errors=True)


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "start": measure_start,
    "proxy": measure_proxy,
    "desktop": measure_desktop,
}


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
        return
    wanted = sys.argv[1:] or list(PARTS)
    found: dict[str, Any] = {"cores": os.cpu_count()}
    for part in wanted:
        before = os.getloadavg()[0]
        found[part] = PARTS[part]() | {"load": [round(before, 1), round(os.getloadavg()[0], 1)]}
        print(json.dumps({part: found[part]}, indent=1), flush=True)


if __name__ == "__main__":
    main()
