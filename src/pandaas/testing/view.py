"""`pandaas view` in a process of its own on a free port, for tests and benchmarks of the array service alone."""

from __future__ import annotations

import contextlib
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
    """`url` without a slash at its end; `key` is None with `--no-key`; `output` is what it printed, line by line."""

    url: str
    key: str | None
    output: list[str]
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
    output: list[str] = []
    keeper = threading.Thread(target=_keep, args=(process, output), daemon=True)
    try:
        found = _address(process, output)
        keeper.start()
        httpx.get(found[1], timeout=_READY_S)  # the port is open before the server answers
        yield RunningView(found[1], found[2], output, process)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        if keeper.ident is not None:
            keeper.join(10)
        if process.stdout is not None:
            process.stdout.close()


def _address(process: subprocess.Popen[str], output: list[str]) -> re.Match[str]:
    watchdog = threading.Timer(_READY_S, process.kill)
    watchdog.start()
    try:
        for line in process.stdout or ():
            output.append(line)
            if found := _ADDRESS.search(line):
                return found
    finally:
        watchdog.cancel()
    raise RuntimeError("pandaas view did not start:\n" + "".join(output))


def _keep(process: subprocess.Popen[str], output: list[str]) -> None:
    """Read on, so that it never waits for a reader."""
    with contextlib.suppress(ValueError):
        for line in process.stdout or ():
            output.append(line)  # noqa: PERF402 - others look at it meanwhile
