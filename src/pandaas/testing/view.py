"""`pandaas view` in a process of its own on a free port, for tests and benchmarks of the array service alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from pandaas.testing.platform import program

_READY_S = 60.0
_ADDRESS = re.compile(r"(http://\S+:\d+)/(?:\?key=(\S+))?")


@dataclass
class RunningView:
    """`url` without a slash at its end; `key` is None with `--no-key`; `banner` is what it printed."""

    url: str
    key: str | None
    banner: str
    process: subprocess.Popen[str]

    def client(self) -> httpx.Client:
        """Who shows the key with every request."""
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    @property
    def entrance(self) -> str:
        """The address as it was printed."""
        return f"{self.url}/?key={self.key}" if self.key else f"{self.url}/"


@contextmanager
def running_view(
    *paths: Path | str, options: Sequence[str] = ("--port", "0"), installed: Path | None = None
) -> Iterator[RunningView]:
    """Run it until the end of the block; it must then stop by itself when asked to."""
    command = [*([str(installed)] if installed else program()), "view", *map(str, paths), "--no-browser", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    watchdog = threading.Timer(_READY_S, process.kill)
    watchdog.start()
    try:
        banner, found = _banner(process)
        view = RunningView(found[1], found[2], banner, process)
        httpx.get(view.url, timeout=_READY_S)  # the port is open before the server answers
        watchdog.cancel()
        yield view
        process.send_signal(signal.SIGINT)
        process.wait(20)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _banner(process: subprocess.Popen[str]) -> tuple[str, re.Match[str]]:
    assert process.stdout is not None
    lines: list[str] = []
    found: re.Match[str] | None = None
    for line in process.stdout:
        lines.append(line)
        found = found or _ADDRESS.search(line)
        if "Ctrl-C" in line and found is not None:
            return "".join(lines), found
    raise RuntimeError("pandaas view did not start:\n" + "".join(lines))
