"""The registry with real checks in the sandbox."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import h5py
import pytest
from sqlalchemy import select

from pandaas.db.tables import Dataset, Recipe
from pandaas.model import InvalidInput, Unavailable
from pandaas.recipes import RecipeVersion
from pandaas.testing.workshop import Workshop

pytestmark = pytest.mark.integration


def test_an_edit_is_noticed_without_a_restart(workshop: Workshop) -> None:
    before = workshop.recipes.get("sum-whole")
    parameters = workshop.recipe_folder / "sum-whole" / "parameters.py"
    parameters.write_text(parameters.read_text().replace("factor:", "weight:"))
    workshop.recipes.refresh(force=True)
    after = workshop.recipes.get("sum-whole")
    assert list(after.schema["properties"]) == ["weight"]
    assert after.content_hash != before.content_hash
    assert list(workshop.recipes.by_hash(before.content_hash).schema["properties"]) == ["factor"]
    with workshop.database.read() as session:
        rows = session.scalars(select(Recipe).where(Recipe.recipe == "sum-whole", Recipe.is_current)).all()
    assert [row.content_hash for row in rows] == [after.content_hash]


def test_a_new_platform_checks_only_what_is_asked_for(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    original = workshop.recipes.check

    def check(folder: Path, **more: Any) -> RecipeVersion:
        checked.append(folder.name)
        return original(folder, **more)

    monkeypatch.setattr(workshop.recipes, "check", check)
    pid = workshop.dataset()
    manifest = workshop.recipe_folder / "sum-whole" / "recipe.toml"
    manifest.write_text(manifest.read_text().replace('["hdf5", "nexus"', '["cbf"', 1))
    offers = workshop.jobs.offers(workshop.principal("alice"), [pid])
    assert [offer.recipe.manifest.id for offer in offers] == checked == ["sum-blocks"]
    assert workshop.recipes.get("sum-blocks").usable
    assert checked == ["sum-blocks"]
    assert len(workshop.recipes.manifests()) == 2
    assert checked == ["sum-blocks", "sum-whole"]


def test_a_form_does_not_wait_for_other_recipes_checks(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    original = workshop.recipes.check

    def check(folder: Path, **more: Any) -> RecipeVersion:
        if folder.name == "sum-whole":
            begun.set()
            assert go_on.wait(60)
        return original(folder, **more)

    monkeypatch.setattr(workshop.recipes, "check", check)
    all_of_them = threading.Thread(target=workshop.recipes.manifests)
    all_of_them.start()
    try:
        assert begun.wait(60)
        assert workshop.recipes.get("sum-blocks").usable
    finally:
        go_on.set()
        all_of_them.join()
    assert {found.manifest.id for found in workshop.recipes.manifests()} == {"sum-blocks", "sum-whole"}


def test_a_broken_recipe_disables_itself_visibly(workshop: Workshop) -> None:
    (workshop.recipe_folder / "sum-blocks" / "parameters.py").write_text("import no_such_module\n")
    workshop.recipes.refresh(force=True)
    broken = workshop.recipes.get("sum-blocks")
    assert "no_such_module" in str(broken.problem)
    assert workshop.recipes.get("sum-whole").usable
    with pytest.raises(Unavailable, match="can't be run now"):
        workshop.start("alice", "sum-blocks", workshop.dataset())


def test_a_recipe_that_comes_and_goes_is_followed(workshop: Workshop) -> None:
    workshop.write_recipe("fresh", "def run(inputs, parameters, output): pass\n")
    assert workshop.recipes.get("fresh").usable
    (workshop.recipe_folder / "fresh" / "recipe.toml").unlink()
    workshop.recipes.refresh(force=True)
    assert "fresh" not in {found.manifest.id for found in workshop.recipes.manifests()}


def test_a_recipes_code_never_runs_in_the_platform(workshop: Workshop) -> None:
    marker = workshop.home / "marker"
    evil = (
        f"open({str(marker)!r}, 'w').write('ran')\nfrom pydantic import BaseModel\nclass Parameters(BaseModel): pass\n"
    )
    workshop.write_recipe("evil", "def run(inputs, parameters, output): pass\n", parameters=evil)
    assert "can't be loaded" in str(workshop.recipes.get("evil").problem)
    assert not marker.exists()


def test_what_prints_while_it_loads_is_refused(workshop: Workshop) -> None:
    text = "print('hello')\nfrom pydantic import BaseModel\nclass Parameters(BaseModel): pass\n"
    workshop.write_recipe("loud", "def run(inputs, parameters, output): pass\n", parameters=text)
    assert "prints something" in str(workshop.recipes.get("loud").problem)


def test_a_missing_program_is_said(workshop: Workshop) -> None:
    (workshop.recipe_folder / "sum-whole" / "run.py").unlink()
    with pytest.raises(InvalidInput, match=r"run\.py is missing"):
        workshop.recipes.check(workshop.recipe_folder / "sum-whole")


def test_a_program_that_comes_and_goes_is_followed(workshop: Workshop, tmp_path: Path) -> None:
    program = tmp_path / "suite" / "prog"
    workshop.write_recipe("suite", "")
    (workshop.recipe_folder / "suite" / "run.py").unlink()
    manifest = (
        (workshop.recipe_folder / "suite" / "recipe.toml").read_text().replace('shape = "whole"', 'shape = "command"')
    )
    tables = (
        f'\n[program]\nname = "Suite"\nfind = ["{program}"]\nversion = ["{{program}}"]\nversion_pattern = "Suite (.*)"\n'
        'remedy = "Install it."\n[command]\nargv = ["{program}", "{sample}"]\n[command.result]\nfile = "out.dat"\n'
        'columns = [{ name = "x" }, { name = "y" }]\n'
    )
    (workshop.recipe_folder / "suite" / "recipe.toml").write_text(manifest + tables)
    workshop.recipes.refresh(force=True)
    assert workshop.recipes.get("suite").problem == "Suite is not installed here. Install it."
    with pytest.raises(Unavailable, match="Suite is not installed here"):
        workshop.start("alice", "suite", workshop.dataset())
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ $# = 0 ] && { echo "Suite 2.1"; exit 0; }\nprintf "1 2\\n3 4\\n" > out.dat\n')
    program.chmod(0o755)
    workshop.recipes.refresh(force=True)
    assert workshop.recipes.get("suite").usable
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "suite", workshop.dataset()))
    assert (view.job.state, view.job.failure) == ("succeeded", None)
    with workshop.database.read() as session:
        file = session.scalars(select(Dataset).where(Dataset.pid == view.outputs[0])).one().files[0].path
    with h5py.File(file) as result:
        assert result["entry/curve/y"][()].tolist() == [2.0, 4.0]
        assert result["entry/process/version"][()] == b"2.1"
    program.unlink()
    workshop.recipes.refresh(force=True)
    assert not workshop.recipes.get("suite").usable
