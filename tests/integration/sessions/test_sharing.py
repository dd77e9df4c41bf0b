"""Sessions shared with others: who may be let in, what watching means, how quickly it ends; staff who ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
import websockets
from websockets.typing import Origin

from pandaas.access import FACILITY
from pandaas.db.tables import SessionMember
from pandaas.model import Role, TeamRole

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]


@pytest.fixture(scope="module")
def bob(running: Running, alice: httpx.Client) -> Iterator[httpx.Client]:
    """A reader of the proposal: she may see its data, not analyse them."""
    person = running.services.identity.person_named("bob").id
    running.services.access.set_member(FACILITY, "P-1", person, TeamRole.READER)
    with running.person("bob") as client:
        yield client


@pytest.fixture(scope="module")
def eve(running: Running) -> Iterator[httpx.Client]:
    """Somebody who may see none of it."""
    running.services.identity.create_person("eve", "Eve", Role.VISITOR, "eve-test-1234")
    with running.person("eve") as client:
        yield client


@pytest.fixture
def shared(alice: httpx.Client, bob: httpx.Client, session_id: str) -> Iterator[str]:
    """The session, which bob may watch."""
    _member(alice, session_id, "bob", "view").raise_for_status()
    yield session_id
    with suppress(httpx.HTTPError):
        alice.delete(f"/api/v1/sessions/{session_id}/members/bob")


def _member(client: httpx.Client, session_id: str, user: str, may: str) -> httpx.Response:
    return client.put(f"/api/v1/sessions/{session_id}/members/{user}", json={"may": may})


def test_only_who_may_see_the_data_is_let_in(
    alice: httpx.Client, bob: httpx.Client, eve: httpx.Client, session_id: str
) -> None:
    refused = _member(alice, session_id, "eve", "view")
    assert refused.status_code == 409
    assert "may not read" in refused.json()["detail"]
    assert _member(alice, session_id, "bob", "full").status_code == 409, "a reader may not analyse"
    assert _member(alice, session_id, "nobody", "view").status_code == 404
    assert eve.get(f"/api/v1/sessions/{session_id}").status_code == 404


def test_a_member_finds_it_but_manages_nothing(alice: httpx.Client, bob: httpx.Client, shared: str) -> None:
    [found] = [one for one in bob.get("/api/v1/sessions").json() if one["id"] == shared]
    assert (found["may"], found["role"], found["is_owner"], found["may_manage"]) == ("view", "member", False, False)
    assert any("lets you into" in one["text"] for one in bob.get("/api/v1/notices").json())
    for verb in ("end", "hibernate", "extend", "resume"):
        assert bob.post(f"/api/v1/sessions/{shared}/{verb}", json={"hours": 1}).status_code == 403
    assert bob.get(f"/api/v1/sessions/{shared}/log").status_code == 403
    assert bob.get(f"/api/v1/sessions/{shared}/sharing").status_code == 403
    assert _member(bob, shared, "bob", "full").status_code == 403, "she gives herself no more"
    assert bob.delete(f"/api/v1/sessions/{shared}/members/alice").status_code == 403


def test_who_only_watches_changes_nothing_in_a_web_program(running: Running, bob: httpx.Client, shared: str) -> None:
    with running.inside(bob, shared) as browser:
        assert browser.get("/").text == "probe"
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            assert browser.request(method, "/run", content="touch $HOME/forged").status_code == 403, method
        assert browser.get("/run", headers={"X-HTTP-Method-Override": "POST"}).status_code == 403
        host, cookie = browser.headers["host"], browser.headers["cookie"]
        assert "only watch" in browser.get("/.pandaas/state").json()["company"]

    async def talk() -> str | None:
        name, port = host.split(":")
        connection = websockets.connect(
            f"ws://{name}:{port}/echo", host="127.0.0.1", port=int(port), additional_headers={"Cookie": cookie},
            origin=Origin(f"http://{host}"),
        )  # fmt: skip
        async with connection as websocket:
            await websocket.send("forged")
            with suppress(TimeoutError):
                return str(await asyncio.wait_for(websocket.recv(), 1))
        return None

    assert asyncio.run(talk()) is None


def test_a_member_with_full_rights_works_along(
    running: Running, alice: httpx.Client, bob: httpx.Client, session_id: str
) -> None:
    person = running.services.identity.person_named("bob").id
    running.services.access.set_member(FACILITY, "P-1", person, TeamRole.MEMBER)
    _member(alice, session_id, "bob", "full").raise_for_status()
    with running.inside(bob, session_id) as browser:
        assert browser.post("/run", content="echo together").text == "together\n"
        running.services.access.set_member(FACILITY, "P-1", person, TeamRole.READER)
        _until_refused(browser)  # who may no longer analyse doesn't work along
    alice.delete(f"/api/v1/sessions/{session_id}/members/bob").raise_for_status()


def test_access_ends_when_the_share_is_taken_back(
    running: Running, alice: httpx.Client, bob: httpx.Client, shared: str
) -> None:
    with running.inside(bob, shared) as browser:
        assert browser.get("/").status_code == 200
        alice.delete(f"/api/v1/sessions/{shared}/members/bob").raise_for_status()
        _until_refused(browser)
        assert bob.get(f"/api/v1/sessions/{shared}").status_code == 404
        _member(alice, shared, "bob", "view").raise_for_status()
        assert browser.get("/").status_code == 403, "an old cookie opens nothing again"


def test_access_ends_within_ten_seconds_with_the_own_right_to_the_data_open_websockets_too(
    running: Running, bob: httpx.Client, shared: str
) -> None:
    person = running.services.identity.person_named("bob").id
    with running.inside(bob, shared) as browser:
        host, cookie = browser.headers["host"], browser.headers["cookie"]

        async def stay() -> float:
            name, port = host.split(":")
            connection = websockets.connect(
                f"ws://{name}:{port}/echo", host="127.0.0.1", port=int(port), additional_headers={"Cookie": cookie},
                origin=Origin(f"http://{host}"),
            )  # fmt: skip
            async with connection as websocket:
                began = time.monotonic()
                await asyncio.to_thread(running.services.access.remove_member, FACILITY, "P-1", person)
                with suppress(websockets.ConnectionClosed):
                    await asyncio.wait_for(websocket.recv(), 20)
                return time.monotonic() - began

        assert asyncio.run(stay()) < 10
        assert browser.get("/").status_code == 403
        assert bob.get(f"/api/v1/sessions/{shared}").status_code == 404
    running.services.access.set_member(FACILITY, "P-1", person, TeamRole.READER)


def test_a_ticket_of_a_member_opens_no_other_session(
    running: Running, alice: httpx.Client, bob: httpx.Client, shared: str
) -> None:
    other = running.start(alice)
    ticket = bob.post(f"/api/v1/sessions/{shared}/ticket").json()
    port = running.url.rsplit(":", 1)[1]
    for host in (f"{other}.localhost:{port}", f"{shared}.localhost:{port}"):  # the wrong one uses it up
        answer = httpx.post(
            f"{running.url}/.pandaas/enter",
            data={"ticket": ticket["ticket"]},
            headers={"Host": host, "Origin": running.url},
        )
        assert answer.status_code == 403
    with running.inside(bob, shared) as browser:
        assert browser.get("/", headers={"Host": f"{other}.localhost:{port}"}).status_code == 403
    alice.post(f"/api/v1/sessions/{other}/end")


def test_staff_ask_and_watch_first_and_work_along_on_hand_over_only(
    running: Running, alice: httpx.Client, bob: httpx.Client, session_id: str
) -> None:
    ask = f"/api/v1/sessions/{session_id}/join-requests"
    with running.person("otto") as otto:
        assert otto.get(f"/api/v1/sessions/{session_id}").json()["may_help"] is True
        assert otto.post(f"/api/v1/sessions/{session_id}/ticket").status_code == 403
        otto.post(ask, json={"reason": "The fit you asked about"}).raise_for_status()
        assert otto.post(f"/api/v1/sessions/{session_id}/ticket").status_code == 403, "not before she answers"
        [waiting] = alice.get("/api/v1/session-watchers").json()
        assert (waiting["user"], waiting["waits"], waiting["reason"]) == ("otto", True, "The fit you asked about")
        assert otto.put(f"{ask}/otto", json={"allow": True}).status_code == 403, "she answers, not staff"
        alice.put(f"{ask}/otto", json={"allow": True, "minutes": 5}).raise_for_status()
        with running.inside(otto, session_id) as browser:
            assert browser.post("/run", content="id").status_code == 403
            assert _member(otto, session_id, "otto", "full").status_code == 403, "control is handed over, not taken"
            _member(alice, session_id, "otto", "full").raise_for_status()
            assert browser.post("/run", content="echo helped").text == "helped\n"
            with running.inside(alice, session_id) as own:
                assert "Otto works along" in own.get("/.pandaas/state").json()["company"]
            _member(alice, session_id, "otto", "view").raise_for_status()
            assert browser.post("/run", content="id").status_code == 403
            otto.delete(f"/api/v1/sessions/{session_id}/members/otto").raise_for_status()
            _until_refused(browser)
    while running.services.access.take_over():
        pass
    kinds = {one.kind for one in running.services.access.audit(FACILITY, kind="session.", limit=100)}
    assert {"session.asked", "session.admitted", "session.control", "session.staff_left"} <= kinds


def test_staff_leave_when_their_time_is_over(running: Running, alice: httpx.Client, session_id: str) -> None:
    ask = f"/api/v1/sessions/{session_id}/join-requests"
    with running.person("otto") as otto:
        otto.post(ask, json={"reason": "A look"}).raise_for_status()
        alice.put(f"{ask}/otto", json={"allow": True, "minutes": 1}).raise_for_status()
        with running.inside(otto, session_id) as browser:
            assert browser.get("/").status_code == 200
            with running.services.database.session() as session:
                member = session.get_one(SessionMember, (session_id, running.services.identity.person_named("otto").id))
                assert member.added is not None
                member.expires = member.added
            _until_refused(browser)
        assert alice.get("/api/v1/session-watchers").json() == []


def test_a_refusal_lets_nobody_in_and_visitors_may_not_ask(
    running: Running, alice: httpx.Client, bob: httpx.Client, eve: httpx.Client, session_id: str
) -> None:
    ask = f"/api/v1/sessions/{session_id}/join-requests"
    assert bob.post(ask, json={"reason": "Let me in"}).status_code == 404
    assert eve.post(ask, json={"reason": "Let me in"}).status_code == 404
    assert alice.post(ask, json={"reason": "My own"}).status_code == 403


def _until_refused(browser: httpx.Client) -> None:
    began = time.monotonic()
    while browser.post("/run", content="true").status_code == 200 or browser.get("/").status_code == 200:
        assert time.monotonic() - began < 10
        time.sleep(0.1)
