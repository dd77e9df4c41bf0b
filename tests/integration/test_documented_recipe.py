"""The recipe that the documentation shows is one that works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.config import package_folder
from pandaas.recipes import parse_manifest, write_skeleton

pytestmark = pytest.mark.integration
PAGE = Path(__file__).parents[2] / "docs/how-to/add-a-recipe.md"


def blocks() -> list[str]:
    text = PAGE.read_text("utf-8")
    return [textwrap.dedent(block) for block in re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", text, re.MULTILINE)]


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_the_shown_recipe_runs(tmp_path: Path, factor: float) -> None:
    code = next(block for block in blocks() if "def run(" in block)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20, "the page promises twenty lines"
    folder = write_skeleton(tmp_path, "sum-frames", shape="whole")
    (folder / "run.py").write_text(code)
    (folder / "parameters.py").write_text(next(block for block in blocks() if "class Parameters" in block))
    parse_manifest(folder)

    frames = np.arange(240, dtype=np.int32).reshape(40, 6)  # as in the test of the skeleton
    with h5py.File(tmp_path / "frames.h5", "w") as file:
        file["entry/data/data"] = frames
    output = tmp_path / "output"
    output.mkdir()
    array = {"path": "/entry/data/data", "shape": [40, 6], "dtype": "<i4", "kind": "image_stack", "unit": None}
    entry = {
        "pid": "ds-1",
        "version": 1,
        "title": "frames",
        "sample": None,
        "files": [str(tmp_path / "frames.h5")],
        "master": str(tmp_path / "frames.h5"),
        "format": "nexus",
        "entry_path": "/entry",
        "kind": "raw",
        "techniques": [],
        "parameters": {},
        "arrays": [array | {"is_default": True}],
        "plot": None,
    }
    job = {
        "format": 1,
        "job": "job-1",
        "recipe": {"id": "sum-frames", "version": "0.1.0", "shape": "whole", "folder": str(folder)},
        "parameters": {"factor": factor},
        "cores": 1,
        "memory_mb": 512,
        "inputs": {"sample": [entry]},
        "output": str(output),
        "person": "Alice",
        "started_by": "test",
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        [sys.executable, "-m", "pandaas.sdk", "run", str(tmp_path / "job.json")],
        env=dict(os.environ, PYTHONPATH=str(package_folder().parent)),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr + _failure(output)
    with h5py.File(output / "result.nxs") as file:
        np.testing.assert_array_equal(file["entry/sum/sum"][()], frames.sum(axis=0) * factor)
        if factor == 1.0:
            shown: dict[str, Any] = {"np": np}
            exec(next(block for block in blocks() if "def check_result(" in block), shown)
            shown["check_result"](None, file)


def _failure(output: Path) -> str:
    file = output / "failure.json"
    return file.read_text("utf-8") if file.is_file() else ""
