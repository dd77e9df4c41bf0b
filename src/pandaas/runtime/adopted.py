"""Environments that somebody else built: conda, pixi, a path on CVMFS, another interpreter, the Python of a Debian package.

`builder = "found"` in `environment.toml` names where the interpreter may lie. Nothing is built and nothing changed: it is looked for,
its packages are read off the disk, and it is tried in the sandbox. The packages are part of its key, so a result tells when they
were others, though only their owner can bring them back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandaas.model import InvalidInput

BUILDER = "found"
KEYS = frozenset({"interpreter", "remedy"})
_REMEDY = "The operator installs it, or corrects 'interpreter' in its environment.toml."
_CONDA = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*-[^-/\s\"']+-[^-/\s\"']+)\.(?:conda|tar\.bz2)\b")
_MISSING_SHOWN = 3


@dataclass(frozen=True)
class Adopted:
    """`python` None: it is nowhere. `packages`: versions by name. `problem`: why it can't be used, in words."""

    python: Path | None
    packages: Mapping[str, str]
    remedy: str
    problem: str = ""


def adopt(folder: Path, tree: Mapping[str, Any]) -> Adopted:
    """Look for what `environment.toml` in `folder` names; where it has a lock, what is installed must be in that."""
    places, remedy = tree.get("interpreter"), str(tree.get("remedy", _REMEDY))
    if not isinstance(places, list) or not places or not all(isinstance(one, str) and one[:1] == "/" for one in places):
        raise InvalidInput(
            f"{folder / 'environment.toml'}: 'interpreter' must be a list of absolute paths.",
            remedy="Such as ['/opt/conda/envs/xrd-*/bin/python']; '*' stands for a version.",
            field="interpreter",
        )
    python = next(_interpreters(places), None)
    if python is None:
        return Adopted(None, {}, remedy, f"There is no Python at {' or '.join(places)}.")
    conda = sorted(file.stem for file in (python.parent.parent / "conda-meta").glob("*.json"))
    packages = dict([*map(_conda_package, conda), *_wheels(python)])
    return Adopted(python, packages, remedy, _not_as_locked(folder, tree, conda))


def key_of(found: Adopted, place: str) -> str:
    """Of where it lies and what it holds; `place` names the kind of computer."""
    parts = {"kind": BUILDER, "python": str(found.python), "packages": dict(found.packages), "platform": place}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _interpreters(places: list[str]) -> Iterator[Path]:
    """Those that can be executed; of several that fit one pattern the last by name, which is the newest."""
    for pattern in places:
        for path in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            if path.is_file() and os.access(path, os.X_OK):
                yield path


def _wheels(python: Path) -> Iterator[tuple[str, str]]:
    """Python packages by the folders that installers leave, those of Debian among them."""
    root = python.parent.parent
    for folder in (*root.glob("lib/python3*/site-packages"), *root.glob("lib/python3/dist-packages")):
        for about in sorted((*folder.glob("*.dist-info"), *folder.glob("*.egg-info"))):
            name, _, version = about.stem.partition("-")
            yield name.replace("_", "-").lower(), version.split("-py3", 1)[0]


def _conda_package(name: str) -> tuple[str, str]:
    package, version, _build = name.rsplit("-", 2)
    return package, version


def _not_as_locked(folder: Path, tree: Mapping[str, Any], installed: list[str]) -> str:
    """A lock of conda or pixi names files of packages, for several systems; each that is installed must be among them."""
    if "lock" not in tree:
        return ""
    lock = folder / str(tree["lock"])
    if lock.parent != folder or not lock.is_file():
        raise InvalidInput(f"{lock} is missing.", remedy="Put it beside environment.toml.", field="lock")
    locked = set(_CONDA.findall(lock.read_text("utf-8")))
    others = [name for name in installed if name not in locked]
    if installed and not others:
        return ""
    shown = ", ".join(others[:_MISSING_SHOWN]) or "no conda package at all"
    return f"It is not as {lock.name} says: it holds {shown}{' …' if len(others) > _MISSING_SHOWN else ''}."
