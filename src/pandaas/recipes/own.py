"""Recipes of persons: notebooks that somebody made a recipe of, private until instrument staff publish a version.

    $PANDAAS_HOME/private-recipes/<person>/<id>/     what she registered last, a recipe folder like any other
    $PANDAAS_HOME/published-recipes/<id>/        the published version, which the registry finds like the facility's own

Nothing of a notebook is run or parsed here: the SDK reads it as text in the sandbox, as for every recipe.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w

from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Person
from pandaas.model import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    PrincipalKind,
    Role,
    Scope,
)
from pandaas.recipes.folder import MANIFEST
from pandaas.recipes.registry import OWN, PUBLISHED, RecipeRegistry, RecipeVersion

_AUTHOR = ".author.json"  # names with a dot are no part of a recipe's content
_MOST = 100  # of one person
_ID = re.compile(r"[a-z][a-z0-9-]{0,63}")


@dataclass(frozen=True)
class DraftInput:
    """An input of a notebook: `name` is the variable that gets the file's path; empty lists accept everything."""

    name: str
    title: str
    kinds: Sequence[str] = ()
    arrays: Sequence[str] = ()
    minimum: int = 1
    maximum: int = 1


@dataclass(frozen=True)
class Draft:
    """What a person says of her notebook."""

    id: str
    version: str
    title: str
    inputs: Sequence[DraftInput]
    summary: str = ""
    techniques: Sequence[str] = ()
    memory_mb: int = 2048


@dataclass(frozen=True)
class OwnRecipe:
    """A recipe that is not published, and whose it is."""

    recipe: RecipeVersion
    person_id: int
    author: str
    is_mine: bool
    may_publish: bool


