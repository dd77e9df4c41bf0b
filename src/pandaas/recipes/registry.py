"""The registry: recipes found in folders, checked in the sandbox, kept by content.

A recipe is checked when its content is new: `recipe.toml` is read here, its parameters' JSON Schema is printed by the
SDK in the recipe's own environment and sandbox. Its files are kept under their hash, so running jobs and later
verifications use exactly what was checked. Folders are looked at again at most every two seconds.

A check takes a process, so a platform that has just been made doesn't check all recipes before it shows one: until the first
look at all of them is over, each question has only those checked that it is about.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.config import Settings, bundled
from pandaas.db import Database
from pandaas.db.tables import Recipe, RecipeDefault
from pandaas.model import InvalidInput, NotFound, PandaasError, RecipeManifest, Unavailable
from pandaas.recipes.folder import (
    MANIFEST,
    check_code,
    content_hash,
    keep_copy,
    manifest_from_json,
    manifest_to_json,
    parse_manifest,
    readme_of,
    signature,
)
from pandaas.recipes.parameters import check_schema
from pandaas.runtime import Bind, BuildProgress, Confinement, Environment, Runtime

log = structlog.get_logger(__name__)
OWN, PUBLISHED = "private-recipes", "published-recipes"  # in the home: private ones by person, published ones
_Said = TypeVar("_Said")
_SCAN_S = 2.0
_AT_ONCE = 2  # checks, each a process
_CHECK_TIMEOUT_S = 60
_MAX_SCHEMA = 1_048_576


@dataclass(frozen=True)
class RecipeVersion:
    """One version of a recipe as checked. `folder` is where people edit it, `code` the kept copy that jobs run.

    `problem` says why it is disabled; `pending` that only its environment is missing; `owner`
    is the person of a private one.
    """

    manifest: RecipeManifest
    content_hash: str
    folder: Path
    code: Path
    schema: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None
    pending: bool = False
    owner: int | None = None

    @property
    def usable(self) -> bool:
        return self.problem is None

    def readme(self) -> str:
        return readme_of(self.folder)


class RecipeRegistry:
    """See the module; thread-safe."""

    def __init__(self, settings: Settings, database: Database, runtime: Runtime) -> None:
        self._database = database
        self._runtime = runtime
        self._places = [bundled("recipes"), settings.home / PUBLISHED, *settings.runtime.recipe_folders]
        self._private = settings.home / OWN
        self._copies = settings.home / "recipes"
        self._scanning = threading.Lock()
        self._mutex = threading.Lock()  # of what follows
        self._locks: dict[Path, threading.Lock] = {}
        self._read: dict[Path, tuple[tuple[tuple[str, int, int], ...], RecipeManifest]] = {}
        self._current: dict[str, RecipeVersion] = {}
        self._signatures: dict[Path, tuple[tuple[str, int, int], ...]] = {}
        self._by_folder: dict[Path, RecipeVersion] = {}
        self._paths: dict[Path, str] = {}
        self._scanned = float("-inf")

    def manifests(self, *, person_id: int | None = None) -> list[RecipeVersion]:
        """All current recipes by title; the broken ones with their `problem`. With `person_id` also her private ones."""
        self.refresh()
        found = {**self._current, **{one.manifest.id: one for one in self.own(person_id)}}
        return sorted(found.values(), key=lambda one: one.manifest.title.casefold())

    def accepting(
        self, fits: Callable[[RecipeManifest], _Said | None], *, person_id: int | None = None
    ) -> list[tuple[RecipeVersion, _Said]]:
        """The usable recipes of which `fits` says something, with what it says; with `person_id` also her private ones."""
        if self._was_scanned:
            found = self.manifests(person_id=person_id)
        else:
            of_id = {self._manifest(folder).id: folder for folder in self._folders()}
            fitting = [folder for folder in of_id.values() if fits(self._manifest(folder)) is not None]
            current = {one.manifest.id: one for one in (*self._look_at(fitting), *self.own(person_id))}
            found = list(current.values())
        said = [(one, fits(one.manifest)) for one in found if one.usable]
        return [(one, answer) for one, answer in said if answer is not None]

    def own(self, person_id: int | None) -> list[RecipeVersion]:
        """This person's private recipes as she registered them last."""
        place = self._private / str(person_id)
        if person_id is None or not place.is_dir():
            return []
        return [self._look(file.parent, owner=person_id) for file in sorted(place.glob(f"*/{MANIFEST}"))]

    def get(self, recipe: str, version: str | None = None, *, person_id: int | None = None) -> RecipeVersion:
        """The current version of a recipe, or the given one as last checked; with `person_id` also her private ones."""
        for own in self.own(person_id):
            if own.manifest.id == recipe and version in {None, own.manifest.version}:
                return own
        current = self._one(recipe)
        if current is not None and version in {None, current.manifest.version}:
            return current
        if version is not None:
            seen = (
                Recipe.owner_id.is_(None)
                if person_id is None
                else or_(Recipe.owner_id.is_(None), Recipe.owner_id == person_id)
            )
            query = (
                select(Recipe)
                .where(Recipe.recipe == recipe, Recipe.version == version, seen)
                .order_by(Recipe.id.desc())
            )
            with self._database.read() as session:
                row = session.scalars(query.limit(1)).first()
            if row is not None:
                return self._from_row(row)
        name = f"{recipe} {version}" if version else recipe
        raise NotFound(f"There is no recipe '{name}'.", remedy="See `pandaas recipe list`.", field="recipe")

    def by_hash(self, digest: str) -> RecipeVersion:
        """The version with exactly this content, as a job recorded it; `Unavailable` when its copy is gone."""
        with self._database.read() as session:
            row = session.scalars(select(Recipe).where(Recipe.content_hash == digest)).first()
        if row is None or not (self._copies / digest).is_dir():
            raise Unavailable(
                "The recipe in the version that was used is not kept any more.", remedy="Run the current version."
            )
        return self._from_row(row)

    def refresh(self, *, force: bool = False) -> None:
        """Look for new, changed and removed recipes, at most every two seconds."""
        with self._scanning:
            if not force and time.monotonic() - self._scanned < _SCAN_S:
                return
            # the facility's own replaces the one that came along
            found = {version.manifest.id: version for version in self._look_at(self._folders())}
            with self._mutex:
                gone = {path for path in self._by_folder if not (path / MANIFEST).is_file()}
                for path in gone:
                    del self._by_folder[path], self._signatures[path]
                self._current = found
                self._scanned = time.monotonic()

    def is_published(self, recipe: str, version: str) -> bool:
        """Is or was there a recipe of this version for everybody?"""
        query = select(Recipe.id).where(Recipe.recipe == recipe, Recipe.version == version, Recipe.owner_id.is_(None))
        with self._database.read() as session:
            return session.scalars(query).first() is not None

    def publish(self, version: RecipeVersion) -> None:
        """What was checked as a person's is everybody's from now on."""
        with self._database.session() as session:
            session.execute(update(Recipe).where(Recipe.content_hash == version.content_hash).values(owner_id=None))

    def read(self, folder: Path) -> dict[str, Any]:
        """The JSON Schema of the form of the recipe in `folder`, which isn't kept; errors as `check`."""
        manifest = parse_manifest(folder)
        check_code(folder, manifest)
        environment = self._runtime.environments.ensure(manifest.environment)
        return self._schema(folder, environment)

    def check(self, folder: Path, *, build: bool = False, owner: int | None = None) -> RecipeVersion:
        """Check the recipe in `folder` now. With `build` its environment is built first where needed. `owner`: whose it is.

        Raises `InvalidInput` naming file and key, `Unavailable` when the environment can't be built.
        """
        manifest = parse_manifest(folder)
        check_code(folder, manifest)
        digest = content_hash(folder)
        copy = self._copies / digest
        keep_copy(folder, copy)
        version = RecipeVersion(manifest, digest, folder, copy)
        missing = self._missing_program(manifest)
        if missing is not None:
            return replace(version, problem=missing)
        environments = self._runtime.environments
        environment = environments.ensure(manifest.environment) if build else environments.ready(manifest.environment)
        if environment is None:
            name = manifest.environment
            problem = f"Its software is not installed yet; the operator runs `pandaas env build {name}`."
            return replace(version, problem=problem, pending=True)
        version = replace(version, schema=self._schema(copy, environment))
        self._store(version, owner)
        return version

    def prepare(self, progress: Callable[[str, BuildProgress], None] | None = None) -> None:
        """Build the environments of all recipes and check these: what a fresh installation does once."""
        self.refresh(force=True)
        for name in sorted({found.manifest.environment for found in self._current.values() if found.pending}):
            try:
                self._runtime.environments.ensure(name, partial(progress, name) if progress else None)
            except PandaasError as error:
                log.warning("environment not built", environment=name, reason=str(error))
        self.refresh(force=True)

    def instrument_defaults(self, session: Session, recipe: str, instrument_id: int | None) -> dict[str, Any]:
        """What the instrument's staff have set as its own defaults for this recipe."""
        row = session.get(RecipeDefault, (instrument_id, recipe)) if instrument_id is not None else None
        return dict(row.parameters) if row else {}

    def _folders(self) -> list[Path]:
        found: list[Path] = []
        for place in self._places:
            found += [place] if (place / MANIFEST).is_file() else sorted(f.parent for f in place.glob(f"*/{MANIFEST}"))
        return found

    @property
    def _was_scanned(self) -> bool:
        return self._scanned > float("-inf")

    def _one(self, recipe: str) -> RecipeVersion | None:
        """The current version for everybody."""
        if self._was_scanned:
            self.refresh()
            return self._current.get(recipe)
        named = [folder for folder in self._folders() if self._manifest(folder).id == recipe]
        return self._look(named[-1]) if named else None

    def _manifest(self, folder: Path) -> RecipeManifest:
        """What its `recipe.toml` says, which is not checked."""
        now = signature(folder)
        with self._mutex:
            before, known = self._read.get(folder, (None, None))
        if known is None or before != now:
            try:
                known = parse_manifest(folder)
            except InvalidInput as error:
                known = self._broken(folder, str(error)).manifest
            with self._mutex:
                self._read[folder] = (now, known)
        return known

    def _look_at(self, folders: Iterable[Path]) -> list[RecipeVersion]:
        """All of them, in their order, some at once."""
        places = list(folders)
        if all(place in self._by_folder for place in places):
            return [self._look(place) for place in places]  # hardly any is new
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="recipes") as pool:
            return list(pool.map(self._look, places))

    def _look(self, folder: Path, *, owner: int | None = None) -> RecipeVersion:
        """The version in this folder; checked again only when it changed or its environment has arrived."""
        with self._mutex:
            lock = self._locks.setdefault(folder, threading.Lock())
        with lock:
            return self._look_alone(folder, owner)

    def _look_alone(self, folder: Path, owner: int | None) -> RecipeVersion:
        known = self._by_folder.get(folder)
        now = signature(folder)
        here = self._program_path(known.manifest) if known is not None else ""
        waiting = known is not None and known.pending and self._environment_ready(known.manifest.environment)
        if (
            known is not None
            and self._signatures.get(folder) == now
            and self._paths.get(folder) == here
            and not waiting
        ):
            return known
        try:
            found = self._stored(folder) or self.check(folder, owner=owner)
            missing = self._missing_program(found.manifest)
            found = replace(found, problem=missing) if missing is not None else found
        except (PandaasError, OSError) as error:
            found = self._broken(folder, str(error))
            log.warning("recipe disabled", recipe=folder.name, reason=str(error))
        found = replace(found, owner=owner)
        self._by_folder[folder], self._signatures[folder] = found, now
        self._paths[folder] = self._program_path(found.manifest)
        return found

    def _program_path(self, manifest: RecipeManifest) -> str:
        """Where its program lies now; it may come and go while the platform runs."""
        found = self._runtime.programs.find(manifest.program) if manifest.program is not None else None
        return str(found.path) if found is not None else ""

    def _missing_program(self, manifest: RecipeManifest) -> str | None:
        """Why the program of a command recipe can't be used here; None when it can."""
        if manifest.program is None:
            return None
        found = self._runtime.programs.find(manifest.program)
        if found is None:
            return f"{manifest.program.name} is not installed here. {manifest.program.remedy}".strip()
        try:
            self._runtime.programs.version(manifest.program, found)
        except InvalidInput as error:
            return str(error)
        return None

    def _environment_ready(self, name: str) -> bool:
        try:
            return self._runtime.environments.ready(name) is not None
        except PandaasError:
            return False

    def _stored(self, folder: Path) -> RecipeVersion | None:
        """What was stored when this content was checked before (perhaps by another process)."""
        digest = content_hash(folder)
        with self._database.read() as session:
            row = session.scalars(select(Recipe).where(Recipe.content_hash == digest)).first()
        if row is None or not (self._copies / digest).is_dir():
            return None
        return replace(self._from_row(row), folder=folder)

    def _from_row(self, row: Recipe) -> RecipeVersion:
        return RecipeVersion(
            manifest_from_json(row.manifest),
            row.content_hash,
            Path(row.folder),
            self._copies / row.content_hash,
            dict(row.parameter_schema),
            row.problem,
        )

    def _broken(self, folder: Path, problem: str) -> RecipeVersion:
        try:
            manifest = parse_manifest(folder)
        except InvalidInput:
            slots: Sequence[Any] = ()
            manifest = RecipeManifest(folder.name, "0", folder.name, "", "whole", "platform", tuple(slots))
        return RecipeVersion(manifest, "", folder, folder, problem=problem)

    def _schema(self, code: Path, environment: Environment) -> dict[str, Any]:
        """The parameters' JSON Schema, printed by the SDK in the recipe's environment and sandbox."""
        runtime = self._runtime
        confinement = Confinement(
            read_only=(*environment.binds, runtime.sdk.bind(), Bind(code)),
            variables={"PYTHONPATH": str(runtime.sdk_path)},
            account=runtime.sandbox.account_for(0),
            memory_mb=1024,
        )
        argv = [str(environment.python), "-m", "pandaas.sdk", "schema", str(code)]
        try:
            done = runtime.sandbox.run(argv, confinement, timeout_s=_CHECK_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise InvalidInput(f"parameters.py took longer than {_CHECK_TIMEOUT_S} s to load.") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise InvalidInput(
                f"The parameters can't be loaded: {said[-1][:500] if said else f'exit code {done.returncode}'}",
                remedy="Run `pandaas recipe check` to see all of it.",
            )
        try:
            return check_schema(json.loads(done.stdout[:_MAX_SCHEMA]))
        except ValueError as error:
            raise InvalidInput("parameters.py prints something while it is loaded.", remedy="Remove it.") from error

    def _store(self, version: RecipeVersion, owner: int | None) -> None:
        try:
            with self._database.session() as session:
                known = session.scalars(select(Recipe).where(Recipe.content_hash == version.content_hash)).first()
                session.execute(
                    update(Recipe)
                    .where(
                        Recipe.recipe == version.manifest.id,
                        Recipe.content_hash != version.content_hash,
                        Recipe.owner_id == owner,
                    )
                    .values(is_current=False)
                )
                row = known or Recipe(content_hash=version.content_hash, owner_id=owner)
                row.recipe, row.version = version.manifest.id, version.manifest.version
                row.folder, row.manifest = str(version.folder), manifest_to_json(version.code)
                row.parameter_schema, row.problem = version.schema, version.problem
                row.checked, row.is_current = self._database.clock(), True
                session.add(row)
        except IntegrityError:  # another process checked the same content at the same time
            log.debug("recipe was stored meanwhile", recipe=version.manifest.id)
