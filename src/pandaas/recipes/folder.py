"""A recipe's folder: `recipe.toml` read with exact complaints, its content hashed and copied. No code of it runs here."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pandaas.model import (
    ArrayClause,
    ArrayKind,
    DatasetKind,
    GpuVariant,
    InputSlot,
    InvalidInput,
    ProgramNeed,
    RecipeManifest,
    RecipeOutput,
    Resources,
)

MANIFEST = "recipe.toml"
_ID = re.compile(r"[a-z][a-z0-9-]{0,63}")
_IGNORED = {"__pycache__", "tests", ".git"}
_PLAIN_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}$"
_MAX_FILES = 500
_MAX_BYTES = 50_000_000


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Arrays(_Table):
    kinds: list[Literal[tuple(str(kind) for kind in ArrayKind)]] = []  # type: ignore[valid-type]  # from the enumeration
    dimensions: list[int] | None = Field(None, min_length=2, max_length=2)
    path: str | None = None


class _Input(_Table):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    title: str
    help: str = ""
    minimum: int = Field(1, ge=0)
    maximum: int | None = Field(1, ge=0)  # 0 = as many as there are
    techniques: list[str] = []
    definitions: list[str] = []
    formats: list[str] = []
    kinds: list[Literal[tuple(str(kind) for kind in DatasetKind)]] = []  # type: ignore[valid-type]  # from the enumeration
    arrays: list[_Arrays] = []
    without_technique: list[str] | None = None
    beside: str = Field("", max_length=100)


class _Output(_Table):
    title: str = Field(min_length=1, max_length=100)
    kinds: list[Literal[tuple(str(kind) for kind in ArrayKind)]] = Field(min_length=1)  # type: ignore[valid-type]  # as above
    dimensions: list[int] = Field([1, 1], min_length=2, max_length=2)
    definitions: list[str] = []


class _Resources(_Table):
    cores: int = Field(1, ge=1, le=4096)
    memory_mb: int = Field(2048, ge=64)
    time_limit_s: int = Field(3600, ge=1)
    output_mb: int | None = Field(None, ge=1)
    gpu: bool = False


class _Gpu(_Table):
    api: Literal["opencl", "cuda"]
    environment: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    memory_mb: int = Field(0, ge=0)
    tolerance: float = Field(1e-6, gt=0, le=1)
    verified: str = ""


class _Program(_Table):
    name: str = Field(min_length=1, max_length=100)
    find: list[str] = Field(min_length=1, max_length=20)
    module: str = Field("", pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.+/-]{0,100})?$")
    package: str = Field("", pattern=r"^([a-z0-9][a-z0-9.+-]+)?$")
    folders: list[str] = []
    version: list[str] = []
    version_pattern: str = ""
    remedy: str = ""
    verified: str = ""


class _Column(_Table):
    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    unit: str | None = None
    label: str | None = None


class _Named(_Table):
    unit: str | None = None
    label: str | None = None


class _Outcome(_Table):
    file: str = Field(pattern=_PLAIN_NAME)
    title: str = ""
    plot: str = ""
    columns: list[_Column] = Field([], max_length=3)
    fields: dict[str, _Named] = {}
    scales: list[Literal["linear", "log"]] = []


class _Command(_Table):
    argv: list[str | list[str]] = Field(min_length=1, max_length=200)
    exit_codes: list[int] = [0]
    expects: list[str] = []
    progress: str = ""
    failure: str = ""
    files: dict[str, str | dict[str, Any]] = {}
    result: _Outcome


class _FormField(_Table):
    title: str = ""
    help: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: list[str | int | float] = []
    hidden: bool = False


class _Workflow(_Table):
    fields: dict[str, _FormField] = {}
    result: _Outcome


class _Manifest(_Table):
    id: str = Field(pattern=rf"^{_ID.pattern}$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,31}$")
    title: str = Field(min_length=1, max_length=200)
    summary: str = ""
    shape: Literal["blockwise", "whole", "notebook", "command", "ewoks", "cwl"]
    environment: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    selection: Literal["each", "all"] = "each"
    techniques: list[str] = []
    network: list[str] = []
    citation: list[str] = []
    code: str = ""
    code_url: str = Field("", pattern=r"^(https://\S+)?$")
    licence: str = ""
    verify: Literal["bit", "tolerance"] = "bit"
    verify_reason: str = ""
    verify_tolerance: float = Field(1e-6, gt=0, le=1)
    inputs: list[_Input] = Field(min_length=1)
    outputs: list[_Output] = []
    gpu: _Gpu | None = None
    program: _Program | None = None
    command: _Command | None = None
    workflow: _Workflow | None = None
    resources: _Resources = _Resources(cores=1, memory_mb=2048, time_limit_s=3600)


def parse_manifest(folder: Path) -> RecipeManifest:
    """Read `recipe.toml`; `InvalidInput` naming the file and the key when something is wrong with it."""
    file = folder / MANIFEST
    try:
        tree = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InvalidInput(f"{file} doesn't exist.", remedy="A recipe folder holds recipe.toml.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is not valid TOML: {error}.", field=MANIFEST) from error
    try:
        found = _Manifest.model_validate(tree)
    except ValidationError as error:
        raise _complaint(file, error) from error
    _check_sense(file, found)
    return _to_manifest(found)


_CODE = {
    "blockwise": "run.py",
    "whole": "run.py",
    "notebook": "notebook.ipynb",
    "ewoks": "graph.json",
    "cwl": "workflow.cwl",
}


def check_code(folder: Path, manifest: RecipeManifest) -> None:
    """`InvalidInput` where the folder lacks the file that its shape is run from."""
    name = _CODE.get(manifest.shape)
    if name is not None and not (folder / name).is_file():
        raise InvalidInput(
            f"{folder / name} is missing.", remedy=f"The code of a {manifest.shape} recipe is in {name}."
        )


def manifest_from_json(tree: Mapping[str, Any]) -> RecipeManifest:
    """The manifest as stored with a checked recipe."""
    return _to_manifest(_Manifest.model_validate(tree))


def manifest_to_json(folder: Path) -> dict[str, Any]:
    """What is stored of `recipe.toml` with a checked recipe."""
    return _Manifest.model_validate(tomllib.loads((folder / MANIFEST).read_text("utf-8"))).model_dump()


def files_of(folder: Path) -> Iterator[Path]:
    """The files that make a recipe, in order. Tests and read-me texts are no part of what is executed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _IGNORED and not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith((".", "README")) and not name.endswith(".pyc") and not path.is_symlink():
                yield path


def signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes whenever a file of the recipe does; cheap, reads no content."""
    found = ((str(path), path.stat()) for path in files_of(folder))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)


def content_hash(folder: Path) -> str:
    """SHA-256 over names and contents of the recipe's files."""
    files = list(files_of(folder))
    if len(files) > _MAX_FILES or sum(file.stat().st_size for file in files) > _MAX_BYTES:
        raise InvalidInput(
            f"{folder} holds more than a recipe may ({_MAX_FILES} files, {_MAX_BYTES // 1_000_000} MB).",
            remedy="Keep data out of the recipe's folder.",
        )
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def keep_copy(folder: Path, target: Path) -> None:
    """Copy the recipe's files to `target`, complete or not at all: running jobs and later verification use the copy."""
    if target.is_dir():
        return
    making = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    shutil.rmtree(making, ignore_errors=True)
    for file in files_of(folder):
        copy = making / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        copy.chmod(0o644)
    for place in (making, *(path for path in making.rglob("*") if path.is_dir())):
        place.chmod(0o755)
    try:
        making.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(making)


def readme_of(folder: Path) -> str:
    file = folder / "README.md"
    return file.read_text("utf-8", "replace")[:200_000] if file.is_file() and not file.is_symlink() else ""


def _complaint(file: Path, error: ValidationError) -> InvalidInput:
    first = error.errors()[0]
    key = ".".join(f"{part + 1}" if isinstance(part, int) else str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return InvalidInput(f"{file}: '{key}' is not a key of a recipe.", remedy="Check its spelling.", field=key)
    if first["type"] == "missing":
        return InvalidInput(f"{file}: the key '{key}' is missing.", remedy="Add it.", field=key)
    return InvalidInput(f"{file}: '{key}': {first['msg']}.", remedy="Correct it.", field=key)


def _check_sense(file: Path, found: _Manifest) -> None:
    names = [slot.name for slot in found.inputs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InvalidInput(f"{file}: there are two inputs named '{twice}'.", field="inputs.name")
    for slot in found.inputs:
        if slot.maximum and slot.maximum < slot.minimum:
            raise InvalidInput(f"{file}: input '{slot.name}' wants at least more than at most.", field="inputs.maximum")
    if not any(slot.minimum for slot in found.inputs):
        raise InvalidInput(f"{file}: no input is needed.", remedy="Give one input minimum = 1.", field="inputs.minimum")
    _check_command(file, found)
    if found.gpu is not None and found.gpu.environment == found.environment:
        raise InvalidInput(
            f"{file}: the variant for a GPU has the environment of the other.",
            remedy="Give it one of its own (then jobs without a GPU don't load a driver), or set resources.gpu alone.",
            field="gpu.environment",
        )
    if (found.shape in {"ewoks", "cwl"}) != (found.workflow is not None):
        raise InvalidInput(
            f"{file}: the shapes 'ewoks' and 'cwl' need the table 'workflow', and no other shape has it.",
            remedy="Give workflow.result, or another shape.",
            field="workflow",
        )
    if found.verify == "tolerance" and not found.verify_reason:
        raise InvalidInput(
            f"{file}: 'verify_reason' is missing.",
            remedy="Say why results are not bit-equal.",
            field="verify_reason",
        )


def _check_command(file: Path, found: _Manifest) -> None:
    """A command names its program, plain files, and patterns that are patterns."""
    is_command = found.shape == "command"
    if is_command != (found.command is not None) or (is_command and found.program is None):
        raise InvalidInput(
            f"{file}: the shape 'command' and the tables 'program' and 'command' belong together.",
            remedy="Give all of them, or none.",
            field="command",
        )
    if found.program is None:
        return
    if found.shape not in {"command", "whole"}:
        raise InvalidInput(
            f"{file}: a {found.shape} recipe calls no installed program.",
            remedy="Make it 'whole', or leave the table 'program' out.",
            field="program",
        )
    relative = next((path for path in found.program.find if not path.startswith("/")), None)
    if bool(found.program.module) != (relative is not None):
        raise InvalidInput(
            f"{file}: 'program.find' holds absolute paths; with 'program.module' names without folders.",
            remedy="Correct it.",
            field="program.find",
        )
    command = found.command
    for name in (*command.files, *command.expects) if command is not None else ():
        if not re.fullmatch(_PLAIN_NAME, name):
            raise InvalidInput(f"{file}: '{name}' is no plain file name.", remedy="Leave folders out.", field="command")
    texts = {"progress": command.progress, "failure": command.failure} if command is not None else {}
    for key, text in (*texts.items(), ("version_pattern", found.program.version_pattern)):
        try:
            re.compile(text)
        except re.error as error:
            raise InvalidInput(f"{file}: '{key}' is no regular expression: {error}.", field=key) from error


def _to_manifest(found: _Manifest) -> RecipeManifest:
    values = found.model_dump(exclude={"inputs", "outputs", "resources", "gpu", "program", "command", "workflow"})
    values = _as_tuples(values)
    if found.program is not None:
        values["program"] = ProgramNeed(**_as_tuples(found.program.model_dump()))
    return RecipeManifest(
        **values,
        inputs=tuple(_to_slot(slot) for slot in found.inputs),
        outputs=tuple(_to_output(output) for output in found.outputs),
        resources=Resources(**found.resources.model_dump()),
        gpu=GpuVariant(**found.gpu.model_dump()) if found.gpu else None,
    )


def _to_output(output: _Output) -> RecipeOutput:
    return RecipeOutput(
        title=output.title,
        kinds=tuple(ArrayKind(kind) for kind in output.kinds),
        dimensions=(output.dimensions[0], output.dimensions[1]),
        definitions=tuple(output.definitions),
    )


def _as_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _to_slot(slot: _Input) -> InputSlot:
    arrays = tuple(
        ArrayClause(
            kinds=tuple(ArrayKind(kind) for kind in clause.kinds),
            dimensions=(clause.dimensions[0], clause.dimensions[1]) if clause.dimensions else None,
            path=clause.path,
        )
        for clause in slot.arrays
    )
    return InputSlot(
        name=slot.name,
        title=slot.title,
        minimum=slot.minimum,
        maximum=slot.maximum or None,
        techniques=tuple(slot.techniques),
        definitions=tuple(slot.definitions),
        formats=tuple(slot.formats),
        kinds=tuple(slot.kinds),
        arrays=arrays,
        without_technique=None if slot.without_technique is None else tuple(slot.without_technique),
        help=slot.help,
        beside=slot.beside,
    )
