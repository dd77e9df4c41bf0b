"""Runs a notebook as a recipe: papermill fills in its parameters and executes it cell by cell.

The executed notebook, the figures it shows and the files it writes in its working folder are kept beside the result. The
result itself is what the notebook wrote with `sdk.write_result`, else its figures. A cell's error ends the job with the
cell's name and the error's own words; the traceback stays in the executed notebook.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import importlib.metadata
import io
import json
import os
import re
from typing import Any, Mapping, Optional, Sequence

import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.inputs import Inputs
from pandaas.sdk.job import Job
from pandaas.sdk.parameters_cell import NOTEBOOK, notebook_schema, read_notebook, source_of
from pandaas.sdk.report import progress
from pandaas.sdk.result import Field, Plot, write_result

FILES = "files"  # what lies in this folder of the output is kept beside the result
_INLINE = "module://matplotlib_inline.backend_inline"
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_MOST_FIGURES = 50
_LONGEST = 300


def schema(folder: str) -> dict[str, Any]:
    """The JSON Schema of the form; the recipe's named inputs are no fields of it."""
    return notebook_schema(read_notebook(folder), input_names(folder))


def input_names(folder: str) -> list[str]:
    tomllib = importlib.import_module("tomllib")
    with open(os.path.join(folder, "recipe.toml"), "rb") as stream:
        tree = tomllib.load(stream)
    return [str(slot["name"]) for slot in tree.get("inputs", ())]


def run(job: Job, parameters: Mapping[str, Any]) -> None:
    """Execute the notebook; afterwards there is a result, and an executed notebook even where a cell failed."""
    source = read_notebook(job.recipe_folder)
    folder = os.path.join(job.output, FILES)
    os.makedirs(folder, exist_ok=True)
    values = {**files_by_slot(job.inputs), **parameters}
    executed = os.path.join(folder, NOTEBOOK)
    _execute(job, source, executed, values)
    with open(executed, encoding="utf-8") as stream:
        figures = _figures(json.load(stream))
    for number, (_, picture) in enumerate(figures, 1):
        with open(os.path.join(folder, f"figure-{number}.png"), "xb") as target:
            target.write(picture)
    if not os.path.isfile(job.result_path):
        _write(job, parameters, figures)
    progress(1.0, "Done")


def files_by_slot(inputs: Inputs) -> dict[str, Any]:
    """What the variables named like the inputs hold: the path of the dataset's file, a list where there are several."""
    found: dict[str, Any] = {}
    for slot, items in inputs.items():
        paths = [item.master for item in items]
        found[slot] = paths[0] if len(paths) == 1 else paths
    return found


def name_of(cells: Sequence[Mapping[str, Any]], index: int) -> str:
    """How people find the cell: its number among all cells, and the heading it stands under."""
    for cell in reversed(cells[: index + 1]):
        heading = _HEADING.findall(source_of(cell)) if cell.get("cell_type") == "markdown" else []
        if heading:
            return f"cell {index + 1} (“{heading[-1][:100]}”)"
    return f"cell {index + 1}"


def _execute(job: Job, source: Mapping[str, Any], executed: str, values: Mapping[str, Any]) -> None:
    papermill = importlib.import_module("papermill")
    os.environ["MPLBACKEND"] = _INLINE  # figures become outputs of their cells
    _register(papermill, source["cells"])
    try:
        papermill.execute_notebook(
            os.path.join(job.recipe_folder, NOTEBOOK),
            executed,
            parameters=dict(values),
            engine_name="pandaas",
            kernel_name="python3",
            cwd=os.path.dirname(executed),
            progress_bar=False,
            request_save_on_cell_execute=True,
            config=_private_sockets(),
        )
    except papermill.PapermillExecutionError as error:
        raise _failure(error, executed) from error
    except importlib.import_module("nbclient.exceptions").DeadKernelError as error:
        raise RecipeError(
            "The notebook's Python ended while a cell was running, perhaps for lack of memory.",
            "Run it again with fewer data; the executed notebook shows how far it came.",
        ) from error


