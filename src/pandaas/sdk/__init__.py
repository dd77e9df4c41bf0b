"""What recipe code imports inside its own environment: inputs, blocks, progress and results.

A recipe is a folder with `recipe.toml`, `parameters.py` (a pydantic model `Parameters`) and `run.py`. This package runs
it: `python -m pandaas.sdk run job.json`. It needs NumPy and h5py only, works on Python 3.9 and later and imports nothing
else of PaN-DAaS, because it is mounted into environments that belong to other people.

Blockwise recipes define `open`, `process`, `merge`, `finish` and optionally `preview` (see `pandaas.sdk.blockwise`);
whole recipes define `run` (see `pandaas.sdk.whole`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandaas.sdk.blocks import Blocks
    from pandaas.sdk.datasets import opened
    from pandaas.sdk.errors import RecipeError
    from pandaas.sdk.frames import Frames
    from pandaas.sdk.inputs import Array, Input, Inputs, Quantity, read_block
    from pandaas.sdk.job import Job, current_job, load_job
    from pandaas.sdk.program import Program, ProgramFailed, installed_program
    from pandaas.sdk.report import progress, warn
    from pandaas.sdk.result import Field, Plot, write_result
    from pandaas.sdk.stored import StoredFrames, stored_frames

_HOMES = {
    "Array": "inputs",
    "Blocks": "blocks",
    "Field": "result",
    "Frames": "frames",
    "Input": "inputs",
    "Inputs": "inputs",
    "Job": "job",
    "Plot": "result",
    "Program": "program",
    "ProgramFailed": "program",
    "Quantity": "inputs",
    "RecipeError": "errors",
    "current_job": "job",
    "installed_program": "program",
    "load_job": "job",
    "opened": "datasets",
    "progress": "report",
    "read_block": "inputs",
    "StoredFrames": "stored",
    "stored_frames": "stored",
    "warn": "report",
    "write_result": "result",
}

__all__ = [
    "Array",
    "Blocks",
    "Field",
    "Frames",
    "Input",
    "Inputs",
    "Job",
    "Plot",
    "Program",
    "ProgramFailed",
    "Quantity",
    "RecipeError",
    "StoredFrames",
    "current_job",
    "installed_program",
    "load_job",
    "opened",
    "progress",
    "read_block",
    "stored_frames",
    "warn",
    "write_result",
]


def __getattr__(name: str) -> Any:
    """Load on first use: the number of threads must be fixed before NumPy is imported."""
    if name in _HOMES:
        return getattr(importlib.import_module("pandaas.sdk." + _HOMES[name]), name)
    raise AttributeError(f"module 'pandaas.sdk' has no attribute {name!r}")
