"""The part of JupyterHub's REST API that we speak: the real `jupyterhub-idle-culler` puts an idle session to sleep."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from pandaas.db.tables import WorkSession

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]
CULLER = Path(__file__).parents[3] / ".cache/jupyterhub/bin/jupyterhub-idle-culler"
PAGES = {"Accept": "application/jupyterhub-pagination+json"}


def _token(running: Running, user: str, *scopes: str) -> str:
    identity = running.services.identity
    return identity.create_token(identity.person_named(user).id, "culler", scopes, 1)[1]


@pytest.fixture(scope="module")
def hub(running: Running) -> Iterator[httpx.Client]:
    """A program with an operator's token for sessions, which it sends as programs for a JupyterHub do."""
    headers = {"Authorization": f"token {_token(running, 'otto', 'sessions')}"}
    with httpx.Client(base_url=f"{running.url}/hub/api", headers=headers, timeout=30) as client:
        yield client


def _long_ago(running: Running, session_id: str) -> None:
    before = running.services.database.clock() - timedelta(hours=2)
    with running.services.database.session() as session:
        session.execute(update(WorkSession).where(WorkSession.id == session_id).values(last_active=before))


def test_the_real_culler_puts_idle_sessions_to_sleep_and_no_busy_one(
    running: Running, alice: httpx.Client, hub: httpx.Client, tmp_path: Path
) -> None:
    idle, busy = running.start(alice), running.start(alice)
    for one in (idle, busy):
        _long_ago(running, one)
    with running.inside(alice, busy) as browser:
        browser.post("/run", content="true").raise_for_status()
    token = hub.headers["authorization"].partition(" ")[2]
    command = [CULLER, f"--url={hub.base_url}".rstrip("/"), "--timeout=3600", "--cull-every=1", "--api-page-size=1"]
    with (tmp_path / "log").open("w") as log:
        culler = subprocess.Popen(
            [*map(str, command), "--cull-users=True", "--remove-named-servers=True"],
            env=os.environ | {"JUPYTERHUB_API_TOKEN": token},
            cwd=tmp_path,
            stderr=log,
        )
    try:
        asleep = running.wait(alice, idle, "hibernated", seconds=60)
    finally:
        culler.terminate()
        culler.wait(20)
    assert "Nothing was done" in asleep["reason"]
    assert alice.get(f"/api/v1/sessions/{busy}").json()["state"] == "ready", (tmp_path / "log").read_text("utf-8")
    assert hub.get("/users/alice").status_code == 200, "people stay, also where the culler is told to remove them"
    shown = hub.get("/users/alice", params={"include_stopped_servers": True}).json()["servers"]
    assert (shown[idle]["stopped"], shown[busy]["ready"]) == (True, True)
    alice.post(f"/api/v1/sessions/{idle}/resume").raise_for_status()
    running.wait(alice, idle, "ready")
    for one in (idle, busy):
        alice.post(f"/api/v1/sessions/{one}/end").raise_for_status()


def test_people_come_in_pages_and_by_the_state_of_their_sessions(
    alice: httpx.Client, hub: httpx.Client, session_id: str
) -> None:
    [first] = hub.get("/users", params={"limit": 1}, headers=PAGES).json()["items"]
    place = hub.get("/users", params={"limit": 1}, headers=PAGES).json()["_pagination"]
    following = hub.get(place["next"]["url"], headers=PAGES).json()
    assert following["items"][0]["name"] > first["name"]
    assert place["total"] == len(hub.get("/users").json())
    [ready] = hub.get("/users", params={"state": "ready"}).json()
    assert ready["name"] == "alice"
    assert "alice" not in {one["name"] for one in hub.get("/users", params={"state": "inactive"}).json()}
    server = ready["servers"][session_id]
    assert (server["name"], server["pending"], server["stopped"]) == (session_id, None, False)
    assert hub.get("/").json()["version"].split(".")[0].isdigit()


def test_nothing_can_be_deleted_and_what_is_not_there_is_said(hub: httpx.Client, session_id: str) -> None:
    assert hub.delete("/users/alice").status_code == 403
    assert hub.delete("/users/alice/server").status_code == 404
    assert hub.delete(f"/users/bob/servers/{session_id}").status_code == 404, "another person's"
    assert hub.get("/users/nobody").status_code == 404


def test_only_operators_tokens_for_it_are_let_in(running: Running, session_id: str) -> None:
    address = f"{running.url}/hub/api"
    for user, scopes in (("alice", ("read", "write", "run")), ("otto", ("read", "write", "run"))):
        for scheme in ("token", "Bearer"):
            sent = {"Authorization": f"{scheme} {_token(running, user, *scopes)}"}
            assert httpx.get(f"{address}/users", headers=sent).status_code == 403
            assert httpx.delete(f"{address}/users/alice/servers/{session_id}", headers=sent).status_code == 403
    assert httpx.get(f"{address}/users").status_code == 401
    assert httpx.get(f"{address}/users", headers={"Authorization": "token nonsense"}).status_code == 401
    own = {"Authorization": f"Bearer {_token(running, 'otto', 'sessions')}"}
    assert httpx.get(f"{running.url}/api/v1/sessions", headers=own).status_code == 403, "good for nothing else"
    with pytest.raises(Exception, match="only operators"):
        _token(running, "alice", "sessions")
