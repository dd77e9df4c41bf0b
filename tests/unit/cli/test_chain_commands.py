"""`pandaas chain …`: what is sent, what is printed, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

import pandaas.cli
from pandaas.cli import ExitCode
from pandaas.client import Client, connection
from pandaas.client.transport import Transport
from pandaas.testing.service import FakeService, problem


class Program:
    """Calls `pandaas chain …` in this process; the service answers what was put into `answers`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.service = FakeService()
        self._capsys = capsys

    def answers(self, *bodies: Any) -> None:
        self.service.faults += [httpx.Response(200, json=one) for one in bodies]

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["pandaas", "chain", *arguments])
            with pytest.raises(SystemExit) as ended:
                pandaas.cli.main()
        shown = self._capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    @property
    def sent(self) -> Any:
        return json.loads(self.service.requests[-1].content)


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    program = Program(capsys)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    fake = lambda url=None, token=None: Client(Transport(url, token, transport=program.service.transport))  # noqa: E731
    monkeypatch.setattr(connection, "connect", fake)
    monkeypatch.setattr("pandaas.client.connect", fake)
    return program


def run(state: str, **more: Any) -> dict[str, Any]:
    step = {"name": "fit", "recipe": "sas-fit", "state": state, "job": "job-1", "result": None, "failure": None}
    return {
        "id": "run-1", "chain": "saxs", "number": 1, "state": state, "person": "alice", "result": None, "series": "ser-1",
        "inputs": [{"name": "sample", "title": "Silica", "reason": None}], "steps": [step | more],
    }  # fmt: skip


PAGE = {
    "id": "chn-1", "title": "Mine", "summary": "", "number": 2, "sharing": "private", "attached": [], "findings": [],
    "inputs": [{"name": "sample", "title": "Sample", "optional": False, "accepts": "an image"}],
    "steps": [{"name": "fit", "recipe": "sas-fit", "inputs": {"curve": ["sample"]}, "parameters": {"model": "sphere"}}],
}  # fmt: skip


def test_the_list_names_steps_and_instruments(chain: Program) -> None:
    chain.answers([{**PAGE, "attached": ["BL-SAXS"]}])
    code, out, _ = chain("list")
    assert code == 0
    assert "chn-1" in out
    assert "BL-SAXS" in out


def test_what_is_wrong_is_shown_with_the_chain(chain: Program) -> None:
    finding = {
        "step": "fit",
        "field": "steps.fit.recipe",
        "message": "It is gone.",
        "remedy": "Choose.",
        "serious": True,
    }
    chain.answers({**PAGE, "findings": [finding]})
    _, out, _ = chain("show", "chn-1")
    assert "curve ← sample" in out
    assert "mistake: It is gone. Choose." in out


