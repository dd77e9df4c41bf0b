"""Chains of recipes through the client: what is sent, what waits, and how failures are told."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

import pandaas
from pandaas.client import Client, JobFailed
from pandaas.model import InvalidInput
from pandaas.testing.service import FakeService, problem


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def client(service: FakeService) -> Client:
    return pandaas.connect("http://127.0.0.1:1", token="t", transport=service.transport)


def run(state: str, **more: Any) -> dict[str, Any]:
    step = {"name": "fit", "failure": None, "remedy": None, "result": None} | more
    return {"id": "run-1", "chain": "saxs", "state": state, "steps": [step], "result": step["result"]}


def answers(service: FakeService, *bodies: Any) -> None:
    service.faults += [httpx.Response(200, json=one) for one in bodies]


def sent(service: FakeService) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(service.requests[-1].content)
    return found


CHAIN = {"inputs": [{"name": "mask", "optional": True}, {"name": "sample", "optional": False}]}


def test_datasets_go_into_the_first_input_that_is_needed(client: Client, service: FakeService) -> None:
    answers(service, CHAIN, [run("running"), run("running")])
    runs = client.run_chain(
        "saxs", ["ds-1", "ds-2"], inputs={"mask": ["ds-9"]}, parameters={"fit": {"model": "sphere"}}
    )
    assert len(runs) == 2
    assert sent(service)["inputs"] == {"sample": ["ds-1", "ds-2"], "mask": ["ds-9"]}
    assert sent(service)["parameters"] == {"fit": {"model": "sphere"}}


def test_a_run_is_watched_until_its_end(client: Client, service: FakeService) -> None:
    answers(service, run("running"), run("running"), run("running"), run("succeeded", result="res-1"))
    assert client.chain_run("run-1").wait().state == "succeeded"
    assert len(service.requests) == 4


def test_a_failed_step_is_told_with_its_remedy(client: Client, service: FakeService) -> None:
    failed = run("failed", failure="Too noisy.", remedy="Measure longer.")
    answers(service, failed, failed)
    with pytest.raises(JobFailed, match="Step 'fit': Too noisy") as caught:
        client.chain_run("run-1").wait()
    assert caught.value.remedy == "Measure longer."


def test_a_wait_that_is_too_long_leaves_the_run_alone(client: Client, service: FakeService) -> None:
    answers(service, run("running"), run("running"))
    with pytest.raises(TimeoutError, match="it goes on"):
        client.chain_run("run-1").wait(timeout=0)
    assert all(one.method == "GET" for one in service.requests)


def test_a_restart_names_the_steps_to_run_again(client: Client, service: FakeService) -> None:
    answers(service, run("failed"), run("running"))
    again = client.chain_run("run-1").restart({"fit": {"q_max": 0.3}}, ("integrate",))
    assert again.state == "running"
    assert sent(service) == {"parameters": {"fit": {"q_max": 0.3}}, "first": ["integrate"]}


def test_a_mistake_in_a_chain_names_step_and_field(client: Client, service: FakeService) -> None:
    service.faults.append(
        problem(422, "invalid-input", "Step 'a': no recipe.", field="steps.a.recipe", remedy="Choose.")
    )
    with pytest.raises(InvalidInput) as caught:
        client.save_chain({"title": "x"})
    assert (caught.value.field, caught.value.remedy) == ("steps.a.recipe", "Choose.")


def test_a_new_version_is_put_where_the_chain_is(client: Client, service: FakeService) -> None:
    answers(service, {"id": "chn-1", "number": 2})
    assert client.save_chain({"title": "x"}, "chn-1")["number"] == 2
    assert (service.requests[-1].method, service.requests[-1].url.path) == ("PUT", "/api/v1/chains/chn-1")


def test_an_attachment_says_on_what_it_runs(client: Client, service: FakeService) -> None:
    answers(service, [{"id": 1}])
    client.attach_chain("BL-SAXS", "saxs", predicate={"title": "*scan*"}, at_once=3)
    assert service.requests[-1].url.path == "/api/v1/instruments/BL-SAXS/chains"
    assert sent(service) == {"chain": "saxs", "predicate": {"title": "*scan*"}, "at_once": 3}


def test_a_series_is_asked_for_by_what_it_belongs_to(client: Client, service: FakeService) -> None:
    answers(service, {"rows": []})
    client.chain_series(attachment=1, step="fit")
    assert dict(service.requests[-1].url.params) == {"attachment": "1", "step": "fit"}
