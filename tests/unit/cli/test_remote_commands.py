"""Commands against a service: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import pandaas.cli
from pandaas.cli import ExitCode
from pandaas.client import Client, Dataset, Job, Verification, connection
from pandaas.client.transport import Transport
from pandaas.testing.service import FakeFile, FakeService, job, problem

SCHEMA = {
    "properties": {
        "npt": {"type": "integer", "default": 1000, "description": "Points."},
        "radial_min": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "cake": {"type": "boolean", "default": False},
        "unit": {"type": "string"},
        "limits": {"type": "array"},
    }
}


class Program:
    """Calls `pandaas …` in this process against a fake service."""

    def __init__(self, service: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
        self.service = service
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["pandaas", *arguments])
            with pytest.raises(SystemExit) as ended:
                pandaas.cli.main()
        shown = self._capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    @property
    def posted(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(next(r.content for r in self.service.requests if r.method == "POST"))
        return found


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Program:
    service = FakeService()
    service.add_array("ds-1", "/entry/data/data", np.arange(6).reshape(2, 3))
    service.recipe |= {"parameter_schema": SCHEMA, "summary": "Integrates."}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    fake = lambda url=None, token=None: Client(Transport(url, token, transport=service.transport))  # noqa: E731
    monkeypatch.setattr(connection, "connect", fake)
    monkeypatch.setattr("pandaas.client.connect", fake)
    return Program(service, capsys)


def test_search_prints_rows_for_people(run: Program) -> None:
    code, out, _ = run("search", "technique:SAXS", "silica")
    assert code == 0
    assert "ds-1" in out
    assert "1 of 1 datasets" in out
    assert run.service.requests[0].url.params["q"] == "technique:SAXS silica"


def test_search_prints_json_for_programs(run: Program) -> None:
    code, out, _ = run("search", "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["total"], found["results"][0]["pid"]) == (1, "ds-1")


def test_show(run: Program) -> None:
    run.service.files["ds-1"] = [FakeFile("master.h5", b"1234")]
    code, out, _ = run("show", "ds-1")
    assert code == 0
    assert "photon_energy" in out
    assert "becomes open on 14 May 2029" in out
    assert "master.h5" in out
    assert "/entry/data/data" in run("show", "ds-1", "--path", "/entry/data/data", "--json")[1]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (problem(404, "not-found", "There is no dataset."), ExitCode.NOT_FOUND),
        (problem(401, "not-signed-in", "Who?", remedy="Sign in."), ExitCode.NOT_ALLOWED),
        (problem(403, "not-allowed", "No."), ExitCode.NOT_ALLOWED),
        (problem(422, "invalid-input", "Bad."), ExitCode.USAGE),
        (problem(409, "conflict", "Changed."), ExitCode.CONFLICT),
        (problem(507, "disk-full", "Full."), ExitCode.UNAVAILABLE),
    ],
)
def test_errors_are_one_message_and_an_exit_code(run: Program, fault: httpx.Response, expected: ExitCode) -> None:
    run.service.faults = [fault]
    code, out, err = run("show", "ds-1")
    assert code == expected
    assert out == ""
    assert err.startswith("Error: ")
    assert "Traceback" not in err


def test_who_must_sign_in_learns_how_on_the_command_line(run: Program) -> None:
    run.service.faults = [problem(401, "not-signed-in", "Who?", remedy="Send a header.")]
    assert "PANDAAS_TOKEN" in run("jobs", "list")[2]


def test_an_unknown_state_is_refused(run: Program) -> None:
    code, _, err = run("jobs", "list", "--state", "done")
    assert code == ExitCode.USAGE
    assert "succeeded" in err


def test_wrong_use_ends_with_2(run: Program) -> None:
    assert run("show")[0] == ExitCode.USAGE
    assert run("nothing-like-it")[0] == ExitCode.USAGE


def test_parameters_and_inputs_are_flags(run: Program) -> None:
    words = (
        "--npt",
        "500",
        "--radial-min=0.1",
        "--cake",
        "--limits",
        "1,2",
        "--background",
        "ds-2,ds-3",
        "--unit",
        "r_mm",
    )
    code, out, err = run("run", "saxs-integrate", "ds-1", *words, "--proposal", "p-1", "--no-wait")
    assert (code, err) == (0, "")
    assert run.posted["inputs"] == {"sample": ["ds-1"], "background": ["ds-2", "ds-3"]}
    expected = {"npt": 500, "radial_min": 0.1, "cake": True, "limits": [1, 2], "unit": "r_mm"}
    assert run.posted["parameters"] == expected
    assert run.posted["proposal"] == "p-1"
    assert "job-0" in out


def test_a_flag_of_yes_or_no_can_be_turned_off(run: Program) -> None:
    run("run", "saxs-integrate", "ds-1", "--no-cake", "--no-wait")
    assert run.posted["parameters"] == {"cake": False}


@pytest.mark.parametrize("words", [("--nothing", "1"), ("--npt", "many"), ("--npt",)])
def test_a_wrong_flag_names_itself_and_starts_nothing(run: Program, words: tuple[str, ...]) -> None:
    code, _, err = run("run", "saxs-integrate", "ds-1", *words)
    assert code == ExitCode.USAGE
    assert words[0].strip("-") in err
    assert not run.service.jobs


def test_a_finished_job_names_its_result(run: Program) -> None:
    code, out, _ = run("run", "saxs-integrate", "ds-1")
    assert code == 0
    assert "succeeded  result: ds-job-0" in out


def test_a_failed_job_ends_with_1_and_says_why(run: Program) -> None:
    failed = job("job-0", "failed", failure="No wavelength.", remedy="Enter it.")
    run.service.jobs["job-0"] = [job("job-0", "queued"), failed]
    code, out, _ = run("run", "saxs-integrate", "ds-1")
    assert code == ExitCode.FAILED
    assert "No wavelength. Enter it." in out


def test_who_stops_waiting_learns_that_the_job_runs_on(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_job: Job, **_options: Any) -> Job:
        raise KeyboardInterrupt

    monkeypatch.setattr(Job, "wait", interrupted)
    code, _, err = run("run", "saxs-integrate", "ds-1")
    assert code == ExitCode.INTERRUPTED
    assert "pandaas jobs wait job-" in err


@pytest.mark.parametrize(("equal", "expected"), [(True, ExitCode.OK), (False, ExitCode.FAILED)])
def test_verify_ends_as_the_comparison(
    run: Program, monkeypatch: pytest.MonkeyPatch, equal: bool, expected: ExitCode
) -> None:
    found = Verification("job-2", "succeeded", equal, equal, 0.0 if equal else 0.5, 0.0, None, ("/entry/data/I",))
    monkeypatch.setattr(Dataset, "verify", lambda _self, timeout: found)
    code, out, _ = run("verify", "ds-1")
    assert code == expected
    assert ("same" in out) == equal
    assert ("/entry/data/I" in out) != equal


def test_a_verification_that_takes_too_long_is_one_message(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(_dataset: Dataset, timeout: float | None) -> Verification:
        raise TimeoutError("The verification still runs.")

    monkeypatch.setattr(Dataset, "verify", late)
    code, _, err = run("verify", "ds-1", "--timeout", "1")
    assert code == ExitCode.FAILED
    assert err.startswith("Error: The verification still runs.")


def test_parameters_are_listed(run: Program) -> None:
    code, out, _ = run("run", "saxs-integrate", "--parameters")
    assert code == 0
    assert "--npt" in out
    assert "--background" in out
    assert not run.service.jobs


def test_the_log_is_printed(run: Program) -> None:
    run.service.jobs["job-1"] = [job("job-1", "succeeded")]
    run.service.log = b"first line\nlast line\n"
    assert run("jobs", "log", "job-1")[1] == "first line\nlast line\n"


def test_cancel(run: Program) -> None:
    run.service.jobs["job-1"] = [job("job-1", "running")]
    assert run("jobs", "cancel", "job-1")[1] == "job-1: cancelled\n"


def test_upload_and_download(run: Program, tmp_path: Path) -> None:
    file = tmp_path / "curve.dat"
    file.write_bytes(b"1 2 3\n")
    assert "ds-up-0" in run("upload", str(file))[1]
    run.service.files["ds-1"] = [FakeFile("master.h5", b"1234")]
    code, out, _ = run("download", "ds-1", str(tmp_path / "out"))
    assert code == 0
    assert Path(out.strip()).read_bytes() == b"1234"


def test_a_token_comes_from_a_file(run: Program, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("pandaas_abc\n")
    run("search", "--token-file", str(file))
    assert run.service.requests[0].headers["Authorization"] == "Bearer pandaas_abc"
    assert run("search", "--token-file", str(tmp_path / "none"))[0] == ExitCode.USAGE