def test_a_file_is_saved(chain: Program, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\n[[steps]]\nname = "fit"\nrecipe = "sas-fit"\n')
    chain.answers(PAGE)
    code, out, _ = chain("save", str(file))
    assert (code, out.split()[:3]) == (0, ["chn-1", "version", "2"])
    assert chain.sent["definition"]["steps"] == [{"name": "fit", "recipe": "sas-fit"}]


def test_a_file_that_is_no_toml_is_told_before_anything_is_sent(chain: Program, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("title = ")
    code, _, err = chain("save", str(tmp_path / "mine.toml"))
    assert code == ExitCode.USAGE
    assert "mine.toml can't be read" in err
    assert chain.service.requests == []


def test_a_mistake_names_its_field(chain: Program, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"title": "x"}')
    chain.service.faults.append(
        problem(422, "invalid-input", "No recipe.", field="steps.a.recipe", remedy="Choose one.")
    )
    code, _, err = chain("save", str(tmp_path / "mine.json"))
    assert code == ExitCode.USAGE
    assert "Choose one." in err


def test_a_team_and_everybody_are_not_one_wish(chain: Program) -> None:
    code, _, err = chain("share", "chn-1", "--team", "P", "--publish")
    assert code == ExitCode.USAGE
    assert "Leave one option out" in err


def test_parameters_go_to_their_steps(chain: Program) -> None:
    chain.answers(PAGE, [run("running")])
    chain("run", "saxs", "ds-1", "-p", "fit.q_max=0.3", "-p", "fit.model=sphere", "-i", "mask=ds-8,ds-9", "--no-wait")
    assert chain.sent["parameters"] == {"fit": {"q_max": 0.3, "model": "sphere"}}
    assert chain.sent["inputs"] == {"sample": ["ds-1"], "mask": ["ds-8", "ds-9"]}
    assert chain.sent["fill"] is True


def test_a_parameter_without_a_step_is_refused(chain: Program) -> None:
    code, _, err = chain("run", "saxs", "ds-1", "-p", "q_max=0.3")
    assert code == ExitCode.USAGE
    assert "STEP.NAME=VALUE" in err


def test_a_failed_step_ends_with_1(chain: Program) -> None:
    failed = run("failed", failure="Too noisy.")
    chain.answers(PAGE, [run("running")], failed)
    code, out, _ = chain("run", "saxs", "ds-1")
    assert code == ExitCode.FAILED
    assert "Too noisy." in out


def test_a_restart_begins_where_it_is_told_to(chain: Program) -> None:
    chain.answers(run("failed"), run("running"))
    code, _, _ = chain("restart", "run-1", "--from", "integrate", "--no-wait")
    assert code == 0
    assert chain.sent["first"] == ["integrate"]


def test_a_series_shows_what_varies(chain: Program) -> None:
    quantities = [{"name": "radius", "varies": True}, {"name": "scale", "varies": False}]
    rows = [{"dataset": "ds-1", "title": "20 °C", "state": "succeeded", "found": {"radius": 51.234567, "scale": 1}}]
    chain.answers(run("succeeded"), {"rows": rows, "results": quantities})
    _, out, _ = chain("series", "--run", "run-1")
    assert "51.235" in out
    assert "scale" not in out
    assert chain.service.requests[-1].url.params["series"] == "ser-1"


def test_a_series_of_nothing_is_asked_about(chain: Program) -> None:
    assert chain("series")[0] == ExitCode.USAGE


ATTACHED = {"id": 1, "chain": "saxs", "number": 1, "enabled": True, "waiting": 3, "used_today": 5}


def test_a_chain_is_attached_with_its_rule_and_limits(chain: Program) -> None:
    chain.answers([ATTACHED])
    code, out, _ = chain("attach", "BL-SAXS", "saxs", "--title", "*scan*", "--per-day", "9", "-p", "fit.model=sphere")
    assert code == 0
    assert "saxs" in out
    assert chain.sent["predicate"]["title"] == "*scan*"
    assert (chain.sent["per_day"], chain.sent["parameters"]) == (9, {"fit": {"model": "sphere"}})


def test_what_was_found_says_why_it_failed(chain: Program) -> None:
    row = {"dataset": "ds-1", "title": "20 °C", "state": "refused", "run": None, "reason": "No calibration."}
    chain.answers({"runs": [row], "total": 1})
    assert "No calibration." in chain("found", "1")[1]


def test_a_corrected_calibration_is_a_run_again_from_a_time(chain: Program) -> None:
    chain.answers({"count": 4})
    _, out, _ = chain("again", "1", "--since", "2026-03-01T00:00:00Z")
    assert "4 runs" in out
    assert chain.service.requests[-1].url.path == "/api/v1/chain-attachments/1/again"
    assert chain.sent["since"] == "2026-03-01T00:00:00Z"


def test_older_measurements_are_looked_at_on_demand(chain: Program) -> None:
    chain.answers({"count": 2})
    assert "2 runs" in chain("backlog", "1", "--last", "5")[1]
    assert chain.sent == {"last": 5}


def test_a_chain_is_detached(chain: Program) -> None:
    chain.answers(None)
    assert chain("detach", "1")[0] == 0
    assert chain.service.requests[-1].method == "DELETE"
