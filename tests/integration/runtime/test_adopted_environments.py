"""Environments that others built: found, tried in the sandbox, and told apart when their owner changes them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pandaas.config import load_settings
from pandaas.model import InvalidInput, Unavailable
from pandaas.runtime import Environments, Runtime

pytestmark = pytest.mark.integration

LOCK = """packages:
- conda: https://packages.example.org/linux-64/python-3.11.9-hb806964_0_cpython.conda
- conda: https://packages.example.org/noarch/sasmodels-1.0.9-pyhd8ed1ab_0.conda
"""


@pytest.fixture
def conda(tmp_path: Path) -> Path:
    """A stand-in with the layout of conda and pixi: an interpreter, its packages, and what conda noted of each."""
    place = tmp_path / "opt" / "xrd-2026.1"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    package = next(place.glob("lib/python3*/site-packages")) / "sasmodels.py"
    package.write_text("ANSWER = 42\n")
    (place / "conda-meta").mkdir()
    for name in ("python-3.11.9-hb806964_0_cpython", "sasmodels-1.0.9-pyhd8ed1ab_0"):
        (place / "conda-meta" / f"{name}.json").write_text("{}")
    return place


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    folder = tmp_path / "facility" / "environments" / "xrd"
    folder.mkdir(parents=True)
    return folder


def write(folder: Path, *places: str, lock: str = "") -> None:
    (folder / "environment.toml").write_text(
        f'title = "Scattering"\nbuilder = "found"\ninterpreter = {json.dumps(places)}\ncheck = ["sasmodels"]\n'
        f'remedy = "Ask the computing group to install xrd."\n{lock}'
    )


@pytest.fixture
def environments(tmp_path: Path, definition: Path) -> Environments:
    own = {"recipe_folders": [str(definition.parents[1])], "environment_folder": str(tmp_path / "home/environments")}
    settings = load_settings(home=tmp_path / "home", runtime=own)
    settings.home.mkdir()
    return Runtime(settings).environments


def test_it_is_ready_once_it_was_tried(environments: Environments, definition: Path, conda: Path) -> None:
    write(definition, "/nowhere/bin/python", str(conda.parent / "xrd-*/bin/python"), lock='lock = "pixi.lock"\n')
    (definition / "pixi.lock").write_text(LOCK)
    assert environments.status("xrd").state == "missing"
    assert environments.ready("xrd") is None
    found = environments.ensure("xrd")
    assert found.python == conda / "bin/python"
    status = environments.status("xrd")
    assert (status.state, status.packages) == ("ready", 2)
    assert status.health is not None
    assert status.health.works
    wanted = environments.definition("xrd")
    assert (wanted.python, wanted.contents()) == ("3.11.9", {"sasmodels": "1.0.9"})
    assert environments.ready_key("xrd", found.key) == found
    assert "sasmodels==1.0.9" in environments.export("xrd")


def test_what_its_owner_changes_is_another_environment(
    environments: Environments, definition: Path, conda: Path
) -> None:
    write(definition, str(conda / "bin/python"))
    before = environments.ensure("xrd")
    (conda / "conda-meta" / "sasmodels-1.0.9-pyhd8ed1ab_0.json").rename(conda / "conda-meta/sasmodels-1.0.10-0.json")
    assert environments.definition("xrd").key != before.key
    assert environments.ready("xrd") is None  # to be tried again
    assert environments.ready_key("xrd", before.key) is None
    with pytest.raises(Unavailable, match="its owner has changed it"):
        environments.ensure_key("xrd", before.key)
    assert environments.ensure_key("xrd", environments.definition("xrd").key).python == before.python


def test_what_is_not_there_says_where_it_was_looked_for(environments: Environments, definition: Path) -> None:
    write(definition, "/cvmfs/software/xrd/bin/python")
    status = environments.status("xrd")
    assert (status.state, status.remedy) == ("absent", "Ask the computing group to install xrd.")
    assert "/cvmfs/software/xrd/bin/python" in str(status.detail)
    with pytest.raises(Unavailable, match="/cvmfs/software/xrd"):
        environments.ensure("xrd")


def test_what_does_not_import_is_not_ready(environments: Environments, definition: Path, conda: Path) -> None:
    write(definition, str(conda / "bin/python"))
    next(conda.glob("lib/python3*/site-packages/sasmodels.py")).write_text(
        "raise ImportError('libtinycc is missing')\n"
    )
    with pytest.raises(Unavailable, match="libtinycc is missing"):
        environments.ensure("xrd")
    assert environments.ready("xrd") is None
    assert not environments.check("xrd").works


def test_what_the_lock_does_not_name_is_told(environments: Environments, definition: Path, conda: Path) -> None:
    write(definition, str(conda / "bin/python"), lock='lock = "conda.lock"\n')
    (definition / "conda.lock").write_text(LOCK.replace("sasmodels-1.0.9", "sasmodels-1.0.8"))
    status = environments.status("xrd")
    assert status.state == "failed"
    assert "not as conda.lock says: it holds sasmodels-1.0.9" in str(status.detail)
    with pytest.raises(Unavailable, match="It is not as"):
        environments.ensure("xrd")
    (definition / "conda.lock").unlink()
    assert environments.status("xrd").state == "failed"


def test_the_python_of_debian_is_one_too(environments: Environments, definition: Path) -> None:
    """A real one that uv did not build, where it is installed; its packages lie where Debian puts them."""
    write(definition, "/usr/bin/python3")
    text = (definition / "environment.toml").read_text().replace('["sasmodels"]', '["json"]')
    (definition / "environment.toml").write_text(text)
    assert environments.ensure("xrd").python == Path("/usr/bin/python3")
    assert environments.definition("xrd").python.startswith("3.")


@pytest.mark.parametrize("places", ["[]", "'/usr/bin/python3'", "['bin/python']"])
def test_a_wrong_place_is_said_exactly(environments: Environments, definition: Path, places: str) -> None:
    (definition / "environment.toml").write_text(f'builder = "found"\ninterpreter = {places}\n')
    with pytest.raises(InvalidInput, match="list of absolute paths"):
        environments.definition("xrd")


def test_there_is_nothing_to_lock(environments: Environments, definition: Path, conda: Path) -> None:
    write(definition, str(conda / "bin/python"))
    with pytest.raises(InvalidInput, match="not built here"):
        environments.lock("xrd")
