"""Environments: the software that recipes run in. Built once from a hash-locked list, by content, read-only, shared.

A definition is a folder `environments/<name>/` with `environment.toml` (title, python) and `requirements.lock`. Its key is
the hash of kind, lock, Python and platform; `<home>/environments/<key>` holds the built environment, complete when it has
the marker `.ready`. A result records the key, so the definition of every key ever built is kept beside it. The name
`platform` stands for the platform's own interpreter, for recipes that need nothing else.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pandaas.config import Settings, bundled
from pandaas.model import InvalidInput, NotFound, Unavailable
from pandaas.runtime.building import READY, BuildProgress, Report, build, remove
from pandaas.runtime.files import read_json, read_text
from pandaas.runtime.health import Health, examine, keep_health, prove, read_health
from pandaas.runtime.locking import LockChange, changes, lock
from pandaas.runtime.sandbox import Bind, Sandbox, interpreter_binds

PLATFORM = "platform"
LOCK, PYTHONS = "requirements.lock", ">=3.11"  # where a definition says nothing
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_KEYS = {"name", "title", "builder", "python", "requirements", "lock", "check", "licences", "size_mb"}


@dataclass(frozen=True)
class Definition:
    """What an environment shall hold. `lock` is None for the platform's own interpreter; `python` is a version such as
    3.11; `check` names the modules that are imported after the build, to prove it."""

    name: str
    title: str
    python: str
    lock: Path | None
    key: str
    check: tuple[str, ...] = ()
    licences: str = ""

    def contents(self) -> dict[str, str]:
        """The packages that were asked for, with their locked versions; what these need in turn is left out."""
        if self.lock is None:
            return {}
        asked = self.lock.with_name("requirements.in")
        lines = asked.read_text("utf-8").splitlines() if asked.is_file() else []
        names = [match.group() for line in lines if (match := _PACKAGE.match(line.strip()))]
        locked = _locked(self.lock)
        return {name: locked[_plain(name)] for name in names if _plain(name) in locked}


@dataclass(frozen=True)
class Environment:
    """A built environment."""

    name: str
    key: str
    python: Path

    @property
    def binds(self) -> tuple[Bind, ...]:
        return interpreter_binds(self.python)


@dataclass(frozen=True)
class EnvironmentStatus:
    """An environment as the operator sees it. `size` in bytes."""

    name: str
    key: str
    state: Literal["missing", "building", "ready", "failed"]
    size: int | None = None
    packages: int | None = None
    last_used: datetime | None = None
    detail: str | None = None
    build_s: float | None = None
    health: Health | None = None


class Environments:
    """See the module. Safe against two builders (a lock per key) and against a kill in the middle (rebuilt)."""

    def __init__(self, settings: Settings, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.place = settings.runtime.environment_folder or settings.home / "environments"
        own = [folder / "environments" for folder in settings.runtime.recipe_folders]
        self._definitions = [bundled("environments"), *own]

    def names(self) -> list[str]:
        """The defined environments, without `platform`."""
        found: set[str] = set()
        for folder in self._definitions:
            found |= {file.parent.name for file in folder.glob("*/environment.toml")}
        return sorted(found)

    def definition(self, name: str) -> Definition:
        if name == PLATFORM:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            return Definition(PLATFORM, "The platform's own Python", version, None, _platform_key())
        return _definition(self._folder(name))

    def _folder(self, name: str) -> Path:
        if name not in self.names():
            raise NotFound(
                f"There is no environment '{name}'.", remedy=f"Defined are: {', '.join([*self.names(), PLATFORM])}."
            )
        return next(place / name for place in self._definitions if (place / name / "environment.toml").is_file())

    def ready(self, name: str) -> Environment | None:
        """The environment if it is built, else None."""
        return self._built(self.definition(name))

    def ready_key(self, name: str, key: str) -> Environment | None:
        """The environment with exactly this key (a recorded one), if it is built."""
        return self._built(Definition(name, "", "", None if key == _platform_key() else self._kept(key), key))

    def ensure(self, name: str, progress: Report | None = None) -> Environment:
        """Return the environment, building it first where needed (minutes). Raises `Unavailable` when it can't be."""
        return self._ensure(self.definition(name), progress)

    def ensure_key(self, name: str, key: str, progress: Report | None = None) -> Environment:
        """The environment as it was when `key` was recorded, from the kept definition."""
        if name == PLATFORM or self._kept(key).parent.is_dir() is False:
            current = self.definition(name)
            if current.key != key:
                raise Unavailable(
                    f"The environment '{name}' with the key {key[:12]} can't be built any more: the platform's own "
                    "software has changed since."
                    if name == PLATFORM
                    else f"The definition of '{name}' with the key {key[:12]} was not kept."
                )
            return self._ensure(current, progress)
        kept = self._kept(key)
        return self._ensure(_definition(kept.parent, name), progress)

    def list(self) -> list[EnvironmentStatus]:
        """All defined environments, then built ones that no definition names any more."""
        defined = [self.status(name) for name in self.names()]
        keys = {status.key for status in defined}
        old = [path for path in self._folders() if path.name not in keys]
        return defined + [self._status(_record(path).get("name", "?"), path.name) for path in sorted(old)]

    def status(self, name: str) -> EnvironmentStatus:
        try:
            return self._status(name, self.definition(name).key)
        except InvalidInput as error:
            return EnvironmentStatus(name, "", "failed", detail=str(error))

    def gc(self, keep: Collection[str] = (), *, unused_days: float = 0.0) -> tuple[str, ...]:
        """Remove built environments that no definition names, that are not in `keep` and were not used for so long."""
        keep = {*keep, *(self.status(name).key for name in self.names())}
        oldest = time.time() - unused_days * 86_400
        removed = []
        for path in self._folders():
            used = self._used(path.name)
            if path.name not in keep and (used is None or used.timestamp() <= oldest) and self._remove(path):
                removed.append(path.name)
        return tuple(removed)

    def export(self, name: str) -> str:
        """The hash-locked requirements, to rebuild the environment anywhere."""
        lock = self.definition(name).lock
        if lock is None:
            return "\n".join(_installed()) + "\n"
        return lock.read_text("utf-8")

    def lock(self, name: str, *, upgrade: bool = False) -> tuple[LockChange, ...]:
        """Write the environment's lock from its `requirements.in`; returns what changed. What was built stays.

        Versions that are locked already are kept where they fit, unless `upgrade`.
        """
        folder = self._folder(name)
        tree = _read_definition(folder / "environment.toml")
        target, python = folder / str(tree.get("lock", LOCK)), str(tree.get("python", PYTHONS))
        choose_python(python, folder / "environment.toml")  # says what is wrong with the range
        before = _locked(target)
        lock(folder, python=python, target=target.name, upgrade=upgrade)
        return changes(before, _locked(target))

    def touch(self, key: str) -> None:
        """Note that the environment was used now."""
        if (self.place / key).is_dir():
            (self.place / f"{key}.used").touch()

    def _ensure(self, wanted: Definition, progress: Report | None) -> Environment:
        found = self._built(wanted)
        if found or wanted.lock is None:
            return found or _platform_environment()
        self.place.mkdir(parents=True, exist_ok=True, mode=0o755)
        report = progress or _silent
        with self._builder(wanted.key, report):
            found = self._built(wanted)
            if found:
                return found
            self._keep(wanted)
            failure = self.place / f"{wanted.key}.failed"
            failure.unlink(missing_ok=True)
            report = self._logged(wanted, report)
            record: dict[str, object] = {"name": wanted.name, "key": wanted.key, "python": wanted.python}
            try:
                place = self.place / wanted.key
                build(
                    place,
                    lock=wanted.lock,
                    python=wanted.python,
                    record=record,
                    prove=self._prover(wanted),
                    report=report,
                )
            except Unavailable as error:
                failure.write_text(str(error), "utf-8")
                report(BuildProgress(None, f"Failed: {error}"))
                raise
        self.touch(wanted.key)
        built = self._built(wanted)
        if built is None:
            raise Unavailable(f"The environment '{wanted.name}' was removed while it was built.")
        return built

    def check(self, name: str) -> Health:
        """Import its modules now, in the sandbox, and keep what was found. `Unavailable` when it isn't built."""
        wanted = self.definition(name)
        found = self._built(wanted)
        if found is None:
            raise Unavailable(f"'{name}' is not built here.", remedy=f"The operator runs `pandaas env build {name}`.")
        health = examine(self._sandbox, name, found.python, wanted.check)
        if wanted.lock is not None:
            keep_health(self._beside(wanted.key, "health"), health)
        return health

    def health(self, key: str) -> Health | None:
        """What the last check of the environment with this key found."""
        return read_health(self._beside(key, "health"))

    def log(self, name: str) -> str:
        """What was said while it was built; empty where that was before logs were kept."""
        return read_text(self._beside(self.definition(name).key, "log"))

    def _beside(self, key: str, ending: str) -> Path:
        return self.place / f"{key}.{ending}"

    def _prover(self, wanted: Definition) -> Callable[[], None]:
        """Import the named modules twice: the first time proves it, the second tells what a job's start costs."""
        python = self.place / wanted.key / "bin" / "python"

        def try_it() -> None:
            prove(self._sandbox, wanted.name, python, wanted.check)
            keep_health(self._beside(wanted.key, "health"), examine(self._sandbox, wanted.name, python, wanted.check))

        return try_it

    def _logged(self, wanted: Definition, report: Report) -> Report:
        """Pass on what a build tells, and keep it with the time."""
        file = self._beside(wanted.key, "log")
        file.write_text(f"Building {wanted.name} ({wanted.key[:12]}) for Python {wanted.python}\n", "utf-8")
        begun, last = time.monotonic(), [""]

        def tell(step: BuildProgress) -> None:
            report(step)
            if step.message != last[0]:
                last[0] = step.message
                with file.open("a", encoding="utf-8") as stream:
                    stream.write(f"[{time.monotonic() - begun:7.1f} s] {step.message}\n")

        return tell

    def _built(self, wanted: Definition) -> Environment | None:
        if wanted.lock is None:
            return _platform_environment() if wanted.key == _platform_key() else None
        python = self.place / wanted.key / "bin" / "python"
        if (self.place / wanted.key / READY).exists() and python.exists():  # its base interpreter is still there
            return Environment(wanted.name, wanted.key, python)
        return None

    def _status(self, name: str, key: str) -> EnvironmentStatus:
        failed = self.place / f"{key}.failed"
        if (self.place / key / READY).exists():
            record = _record(self.place / key)
            return EnvironmentStatus(
                name,
                key,
                "ready",
                record.get("size"),
                record.get("packages"),
                self._used(key),
                build_s=record.get("seconds"),
                health=self.health(key),
            )
        if self._being_built(key):
            return EnvironmentStatus(name, key, "building")
        if failed.exists():
            return EnvironmentStatus(name, key, "failed", detail=failed.read_text("utf-8"))
        return EnvironmentStatus(name, key, "missing")

    def _folders(self) -> Iterator[Path]:
        yield from (path for path in self.place.glob("*") if len(path.name) == 64 and path.is_dir())

    def _used(self, key: str) -> datetime | None:
        marker = self.place / f"{key}.used"
        return datetime.fromtimestamp(marker.stat().st_mtime, UTC) if marker.exists() else None

    def _kept(self, key: str) -> Path:
        return self.place / "definitions" / key / "requirements.lock"

    def _keep(self, wanted: Definition) -> None:
        """Keep the definition, so that a recorded key can be built again for ever."""
        if wanted.lock is None or self._kept(wanted.key).is_file():
            return
        folder = self._kept(wanted.key).parent
        folder.mkdir(parents=True, exist_ok=True)
        title, check = json.dumps(wanted.title), json.dumps(wanted.check)
        text = f'title = {title}\npython = "{wanted.python}"\ncheck = {check}\n'
        (folder / "environment.toml").write_text(text, "utf-8")
        shutil.copyfile(wanted.lock, self._kept(wanted.key))

    @contextmanager
    def _builder(self, key: str, report: Report) -> Iterator[None]:
        """Be the only builder of `key`; the kernel gives the lock back when a builder is killed."""
        descriptor = os.open(self.place / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    report(BuildProgress(None, "Another process is building this environment"))
                    time.sleep(0.5)
            yield
        finally:
            os.close(descriptor)

    def _being_built(self, key: str) -> bool:
        try:
            descriptor = os.open(self.place / f"{key}.lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _remove(self, path: Path) -> bool:
        if self._being_built(path.name):
            return False
        remove(path)
        for ending in ("used", "failed", "lock", "health", "log"):
            path.with_name(f"{path.name}.{ending}").unlink(missing_ok=True)
        return True


def _definition(folder: Path, name: str | None = None) -> Definition:
    file = folder / "environment.toml"
    tree = _read_definition(file)
    python = choose_python(str(tree.get("python", PYTHONS)), file)
    called = name or folder.name
    found = folder / str(tree.get("lock", LOCK))
    if found.parent != folder or not found.is_file():
        raise InvalidInput(f"{found} is missing.", remedy=f"Make it with `pandaas env lock {called}`.", field="lock")
    parts = {"kind": "uv", "python": python, "platform": _platform(), "lock": found.read_text("utf-8")}
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    title, check = str(tree.get("title", called)), tuple(tree.get("check", ()))
    return Definition(called, title, python, found, key, check, str(tree.get("licences", "")))


def _locked(file: Path) -> dict[str, str]:
    """The version of each package that a lock names, by the name that indices compare; nothing where it isn't there."""
    text = file.read_text("utf-8") if file.is_file() else ""
    return {_plain(name): version for name, version in _LOCKED.findall(text)}


def _plain(name: str) -> str:
    """As package indices compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _read_definition(file: Path) -> dict[str, Any]:
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
    if tree.get("builder", "uv") != "uv":
        raise InvalidInput(
            f"{file}: there is no builder '{tree['builder']}' here.", remedy="Use 'uv'.", field="builder"
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


def _record(path: Path) -> dict[str, Any]:
    found = read_json(path / "environment.json")
    return found if isinstance(found, dict) else {}


def _platform() -> str:
    libc, version = platform.libc_ver()
    return f"{sys.platform}-{platform.machine()}-{libc}{version}"


def _platform_environment() -> Environment:
    return Environment(PLATFORM, _platform_key(), Path(sys.executable))


@lru_cache(maxsize=1)
def _platform_key() -> str:
    text = json.dumps({"kind": PLATFORM, "python": sys.version, "platform": _platform(), "packages": _installed()})
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    return tuple(sorted({f"{found.metadata['Name']}=={found.version}" for found in distributions()}))


def _silent(_progress: BuildProgress) -> None:
    return
