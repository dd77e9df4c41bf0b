"""Work in blocks for the conformance suite: sums whose last bits depend on the order in which they are added, and need no input."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

import h5py

from pandaas.runtime import Bind, Blocks, Confinement, WorkSpec
from pandaas.runtime.sandbox import interpreter_binds
from pandaas.runtime.sdk import SdkFolder

_BLOCKS = 6
_RECIPE = f"""
import time
import numpy as np
from types import SimpleNamespace
from pandaas import sdk

def open(inputs, parameters):
    return SimpleNamespace(blocks=sdk.Blocks.of({_BLOCKS}, 1))

def process(state, block):
    time.sleep(0.3)
    return {{"sum": np.random.default_rng(block[0]).normal(scale=10.0 ** block[0], size=1000).astype("f4")}}

def merge(a, b):
    return {{"sum": a["sum"] + b["sum"]}}

def finish(state, partial):
    plot = sdk.Plot("sums", sdk.Field("sums", partial["sum"]), [sdk.Field("n", np.arange(1000))])
    sdk.write_result(title="Sums", process={{"program": "t", "version": "1", "parameters": {{}}}}, plots=[plot])
"""


def block_work(place: Path, name: str, cores: int) -> WorkSpec:
    """One start of the work, in a folder of its own below `place`."""
    recipe, folder = place / "recipe", place / "work" / f"{name}-{secrets.token_hex(6)}"
    recipe.mkdir(exist_ok=True)
    recipe.chmod(0o755)
    (recipe / "run.py").write_text(_RECIPE, "utf-8")
    output, description = folder / "output", folder / "job.json"
    output.mkdir(parents=True)
    output.chmod(0o777)
    described = {"id": "sums", "version": "1", "shape": "blockwise", "folder": str(recipe)}
    job = {"format": 1, "job": name, "recipe": described, "parameters": {}, "cores": cores, "inputs": {}}
    description.write_text(json.dumps({**job, "output": str(output)}), "utf-8")
    sdk = SdkFolder(place).path
    command = (sys.executable, "-m", "pandaas.sdk")
    confinement = Confinement(
        (*interpreter_binds(Path(sys.executable)), Bind(sdk), Bind(recipe), Bind(description)),
        (output,),
        variables={"PYTHONPATH": str(sdk)},
        cwd=output,
        memory_mb=512,
        cores=cores,
    )
    return WorkSpec(
        folder,
        (*command, "run", str(description)),
        confinement,
        cores=cores,
        memory_mb=512,
        time_limit_s=120,
        blocks=Blocks(command, description),
    )


def bits_of(work: WorkSpec) -> bytes:
    """Of its result."""
    with h5py.File(work.folder / "output/result.nxs") as file:
        return bytes(file["entry/sums/sums"][()].tobytes())
