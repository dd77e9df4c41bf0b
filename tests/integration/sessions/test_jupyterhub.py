"""A real JupyterHub as a session provider: from “Open in” to a JupyterLab that lets in its person alone, and what goes wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pandaas.config import SessionOffer, SessionProviderSettings, Settings
from pandaas.db.tables import LinkedIdentity
from pandaas.sessions import JupyterHubProvider, ProviderOrder, SessionProvider
from pandaas.testing.oidc import Person, RunningProvider, running_provider, settings_for
from pandaas.testing.session_providers import SessionProviderConformance

from .conftest import Running
from .real_hub import RealHub, hub_folder

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]
LAB, STUB, FAILS = "jupyterlab", "stub", "fails"


@pytest.fixture(scope="module")
def login() -> Iterator[RunningProvider]:
    with running_provider() as found:
        yield found


@pytest.fixture(scope="module")
def hub(login: RunningProvider) -> Iterator[RealHub]:
    with hub_folder() as folder:
        found = RealHub(folder, login.issuer)
        login.configure(others=[found.client])
        found.start()
        try:
            yield found
        finally:
            found.stop()


@pytest.fixture(scope="module")
def told(hub: RealHub, login: RunningProvider) -> SessionProviderSettings:
    offers = [
        {"id": LAB},
        {"id": STUB, "page": "", "options": {"stub": True}},
        {"id": FAILS, "options": {"fail": "No node is free for this."}},
    ]
    named = {"id": "hub", "title": "The facility's hub", "url": hub.url, "token_file": hub.token_file, "offers": offers}
    return SessionProviderSettings.model_validate(named | {"user_name": "subject", "issuer": login.issuer})


@pytest.fixture(scope="module")
def settings(settings: Settings, told: SessionProviderSettings, login: RunningProvider) -> Settings:
    """Those of the other tests, with the hub, and sign-in by the provider that the hub knows too."""
    sessions = settings.sessions.model_copy(update={"providers": (told,)})
    signs = settings.sign_in.model_validate({"providers": [settings_for(login.issuer)]})
    return settings.model_copy(update={"sessions": sessions, "sign_in": signs})


@pytest.fixture(scope="module")
def browser(running: Running, hub: RealHub, login: RunningProvider, alice: httpx.Client) -> Iterator[Person]:
    """Alice's, signed in here by the provider, which calls her `al-01`; the hub has seen her once."""
    login.configure((running.url, "test"), others=[hub.client])
    _link(running, "alice", login.issuer, "al-01")
    hub.wait()
    with httpx.Client(timeout=30) as http:
        person = Person(http)
        begun = alice.post("/api/v1/providers/test/begin", json={}).raise_for_status().json()
        back = person.visit(begun["address"], "al-01", back_at=f"{running.url}/signed-in/")
        signed = alice.post("/api/v1/providers/test/return", json=back).raise_for_status().json()
        assert signed["person"]["user"] == "alice"
        assert person.browse(f"{hub.url}/hub/home", "nobody", at=login.issuer).status_code == 200
        yield person


class TestConformance(SessionProviderConformance):
    @pytest.fixture
    def provider(self, told: SessionProviderSettings, browser: Person) -> Iterator[SessionProvider]:
        found = JupyterHubProvider(told)
        yield found
        found.close()

    @pytest.fixture
    def order(self) -> ProviderOrder:
        return ProviderOrder("s-conforms", "Al-01", SessionOffer(id=STUB, options={"stub": True}), (), "")

    @pytest.fixture
    def stranger(self) -> ProviderOrder:
        return ProviderOrder("s-strange", "nobody", SessionOffer(), (), "")


def test_its_person_is_let_in_by_one_sign_in_and_nobody_else_is(
    running: Running, alice: httpx.Client, browser: Person, hub: RealHub, login: RunningProvider
) -> None:
    session_id = _start(running, alice, LAB)
    found = running.wait(alice, session_id, "ready", "failed")
    assert found["state"] == "ready", found["reason"]
    assert (found["provider"], found["kind"]) == ("The facility's hub", "elsewhere")
    assert found["address"] == f"{hub.url}/user/al-01/{session_id}/lab"
    page = browser.browse(found["address"], "nobody", at=login.issuer)
    assert (page.status_code, str(page.url)) == (200, found["address"]), "without signing in again"
    assert "<title>JupyterLab" in page.text
    status = f"{hub.url}/user/al-01/{session_id}/api/status"
    assert browser.http.get(status).json()["kernels"] == 0
    with httpx.Client(timeout=30) as http:
        bob = Person(http)
        assert bob.browse(found["address"], "bo-02", at=login.issuer).status_code == 403
        assert bob.http.get(status).status_code == 403
    alice.post(f"/api/v1/sessions/{session_id}/end").raise_for_status()
    assert running.wait(alice, session_id, "ended")["address"] is None
    assert browser.http.get(status).status_code != 200
    assert hub.token not in hub.log
    assert hub.token not in str(found)


def test_a_killed_hub_is_said_and_its_session_goes_on_when_it_is_back(
    running: Running, alice: httpx.Client, browser: Person, hub: RealHub
) -> None:
    session_id = _start(running, alice, STUB)
    running.wait(alice, session_id, "ready")
    hub.kill()
    assert "does not answer" in _phase(running, alice, session_id, "does not answer")
    hub.start()
    hub.wait()
    _phase(running, alice, session_id, "")
    found = alice.get(f"/api/v1/sessions/{session_id}").json()
    assert found["state"] == "ready"
    alice.post(f"/api/v1/sessions/{session_id}/hibernate").raise_for_status()
    asleep = running.wait(alice, session_id, "hibernated")
    assert "is kept" in asleep["notices"][0]
    alice.post(f"/api/v1/sessions/{session_id}/end").raise_for_status()


def test_why_the_hub_could_not_start_it_is_told(running: Running, alice: httpx.Client, browser: Person) -> None:
    failed = running.wait(alice, _start(running, alice, FAILS), "failed")
    assert "No node is free for this." in failed["reason"]
    assert failed["remedy"]


def test_who_has_no_account_there_learns_what_to_do(
    running: Running, browser: Person, hub: RealHub, login: RunningProvider
) -> None:
    _link(running, "bob", login.issuer, "never-there")
    with running.person("bob") as bob:
        failed = running.wait(bob, _start(running, bob, STUB, []), "failed")
    assert "nobody called 'never-there'" in failed["reason"]
    assert hub.url in failed["remedy"]


def _start(running: Running, client: httpx.Client, offer: str, datasets: list[str] | None = None) -> str:
    wanted: dict[str, Any] = {"program": f"hub.{offer}", "datasets": [running.pid] if datasets is None else datasets}
    answer = client.post("/api/v1/sessions", json=wanted)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _phase(running: Running, client: httpx.Client, session_id: str, words: str) -> str:
    """Wait until the session says this; nothing more than that where it is empty."""
    end = time.monotonic() + 30
    while True:
        phase = str(client.get(f"/api/v1/sessions/{session_id}").json()["phase"])
        if (words in phase) if words else not phase:
            return phase
        assert time.monotonic() < end, phase
        time.sleep(0.1)


def _link(running: Running, user: str, issuer: str, subject: str) -> None:
    person, now = running.services.identity.person_named(user), running.services.database.clock()
    with running.services.database.session() as session:
        session.add(LinkedIdentity(person_id=person.id, issuer=issuer, subject=subject, created=now))
