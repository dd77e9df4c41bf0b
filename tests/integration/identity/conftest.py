"""A platform whose people sign in with two real providers; the second one is there to be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from pandaas.server import Services
from pandaas.testing.oidc import Person, RunningProvider, running_provider, settings_for
from pandaas.testing.place import running_place

RULES = [
    {"match": r"urn:geant:example\.org:group:proposals:(?P<proposal>[^:#]+)#.*", "proposal": "{proposal}"},
    {"match": r"urn:geant:example\.org:group:staff:(?P<instrument>[^:#]+)#.*", "instrument": "{instrument}"},
    {"match": "operators", "role": "operator"},
]


@dataclass
class Browser:
    """A browser at the platform (with its cookies), and its person at the providers."""

    http: httpx.Client
    person: Person

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.http.post(f"/api/v1{path}", json=body)

    def get(self, path: str) -> Any:
        return self.http.get(f"/api/v1{path}").raise_for_status().json()

    def go(self, provider: str, login: str, **body: Any) -> tuple[dict[str, str], httpx.Response]:
        """Sign in at a provider; what came back in the address, and the platform's answer to it."""
        there = self.post(f"/providers/{provider}/begin", body)
        assert there.status_code == 200, there.text
        page = f"{self.http.base_url}/signed-in/{provider}".replace("//signed", "/signed")
        back = self.person.visit(there.json()["address"], login, back_at=page)
        return back, self.post(f"/providers/{provider}/return", back)

    def in_private(self) -> Browser:
        """The same sign-in at the platform, unknown to the providers: one that knows her would end it with her old one."""
        made = Browser(self.http, Person())
        _OPEN.append(made.person.http)
        return made

    def sign_in(self, provider: str, login: str) -> dict[str, Any]:
        """Sign in and, the first time, make an account; the session."""
        back, answer = self.go(provider, login)
        assert answer.status_code == 200, answer.text
        if answer.json()["outcome"] == "new":
            answer = self.post("/arrivals/account", {"state": back["state"]})
            assert answer.status_code == 200, answer.text
            session: dict[str, Any] = answer.json()
            return session
        found: dict[str, Any] = answer.json()["session"]
        return found


@dataclass
class Place:
    address: str
    services: Services
    provider: RunningProvider

    def browser(self) -> Browser:
        return browser_at(self.address)


_OPEN: list[httpx.Client] = []


def browser_at(address: str) -> Browser:
    """A new browser; it is closed after the test."""
    headers = {"X-PaNDAaS": "1", "Origin": address, "User-Agent": "a browser"}
    made = Browser(httpx.Client(base_url=address, headers=headers, timeout=30), Person())
    _OPEN.extend((made.http, made.person.http))
    return made


@pytest.fixture(autouse=True)
def _close_browsers() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().close()


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider() as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, provider: RunningProvider) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("home")
    gone = settings_for("http://localhost:9", "gone")
    carries = [{"claim": "eaahash", "issuer": "umbrella-eaahash"}]
    with running_place(home, [settings_for(provider.issuer, rules=RULES, carries=carries), gone]) as (
        address,
        services,
    ):
        provider.configure((address, "test"))
        yield Place(address, services, provider)
