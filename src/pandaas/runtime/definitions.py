"""What an environment shall hold: its folder `environments/<name>/`, read, checked and given a key."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pandaas.model import InvalidInput
from pandaas.runtime.adopted import BUILDER, KEYS, Adopted, adopt, key_of

LOCK, PYTHONS = "requirements.lock", ">=3.11"  # where a definition says nothing
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_KEYS = {"name", "title", "builder", "python", "requirements", "lock", "check", "licences", "size_mb", *KEYS}


@dataclass(frozen=True)
class Definition:
    """What an environment shall hold. `lock` is None for the platform's own interpreter and for one that others built, which is
    `adopted`; `python` is a version such as 3.11; `check` names the modules that are imported after the build, to prove it."""

    name: str
    title: str
    python: str
    lock: Path | None
    key: str
    check: tuple[str, ...] = ()
    licences: str = ""
    adopted: Adopted | None = None

    def contents(self) -> dict[str, str]:
        """The packages that were asked for, with their locked versions; what these need in turn is left out."""
        if self.adopted is not None:
            wanted = {_plain(module.split(".", 1)[0]) for module in self.check}
            return {name: version for name, version in self.adopted.packages.items() if _plain(name) in wanted}
        if self.lock is None:
            return {}
        asked = self.lock.with_name("requirements.in")
        lines = asked.read_text("utf-8").splitlines() if asked.is_file() else []
        names = [match.group() for line in lines if (match := _PACKAGE.match(line.strip()))]
        versions = locked(self.lock)
        return {name: versions[_plain(name)] for name in names if _plain(name) in versions}


def read_definition(folder: Path, name: str | None = None) -> Definition:
    file = folder / "environment.toml"
    tree = read_tree(file)
    called = name or folder.name
    if tree.get("builder") == BUILDER:
        return _adopted_definition(called, folder, tree)
    python = choose_python(str(tree.get("python", PYTHONS)), file)
    found = folder / str(tree.get("lock", LOCK))
    if found.parent != folder or not found.is_file():
        raise InvalidInput(f"{found} is missing.", remedy=f"Make it with `pandaas env lock {called}`.", field="lock")
    parts = {"kind": "uv", "python": python, "platform": platform_name(), "lock": found.read_text("utf-8")}
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    title, check = str(tree.get("title", called)), tuple(tree.get("check", ()))
    return Definition(called, title, python, found, key, check, str(tree.get("licences", "")))


def _adopted_definition(name: str, folder: Path, tree: dict[str, Any]) -> Definition:
    found = adopt(folder, tree)
    title, check = str(tree.get("title", name)), tuple(tree.get("check", ()))
    told = found.python.resolve().name.removeprefix("python") if found.python is not None else ""
    version = found.packages.get("python", told)
    key = key_of(found, platform_name())
    return Definition(name, title, version, None, key, check, str(tree.get("licences", "")), found)


def locked(file: Path) -> dict[str, str]:
    """The version of each package that a lock names, by the name that indices compare; nothing where it isn't there."""
    text = file.read_text("utf-8") if file.is_file() else ""
    return {_plain(name): version for name, version in _LOCKED.findall(text)}


def _plain(name: str) -> str:
    """As package indices compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_tree(file: Path) -> dict[str, Any]:
    try:
        tree = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is not valid TOML: {error}.", field=str(file)) from error
    unknown = sorted(set(tree) - _KEYS)
    if unknown:
        raise InvalidInput(
            f"{file}: '{unknown[0]}' is not a key of an environment.",
            remedy=f"Known keys: {', '.join(sorted(_KEYS))}.",
            field=unknown[0],
        )
    if tree.get("builder", "uv") not in ("uv", BUILDER):
        raise InvalidInput(
            f"{file}: there is no builder '{tree['builder']}' here.",
            remedy="Use 'uv', or 'found' for what others built: conda, pixi, CVMFS.",
            field="builder",
        )
    check = tree.get("check", [])
    if not isinstance(check, list) or not all(isinstance(word, str) and _MODULE.fullmatch(word) for word in check):
        raise InvalidInput(f"{file}: 'check' must be a list of module names.", field="check")
    return tree


def choose_python(wanted: str, file: Path) -> str:
    """The version (such as 3.11) to build for: the platform's own where it fits, else the newest that does."""
    try:
        specifier = SpecifierSet(f"=={wanted}.*" if wanted.replace(".", "").isdigit() else wanted)
    except InvalidSpecifier as error:
        raise InvalidInput(f"{file}: 'python' is no version range: {wanted}.", field="python") from error
    own = sys.version_info.minor
    for minor in (own, *(number for number in range(20, 8, -1) if number != own)):
        if specifier.contains(f"3.{minor}.0"):
            return f"3.{minor}"
    raise InvalidInput(f"{file}: no Python fits {wanted}.", field="python")


def platform_name() -> str:
    libc, version = platform.libc_ver()
    return f"{sys.platform}-{platform.machine()}-{libc}{version}"
