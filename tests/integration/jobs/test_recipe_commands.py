"""`pandaas recipe new|check|test`: a new recipe works as written, in both shapes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pandaas.db import Base, Database

pytestmark = pytest.mark.integration


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'pandaas.sqlite'}")
    Base.metadata.create_all(database.engine)
    database.dispose()
    return folder


def pandaas(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PANDAAS_")}
    variables["PANDAAS_HOME"] = str(home)
    return subprocess.run(
        [sys.executable, "-m", "pandaas.cli", "recipe", *words],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )


@pytest.mark.parametrize("shape", ["blockwise", "whole"])
def test_a_new_recipe_passes_its_own_tests(home: Path, tmp_path: Path, shape: str) -> None:
    made = pandaas(home, "new", "my-own", "--shape", shape, "--environment", "platform", "--folder", str(tmp_path))
    assert made.returncode == 0, made.stderr
    checked = pandaas(home, "check", str(tmp_path / "my-own"), "--json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["parameters"]["properties"]["factor"]["exclusiveMinimum"] == 0
    tested = pandaas(home, "test", str(tmp_path / "my-own"))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_a_broken_recipe_is_said_to_be(home: Path, tmp_path: Path) -> None:
    pandaas(home, "new", "my-own", "--environment", "platform", "--folder", str(tmp_path))
    (tmp_path / "my-own" / "parameters.py").write_text("class Parameters: pass\nraise RuntimeError('not today')\n")
    found = pandaas(home, "check", str(tmp_path / "my-own"))
    assert found.returncode == 2
    assert "not today" in found.stderr
    manifest = tmp_path / "my-own" / "recipe.toml"
    manifest.write_text(manifest.read_text().replace("minimum", "minimun"))
    found = pandaas(home, "check", str(tmp_path / "my-own"))
    assert found.returncode == 2
    assert "minimun" in found.stderr
