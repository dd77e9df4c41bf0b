"""The datasets that a notebook was opened on: by a session, or by the job that runs it as a recipe."""

from __future__ import annotations

import json
import os

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.inputs import Input
from pandaas.sdk.job import current_job

SESSION = "PANDAAS_SESSION"
"""Names the file that tells a session's programs of its datasets."""


def opened() -> tuple[Input, ...]:
    """In the order in which they were chosen. `dataset["/entry/data/data"]` is an array of one, as with the client: nothing is
    read before it is sliced. `RecipeError` where neither a session nor a job says which they are."""
    job = current_job()
    if job is not None:
        return job.inputs.all()
    try:
        with open(os.environ[SESSION], encoding="utf-8") as stream:
            told = json.load(stream)
        return tuple(Input.from_json("datasets", item) for item in told["datasets"] if item["files"])
    except (KeyError, OSError, ValueError) as error:
        raise RecipeError(
            "No session and no job says which datasets are opened.",
            "Open the notebook in a session, or use the client: pandaas.connect(address).",
        ) from error
