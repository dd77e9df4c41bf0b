"""A Chromium without a driver between: the DevTools protocol over a pipe, so that nothing but the page is measured.

Drivers switch the protocol's network domain on, which keeps copies of bodies of 18 MB. Here nothing is switched on that the
measurement doesn't need.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

# The faster of the ways to draw without a graphics card: WebGL in software, the page itself without it.
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",
    "--enable-precise-memory-info",
    "--js-flags=--expose-gc",
)


class Page:
    """One tab. Every call waits for its answer."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, back: int) -> None:
        self.process = process
        self._to, self._back = to, back
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._number = 0
        self._session: str | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def attach(self, width: int, height: int) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._answers[number] = answers
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        answer = answers.get(timeout=120)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        found: dict[str, Any] = answer["result"]
        return found

    def _listen(self) -> None:
        kept = b""
        while data := os.read(self._back, 1 << 16):
            *messages, kept = (kept + data).split(b"\0")
            for message in messages:
                answer = json.loads(message)
                if "id" in answer:
                    self._answers.pop(answer["id"]).put(answer)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def before_scripts(self, source: str) -> None:
        """Run in every page before its own scripts."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=source)

    def value(self, expression: str) -> Any:
        """What an expression (or promise) gives, as JSON."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = 60, every: float = 0.02) -> Any:
        """The first value of the expression that is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.value(expression)
            if found:
                return found
            time.sleep(every)
        raise TimeoutError(expression)

    def key(self, name: str, *, repeat: bool = False, up: bool = True) -> None:
        parameters = {
            "key": name,
            "code": name,
            "windowsVirtualKeyCode": {"ArrowRight": 39, "ArrowUp": 38}.get(name, 0),
        }
        self.call("Input.dispatchKeyEvent", type="keyDown", autoRepeat=repeat, **parameters)
        if up:
            self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path: Path) -> None:
        import base64

        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def memory(self) -> dict[str, float]:
        """Resident MB of the page's process and of the one that draws, and MB that JavaScript holds."""
        found = {"renderer": 0.0, "gpu": 0.0}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                command = " ".join(child.cmdline())
            except psutil.NoSuchProcess:
                continue
            for kind in ("renderer", "gpu"):
                if f"--type={kind}" in command:
                    found[kind] = max(found[kind], child.memory_info().rss / 1e6)
        return found


@contextmanager
def chrome(program: str, folder: Path, *, width: int, height: int, flags: tuple[str, ...] = FLAGS) -> Iterator[Page]:
    """A fresh browser with one tab; `folder` becomes its profile."""
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()

    def wire() -> None:  # pragma: no cover - in the child, before it becomes the browser
        os.dup2(their_in, 30)
        os.dup2(their_out, 31)
        os.dup2(30, 3)
        os.dup2(31, 4)

    command = [
        program,
        *flags,
        "--remote-debugging-pipe",
        f"--user-data-dir={folder}",
        f"--window-size={width},{height}",
        "about:blank",
    ]
    process = subprocess.Popen(
        command,
        preexec_fn=wire,  # noqa: PLW1509 - no threads yet
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_in)
    os.close(their_out)
    try:
        page = Page(process, our_out, our_in)
        page.attach(width, height)
        yield page
        page._session = None
        page.call("Browser.close")
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        os.close(our_out)
