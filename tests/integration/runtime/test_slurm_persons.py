"""A recipe from the click to its registered result, run on a real Slurm as the person's own Unix account."""

from __future__ import annotations

import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from pandaas.config import package_folder
from pandaas.db.tables import Person
from pandaas.runtime import Environment, SlurmEngine, environments, read_json
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.sums import add_sums, sums
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.full, pytest.mark.timeout(300), pytest.mark.xdist_group("slurm")]
PYTHON = Path("/usr/bin/python3")  # one that every account may run, as on a cluster


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every account passes through, with the platform and an environment for recipes."""
    found = tmp_path_factory.mktemp("shared")
    for folder in (found, *found.parents):
        if folder.stat().st_uid == 0 and folder.name.startswith(("pytest", "popen", "shared")):
            folder.chmod(0o755)
    shutil.copytree(package_folder(), found / "pandaas", ignore=shutil.ignore_patterns("__pycache__"))
    uv = Path(sys.prefix) / "bin/uv"
    packages = ["numpy", "h5py", "hdf5plugin", "pydantic"]
    subprocess.run([uv, "venv", "--python", PYTHON, found / "env"], check=True, capture_output=True)
    subprocess.run([uv, "pip", "install", "--python", found / "env", *packages], check=True, capture_output=True)
    return found


@pytest.fixture
def workshop(
    slurm: SlurmServer, place: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workshop]:
    slurm.start_part("slurmrestd")
    slurm.add_user("games")
    asked = {
        "enabled": True, "poll_s": 0.1, "timeout_s": 5, "python": str(PYTHON), "rest_url": slurm.rest_url,
        "rest_user": "slurm", "rest_key": str(slurm.folder / "etc/jwt.key"), "submit_as": "person",
    }  # fmt: skip
    monkeypatch.setattr("pandaas.runtime.engines.slurm.engine.package_folder", lambda: place / "pandaas")
    platform = Environment("platform", "of every account", place / "env/bin/python")
    monkeypatch.setattr(environments, "_platform_environment", lambda: platform)
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o755)
    made = Workshop(home, runtime={"slurm": asked, "memory_mb": 8192})
    engine = made.runtime.engine("slurm")
    assert isinstance(engine, SlurmEngine)
    engine.settle_s = 1.0
    add_sums(made)
    with made.database.session() as session:
        session.execute(update(Person).where(Person.user == "alice").values(posix_account="games"))
    with made.running():
        yield made
    made.close()
    slurm.stop_part("slurmrestd")


def test_her_recipe_runs_as_her_and_its_result_is_registered(workshop: Workshop, slurm: SlurmServer) -> None:
    pid = workshop.dataset()
    here = sums(workshop, workshop.start("alice", "sums", pid, engine="local"))
    job_id = workshop.start("alice", "sums", pid, engine="slurm")
    assert sums(workshop, job_id) == here
    folder = workshop.jobs.folder(job_id).path
    number = read_json(folder / "slurm-job.json")["job"]
    assert slurm.said("squeue", "-h", "-t", "all", "-j", number, "-o", "%u").strip() == "games"
    assert (folder / "own").stat().st_uid == pwd.getpwnam("games").pw_uid
    job = workshop.jobs.job(workshop.principal("alice"), job_id).job
    assert (job.engine, (job.cpu_s or 0) > 0) == ("slurm", True)
