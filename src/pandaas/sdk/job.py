"""The job as the platform describes it in `job.json`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.inputs import Input, Inputs

FORMAT = 1
JOB = "PANDAAS_JOB"  # names job.json to processes that a job starts


@dataclass(frozen=True)
class Job:
    """One run of one recipe. `output` is the only folder it may write to; `recipe_folder` holds its code."""

    id: str
    recipe_id: str
    recipe_version: str
    shape: str
    recipe_folder: str
    output: str
    inputs: Inputs
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cores: int = 1
    memory_mb: int = 0
    person: str = ""
    started_by: str = ""
    gpu: bool = False  # it may use the GPUs that it sees
    program: Mapping[str, Any] = field(default_factory=dict)  # name, version, path, variables of an installed program

    @property
    def result_path(self) -> str:
        return os.path.join(self.output, "result.nxs")


def load_job(path: str, recipe_folder: Optional[str] = None) -> Job:
    """Read `job.json`. The recipe's folder is `recipe_folder`, else `recipe.folder` in the file.

    Raises `RecipeError` when the file isn't a job that this version understands.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            tree = json.load(stream)
    except (OSError, ValueError) as error:
        raise RecipeError(f"The job description {path} can't be read: {error}.") from error
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise RecipeError(
            f"{path} is not a job of format {FORMAT}.", "The platform and its SDK differ in version: ask the operator."
        )
    try:
        return _job(tree, recipe_folder)
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(f"The job description {path} is incomplete: {error!r}.") from error


def _job(tree: Mapping[str, Any], recipe_folder: Optional[str]) -> Job:
    recipe = tree["recipe"]
    folder = recipe_folder or recipe.get("folder")
    if not folder:
        raise KeyError("recipe.folder")
    slots = {slot: tuple(Input.from_json(slot, item) for item in items) for slot, items in tree["inputs"].items()}
    return Job(
        id=str(tree["job"]),
        recipe_id=str(recipe["id"]),
        recipe_version=str(recipe["version"]),
        shape=str(recipe["shape"]),
        recipe_folder=os.path.abspath(folder),
        output=str(tree["output"]),
        inputs=Inputs(slots),
        parameters=dict(tree.get("parameters") or {}),
        cores=max(1, int(tree.get("cores") or 1)),
        memory_mb=int(tree.get("memory_mb") or 0),
        person=str(tree.get("person") or ""),
        started_by=str(tree.get("started_by") or ""),
        gpu=bool(tree.get("gpu")),
        program=dict(tree.get("program") or {}),
    )


_current: Optional[Job] = None


def current_job() -> Optional[Job]:
    """The job that this process runs or was started by (a notebook's Python), or None (a recipe tried by hand)."""
    if _current is None and os.environ.get(JOB):
        set_current_job(load_job(os.environ[JOB]))
    return _current


def set_current_job(job: Optional[Job]) -> Optional[Job]:
    """Make `job` the current one; returns the former one."""
    global _current
    former, _current = _current, job
    return former
