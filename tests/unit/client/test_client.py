"""Search, datasets, jobs, and errors as the client's user meets them."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import numpy as np
import pytest

import pandaas
from pandaas.client import Client, JobFailed
from pandaas.model import Busy, InvalidInput, JobState, NotFound, NotSignedIn, PandaasError, TooLarge, Unavailable
from pandaas.testing.service import FakeService, job, problem, recipe_page


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.fixture
def service() -> FakeService:
    found = FakeService()
    for i in range(250):
        found.add_array(f"ds-{i}", "/entry/data/data", np.arange(4))
    return found


@pytest.fixture
def client(service: FakeService) -> Client:
    return pandaas.connect("http://127.0.0.1:1", token="t", transport=service.transport)


def test_results_come_page_by_page(client: Client, service: FakeService) -> None:
    results = client.search("silica", technique="SAXS")
    assert len(results) == 250
    assert len(service.requests) == 1
    assert service.requests[0].url.params["technique"] == "SAXS"
    assert results[-1].pid == "ds-249"
    assert len(service.requests) == 2
    assert [dataset.pid for dataset in results] == [f"ds-{i}" for i in range(250)]
    assert len(service.requests) == 3
    assert results.facets == {"technique": {"SAXS": 250}}


def test_results_slice_and_refuse_what_is_outside(client: Client) -> None:
    results = client.search()
    assert [dataset.pid for dataset in results[:3]] == ["ds-0", "ds-1", "ds-2"]
    with pytest.raises(IndexError):
        results[250]


def test_a_card_needs_no_further_request(client: Client, service: FakeService) -> None:
    dataset = client.search()[0]
    service.requests.clear()
    assert (dataset.title, dataset.techniques, dataset.sample) == ("Measurement ds-0", ("SAXS",), "silica")
    assert (dataset.open, dataset.release_time) == (False, datetime(2029, 5, 14, tzinfo=UTC))
    assert service.requests == []
    assert dataset.parameters["photon_energy"].unit == "keV"
    assert len(service.requests) == 1


def test_a_missing_path_is_a_key_error(client: Client) -> None:
    dataset = client.dataset("ds-1")
    with pytest.raises(KeyError, match="/entry/nothing"):
        dataset["/entry/nothing"]
    with pytest.raises(KeyError, match="group"):
        dataset["/entry"]
    assert "/entry/data/data" in dataset
    assert "/entry/nothing" not in dataset
    assert dataset.default.path == "/entry/data/data"


def test_a_dataset_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound, match="There is no dataset 'ds-none'"):
        client.dataset("ds-none")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(413, "too-large", "Too much.", remedy="Ask for less."), TooLarge),
        (problem(401, "not-signed-in", "Who?"), NotSignedIn),
        (httpx.Response(404, text="<html>proxy</html>"), NotFound),
        (httpx.Response(418, text=""), InvalidInput),
        (problem(500, "internal", "Bad."), Unavailable),
    ],
)
def test_answers_become_the_errors_of_the_model(
    client: Client, service: FakeService, answer: httpx.Response, kind: type[PandaasError]
) -> None:
    service.faults = [answer]
    with pytest.raises(PandaasError) as caught:
        client.dataset("ds-1")
    assert type(caught.value) is kind


def test_detail_remedy_and_field_arrive(client: Client, service: FakeService) -> None:
    service.faults = [problem(422, "invalid-input", "npt is 0.", remedy="Use 1 or more.", field="npt")]
    with pytest.raises(InvalidInput) as caught:
        client.dataset("ds-1")
    assert (caught.value.detail, caught.value.remedy, caught.value.field) == ("npt is 0.", "Use 1 or more.", "npt")


def test_reads_are_tried_again(client: Client, service: FakeService) -> None:
    service.faults = [httpx.ConnectError("refused"), problem(429, "busy", "Later.")]
    assert client.dataset("ds-1").pid == "ds-1"


def test_a_service_that_stays_away_is_unavailable(client: Client, service: FakeService) -> None:
    service.faults = [httpx.ConnectError("refused")] * 9
    with pytest.raises(Unavailable, match="does not answer"):
        client.dataset("ds-1")
    service.faults = [problem(429, "busy", "Later.")] * 9
    with pytest.raises(Busy):
        client.dataset("ds-1")


def test_another_service_at_the_address_is_unavailable(client: Client, service: FakeService) -> None:
    service.faults = [httpx.Response(200, text="<html>")]
    with pytest.raises(Unavailable, match="not as PaN-DAaS"):
        client.dataset("ds-1")


def test_changes_are_never_repeated_by_themselves(client: Client, service: FakeService) -> None:
    client.recipe("saxs-integrate")
    service.faults = []
    started = client.run("saxs-integrate", "ds-1")
    before = len(service.requests)
    service.faults = [httpx.ReadError("lost")]
    with pytest.raises(Unavailable):
        started.cancel()
    assert len(service.requests) == before + 1


@pytest.mark.parametrize("url", ["http://data.example.org", "http://10.0.0.1:8000"])
def test_a_token_does_not_travel_in_the_clear(url: str) -> None:
    with pytest.raises(InvalidInput, match="plain HTTP"):
        pandaas.connect(url, token="pandaas_x")
    pandaas.connect(url, token="").close()


@pytest.mark.parametrize("url", ["data.example.org", "ftp://x", "http://", "http://[::1"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(InvalidInput, match="is no address"):
        pandaas.connect(url)


def test_address_and_token_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, service: FakeService) -> None:
    monkeypatch.setenv("PANDAAS_URL", "https://data.example.org/")
    monkeypatch.setenv("PANDAAS_TOKEN", "pandaas_secret\n")
    client = pandaas.connect(transport=service.transport)
    client.dataset("ds-1")
    assert str(service.requests[0].url).startswith("https://data.example.org/api/v1/datasets/ds-1")
    assert service.requests[0].headers["Authorization"] == "Bearer pandaas_secret"


def body_of(service: FakeService) -> dict[str, object]:
    import json

    return next(json.loads(r.content) for r in service.requests if r.method == "POST")  # type: ignore[no-any-return]


def test_run_sorts_inputs_parameters_and_choices(client: Client, service: FakeService) -> None:
    dataset = client.dataset("ds-1")
    client.run("saxs-integrate", dataset, background="ds-2", npt=np.int64(100), range=(0.1, 2), proposal="p-1", cores=2)
    assert body_of(service) == {
        "recipe": "saxs-integrate",
        "version": None,
        "inputs": {"sample": ["ds-1"], "background": ["ds-2"]},
        "parameters": {"npt": 100, "range": [0.1, 2]},
        "proposal": "p-1",
        "cores": 2,
    }


def test_inputs_by_name_only(client: Client, service: FakeService) -> None:
    client.run("saxs-integrate", sample="ds-1")
    assert body_of(service)["inputs"] == {"sample": ["ds-1"]}
    with pytest.raises(InvalidInput, match="twice"):
        client.run("saxs-integrate", "ds-1", sample="ds-1")


def test_one_job_for_each_of_many(client: Client, service: FakeService) -> None:
    with pytest.raises(InvalidInput, match="takes one dataset"):
        client.run("saxs-integrate", ["ds-1", "ds-2"])
    assert len(client.run_each("saxs-integrate", ["ds-1", "ds-2"])) == 2


def test_what_is_left_out_is_filled_in_as_in_the_form(client: Client, service: FakeService) -> None:
    service.recipe = recipe_page("saxs-integrate", ("sample", "mask", "calibration"))
    service.offers = [
        {
            "recipe": {"id": "saxs-integrate"},
            "inputs": {"sample": [{"pid": "ds-1"}], "mask": [{"pid": "ds-7"}], "calibration": [{"pid": "ds-8"}]},
            "defaults": {
                "npt": {"value": 500, "source": "default of BL-SAXS"},
                "distance": {"value": 3017.0, "source": ""},
            },
        }
    ]
    client.run("saxs-integrate", "ds-1", calibration="ds-9", npt=100, fill=True)
    body = body_of(service)
    assert body["inputs"] == {"sample": ["ds-1"], "mask": ["ds-7"], "calibration": ["ds-9"]}
    assert body["parameters"] == {"npt": 100, "distance": 3017.0}
    assert len(client.run_each("saxs-integrate", ["ds-1", "ds-2"], fill=True)) == 2
    service.offers = []
    with pytest.raises(InvalidInput, match="not offered"):
        client.run("saxs-integrate", "ds-1", fill=True)


def test_one_job_over_all(client: Client, service: FakeService) -> None:
    service.recipe = recipe_page("merge", ("sample",), selection="all")
    started = client.run("merge", client.search()[:3])
    assert body_of(service)["inputs"] == {"sample": ["ds-0", "ds-1", "ds-2"]}
    assert started.id == "job-0"


@pytest.mark.parametrize("progress", [True, False])
def test_wait_then_result(client: Client, progress: bool) -> None:
    started = client.run("saxs-integrate", "ds-1")
    assert started.state is JobState.QUEUED
    assert started.wait(progress=progress).result.pid == f"ds-{started.id}"


def test_a_failed_job_says_why_and_what_to_do(client: Client, service: FakeService) -> None:
    failed = job("job-0", "failed", failure="No wavelength.", remedy="Enter it.")
    service.jobs["job-0"] = [job("job-0", "queued"), failed]
    started = client.run("saxs-integrate", "ds-1")
    with pytest.raises(JobFailed, match="No wavelength") as caught:
        started.wait(progress=False)
    assert caught.value.remedy == "Enter it."
    assert started.wait(progress=False, check=False).state is JobState.FAILED
    with pytest.raises(JobFailed):
        _ = started.result


def test_a_result_that_is_not_there_yet(client: Client, service: FakeService) -> None:
    service.jobs["job-0"] = [job("job-0", "running")]
    started = client.run("saxs-integrate", "ds-1")
    with pytest.raises(JobFailed, match="still running"):
        _ = started.result
    with pytest.raises(TimeoutError, match="runs on"):
        started.wait(progress=False, timeout=0)
    assert started.cancel().state is JobState.CANCELLED


def test_the_log_is_read_to_its_end(client: Client, service: FakeService) -> None:
    service.log = "a line\nanother line\nä last one".encode()
    assert client.run("saxs-integrate", "ds-1").log() == service.log.decode()
