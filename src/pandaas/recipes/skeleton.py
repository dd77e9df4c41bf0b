"""`pandaas recipe new`: a small recipe that works, with its test, to change into one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pandaas.model import Conflict, InvalidInput

_MANIFEST = """id = "{id}"
version = "0.1.0"
title = "{title}"
summary = "Adds up all numbers of an array. Replace this by what your recipe does."
shape = "{shape}"                # blockwise: in pieces, live and parallel; whole: everything at once
environment = "{environment}"    # see `pandaas env list`
selection = "each"               # several datasets: one job each, or "all" in one job
techniques = []                  # PaNET IRIs; empty = any
code = "NumPy"
licence = "BSD-3-Clause"
verify = "bit"                   # or "tolerance" with verify_reason and verify_tolerance

[[inputs]]
name = "sample"
title = "Data"
help = "Any HDF5 file with an array of numbers."
minimum = 1
maximum = 1
formats = ["hdf5", "nexus", "nxcansas", "dxchange", "openpmd", "eiger"]  # left out: any
arrays = [{{ dimensions = [1, 5] }}]

[resources]
cores = 1
memory_mb = 1024
time_limit_s = 3600
"""

_PARAMETERS = '''"""What the person can choose; the form in the browser is made from this."""

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    factor: float = Field(
        1.0,
        gt=0,
        le=1e6,
        title="Factor",
        description="Every number is multiplied by this.",
        json_schema_extra={"group": "Result", "x-order": 1},
    )
'''

_BLOCKWISE = '''"""Sums an array piece by piece: `open`, then `process` and `merge` for each block, then `finish`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pandaas import sdk


@dataclass
class State:
    array: Any
    parameters: Any
    blocks: list


def open(inputs, parameters):  # noqa: A001 - the contract's name
    array = inputs.one("sample").array()
    length = array.shape[0]
    return State(array, parameters, [(start, min(start + 16, length)) for start in range(0, length, 16)])


def process(state, block):
    start, stop = block
    values = np.asarray(state.array[start:stop], dtype=float).reshape(stop - start, -1)
    return {"sums": values.sum(axis=1) * state.parameters.factor}


def merge(a, b):
    return {"sums": np.concatenate([a["sums"], b["sums"]])}


def finish(state, partial):
    write(partial["sums"], state.parameters)


def write(sums, parameters):
    plot = sdk.Plot("sum", sdk.Field("sum", sums, label="Sum"), [sdk.Field("frame", np.arange(sums.size), label="Frame")])
    sdk.write_result(
        title="Sums",
        process={"program": "numpy", "version": np.__version__, "parameters": parameters.model_dump()},
        plots=[plot],
    )
'''

_WHOLE = '''"""Sums an array all at once: `run` does everything and writes its result below `output`."""

import numpy as np

from pandaas import sdk


def run(inputs, parameters, output):
    array = inputs.one("sample").array()
    if 0 in array.shape:
        raise sdk.RecipeError("The array is empty.", "Choose another dataset.", "sample")
    values = np.asarray(array[...], dtype=float).reshape(array.shape[0], -1)
    sdk.progress(0.5, "Adding up")
    sums = values.sum(axis=1) * parameters.factor
    plot = sdk.Plot("sum", sdk.Field("sum", sums, label="Sum"), [sdk.Field("frame", np.arange(sums.size), label="Frame")])
    sdk.write_result(
        title="Sums",
        process={"program": "numpy", "version": np.__version__, "parameters": parameters.model_dump()},
        plots=[plot],
    )
'''

_TEST = '''"""Run by `pandaas recipe test {id}`: the contract's suite on a small dataset, and what the recipe should find."""

from pathlib import Path

import h5py
import numpy as np

from pandaas.testing.recipes import RecipeConformance


class Test{name}(RecipeConformance):
    recipe = Path(__file__).parents[1]
    copes_with = {{"flat": "an array of any number of dimensions is summed"}}

    def make_inputs(self, folder):
        file = folder / "data.h5"
        with h5py.File(file, "w") as stream:
            stream["data"] = np.arange(40 * 6, dtype="uint16").reshape(40, 6)
        return {{"sample": [file]}}

    def check_result(self, result):
        sums = result["entry/sum/sum"][()]
        np.testing.assert_allclose(sums, np.arange(240.0).reshape(40, 6).sum(axis=1))
'''

_README = """# {title}

What it computes, with which code, after which publication; which inputs it needs; where its limits are.
"""


def write_skeleton(
    parent: Path, recipe: str, *, shape: Literal["blockwise", "whole"] = "blockwise", environment: str = "core"
) -> Path:
    """Write the folder `parent/recipe`; `Conflict` when it exists."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,63}", recipe):
        raise InvalidInput(
            f"'{recipe}' can't be a recipe's name.", remedy="Use small letters, digits and '-'.", field="recipe"
        )
    folder = parent / recipe
    if folder.exists():
        raise Conflict(f"{folder} exists already.", remedy="Choose another name.", field="recipe")
    title = recipe.replace("-", " ").capitalize()
    words = {"id": recipe, "title": title, "shape": shape, "environment": environment}
    (folder / "tests").mkdir(parents=True)
    (folder / "recipe.toml").write_text(_MANIFEST.format(**words), "utf-8")
    (folder / "parameters.py").write_text(_PARAMETERS, "utf-8")
    (folder / "run.py").write_text(_BLOCKWISE if shape == "blockwise" else _WHOLE, "utf-8")
    (folder / "README.md").write_text(_README.format(**words), "utf-8")
    name = "".join(part.capitalize() for part in recipe.split("-"))
    (folder / "tests" / "test_recipe.py").write_text(_TEST.format(id=recipe, name=name), "utf-8")
    return folder
