"""A real platform in a process of its own, for tests that need the whole: the demo on loopback with a free port."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

_READY_S = 900.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass
class RunningPlatform:
    """The demo as its users meet it. `accounts` maps user names to passwords."""

    url: str
    home: Path
    process: subprocess.Popen[str]
    output: list[str]
    accounts: dict[str, str]
    environment: dict[str, str]
    program: list[str] = field(default_factory=lambda: program())  # noqa: PLW0108 - defined below

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `pandaas …` beside it, in the same home."""
        return subprocess.run(
            [*self.program, *arguments], env=self.environment, capture_output=True, text=True, check=check, timeout=300
        )

    def token(self, user: str, *scopes: str) -> str:
        """A token of this person; it may read, write and run unless scopes are named."""
        wanted = list(scopes or ("read", "write", "run"))
        headers = {"origin": self.url, "x-pandaas": "1"}
        with httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60) as browser:
            browser.post("/session", json={"user": user, "password": self.accounts[user]}).raise_for_status()
            made = browser.post("/tokens", json={"name": "test", "scopes": wanted}).raise_for_status()
        return str(made.json()["token"])


def program() -> list[str]:
    """The installed `pandaas` of this interpreter."""
    found = Path(sys.executable).with_name("pandaas")
    return [str(found)] if found.is_file() else [sys.executable, "-m", "pandaas.cli"]


@contextmanager
def running_demo(
    home: Path,
    *,
    frames: int = 12,
    extra: dict[str, str] | None = None,
    installed: Path | None = None,
    data: Path | None = None,
    analysed: bool = True,
) -> Iterator[RunningPlatform]:
    """Start `pandaas demo` in `home` with a short series and wait until it is healthy; stop it at the end.

    `installed` is the `pandaas` program of another environment (default: this one's). `data` are the files that an
    earlier demo with as many frames made, which are copied; without `analysed` there is no first analysis. Both spare
    processor time.
    """
    called = [str(installed)] if installed else program()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PANDAAS_")}
    environment |= {"PANDAAS_HOME": str(home), "PANDAAS_DEMO__FRAMES": str(frames), "PANDAAS_DEMO__SERIES": "0"} | (
        extra or {}
    )
    _note_what_is_spared(home, data, analysed=analysed)
    process = subprocess.Popen(
        [*called, "demo", "--port", "0", "--no-browser"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    output: list[str] = []
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=_collect, args=(process, output, lines), daemon=True)
    reader.start()
    try:
        url = _wait_for_address(process, lines, output)
        wait_until_healthy(url, process, output)
        platform = RunningPlatform(url, home, process, output, {}, environment, called)
        platform.accounts = {row["user"]: row["password"] for row in _info(platform)["accounts"]}
        yield platform
    finally:
        stop(process)
        reader.join(timeout=5)
        if process.stdout is not None:
            process.stdout.close()


def _note_what_is_spared(home: Path, data: Path | None, *, analysed: bool) -> None:
    """Tell the demo which of its steps are done already."""
    if data is not None:
        shutil.copytree(data, home / "data")
    done = [name for name, spared in (("data", data is not None), ("first analysis", not analysed)) if spared]
    if done:
        (home / "demo.json").write_text(json.dumps({"done": done}), "utf-8")


def wait_until_healthy(
    url: str, process: subprocess.Popen[str], output: list[str], *, seconds: float = _READY_S
) -> None:
    """Wait for health 200; fail with the output when the process ends first or the time is over."""
    deadline = time.monotonic() + seconds
    with httpx.Client(timeout=10) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"the platform ended with {process.returncode}:\n" + "".join(output[-80:]))
            try:
                if client.get(f"{url}/api/v1/health").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.25)
    raise AssertionError(f"not healthy after {seconds:.0f} s:\n" + "".join(output[-80:]))


def stop(process: subprocess.Popen[str], *, seconds: float = 20.0) -> None:
    """Ctrl-C, then kill when it doesn't listen."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def chromium() -> str | None:
    """Debian's Chromium, or None."""
    return shutil.which("chromium")


def _collect(process: subprocess.Popen[str], output: list[str], lines: queue.Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        output.append(line)
        lines.put(line)


def _wait_for_address(process: subprocess.Popen[str], lines: queue.Queue[str], output: list[str]) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            found = _ADDRESS.search(lines.get(timeout=0.5))
        except queue.Empty:
            if process.poll() is not None:
                break
            continue
        if found:
            return found.group()
    raise AssertionError("the platform gave no address:\n" + "".join(output))


def _info(platform: RunningPlatform) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(platform.command("demo", "--info", "--json").stdout)
    return found
