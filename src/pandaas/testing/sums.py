"""A recipe in blocks for tests of engines that spread it: `sums`, one item per block, each taking a moment."""

from __future__ import annotations

import h5py

from pandaas.testing.workshop import Workshop

SUMS = """
import time
import numpy as np
from dataclasses import dataclass
from pandaas import sdk

@dataclass
class State:
    values: object
    blocks: object

def open(inputs, parameters):
    values = inputs.one("sample").array("/data")[()]
    return State(values, sdk.Blocks.of(len(values), 1))

def process(state, block):
    time.sleep(0.15)
    rows = state.values[block[0]:block[1]]
    return {"sum": np.sin(rows).sum(axis=0), "largest": float(rows.max())}

def merge(a, b):
    return {"sum": a["sum"] + b["sum"], "largest": max(a["largest"], b["largest"])}

def finish(state, partial):
    plot = sdk.Plot("sums", sdk.Field("sums", partial["sum"]), [sdk.Field("n", np.arange(len(partial["sum"])))])
    sdk.write_result(title="Sums", process={"program": "t", "version": "1", "parameters": {}}, plots=[plot])
"""


def add_sums(workshop: Workshop) -> None:
    """Offer the recipe instead of `sum-blocks`."""
    folder = workshop.recipe_folder / "sums"
    workshop.recipe_folder.joinpath("sum-blocks").rename(folder)
    text = (folder / "recipe.toml").read_text("utf-8").replace("sum-blocks", "sums")
    (folder / "recipe.toml").write_text(text, "utf-8")
    (folder / "run.py").write_text(SUMS, "utf-8")
    workshop.recipes.refresh(force=True)


def sums(workshop: Workshop, job_id: str, timeout_s: float = 120) -> bytes:
    """The bits of the job's result, when it has succeeded."""
    view = workshop.wait(job_id, timeout_s=timeout_s)
    log = workshop.jobs.folder(job_id).log
    said = log.read_text("utf-8", "replace")[-3000:] if log.exists() else ""
    assert view.job.state == "succeeded", (view.job.failure, said)
    with h5py.File(workshop.home / "results" / job_id / "result.nxs") as file:
        return bytes(file["entry/sums/sums"][()].tobytes())
