"""`pandaas doctor` tells what is there, what is not, and what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pandaas.cli import ExitCode
from pandaas.config import load_settings
from pandaas.server import Finding, examine

pytestmark = pytest.mark.integration


def find(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def test_everything_is_looked_at_and_explained(tmp_path: Path) -> None:
    findings = examine(load_settings(home=tmp_path / "home"))
    names = {finding.name for finding in findings}
    assert {
        "Python",
        "Isolation",
        "Database",
        "Disk",
        "Storage",
        "Page",
        "GPU",
        "Slurm",
        "Chromium",
        "Node.js",
    } <= names
    for finding in findings:
        assert finding.detail, finding.name
        assert finding.enables, finding.name
    assert not (tmp_path / "home").exists(), "looking changes nothing"


def test_what_is_wrong_fails(tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path,
        database={"url": "postgresql+psycopg://nobody@127.0.0.1:1/none"},
        storage=[{"name": "lost", "path": str(tmp_path / "nowhere")}],
        runtime={"sandbox": "none"},
    )
    findings = examine(settings)
    assert find(findings, "Database").state == "failed"
    assert find(findings, "Storage").state == "failed"
    assert "lost" in find(findings, "Storage").detail
    assert find(findings, "Isolation").state == "failed"
    assert find(findings, "Mail").state == "missing"


def test_a_program_that_does_not_work_is_degraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "sinfo"
    broken.write_text("#!/bin/sh\necho no controller >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    found = find(examine(load_settings(home=tmp_path)), "Slurm")
    assert (found.state, found.detail) == ("degraded", "no controller")


def test_the_command_ends_with_1_when_something_fails(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PANDAAS_")}
    environment |= {"PANDAAS_HOME": str(tmp_path), "PANDAAS_RUNTIME__SANDBOX": "none"}
    command = [sys.executable, "-m", "pandaas.cli", "doctor", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.FAILED, done.stderr
    states = {finding["name"]: finding["state"] for finding in json.loads(done.stdout)}
    assert states["Isolation"] == "failed"
