"""What Ewoks graphs and CWL workflows have in common as recipes: the table `workflow` of `recipe.toml`, form fields, inputs."""

from __future__ import annotations

import importlib
import os
import re
from typing import Any, Collection, Mapping, Sequence, Union

import h5py

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.frames import Frames
from pandaas.sdk.inputs import Input
from pandaas.sdk.job import Job
from pandaas.sdk.notebook import FILES, files_by_slot
from pandaas.sdk.pixels import mask_of

GRAPH = "graph.json"
WORKFLOW = "workflow.cwl"
_MOST_BYTES = 5_000_000
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def table(folder: str) -> Mapping[str, Any]:
    """The table `workflow` of the recipe in `folder`."""
    found: Mapping[str, Any] = _manifest(folder)["workflow"]
    return found


def _manifest(folder: str) -> Mapping[str, Any]:
    tomllib = importlib.import_module("tomllib")
    with open(os.path.join(folder, "recipe.toml"), "rb") as stream:
        found: Mapping[str, Any] = tomllib.load(stream)
    return found


def read(folder: str, name: str) -> str:
    """The text of the workflow's file."""
    path = os.path.join(folder, name)
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            raise RecipeError(f"{name} is larger than {_MOST_BYTES // 1_000_000} MB.", "Keep data out of it.")
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, ValueError) as error:
        raise RecipeError(f"{name} can't be read: {error}.", "Save it again.") from error


def working_folder(job: Job) -> str:
    """Where the workflow writes; what lies there is kept beside the result."""
    folder = os.path.join(job.output, FILES)
    os.makedirs(folder, exist_ok=True)
    return folder


def form(fields: Sequence[dict[str, Any]], said: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema of fields, each with its `name`; `said` is `workflow.fields`, which names or hides them."""
    properties: dict[str, Any] = {}
    unknown = sorted(set(said) - {field["name"] for field in fields})
    if unknown:
        raise RecipeError(f"'workflow.fields.{unknown[0]}' is no input of the workflow.", "Correct its name.")
    for order, field in enumerate(fields):
        more = said.get(field["name"], {})
        if more.get("hidden"):
            continue
        entry = {key: value for key, value in field.items() if key != "name"}
        for key, name in (("title", "title"), ("help", "description"), ("unit", "unit")):
            if more.get(key):
                entry[name] = more[key]
        if more.get("choices"):
            entry["enum"] = list(more["choices"])
            entry.pop("type", None)
        target = entry["anyOf"][0] if "anyOf" in entry else entry
        for key in ("minimum", "maximum"):
            if more.get(key) is not None:
                target[key] = more[key]
        properties[field["name"]] = {**entry, "x-order": order}
    return {"type": "object", "additionalProperties": False, "title": "Parameters", "properties": properties}


def kind_of(value: Any) -> Union[dict[str, Any], None]:
    """The JSON Schema's type of a plain value; None for what no form can show."""
    if type(value) in _TYPES:
        return {"type": _TYPES[type(value)]}
    if isinstance(value, list) and value and all(type(item) in _TYPES for item in value):
        kinds = {_TYPES[type(item)] for item in value}
        if kinds <= {"integer", "number"}:
            return {"type": "array", "items": {"type": "number" if "number" in kinds else "integer"}}
        return {"type": "array", "items": {"type": kinds.pop()}} if len(kinds) == 1 else None
    return None


def places(job: Job, folder: str, named: Collection[str]) -> dict[str, Any]:
    """What placeholders stand for: inputs, the working folder, and of the first dataset of each input more.

    `<input>_array` is the inner path of the array it is about, `<input>_url` that array as silx writes it (of a series the first
    frame), `<input>_poni` and the like the first file with that ending beside it. `<input>_mask` is an HDF5 file whose array
    /mask is 1 where a pixel doesn't count, `<input>_mask_url` the same as silx writes it; it is made where `named` names it.
    """
    found: dict[str, Any] = {
        **files_by_slot(job.inputs),
        "output": folder,
        "recipe": job.recipe_folder,
        "cores": job.cores,
        "memory_mb": job.memory_mb,
    }
    for slot, items in job.inputs.items():
        for item in items[:1]:
            array = item.default_path()
            if item.is_hdf5 and 0 in item.array(array).shape:
                raise RecipeError(f"'{item.title}' holds no frame: {array} is empty.", "Choose another dataset.", slot)
            found[f"{slot}_array"] = array
            found[f"{slot}_url"] = _url(item, array)
            for path in (*item.attachments, *item.files):
                ending = re.sub(r"\W", "", os.path.splitext(path)[1].lower())
                found.setdefault(f"{slot}_{ending}", path)
            if {f"{slot}_mask", f"{slot}_mask_url"}.intersection(named):
                path = _write_mask(os.path.join(folder, f"{slot}_mask.h5"), item, _chosen_mask(job))
                found.update({f"{slot}_mask": path, f"{slot}_mask_url": f"silx://{path}?path=/mask"})
    return found


def _chosen_mask(job: Job) -> Union[Input, None]:
    """The dataset of the recipe's input that takes masks."""
    slots = [slot["name"] for slot in _manifest(job.recipe_folder).get("inputs", ()) if slot.get("kinds") == ["mask"]]
    return next((item for slot in slots for item in job.inputs[slot]), None)


def _write_mask(path: str, images: Input, chosen: Union[Input, None]) -> str:
    with h5py.File(path, "w") as file:
        file.create_dataset("mask", data=mask_of(Frames(images), chosen).astype("u1"), compression="gzip")
    return path


def place_names(slots: Sequence[str]) -> list[str]:
    """The endings that `places` knows for every input."""
    return [f"{slot}_{ending}" for slot in slots for ending in ("array", "url")]


def _url(item: Input, array: str) -> str:
    if not item.is_hdf5:
        return item.master
    first = "&slice=0" if item.array(array).ndim > 2 else ""
    return f"silx://{item.master}?path={array}{first}"
