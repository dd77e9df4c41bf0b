"""Reaching a session: its own host, ticket and cookie, what the proxy lets through and what it keeps back."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import httpx
import pytest
import websockets

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]


def test_a_session_sees_its_dataset_and_no_credential(running: Running, alice: httpx.Client, session_id: str) -> None:
    with running.inside(alice, session_id) as browser:
        answer = browser.get("/seen", headers={"Cookie": browser.headers["cookie"] + "; pandaas=platform; own=1"})
    headers = answer.json()["headers"]
    assert headers["cookie"] == "own=1"
    assert "authorization" not in headers
    assert [Path(file).name for file in answer.json()["files"]] == ["scan.h5"]
    assert "access-control-allow-origin" not in answer.headers
    cookies = answer.headers.get_list("set-cookie")
    assert all("stolen" not in cookie and "domain" not in cookie.lower() for cookie in cookies)
    assert "frame-ancestors 'self';" in answer.headers["content-security-policy"]


def test_a_ticket_works_once_and_for_its_session_only(running: Running, alice: httpx.Client, session_id: str) -> None:
    ticket = alice.post(f"/api/v1/sessions/{session_id}/ticket").json()
    host = ticket["address"].split("/")[2]
    assert ticket["ticket"] not in ticket["address"]
    with httpx.Client(base_url=running.url) as browser:
        foreign = {"Host": host, "Origin": "http://evil.example"}
        sent = {"ticket": ticket["ticket"]}
        assert browser.post("/.pandaas/enter", data=sent, headers=foreign).status_code == 403
        own = {"Host": host, "Origin": running.url}
        assert browser.post("/.pandaas/enter", data=sent, headers=own).status_code == 303
        assert browser.post("/.pandaas/enter", data=sent, headers=own).status_code == 403


def test_without_the_cookie_or_from_elsewhere_nothing_is_answered(
    running: Running, alice: httpx.Client, session_id: str
) -> None:
    with running.inside(alice, session_id) as browser:
        assert browser.get("/").text == "probe"
        assert browser.get("/", headers={"Cookie": "pandaas-session=guess"}).status_code == 403
        assert browser.post("/run", content="id", headers={"Origin": running.url}).status_code == 403
        assert (
            browser.get("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status_code == 403
        )
        port = running.url.rsplit(":", 1)[1]
        assert browser.get("/", headers={"Host": f"s-000000000000.localhost:{port}"}).status_code == 403
        assert browser.get("/api/v1/health", headers={"Host": f"other.localhost:{port}"}).status_code == 404


def test_large_uploads_pass_piece_by_piece(running: Running, alice: httpx.Client, session_id: str) -> None:
    with running.inside(alice, session_id) as browser:
        assert browser.post("/count", content=(b"x" * 65_536 for _ in range(640))).text == str(65_536 * 640)


def test_websockets_are_carried_for_the_own_origin_only(running: Running, alice: httpx.Client, session_id: str) -> None:
    with running.inside(alice, session_id) as browser:
        host, cookie = browser.headers["host"], browser.headers["cookie"]

    async def talk(origin: str) -> str | bytes:
        headers = {"Cookie": cookie}
        name, port = host.split(":")
        connection = websockets.connect(
            f"ws://{name}:{port}/echo", host="127.0.0.1", port=int(port), additional_headers=headers, origin=origin
        )
        async with connection as websocket:
            await websocket.send("hello")
            return await websocket.recv()

    assert asyncio.run(talk(f"http://{host}")) == "heard hello"
    with pytest.raises(websockets.InvalidStatus):
        asyncio.run(talk(running.url))


def test_others_neither_see_nor_open_it(running: Running, session_id: str) -> None:
    with running.person("bob") as bob:
        assert bob.get(f"/api/v1/sessions/{session_id}").status_code == 404
        assert bob.post(f"/api/v1/sessions/{session_id}/ticket").status_code == 404
        assert bob.post("/api/v1/sessions", json={"program": "probe", "datasets": [running.pid]}).status_code == 404
    with running.person("otto") as otto:
        assert otto.get(f"/api/v1/sessions/{session_id}").json()["may"] is None
        assert otto.post(f"/api/v1/sessions/{session_id}/ticket").status_code == 403
        assert session_id in [one["id"] for one in otto.get("/api/v1/sessions", params={"mine": False}).json()]


def test_its_person_waits_at_its_own_address_and_nothing_of_it_answers_before_it_is_ready(
    running: Running, alice: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, released = running.services.sessions._keeper, threading.Event()
    answers = keeper._answers
    monkeypatch.setattr(keeper, "_answers", lambda row: released.is_set() and answers(row))
    made = alice.post("/api/v1/sessions", json={"program": "probe", "datasets": [running.pid]}).json()
    with running.inside(alice, made["id"]) as browser:
        page = browser.get("/.pandaas/").text
        assert ("<div id=waits role=status >" in page, 'src="/"' in page) == (True, False)
        running.wait(alice, made["id"], "starting")
        state = browser.get("/.pandaas/state").json()
        assert (state["ready"], state["phase"]) == (False, "Starting Probe")
        assert browser.get("/seen").status_code == 502
        assert browser.post("/.pandaas/extend").status_code == 409
        with running.person("otto") as otto:
            assert otto.post(f"/api/v1/sessions/{made['id']}/ticket").status_code == 403
        released.set()
        running.wait(alice, made["id"], "ready")
        assert browser.get("/.pandaas/state").json()["ready"] is True
        assert browser.get("/seen").status_code == 200
    alice.post(f"/api/v1/sessions/{made['id']}/end").raise_for_status()
