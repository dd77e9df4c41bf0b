"""A JupyterHub as a provider: what is asked of it, and what is made of strange, hostile and failing answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from pandaas.config import SessionOffer, SessionProviderSettings
from pandaas.model import Busy, Conflict, NotAllowed, NotFound, PandaasError, Unavailable
from pandaas.sessions import JupyterHubProvider, ProviderOrder, SessionProvider
from pandaas.testing.jupyterhub import TOKEN, FakeHub
from pandaas.testing.session_providers import SessionProviderConformance

ORDER = ProviderOrder("s-1", "Alice", SessionOffer(options={"profile": "small"}), ("p-1",), "https://data.example.org")
SERVER = "/users/alice/servers/s-1"
Make = Callable[..., JupyterHubProvider]


@pytest.fixture
def hub() -> FakeHub:
    return FakeHub({"alice": {}})


@pytest.fixture
def make(hub: FakeHub, tmp_path: Path) -> Make:
    """The provider with these settings."""

    def made(**settings: object) -> JupyterHubProvider:
        file = tmp_path / "token"
        file.write_text(f"{TOKEN}\n", "utf-8")
        told = {"id": "hub", "title": "The hub", "url": "https://hub.example.org", "token_file": file} | settings
        return JupyterHubProvider(SessionProviderSettings.model_validate(told), transport=hub.transport)

    return made


class TestContract(SessionProviderConformance):
    @pytest.fixture
    def provider(self, make: Make) -> SessionProvider:
        return make()

    @pytest.fixture
    def order(self) -> ProviderOrder:
        return ORDER

    @pytest.fixture
    def stranger(self) -> ProviderOrder:
        return replace(ORDER, user="nobody")


class TestContractWithOneServerEach(TestContract):
    @pytest.fixture
    def provider(self, make: Make) -> SessionProvider:
        return make(named_servers=False)


def test_the_hub_hears_the_profile_and_the_data_and_never_removes(hub: FakeHub, make: Make) -> None:
    provider = make()
    handle = provider.start(ORDER)
    told = {"session": "s-1", "datasets": ["p-1"], "platform": "https://data.example.org"}
    assert hub.users["alice"]["s-1"]["user_options"] == {"profile": "small", "pandaas": told}
    assert TOKEN not in str(handle)
    provider.stop(handle)
    assert ("DELETE", SERVER) in hub.asked


def test_progress_is_told_as_the_hub_tells_it(hub: FakeHub, make: Make) -> None:
    hub.looks = 5
    provider = make()
    condition = provider.poll(provider.start(ORDER))
    assert (condition.state, condition.words) == ("starting", "Pulling the image (40 %)")


def test_activity_is_the_hubs(hub: FakeHub, make: Make) -> None:
    hub.looks = 0
    provider = make()
    assert provider.poll(provider.start(ORDER)).last_active == hub.active


def test_a_server_of_her_own_is_neither_taken_nor_stopped(hub: FakeHub, make: Make) -> None:
    hub.users["alice"][""] = {"ready": True, "pending": None, "user_options": {"pandaas": "s-1"}, "looks": 0}
    provider = make(named_servers=False)
    with pytest.raises(Conflict, match="not started here"):
        provider.start(ORDER)
    handle = {"user": "alice", "server": "", "session": "s-1", "page": "lab"}
    provider.stop(handle)
    assert "" in hub.users["alice"]
    assert provider.poll(handle).state == "gone"


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ({"url": "/user/alice/s-1/"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": "/jupyter/user/alice/s-1/"}, "https://hub.example.org/jupyter/user/alice/s-1/lab"),
        (
            {"full_url": "https://alice.hub.example.org/user/alice/s-1/"},
            "https://alice.hub.example.org/user/alice/s-1/lab",
        ),
        ({"url": "https://evil.example.com/user/alice/"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": "//evil.example.com/user/"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": "https://x@hub.example.org/user/"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": "https://hub.example.org:8443/user/"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": "https://hub.example.org:x/user/"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": "javascript:alert(1)//user/"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": "/user/alice/s-1/?token=abc#x"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": "https://[evil/user/"}, "https://hub.example.org/user/alice/s-1/lab"),
        ({"url": 7}, "https://hub.example.org/user/alice/s-1/lab"),
    ],
)
def test_the_browser_is_led_to_the_hub_and_nowhere_else(
    hub: FakeHub, make: Make, told: dict[str, object], address: str
) -> None:
    hub.looks = 0
    provider = make()
    handle = provider.start(ORDER)
    hub.users["alice"]["s-1"] |= told
    assert provider.poll(handle).address == address


@pytest.mark.parametrize("user", ["../../admin", "a/b?c=d", "ä ö", ".."])
def test_a_strange_user_name_stays_one_part_of_the_path(hub: FakeHub, make: Make, user: str) -> None:
    with pytest.raises(PandaasError):
        make().start(replace(ORDER, user=user))
    assert all(path.startswith("/users/") and path.count("/") == 2 for _, path in hub.asked)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (httpx.Response(400, json={"message": "Named servers are not enabled."}), Conflict, "no further server"),
        (
            httpx.Response(400, json={"message": "alice already has the maximum of 3 named servers."}),
            Conflict,
            "maximum",
        ),
        (httpx.Response(400, json={"message": "alice:s-1 is pending stop"}), Unavailable, "busy"),
        (httpx.Response(403, json={"message": "no"}), NotAllowed, "start and stop"),
        (httpx.Response(404, json={"message": None}), NotFound, "nobody called 'alice'"),
        (httpx.Response(429, json={"message": "Too many users trying to log in"}), Busy, "Too many"),
        (httpx.Response(500, json={"message": "Spawn failed: no node"}), Conflict, "no node"),
        (httpx.Response(500, json={"message": None}), Conflict, "no reason"),
        (httpx.Response(500, text="<html>"), Unavailable, "HTTP 500"),
        (httpx.Response(404, text="<html>a proxy's, while the hub starts"), Unavailable, "HTTP 404"),
        (httpx.Response(503, text="<html>"), Unavailable, "HTTP 503"),
        (httpx.Response(302, headers={"location": "https://evil.example.com/"}), Unavailable, "HTTP 302"),
        (httpx.Response(418, json={"message": "tea"}), Conflict, "418"),
    ],
)
def test_each_refusal_is_said_with_a_remedy(
    hub: FakeHub, make: Make, answer: httpx.Response, error: type[PandaasError], words: str
) -> None:
    hub.faults["POST", SERVER] = lambda _request: answer
    with pytest.raises(error, match=words) as raised:
        make().start(ORDER)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="[" * 100_000),
        httpx.Response(200, text="not json"),
        httpx.Response(200, json=[1]),
        httpx.Response(200, content=b"x" * 2_000_000),
        httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")),
        httpx.Response(502),
        httpx.Response(401),
    ],
)
def test_an_answer_that_is_none_is_as_good_as_silence(hub: FakeHub, make: Make, answer: httpx.Response) -> None:
    hub.faults["GET", "/users/alice"] = lambda _request: answer
    with pytest.raises(Unavailable, match="does not answer"):
        make().start(ORDER)


def test_a_token_without_the_scope_is_said(hub: FakeHub, make: Make) -> None:
    hub.faults["GET", "/users/alice"] = lambda _request: httpx.Response(200, json={"name": "alice"})
    with pytest.raises(NotAllowed, match="start and stop servers"):
        make().start(ORDER)


def test_a_missing_or_broken_token_is_said(make: Make, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("a\nb", "utf-8")
    for file in (None, tmp_path / "none", tmp_path / "bad", tmp_path):
        with pytest.raises(Unavailable, match="no token"):
            make(token_file=file).start(ORDER)


def test_why_it_did_not_start_is_told_in_the_hubs_words(hub: FakeHub, make: Make) -> None:
    provider = make()
    handle = provider.start(ORDER)
    hub.users["alice"].clear()
    hub.failed["alice/s-1"] = "Spawn failed: \x1b[31mno\nnode" + "x" * 1000
    condition = provider.poll(handle)
    assert condition.state == "failed"
    assert "could not start it: Spawn failed: [31mno node" in condition.words
    assert len(condition.words) < 400


def test_what_is_not_safe_is_no_setting() -> None:
    told = {"id": "hub", "title": "Hub", "url": "https://hub.example.org"}
    for wrong in ({"url": "http://hub.example.org"}, {"user_name": "subject"}, {"id": "local"}, {"offers": []}):
        with pytest.raises(ValidationError):
            SessionProviderSettings.model_validate(told | wrong)
