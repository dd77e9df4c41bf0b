"""Whoever reaches a Dask scheduler runs code as its account: nothing unencrypted leaves this computer. Workers on Slurm are asked for
as the facility says."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from pandaas.config import RuntimeSettings
from pandaas.config.dask import DaskSettings
from pandaas.model import InvalidInput, Unavailable
from pandaas.runtime import Sandbox
from pandaas.runtime.engines.dask import engine
from pandaas.runtime.engines.dask.on_slurm import worker_options

KEYS = {"ca": Path("ca.pem"), "cert": Path("cert.pem"), "key": Path("key.pem")}


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tcp://dask.example.org:8786", "tcp://0.0.0.0:8786"])
def test_plain_tcp_to_another_computer_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="not encrypted"):
        DaskSettings(scheduler=address, **KEYS)


@pytest.mark.parametrize("address", ["dask.example.org:8786", "ucx://10.0.0.5:1", "tls://dask.example.org", "tls://:1"])
def test_an_address_must_be_whole(address: str) -> None:
    with pytest.raises(ValidationError, match=r"tls://host:port"):
        DaskSettings(scheduler=address, **KEYS)


def test_tls_needs_certificates() -> None:
    with pytest.raises(ValidationError, match="needs ca, cert and key"):
        DaskSettings(scheduler="tls://dask.example.org:8786")
    assert DaskSettings(scheduler="tls://dask.example.org:8786", **KEYS).scheduler


def test_on_this_computer_plain_tcp_may_be() -> None:
    assert DaskSettings(scheduler="tcp://127.0.0.1:8786").scheduler


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"workers": 2, "scheduler": "tcp://127.0.0.1:8786"}, "exclude each other"),
        ({}, "needs workers"),
        ({"workers": 2, "slurm": {"enabled": True, "minimum": 3}}, "more than workers"),
    ],
)
def test_workers_on_slurm_are_asked_for_without_contradiction(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        DaskSettings.model_validate({"slurm": {"enabled": True}, **given})


@pytest.mark.parametrize(("least", "memory"), [(0, "2560M"), (4000, "4000M")])
def test_a_workers_job_gets_what_the_recipe_and_dask_need(tmp_path: Path, least: int, memory: str) -> None:
    asked = {"memory_mb": least, "needs_mb": 2048, "partition": "short", "account": "users", "options": ["--qos=fast"]}
    told = worker_options({**asked, "name": "pandaas-dask-x", "time_limit_s": 90}, tmp_path)
    assert (told["job_mem"], told["walltime"], told["queue"], told["account"]) == (memory, "2", "short", "users")
    assert told["job_extra_directives"] == ["--no-requeue", "--qos=fast"]
    assert {told[name] for name in ("log_directory", "shared_temp_directory")} == {str(tmp_path / "dask")}


@pytest.mark.parametrize(
    ("lacking", "said"), [("package", "dask-jobqueue"), ("sbatch", "sbatch, squeue, scancel not found")]
)
def test_the_engine_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch, lacking: str, said: str) -> None:
    found = {"distributed"} | ({"dask_jobqueue"} if lacking != "package" else set())
    settings = RuntimeSettings.model_validate(
        {"sandbox": "none", "dask": {"enabled": True, "workers": 2, "slurm": {"enabled": True}}}
    )
    sandbox = Sandbox(settings)
    monkeypatch.setattr(engine, "find_spec", lambda name: name if name in found else None)
    monkeypatch.setattr(engine.shutil, "which", lambda name: None)
    with pytest.raises(Unavailable, match=said):
        engine.DaskEngine(settings, sandbox)


def test_a_path_that_the_workers_script_could_not_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RuntimeSettings.model_validate(
        {"sandbox": "none", "dask": {"enabled": True, "workers": 2, "slurm": {"enabled": True}}}
    )
    monkeypatch.setattr(engine, "_check_slurm", lambda: None)
    made = engine.DaskEngine(settings, Sandbox(settings))
    work: Any = SimpleNamespace(folder=Path("/home/my data/jobs/job-1"), memory_mb=512, time_limit_s=60)
    with pytest.raises(InvalidInput, match="has a space"):
        made._on_slurm(work)
