"""Locks one environment with uv: what its `requirements.in` asks for, every file by its hash, for each Python it allows.

Wheels only: nothing is compiled when it is built. A lock that nothing asks to change stays as it is, so its key does.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import uv
from packaging.specifiers import SpecifierSet

from pandaas.model import InvalidInput, Unavailable

_TAIL = 3000


@dataclass(frozen=True)
class LockChange:
    """A package whose locked version changed; None: it wasn't there before, or no longer is."""

    package: str
    before: str | None
    after: str | None


def lock(folder: Path, *, python: str, target: str, upgrade: bool) -> None:
    """Write `target` in the definition's folder; `python` is a version range. Raises `Unavailable` in uv's own words."""
    if not (folder / "requirements.in").is_file():
        raise InvalidInput(f"{folder / 'requirements.in'} is missing.", remedy="List in it the packages wanted.")
    if not os.access(folder, os.W_OK):
        raise InvalidInput(
            f"{folder} can't be written.", remedy="Copy it into environments/ of a recipe folder of your own."
        )
    overrides = ["--override", "overrides.in"] if (folder / "overrides.in").is_file() else []
    words = ["pip", "compile", "--quiet", "--universal", "--generate-hashes", "--only-binary", ":all:", *overrides]
    words += ["--no-header", "--python-version", lowest_python(python), "--output-file", target]
    done = subprocess.run(
        [uv.find_uv_bin(), *words, *(["--upgrade"] if upgrade else []), "requirements.in"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"uv could not lock the environment: {done.stderr.strip()[-_TAIL:]}")


def lowest_python(wanted: str) -> str:
    """The oldest Python 3 of a range such as `>=3.11,<3.14`, or of a version."""
    specifier = SpecifierSet(f"=={wanted}.*" if wanted.replace(".", "").isdigit() else wanted)
    return next(f"3.{minor}" for minor in range(8, 30) if specifier.contains(f"3.{minor}.0"))


def changes(before: dict[str, str], after: dict[str, str]) -> tuple[LockChange, ...]:
    """What became of the locked versions, by name."""
    names = sorted({*before, *after})
    return tuple(
        LockChange(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )
