"""Builds one environment with uv: in place (virtual environments can't be moved), byte-compiled, then read-only."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uv

from pandaas.model import Unavailable

READY = ".ready"
_TAIL = 2000
_LOOK_S = 0.3


@dataclass(frozen=True)
class BuildProgress:
    """How far a build is. `fraction` None while unknown; `compiled_bytes` counts byte code written so far."""

    fraction: float | None
    message: str
    packages: int = 0
    compiled_bytes: int = 0


Report = Callable[[BuildProgress], None]


def build(
    place: Path, *, lock: Path, python: str, record: dict[str, object], prove: Callable[[], None], report: Report
) -> None:
    """Make the environment at `place`; what an interrupted build left there is removed first. `prove` tries it.

    Raises `Unavailable` with uv's own words when it can't be built.
    """
    remove(place)
    started = time.monotonic()
    report(BuildProgress(0.0, "Making the environment"))
    _uv(["venv", "--quiet", "--no-project", "--python", base_interpreter(python), str(place)])
    wanted = package_count(lock)
    sync = ["pip", "sync", "--require-hashes", "--only-binary", ":all:", "--compile-bytecode", "--quiet"]
    _uv([*sync, "--python", str(place / "bin" / "python"), str(lock)], lambda: report(_look(place, wanted)))
    final = _look(place, wanted)
    report(BuildProgress(0.9, "Trying it", final.packages, final.compiled_bytes))
    prove()
    size = sum(file.lstat().st_size for file in place.rglob("*") if not file.is_dir())
    details = {**record, "packages": final.packages, "size": size, "seconds": round(time.monotonic() - started, 1)}
    (place / "environment.json").write_text(json.dumps(details), "utf-8")
    shutil.copyfile(lock, place / "requirements.lock")
    _set_writable(place, writable=False)
    place.chmod(0o755)
    (place / READY).touch(mode=0o444)
    place.chmod(0o555)
    report(BuildProgress(1.0, "Ready", final.packages, final.compiled_bytes))


def remove(place: Path) -> None:
    """Remove an environment; first its marker, since one that is half removed is not ready."""
    if place.exists():
        place.chmod(0o755)
        (place / READY).unlink(missing_ok=True)
        _set_writable(place, writable=True)
        shutil.rmtree(place)


def base_interpreter(python: str) -> str:
    """The interpreter of version `python` (such as 3.11): the platform's own where it matches, else what uv finds."""
    base = Path(getattr(sys, "_base_executable", sys.executable))
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return str(base.resolve())
    found = subprocess.run(
        [uv.find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", python],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise Unavailable(
            f"Python {python} is not installed on this computer.", remedy=f"The operator installs Python {python}."
        )
    return found.stdout.strip()


def package_count(lock: Path) -> int:
    """How many packages the lock names."""
    return sum("==" in line and not line.lstrip().startswith("#") for line in lock.read_text("utf-8").splitlines())


def _look(place: Path, wanted: int) -> BuildProgress:
    """Read the progress off the disk: packages that are complete, then byte code."""
    packages = sum(1 for _ in place.glob("lib/python*/site-packages/*.dist-info/RECORD"))
    compiled = sum(_byte_code(place)) if packages > wanted // 2 else 0  # some are for other systems
    if not compiled:
        share = min(packages / wanted, 1.0) if wanted else 1.0
        return BuildProgress(0.05 + 0.6 * share, f"Installing packages: {packages} of {wanted}", packages)
    message = f"Preparing {packages} packages for a fast start: {compiled / 1e6:.0f} MB"
    return BuildProgress(0.7, message, packages, compiled)


def _byte_code(place: Path) -> Iterator[int]:
    for folder, _folders, names in os.walk(place / "lib"):
        if folder.endswith("__pycache__"):
            for name in names:
                with_name = Path(folder, name)
                try:
                    yield with_name.stat().st_size
                except FileNotFoundError:  # written under another name first
                    continue


def _uv(arguments: list[str], while_running: Callable[[], None] | None = None) -> None:
    """Run uv; it takes the package index and caches from the platform's environment, like the operator's own uv."""
    hidden = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    environment = {k: v for k, v in os.environ.items() if k not in hidden and not k.startswith("PANDAAS_")}
    process = subprocess.Popen(
        [uv.find_uv_bin(), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with _ended(process):
        while True:
            try:
                _, said = process.communicate(timeout=_LOOK_S)
                break
            except subprocess.TimeoutExpired:
                if while_running:
                    while_running()
    if process.returncode:
        raise Unavailable(f"uv could not build the environment: {said.strip()[-_TAIL:]}")


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """No uv is left behind when a progress callback fails."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _set_writable(place: Path, *, writable: bool) -> None:
    for folder, _folders, names in os.walk(place):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                continue
            changed = (mode | stat.S_IWUSR) if writable else (mode | stat.S_IRGRP | stat.S_IROTH) & ~0o222
            if path.is_dir():
                changed |= 0o700 if writable else 0o555
            path.chmod(stat.S_IMODE(changed))
