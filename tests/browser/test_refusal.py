"""A second account is refused the first's data everywhere; a proprietary proposal's existence is visible to nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

import pandaas
from pandaas.model import NotFound
from pandaas.testing.platform import RunningPlatform

PROPRIETARY = "IN-2026-0042"


@pytest.fixture(scope="module")
def secret_dataset(demo: RunningPlatform) -> dict[str, str]:
    """A dataset of the proprietary proposal, as its team sees it: pid, title, inner path of an array."""
    with httpx.Client(base_url=demo.url, headers={"authorization": f"Bearer {demo.token('bob')}"}) as client:
        found = client.get("/api/v1/search", params={"proposal": PROPRIETARY}).json()["results"][0]
        record = client.get(f"/api/v1/datasets/{found['pid']}").json()
    return {"pid": found["pid"], "title": found["title"], "path": record["arrays"][0]["path"]}


@pytest.fixture(scope="module", params=["alice", "iris", None], ids=["visitor", "staff", "anonymous"])
def stranger(demo: RunningPlatform, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {demo.token(request.param, 'read')}"} if request.param else {}
    with httpx.Client(base_url=demo.url, headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/datasets/{pid}",
        "/api/v1/datasets/{pid}/files",
        "/api/v1/datasets/{pid}/files/1/content",
        "/api/v1/datasets/{pid}/thumbnail",
        "/api/v1/datasets/{pid}/tree",
        "/api/v1/datasets/{pid}/data?path={path}",
        "/api/v1/datasets/{pid}/stats?path={path}",
        "/api/v1/datasets/{pid}/preview?path={path}",
        "/api/v1/datasets/{pid}/geometry?path={path}",
        "/api/v1/datasets/{pid}/provenance",
        "/api/v1/datasets/{pid}/history",
        "/h5grove/meta/?file={pid}&path=/",
        "/h5grove/attr/?file={pid}&path=/",
        "/h5grove/data/?file={pid}&path={path}",
        "/h5grove/stats/?file={pid}&path={path}",
        "/h5grove/paths/?file={pid}",
        "/zarr/{pid}/zarr.json",
        "/zarr/{pid}{path}/zarr.json",
        "/api/v1/proposals/" + PROPRIETARY,
    ],
)
def test_every_door_says_not_found(stranger: httpx.Client, secret_dataset: dict[str, str], address: str) -> None:
    answer = stranger.get(address.format(**secret_dataset))
    assert answer.status_code == 404, answer.text
    assert secret_dataset["title"] not in answer.text


def test_an_invented_identifier_is_refused_in_the_same_words(
    stranger: httpx.Client, secret_dataset: dict[str, str]
) -> None:
    invented = "ds-000000000000"
    for address in ("/api/v1/datasets/{}", "/api/v1/datasets/{}/provenance", "/api/v1/datasets/{}/verify"):
        answers = [stranger.get(address.format(pid)) for pid in (secret_dataset["pid"], invented)]
        assert answers[0].status_code == answers[1].status_code
        hidden, missing = (answer.json() for answer in answers)
        for name in ("detail", "remedy", "field"):
            assert str(hidden[name]).replace(secret_dataset["pid"], invented) == str(missing[name]), address


@pytest.mark.parametrize("address", ["/api/v1/search", "/api/v1/proposals", "/api/v1/home", "/api/v1/session"])
def test_no_list_count_or_facet_tells_of_it(
    stranger: httpx.Client, secret_dataset: dict[str, str], address: str
) -> None:
    answer = stranger.get(address, params={"q": ""} if address.endswith("search") else {})
    assert answer.status_code == 200
    assert PROPRIETARY not in answer.text
    assert secret_dataset["pid"] not in answer.text


def test_its_name_in_the_search_box_finds_nothing(stranger: httpx.Client) -> None:
    found = stranger.get("/api/v1/search", params={"q": f"proposal:{PROPRIETARY}"}).json()
    assert found["total"] == 0
    assert all(not values for name, values in found["facets"].items() if name == "proposal")


def test_it_cannot_be_analysed_by_others(demo: RunningPlatform, secret_dataset: dict[str, str]) -> None:
    body = {"recipe": "sas-fit", "inputs": {"curve": [secret_dataset["pid"]]}}
    headers = {"authorization": f"Bearer {demo.token('alice')}"}
    assert httpx.post(f"{demo.url}/api/v1/jobs", json=body, headers=headers).status_code in {404, 422}


def test_the_client_says_not_found(demo: RunningPlatform, secret_dataset: dict[str, str]) -> None:
    with pandaas.connect(demo.url, token=demo.token("alice", "read")) as client, pytest.raises(NotFound):
        _ = client.dataset(secret_dataset["pid"]).title


def test_the_page_shows_nothing_of_it(
    demo: RunningPlatform, sign_in: Callable[[str], Page], secret_dataset: dict[str, str]
) -> None:
    page = sign_in("alice")
    page.goto(f"{demo.url}/datasets/{secret_dataset['pid']}")
    expect(page.get_by_text("or you may not see it")).to_be_visible()
    assert secret_dataset["title"] not in page.content()
    page.goto(f"{demo.url}/proposals/{PROPRIETARY}")
    expect(page.get_by_text("or you may not see it")).to_be_visible()


def test_a_member_who_has_yet_to_sign_in_comes_back_to_it(
    demo: RunningPlatform, page: Page, secret_dataset: dict[str, str]
) -> None:
    address = f"{demo.url}/datasets/{secret_dataset['pid']}?tab=files"
    page.goto(address)
    page.get_by_role("main").get_by_role("link", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Sign in as bob").click()
    expect(page.get_by_role("heading", level=1, name=secret_dataset["title"])).to_be_visible()
    assert page.url == address
    page.go_back()
    expect(page).not_to_have_url(re.compile("/sign-in"))


def test_its_team_sees_it(demo: RunningPlatform, secret_dataset: dict[str, str]) -> None:
    headers = {"authorization": f"Bearer {demo.token('bob', 'read')}"}
    assert httpx.get(f"{demo.url}/api/v1/datasets/{secret_dataset['pid']}", headers=headers).status_code == 200
