"""Environments: the software that recipes run in. Built once from a hash-locked list, by content, read-only, shared.

A definition is a folder `environments/<name>/` with `environment.toml` (title, python) and `requirements.lock`. Its key is
the hash of kind, lock, Python and platform; `<home>/environments/<key>` holds the built environment, complete when it has
the marker `.ready`. A result records the key, so the definition of every key ever built is kept beside it. The name
`platform` stands for the platform's own interpreter, for recipes that need nothing else. What others built is found and tried: see
`adopted`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Literal

from pandaas.config import Settings, bundled
from pandaas.model import InvalidInput, NotFound, Unavailable
from pandaas.runtime.adopted import BUILDER, Adopted
from pandaas.runtime.building import READY, BuildProgress, Report, build, remove
from pandaas.runtime.definitions import (
    LOCK,
    PYTHONS,
    Definition,
    choose_python,
    locked,
    platform_name,
    read_definition,
    read_tree,
)
from pandaas.runtime.files import read_json, read_text
from pandaas.runtime.health import Health, examine, keep_health, prove, read_health
from pandaas.runtime.locking import LockChange, changes, lock
from pandaas.runtime.sandbox import Bind, Sandbox, interpreter_binds

PLATFORM = "platform"


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
    """An environment as the operator sees it. `size` in bytes. `absent`: it is nobody's here to build, and isn't there."""

    name: str
    key: str
    state: Literal["missing", "building", "ready", "failed", "absent"]
    size: int | None = None
    packages: int | None = None
    last_used: datetime | None = None
    detail: str | None = None
    build_s: float | None = None
    health: Health | None = None
    remedy: str | None = None


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
        return read_definition(self._folder(name))

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
        if name in self.names() and (now := self.definition(name)).adopted is not None:
            return self._built(now) if now.key == key else None
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
                    else f"The environment '{name}' was another when this was made ({key[:12]}): it isn't built here, and its "
                    "owner has changed it."
                    if current.adopted is not None
                    else f"The definition of '{name}' with the key {key[:12]} was not kept."
                )
            return self._ensure(current, progress)
        kept = self._kept(key)
        return self._ensure(read_definition(kept.parent, name), progress)

    def list(self) -> list[EnvironmentStatus]:
        """All defined environments, then built ones that no definition names any more."""
        defined = [self.status(name) for name in self.names()]
        keys = {status.key for status in defined}
        old = [path for path in self._folders() if path.name not in keys]
        return defined + [self._status(_record(path).get("name", "?"), path.name) for path in sorted(old)]

    def status(self, name: str) -> EnvironmentStatus:
        try:
            wanted = self.definition(name)
            if wanted.adopted is not None:
                return self._adopted_status(wanted, wanted.adopted)
            return self._status(name, wanted.key)
        except InvalidInput as error:
            return EnvironmentStatus(name, "", "failed", detail=str(error))

    def _adopted_status(self, wanted: Definition, found: Adopted) -> EnvironmentStatus:
        if found.python is None:
            return EnvironmentStatus(wanted.name, wanted.key, "absent", detail=found.problem, remedy=found.remedy)
        if found.problem:
            return EnvironmentStatus(wanted.name, wanted.key, "failed", detail=found.problem, remedy=found.remedy)
        health, used = self.health(wanted.key), self._used(wanted.key)
        state: Literal["missing", "ready"] = "missing" if health is None else "ready"
        count = len(found.packages)
        return EnvironmentStatus(
            wanted.name, wanted.key, state, packages=count, last_used=used, health=health, remedy=found.remedy
        )

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
        wanted = self.definition(name)
        lock = wanted.lock
        if wanted.adopted is not None:
            return "".join(f"{package}=={version}\n" for package, version in sorted(wanted.adopted.packages.items()))
        if lock is None:
            return "\n".join(_installed()) + "\n"
        return lock.read_text("utf-8")

    def lock(self, name: str, *, upgrade: bool = False) -> tuple[LockChange, ...]:
        """Write the environment's lock from its `requirements.in`; returns what changed. What was built stays.

        Versions that are locked already are kept where they fit, unless `upgrade`.
        """
        folder = self._folder(name)
        tree = read_tree(folder / "environment.toml")
        if tree.get("builder") == BUILDER:
            raise InvalidInput(f"'{name}' is not built here, so there is nothing to lock.", remedy="Ask its owner.")
        target, python = folder / str(tree.get("lock", LOCK)), str(tree.get("python", PYTHONS))
        choose_python(python, folder / "environment.toml")  # says what is wrong with the range
        before = locked(target)
        lock(folder, python=python, target=target.name, upgrade=upgrade)
        return changes(before, locked(target))

    def touch(self, key: str) -> None:
        """Note that the environment was used now."""
        if (self.place / key).is_dir() or self._beside(key, "health").is_file():
            (self.place / f"{key}.used").touch()

    def _ensure(self, wanted: Definition, progress: Report | None) -> Environment:
        found = self._built(wanted)
        if found is None and wanted.adopted is not None:
            return self._try(wanted, wanted.adopted)
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
                    sandbox=self._sandbox,
                    prove=self._prover(wanted),
                    report=report,
                    note=self._noter(wanted),
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

    def _try(self, wanted: Definition, found: Adopted) -> Environment:
        """Use what others built, once its modules could be imported in the sandbox."""
        if found.python is None or found.problem:
            raise Unavailable(f"The environment '{wanted.name}' can't be used. {found.problem}", remedy=found.remedy)
        health = self._examine(wanted, found.python)
        if not health.works:
            raise Unavailable(health.detail, remedy=found.remedy)
        return Environment(wanted.name, wanted.key, found.python)

    def _examine(self, wanted: Definition, python: Path) -> Health:
        health = examine(self._sandbox, wanted.name, python, wanted.check)
        if wanted.lock is not None or wanted.adopted is not None:
            self.place.mkdir(parents=True, exist_ok=True, mode=0o755)
            keep_health(self._beside(wanted.key, "health"), health)
        return health

    def check(self, name: str) -> Health:
        """Import its modules now, in the sandbox, and keep what was found. `Unavailable` when it isn't built."""
        wanted = self.definition(name)
        found = self._built(wanted)
        python = found.python if found is not None else wanted.adopted.python if wanted.adopted is not None else None
        if python is None:
            raise Unavailable(f"'{name}' is not built here.", remedy=f"The operator runs `pandaas env build {name}`.")
        return self._examine(wanted, python)

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
            kind = step.message.split(":", 1)[0]  # not every package counted
            if kind != last[0]:
                last[0] = kind
                with file.open("a", encoding="utf-8") as stream:
                    stream.write(f"[{time.monotonic() - begun:7.1f} s] {step.message}\n")

        return tell

    def _noter(self, wanted: Definition) -> Callable[[str], None]:
        """Keep what programs said while it was built."""
        file = self._beside(wanted.key, "log")

        def note(text: str) -> None:
            with file.open("a", encoding="utf-8") as stream:
                stream.write(text)

        return note

    def _built(self, wanted: Definition) -> Environment | None:
        if wanted.adopted is not None:
            place, health = wanted.adopted.python, self.health(wanted.key)
            works = not wanted.adopted.problem and health is not None and health.works
            return Environment(wanted.name, wanted.key, place) if place is not None and works else None
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


def _record(path: Path) -> dict[str, Any]:
    found = read_json(path / "environment.json")
    return found if isinstance(found, dict) else {}


def _platform_environment() -> Environment:
    return Environment(PLATFORM, _platform_key(), Path(sys.executable))


@lru_cache(maxsize=1)
def _platform_key() -> str:
    text = json.dumps({"kind": PLATFORM, "python": sys.version, "platform": platform_name(), "packages": _installed()})
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    return tuple(sorted({f"{found.metadata['Name']}=={found.version}" for found in distributions()}))


def _silent(_progress: BuildProgress) -> None:
    return