class OwnRecipes:
    """See the module."""

    def __init__(self, settings: Settings, database: Database, registry: RecipeRegistry) -> None:
        self._private = settings.home / OWN
        self._published = settings.home / PUBLISHED
        self._database = database
        self._registry = registry

    def look(self, notebook: Path, environment: str, inputs: Sequence[str]) -> dict[str, Any]:
        """The JSON Schema of the notebook's form, with the variables in `inputs` left out; nothing is kept."""
        draft = Draft(
            "look", "0", "Look", [DraftInput(name, name) for name in inputs] or [DraftInput("input", "input")]
        )
        folder = self._write(draft, notebook, environment)
        try:
            return self._registry.read(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def save(self, principal: Principal, draft: Draft, notebook: Path, environment: str) -> RecipeVersion:
        """Keep the notebook as a private recipe of hers; errors name the field at fault, as `recipe check` does."""
        person_id = _author(principal)
        if not _ID.fullmatch(draft.id):
            raise InvalidInput(
                "An identifier has lower-case letters, digits and hyphens, and starts with a letter.", field="id"
            )
        self._need_free(draft, person_id)
        mine = self._private / str(person_id)
        if not (mine / draft.id).is_dir() and mine.is_dir() and len(list(mine.iterdir())) >= _MOST:
            raise Conflict(f"You have {_MOST} recipes of your own, which is the most.", remedy="Remove one.")
        folder = self._write(draft, notebook, environment)
        try:
            found = self._registry.check(folder, owner=person_id)
            if found.problem is not None:
                raise InvalidInput(found.problem, field="file")
            _put(folder, mine / draft.id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._registry.refresh(force=True)
        self._tell("recipe.registered", found, principal)
        return self._registry.get(draft.id, person_id=person_id)

    def unpublished(self, principal: Principal) -> list[OwnRecipe]:
        """Her own, and to who may publish everybody's, by title."""
        if principal.person_id is None or not principal.signed_in:
            return []
        folders = [self._private / str(principal.person_id)]
        if _may_publish(principal):
            folders = list(self._private.iterdir()) if self._private.is_dir() else []
        found = [one for place in folders if place.name.isdecimal() for one in self._of(principal, int(place.name))]
        return sorted(found, key=lambda one: one.recipe.manifest.title.casefold())

    def publish(self, principal: Principal, person_id: int, recipe: str, version: str, content_hash: str) -> None:
        """That version, with the content that was looked at, is everybody's and never changed; for instrument staff."""
        _need_write(principal)
        if not _may_publish(principal):
            raise NotAllowed("Only instrument staff and operators publish recipes.", remedy="Ask them to look at it.")
        found = self._registry.get(recipe, version, person_id=person_id)
        source = self._private / str(person_id) / recipe
        if found.folder != source:
            raise NotFound(f"There is no private recipe '{recipe}' of this person.", field="recipe")
        if found.content_hash != content_hash:
            raise Conflict("The recipe has changed since you looked at it.", remedy="Look at it again.")
        self._need_free(Draft(recipe, version, "", ()), person_id)
        making = self._published / f".{secrets.token_hex(8)}"
        shutil.copytree(found.code, making)
        (making / _AUTHOR).write_text(json.dumps({"person": person_id}), "utf-8")
        if (source / "README.md").is_file():
            shutil.copyfile(source / "README.md", making / "README.md")
        self._registry.publish(found)
        _put(making, self._published / recipe)
        shutil.rmtree(source, ignore_errors=True)
        self._registry.refresh(force=True)
        self._tell("recipe.published", found, principal, author=person_id)

    def notebook(self, principal: Principal, person_id: int, recipe: str) -> bytes:
        """The notebook of a private recipe, for its author and for who may publish it."""
        if person_id != principal.person_id and not _may_publish(principal):
            raise NotFound(f"There is no private recipe '{recipe}', or you may not see it.", field="recipe")
        for one in self._registry.own(person_id):
            if one.manifest.id == recipe:
                return (one.code / "notebook.ipynb").read_bytes()
        raise NotFound(f"There is no private recipe '{recipe}', or you may not see it.", field="recipe")

    def remove(self, principal: Principal, recipe: str) -> None:
        """A private recipe of hers is gone; jobs that used it keep what they need."""
        person_id = _author(principal)
        folder = self._private / str(person_id) / recipe
        if not _ID.fullmatch(recipe) or not folder.is_dir():
            raise NotFound(f"You have no private recipe '{recipe}'.", field="recipe")
        shutil.rmtree(folder)
        self._registry.refresh(force=True)

    def _of(self, principal: Principal, person_id: int) -> list[OwnRecipe]:
        with self._database.read() as session:
            person = session.get(Person, person_id)
            name = person.name if person is not None else ""
        mine = person_id == principal.person_id
        return [OwnRecipe(one, person_id, name, mine, _may_publish(principal)) for one in self._registry.own(person_id)]

    def _need_free(self, draft: Draft, person_id: int) -> None:
        """The identifier is nobody else's, and the version is not published."""
        public = next((one for one in self._registry.manifests() if one.manifest.id == draft.id), None)
        if public is None:
            return
        author = self._published / draft.id / _AUTHOR
        if public.folder != self._published / draft.id or json.loads(author.read_text("utf-8"))["person"] != person_id:
            raise Conflict(f"There is a recipe '{draft.id}' already.", remedy="Choose another identifier.", field="id")
        if self._registry.is_published(draft.id, draft.version):
            raise Conflict(
                f"Version {draft.version} of '{draft.id}' is published, and published versions never change.",
                remedy="Give it a new version.",
                field="version",
            )

    def _write(self, draft: Draft, notebook: Path, environment: str) -> Path:
        folder = self._private / f".{secrets.token_hex(8)}"
        folder.mkdir(parents=True, mode=0o755)
        (folder / MANIFEST).write_text(tomli_w.dumps(_manifest(draft, environment)), "utf-8")
        shutil.copyfile(notebook, folder / "notebook.ipynb")
        (folder / "README.md").write_text(f"# {draft.title}\n\n{draft.summary}\n", "utf-8")
        return folder

    def _tell(self, kind: str, found: RecipeVersion, principal: Principal, **more: Any) -> None:
        told = {"version": found.manifest.version, "content": found.content_hash, **more}
        with self._database.session() as session:
            append(
                session, kind, found.manifest.id, actor_id=principal.person_id, payload=told, clock=self._database.clock
            )


def _manifest(draft: Draft, environment: str) -> dict[str, Any]:
    inputs = []
    for one in draft.inputs:
        values = {key: value for key, value in asdict(one).items() if key != "arrays"}
        arrays = [{"kinds": list(one.arrays)}] if one.arrays else []
        inputs.append({**values, "kinds": list(one.kinds), "arrays": arrays})
    return {
        "id": draft.id,
        "version": draft.version,
        "title": draft.title,
        "summary": draft.summary,
        "shape": "notebook",
        "environment": environment,
        "selection": "each",
        "techniques": list(draft.techniques),
        "verify": "tolerance",
        "verify_reason": "A notebook may sum in an order that depends on the processor.",
        "inputs": inputs,
        "resources": {"cores": 1, "memory_mb": draft.memory_mb, "time_limit_s": 3600},
    }


def _put(folder: Path, target: Path) -> None:
    """`folder` takes the place of `target`."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    old = target.with_name(f".{secrets.token_hex(8)}")
    if target.is_dir():
        target.rename(old)
    folder.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _may_publish(principal: Principal) -> bool:
    return principal.role in {Role.INSTRUMENT_STAFF, Role.OPERATOR}


def _author(principal: Principal) -> int:
    _need_write(principal)
    if principal.person_id is None:
        raise NotSignedIn("A recipe needs a person.", remedy="Sign in.")
    return principal.person_id


def _need_write(principal: Principal) -> None:
    if not principal.signed_in:
        raise NotSignedIn("Keeping a recipe needs a sign-in.", remedy="Sign in and try again.")
    if principal.kind is PrincipalKind.TOKEN and Scope.RUN not in principal.scopes:
        raise NotAllowed("This token may not keep recipes: it lacks the scope run.", remedy="Use a token that has it.")
