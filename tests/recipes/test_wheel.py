"""The wheel is the whole program: in an empty environment, without checkout and Node.js, the circle closes.

The demo it starts builds an analysis environment and a small facility, as a newcomer's first start does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pandaas
from pandaas.model import NotFound
from pandaas.testing.platform import RunningPlatform, running_demo
from pandaas.testing.view import running_view

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("PANDAAS_TEST_CACHE", ROOT / ".cache"))
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pandaas` in an environment that holds the locked packages and the wheel, nothing else."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    python = folder / "bin/python"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    lock = ROOT / "requirements/platform.lock"
    sync = [UV, "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", lock]
    subprocess.run(sync, check=True)
    subprocess.run([UV, "pip", "install", "--quiet", "--no-deps", "--python", python, wheel], check=True)
    return folder / "bin/pandaas"


@pytest.fixture(scope="module")
def platform(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("facility")
    extra = {"PANDAAS_RUNTIME__ENVIRONMENT_FOLDER": str(CACHE / "environments")}
    extra["PATH"] = os.pathsep.join(
        part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if not (Path(part) / "node").exists()
    ) or str(installed.parent)
    extra["PYTHONPATH"] = ""
    with running_demo(folder / "home", extra=extra, installed=installed) as running:
        yield running


def test_everything_that_travels_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for wanted in (
        "pandaas/_bundle/web/index.html",
        "pandaas/_bundle/web/view.html",
        "pandaas/_bundle/recipes/saxs-integrate/recipe.toml",
        "pandaas/_bundle/environments/core/requirements.lock",
        "pandaas/_bundle/docs/tutorials/first-analysis.md",
        "pandaas/_bundle/demo/manifest.toml",
        "pandaas/py.typed",
    ):
        assert wanted in names
    assert any(name.startswith("pandaas/db/migrations/versions/") for name in names)
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]
    assert not [name for name in names if name.startswith(("tests/", "web/", "src/"))]


def test_the_program_knows_its_version(installed: Path, tmp_path: Path) -> None:
    shown = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert shown.stdout.strip() == pandaas.__version__


def test_the_circle_closes(platform: RunningPlatform) -> None:
    """Search, view, analyse, find the result with its history."""
    with pandaas.connect(platform.url, token=platform.token("alice", "read", "write", "run")) as client:
        series = client.search("technique:SAXS", kind="raw")
        dataset = next(found for found in series if "/entry/data/data" in found)
        frames = dataset["/entry/data/data"]
        assert frames.ndim == 3
        frame = frames[0, ::50, ::50]
        assert frame.dtype == frames.dtype
        np.testing.assert_array_equal(frame, np.asarray(frames[:2])[0, ::50, ::50])

        result = client.run("saxs-integrate", dataset, npt=200).wait(progress=False, timeout=300).result
        assert result.kind == "derived"
        curve = result.default[...]
        assert curve.shape[-1] == 200
        assert np.isfinite(curve).any()
        assert any(node["id"] == dataset.pid for node in result.provenance()["nodes"])
        assert result in list(client.search(kind="derived"))


def test_proprietary_data_do_not_exist_for_others(platform: RunningPlatform) -> None:
    with pandaas.connect(platform.url, token=platform.token("bob", "read")) as client:
        secret = client.search(proposal="IN-2026-0042")[0].pid
    with pandaas.connect(platform.url, token=platform.token("alice", "read")) as client:
        assert len(client.search(proposal="IN-2026-0042")) == 0
        with pytest.raises(NotFound):
            client.dataset(secret)


def test_the_page_comes_from_the_wheel(platform: RunningPlatform) -> None:
    import httpx

    answer = httpx.get(platform.url)
    assert answer.status_code == 200
    assert '<div id="root">' in answer.text


def test_plain_files_are_viewed_from_the_wheel(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    np.savetxt(tmp_path / "curve.dat", np.random.default_rng(1).random((20, 2)))
    with running_view(tmp_path, installed=installed) as view, view.client() as client:
        page = client.get("/view/curve.dat").text
        assert '<div id="root">' in page
        script = page.partition('src="')[2].partition('"')[0]
        assert client.get(script).headers["content-type"].startswith("text/javascript")
        assert client.get("/api/v1/datasets/curve.dat").json()["arrays"]
