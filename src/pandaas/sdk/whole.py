"""Runs a whole recipe: `run(inputs, parameters, output)` does everything and writes its result below `output`."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.job import Job
from pandaas.sdk.report import progress


def run(code: ModuleType, job: Job, parameters: Any) -> None:
    """Call the recipe and check that it left a result."""
    progress(0.0, "Starting")
    code.run(job.inputs, parameters, Path(job.output))
    if not os.path.isfile(job.result_path):
        raise RecipeError("The recipe ended without writing a result.", "Tell the recipe's author.")
    progress(1.0, "Done")
