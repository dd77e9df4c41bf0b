"""`pandaas recipe new|check|test`: a new recipe works as written, in both shapes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pandaas.cli import main
from pandaas.db import Base, Database

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Recipe = Callable[..., Said]


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Recipe:
    """Calls `pandaas recipe …` in this process, for a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("PANDAAS_HOME", str(home))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # of the recipe's own tests: they need none
    database = Database(f"sqlite:///{home / 'pandaas.sqlite'}")
    Base.metadata.create_all(database.engine)
    database.dispose()

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["pandaas", "recipe", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return Said(int(ended.value.code or 0), *capfd.readouterr())

    return call


@pytest.mark.parametrize("shape", ["blockwise", pytest.param("whole", marks=pytest.mark.full)])
def test_a_new_recipe_passes_its_own_tests(recipe: Recipe, tmp_path: Path, shape: str) -> None:
    made = recipe("new", "my-own", "--shape", shape, "--environment", "platform", "--folder", str(tmp_path))
    assert made.code == 0, made.err
    checked = recipe("check", str(tmp_path / "my-own"), "--json")
    assert checked.code == 0, checked.err
    assert json.loads(checked.out)["parameters"]["properties"]["factor"]["exclusiveMinimum"] == 0
    tested = recipe("test", str(tmp_path / "my-own"))
    assert tested.code == 0, tested.out + tested.err


def test_a_broken_recipe_is_said_to_be(recipe: Recipe, tmp_path: Path) -> None:
    recipe("new", "my-own", "--environment", "platform", "--folder", str(tmp_path))
    (tmp_path / "my-own" / "parameters.py").write_text("class Parameters: pass\nraise RuntimeError('not today')\n")
    found = recipe("check", str(tmp_path / "my-own"))
    assert found.code == 2
    assert "not today" in found.err
    manifest = tmp_path / "my-own" / "recipe.toml"
    manifest.write_text(manifest.read_text().replace("minimum", "minimun"))
    found = recipe("check", str(tmp_path / "my-own"))
    assert found.code == 2
    assert "minimun" in found.err