def _private_sockets() -> Any:
    """The kernel is reached through files of the job's own /tmp, not through ports of the computer."""
    config = importlib.import_module("traitlets.config").Config()
    config.KernelManager.transport = "ipc"
    config.KernelManager.ip = "/tmp/kernel"  # noqa: S108 - a private one
    return config


def _register(papermill: Any, cells: Sequence[Mapping[str, Any]]) -> None:
    """papermill's own engine, which tells how far it is before each cell."""
    engines = importlib.import_module("papermill.engines")

    class Engine(engines.NBClientEngine):  # type: ignore[misc, name-defined]  # papermill is in the job's environment
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            begin, total = nb_man.cell_start, len(nb_man.nb.cells)

            def cell_start(cell: Any, cell_index: Any = None, **more: Any) -> Any:
                index = int(cell_index or 0)
                progress(0.02 + 0.95 * index / max(total, 1), _first_upper(name_of(nb_man.nb.cells, index)))
                return begin(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    engines.papermill_engines.register("pandaas", Engine)


def _failure(error: Any, executed: str) -> RecipeError:
    """The cell's error as a sentence. What a cell raised as `RecipeError` is meant for people and stands as it is."""
    with open(executed, encoding="utf-8") as stream:
        cells = json.load(stream)["cells"]
    index = next((number for number, cell in enumerate(cells) if _raised(cell)), int(error.cell_index))
    said = " ".join(str(error.evalue).split())[:_LONGEST]
    where = _first_upper(name_of(_without_banner(cells), index - _banners(cells[:index])))
    if error.ename == "RecipeError":
        return RecipeError(f"{where} stopped: {said}", "Change what it names and run it again.")
    reason = f"{error.ename}: {said}" if said else str(error.ename)
    return RecipeError(
        f"{where} of the notebook failed: {reason}.",
        "The executed notebook below shows the cell and how it came about.",
    )


def _raised(cell: Mapping[str, Any]) -> bool:
    return any(output.get("output_type") == "error" for output in cell.get("outputs") or ())


def _is_banner(cell: Mapping[str, Any]) -> bool:
    """papermill puts a note above a notebook that failed."""
    return "papermill-error-cell-tag" in ((cell.get("metadata") or {}).get("tags") or ())


def _banners(cells: Sequence[Mapping[str, Any]]) -> int:
    return sum(_is_banner(cell) for cell in cells)


def _without_banner(cells: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [cell for cell in cells if not _is_banner(cell)]


def _figures(notebook: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """The PNG pictures that cells showed, each with the name of its cell."""
    found: list[tuple[str, bytes]] = []
    cells = notebook["cells"]
    for index, cell in enumerate(cells):
        for output in cell.get("outputs") or ():
            picture = _picture((output.get("data") or {}).get("image/png"))
            if picture is not None:
                found.append((_first_upper(name_of(cells, index)), picture))
    return found[:_MOST_FIGURES]


def _picture(text: Any) -> Optional[bytes]:
    joined = "".join(text) if isinstance(text, list) else text
    try:
        return base64.b64decode(joined) if isinstance(joined, str) else None
    except binascii.Error:
        return None


def _write(job: Job, parameters: Mapping[str, Any], figures: Sequence[tuple[str, bytes]]) -> None:
    """A result of the figures themselves; a notebook that shows none has nothing to look at."""
    if not figures:
        raise RecipeError(
            "The notebook showed no figure and wrote no result.",
            "Let a cell end with a figure, or call `sdk.write_result`.",
        )
    image = importlib.import_module("PIL.Image")
    plots = []
    for number, (title, picture) in enumerate(figures, 1):
        pixels = np.asarray(image.open(io.BytesIO(picture)).convert("RGB"))
        plots.append(
            Plot(f"figure_{number}", Field("figure", pixels, label="Figure"), title=title, interpretation="rgb-image")
        )
    write_result(
        job.result_path,
        title=job.recipe_id,
        process={
            "program": "papermill",
            "version": importlib.metadata.version("papermill"),
            "parameters": dict(parameters),
        },
        plots=plots,
        inputs=job.inputs.all(),
    )


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
