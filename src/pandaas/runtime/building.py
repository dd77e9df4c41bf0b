"""Builds one environment with uv: in place (virtual environments can't be moved), byte-compiled, then read-only.

What builds is confined (`installing`); what it leaves is the platform's own before anything of it is read or written here.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uv

from pandaas.model import Unavailable
from pandaas.runtime.installing import Installer
from pandaas.runtime.sandbox import Sandbox

READY = ".ready"


@dataclass(frozen=True)
class BuildProgress:
    """How far a build is. `fraction` None while unknown; `compiled_bytes` counts byte code written so far."""

    fraction: float | None
    message: str
    packages: int = 0
    compiled_bytes: int = 0


Report = Callable[[BuildProgress], None]


def build(
    place: Path,
    *,
    lock: Path,
    python: str,
    record: dict[str, object],
    sandbox: Sandbox,
    prove: Callable[[], None],
    report: Report,
    note: Callable[[str], None],
) -> None:
    """Make the environment at `place`; what an interrupted build left there is removed first. `prove` tries it, `note` is told what
    programs said.

    Raises `Unavailable` with uv's own words when it can't be built.
    """
    remove(place)
    started = time.monotonic()
    report(BuildProgress(0.0, "Making the environment"))
    installer = Installer(sandbox, place, Path(base_interpreter(python)))
    installer.make()
    wanted = package_count(lock)
    note(installer.install(lock, lambda: report(_look(place, wanted))))
    installed = time.monotonic()
    packages = _packages(place)
    report(_compiling(place, packages))
    installer.compile(lambda: report(_compiling(place, packages)))
    compiled = time.monotonic()
    report(BuildProgress(0.9, "Trying it", packages, sum(_byte_code(place))))
    prove()
    installer.take_back()
    size = sum(file.lstat().st_size for file in place.rglob("*") if not file.is_dir())
    steps = {"install": installed - started, "compile": compiled - installed, "try": time.monotonic() - compiled}
    details = {
        **record,
        "packages": packages,
        "size": size,
        "seconds": round(time.monotonic() - started, 1),
        "steps_s": {name: round(seconds, 1) for name, seconds in steps.items()},
    }
    _put(place / "environment.json", json.dumps(details))
    _put(place / "requirements.lock", lock.read_text("utf-8"))
    _set_writable(place, writable=False)
    place.chmod(0o755)
    _put(place / READY, "")
    (place / READY).chmod(0o444)
    place.chmod(0o555)
    report(BuildProgress(1.0, "Ready", packages, sum(_byte_code(place))))


def _put(file: Path, text: str) -> None:
    """Write anew what a package may have put there, a link too."""
    file.unlink(missing_ok=True)
    file.write_text(text, "utf-8")


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


def _packages(place: Path) -> int:
    """How many are complete."""
    return sum(1 for _ in place.glob("lib/python*/site-packages/*.dist-info/RECORD"))


def _look(place: Path, wanted: int) -> BuildProgress:
    """Read the progress off the disk."""
    packages = _packages(place)
    share = min(packages / wanted, 1.0) if wanted else 1.0
    return BuildProgress(0.05 + 0.6 * share, f"Installing packages: {packages} of {wanted}", packages)


def _compiling(place: Path, packages: int) -> BuildProgress:
    written = sum(_byte_code(place))
    message = f"Preparing {packages} packages for a fast start: {written / 1e6:.0f} MB"
    return BuildProgress(0.7, message, packages, written)


def _byte_code(place: Path) -> Iterator[int]:
    for folder, _folders, names in os.walk(place / "lib"):
        if folder.endswith("__pycache__"):
            for name in names:
                with_name = Path(folder, name)
                try:
                    yield with_name.stat().st_size
                except FileNotFoundError:  # written under another name first
                    continue


def _set_writable(place: Path, *, writable: bool) -> None:
    for folder, _folders, names in os.walk(place):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                continue
            changed = (mode | stat.S_IWUSR) if writable else (mode | stat.S_IRGRP | stat.S_IROTH) & ~0o222
            if path.is_dir():
                changed |= 0o700 if writable else 0o555
            path.chmod(stat.S_IMODE(changed) & 0o1777)
