"""Invitations by link: for who has an account, for guests who have none, and what they must not lead to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from pandaas.access import FACILITY
from pandaas.db.tables import SessionInvitation
from pandaas.model import Role, TeamRole

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]


@pytest.fixture
def nobody(running: Running) -> Iterator[httpx.Client]:
    """A browser of somebody who has no account."""
    with httpx.Client(base_url=running.url, headers={"X-PaNDAaS": "1", "Origin": running.url}, timeout=30) as client:
        yield client


def _invite(alice: httpx.Client, session_id: str, **more: Any) -> dict[str, Any]:
    answer = alice.post(f"/api/v1/sessions/{session_id}/invitations", json={"label": "A colleague", **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_who_has_an_account_becomes_a_member_once(running: Running, alice: httpx.Client, session_id: str) -> None:
    bob = running.services.identity.person_named("bob").id
    invitation = _invite(alice, session_id)
    with running.person("bob") as client:
        assert (
            client.post("/api/v1/invitations/look", json={"secret": invitation["secret"]}).json()["as_guest"] is False
        )
        refused = client.post("/api/v1/invitations/accept", json={"secret": invitation["secret"]})
        assert refused.status_code == 409, "an invitation opens no data"
        running.services.access.set_member(FACILITY, "P-1", bob, TeamRole.READER)
        client.post("/api/v1/invitations/accept", json={"secret": invitation["secret"]}).raise_for_status()
        assert client.get(f"/api/v1/sessions/{session_id}").json()["may"] == "view"
        with running.inside(client, session_id) as browser:
            assert browser.post("/run", content="id").status_code == 403
    with running.person("otto") as otto:
        used = otto.post("/api/v1/invitations/accept", json={"secret": invitation["secret"]})
        assert used.status_code == 404, "it worked for one"
    alice.delete(f"/api/v1/sessions/{session_id}/members/bob").raise_for_status()


def test_an_expired_or_revoked_one_opens_nothing(
    running: Running, alice: httpx.Client, nobody: httpx.Client, session_id: str
) -> None:
    revoked, expired = _invite(alice, session_id, guests=True), _invite(alice, session_id, guests=True)
    alice.delete(f"/api/v1/sessions/{session_id}/invitations/{revoked['id']}").raise_for_status()
    with running.services.database.session() as session:
        row = session.get_one(SessionInvitation, expired["id"])
        row.expires -= timedelta(days=2)
    for secret in (revoked["secret"], expired["secret"], "guess", "x" * 200):
        assert nobody.post("/api/v1/invitations/look", json={"secret": secret}).status_code == 404
        assert nobody.post("/api/v1/invitations/visit", json={"secret": secret, "name": "N"}).status_code == 404
    assert nobody.post("/api/v1/invitations/look", json={"secret": "x" * 9000}).status_code == 422


def test_a_guest_watches_this_session_and_nothing_else(
    running: Running, alice: httpx.Client, nobody: httpx.Client, session_id: str
) -> None:
    invitation = _invite(alice, session_id, guests=True)
    come_in = {"secret": invitation["secret"], "name": "Prof. <b>X</b>"}
    answer = nobody.post("/api/v1/invitations/visit", json=come_in)
    assert (answer.json()["id"], answer.json()["person"]) == (session_id, "Alice")
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert invitation["secret"] not in answer.text
    assert nobody.post("/api/v1/invitations/visit", json=come_in).status_code == 404, "it worked for one"

    for path in (f"/api/v1/sessions/{session_id}", "/api/v1/sessions", f"/api/v1/sessions/{session_id}/sharing"):
        assert nobody.get(path).status_code == 401, path
    assert nobody.get(f"/api/v1/datasets/{running.pid}").status_code in {401, 404}
    assert nobody.post(f"/api/v1/sessions/{session_id}/ticket").status_code == 401

    ticket = nobody.post("/api/v1/visit/ticket").json()
    host = ticket["address"].split("/")[2]
    sent = {"data": {"ticket": ticket["ticket"]}, "headers": {"Host": host, "Origin": running.url}}
    entered = httpx.post(f"{running.url}/.pandaas/enter", **sent)  # type: ignore[arg-type]
    assert entered.status_code == 303
    assert httpx.post(f"{running.url}/.pandaas/enter", **sent).status_code == 403, "a ticket works once"  # type: ignore[arg-type]
    own = {"Host": host, "Origin": f"http://{host}", "Cookie": entered.headers["set-cookie"].split(";")[0]}
    other = running.start(alice)
    with httpx.Client(base_url=running.url, headers=own) as browser:
        assert browser.get("/").text == "probe"
        assert browser.post("/run", content="touch $HOME/forged").status_code == 403
        port = running.url.rsplit(":", 1)[1]
        assert browser.get("/", headers={"Host": f"{other}.localhost:{port}"}).status_code == 403
        [shown] = [
            one for one in alice.get(f"/api/v1/sessions/{session_id}/sharing").json()["invitations"] if one["came"]
        ]
        assert shown["came"][0]["name"] == "Prof. <b>X</b>", "kept as she wrote it; pages escape it"
        alice.delete(f"/api/v1/sessions/{session_id}/invitations/{invitation['id']}").raise_for_status()
        assert browser.get("/").status_code == 403, "taken back, she is out"
    assert nobody.get("/api/v1/visit").status_code == 401
    alice.post(f"/api/v1/sessions/{other}/end")


def test_a_guest_is_out_when_the_person_who_invited_no_longer_leads_the_proposal(
    running: Running, alice: httpx.Client, nobody: httpx.Client, session_id: str
) -> None:
    person = running.services.identity.person_named("alice").id
    invitation = _invite(alice, session_id, guests=True)
    nobody.post("/api/v1/invitations/visit", json={"secret": invitation["secret"], "name": "N"}).raise_for_status()
    running.services.identity.create_person("pi", "Pi", Role.VISITOR, "pi-test-1234")
    pi = running.services.identity.person_named("pi").id
    running.services.access.set_member(FACILITY, "P-1", pi, TeamRole.PRINCIPAL_INVESTIGATOR)
    running.services.access.set_member(FACILITY, "P-1", person, TeamRole.MEMBER)
    assert nobody.get("/api/v1/visit").status_code == 401
    refused = alice.post(f"/api/v1/sessions/{session_id}/invitations", json={"label": "x", "guests": True})
    assert refused.status_code == 403
    running.services.access.set_member(FACILITY, "P-1", person, TeamRole.PRINCIPAL_INVESTIGATOR)


def test_an_invitation_gives_guests_no_control_and_others_make_none(
    running: Running, alice: httpx.Client, session_id: str
) -> None:
    address = f"/api/v1/sessions/{session_id}/invitations"
    assert alice.post(address, json={"label": "x", "guests": True, "may": "full"}).status_code == 422
    assert alice.post(address, json={"label": "x", "hours": 24 * 30}).status_code == 422
    with running.person("otto") as otto:
        assert otto.post(address, json={"label": "x"}).status_code == 403
