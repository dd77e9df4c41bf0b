"""What a chain is: named inputs, and steps that are recipes, each fed by inputs of the chain and results of other steps.

The same tree is TOML in a file, JSON over HTTP and in the database. Names of inputs and steps are one namespace, so that a
source of a slot is just a name.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pandaas.model import InvalidInput

_NAME = r"^[a-z][a-z0-9_]{0,39}$"
_RECIPE = r"^[a-z][a-z0-9-]{0,63}$"
_LARGEST = 262_144
_DEEPEST = 64
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it
MOST_STEPS = 50


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChainInput(_Table):
    """A dataset (`many`: some) that a run is started with. One that is `optional` may be left out."""

    name: str = Field(pattern=_NAME)
    title: str = Field("", max_length=100)
    optional: bool = False
    many: bool = False


class ChainStep(_Table):
    """A recipe with what feeds its inputs (slot → names of inputs of the chain and of steps) and parameters.

    Without `version` a run takes the recipe's current one and keeps it. `ask` names parameters that a person is asked for when
    she starts a run; what `parameters` says of them is proposed, and holds for runs that nobody starts.
    """

    name: str = Field(pattern=_NAME)
    recipe: str = Field(pattern=_RECIPE)
    version: str | None = Field(None, max_length=32)
    title: str = Field("", max_length=100)
    inputs: dict[str, list[str]] = Field({}, max_length=20)
    parameters: dict[str, Any] = Field({}, max_length=200)
    ask: tuple[Annotated[str, Field(max_length=100)], ...] = Field((), max_length=200)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for names in self.inputs.values() for name in names))


class ChainDefinition(_Table):
    title: str = Field(min_length=1, max_length=200)
    summary: str = Field("", max_length=2000)
    inputs: tuple[ChainInput, ...] = Field(max_length=20)
    steps: tuple[ChainStep, ...] = Field(max_length=MOST_STEPS)

    @property
    def main(self) -> ChainInput | None:
        """The input that a run is about: the first that is needed."""
        return next((one for one in self.inputs if not one.optional), None)

    def step(self, name: str) -> ChainStep | None:
        return next((one for one in self.steps if one.name == name), None)

    def needs(self) -> dict[str, frozenset[str]]:
        """Step → the steps whose results it takes."""
        known = {step.name for step in self.steps}
        return {step.name: frozenset(step.sources) & known for step in self.steps}

    def feeds(self, name: str) -> list[tuple[ChainStep, str]]:
        """The slots that an input or step goes into, as (step, slot)."""
        return [(step, slot) for step in self.steps for slot, sources in step.inputs.items() if name in sources]

    def with_parameters(self, changes: Mapping[str, Mapping[str, Any]]) -> ChainDefinition:
        """The chain with parameters of some steps changed; `InvalidInput` for a step that isn't there."""
        unknown = sorted(set(changes) - {step.name for step in self.steps})
        if unknown:
            raise InvalidInput(
                f"The chain has no step '{unknown[0]}'.",
                remedy=f"It has: {', '.join(step.name for step in self.steps)}.",
                field=f"parameters.{unknown[0]}",
            )
        steps = tuple(
            step.model_copy(update={"parameters": {**step.parameters, **changes.get(step.name, {})}})
            for step in self.steps
        )
        changed = self.model_copy(update={"steps": steps})
        check_storable(changed.model_dump(), "parameters")
        return changed

    def to_json(self) -> dict[str, Any]:
        tree = self.model_dump(mode="json")
        for step in tree["steps"]:
            if not step["ask"]:
                del step["ask"]  # the fingerprints of chains that were saved before it existed stay
        return tree

    def to_toml(self) -> str:
        """As a file that `read_chain` understands, without what is empty; `InvalidInput` where a parameter is null."""
        tree = {"title": self.title, "summary": self.summary}
        inputs = [_filled(one) for one in self.to_json()["inputs"]]
        steps = [_filled(one) for one in self.to_json()["steps"]]
        try:
            return tomli_w.dumps({**tree, "inputs": inputs, "steps": steps}, multiline_strings=False)
        except TypeError as error:
            raise InvalidInput(
                "A parameter that is empty can't be written in TOML.", remedy="Leave it to the file.", field="steps"
            ) from error

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def definition_of(tree: Any) -> ChainDefinition:
    """The chain that a tree describes; `InvalidInput` names the key at fault."""
    try:
        found = ChainDefinition.model_validate(tree)
        dumped = found.model_dump()
    except ValidationError as error:
        raise _complaint(error, tree) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The chain is nested too deeply.", remedy="Make it flatter.", field="steps") from error
    check_storable(dumped, "steps")
    return found


def parse_chain(text: str) -> ChainDefinition:
    """The chain that a TOML text describes; errors name the line or the key."""
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput(f"This is not valid TOML: {error}.", remedy="Correct it.", field="text") from error
    return definition_of(tree)


def check_storable(tree: Any, field: str) -> None:
    """`InvalidInput` for what a database or another program can't take: endless numbers, NUL, half characters, too much."""
    if _is_deep(tree):
        raise InvalidInput("This is nested too deeply.", remedy="Make it flatter.", field=field)
    try:
        text = json.dumps(tree, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(
            f"This can't be written down: {str(error)[:200]}.",
            remedy="Give finite numbers and plain text.",
            field=field,
        ) from error
    if _NUL.search(text):
        raise InvalidInput("A text holds a NUL character.", remedy="Remove it.", field=field)
    if len(text) > _LARGEST:
        raise InvalidInput("The chain is too long.", remedy="Give long lists as a dataset.", field=field)


def _is_deep(tree: Any) -> bool:
    level = [tree]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list, tuple))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def read_chain(file: Path) -> tuple[str, ChainDefinition]:
    """A chain in a TOML file, with its name (the file's); errors name the file and the key."""
    try:
        tree = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}.", field="file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"{file} is not valid TOML: {error}.", field=file.name) from error
    try:
        return file.stem, definition_of(tree)
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error.detail}", remedy=error.remedy, field=error.field) from error


def _filled(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value not in (None, "", False, {}, [])}


def _complaint(error: ValidationError, tree: Any) -> InvalidInput:
    first = error.errors()[0]
    field = ".".join(_part(tree, first["loc"], at) for at in range(len(first["loc"]))) or "chain"
    if first["type"] == "extra_forbidden":
        return InvalidInput(f"'{field}' is no key of a chain.", remedy="Check its spelling.", field=field)
    if first["type"] == "missing":
        return InvalidInput(f"'{field}' is missing.", remedy="Add it.", field=field)
    if first["type"] == "string_pattern_mismatch":
        return InvalidInput(
            f"'{field}' can't be '{str(first['input'])[:60]}'.",
            remedy="Use small letters, digits and '_' (in recipes '-'), beginning with a letter.",
            field=field,
        )
    return InvalidInput(f"'{field}': {first['msg']}.", remedy="Correct it.", field=field)


def _part(tree: Any, place: tuple[Any, ...], at: int) -> str:
    """An entry of a list by its name where it has one, else by its number from 1."""
    if not isinstance(place[at], int):
        return str(place[at])
    try:
        for part in place[:at]:
            tree = tree[part]
        return str(tree[place[at]]["name"])[:40]
    except (KeyError, TypeError, IndexError):
        return str(place[at] + 1)
