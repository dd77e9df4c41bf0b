"""The life of sessions: restart of the platform, hibernation, extension, what operators do, rights that end."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from pandaas.access import FACILITY
from pandaas.config import Settings
from pandaas.db.tables import Dataset
from pandaas.model import TeamRole
from pandaas.server import build_services, close_services

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]


def test_another_process_finds_it_and_it_answers_on(
    running: Running, alice: httpx.Client, settings: Settings, session_id: str
) -> None:
    """As after a kill -9 of the platform: nothing but the home is known."""
    again = build_services(settings)
    try:
        door = again.sessions.open_door(session_id)
        door.connect().close()
        door.close()
        again.sessions._keeper.step()
        assert running.wait(alice, session_id, "ready")["ending"] is False
    finally:
        close_services(again)


def test_it_hibernates_and_resumes_with_what_it_kept(running: Running, alice: httpx.Client, settings: Settings) -> None:
    one = running.start(alice)
    with running.inside(alice, one) as browser:
        browser.post("/run", content="echo kept > $HOME/note; echo result > $PANDAAS_RESULTS/curve.txt")
        alice.post(f"/api/v1/sessions/{one}/hibernate").raise_for_status()
        asleep = running.wait(alice, one, "hibernated")
        assert asleep["notices"]
        assert browser.get("/").status_code == 403
    assert Path(settings.home / "sessions" / one / "results" / "curve.txt").read_text("utf-8") == "result\n"
    alice.post(f"/api/v1/sessions/{one}/resume").raise_for_status()
    running.wait(alice, one, "ready")
    with running.inside(alice, one) as browser:
        assert browser.post("/run", content="cat $HOME/note $PANDAAS_RESULTS/curve.txt").text == "kept\nresult\n"
    alice.post(f"/api/v1/sessions/{one}/end").raise_for_status()
    running.wait(alice, one, "ended")


def test_it_can_be_ended_when_it_was_resumed_before_the_keeper_looked_again(
    running: Running, alice: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = running.start(alice)
    keeper, resumed = running.services.sessions._keeper, threading.Event()
    look = keeper.step

    def look_and_wait() -> bool:
        hurry = look()
        if alice.get(f"/api/v1/sessions/{one}").json()["state"] == "hibernated":
            resumed.wait(30)
        return hurry

    monkeypatch.setattr(keeper, "step", look_and_wait)
    alice.post(f"/api/v1/sessions/{one}/hibernate").raise_for_status()
    running.wait(alice, one, "hibernated")
    alice.post(f"/api/v1/sessions/{one}/resume").raise_for_status()
    resumed.set()
    running.wait(alice, one, "ready")
    alice.post(f"/api/v1/sessions/{one}/end").raise_for_status()
    running.wait(alice, one, "ended", seconds=20)


def test_it_can_be_extended_within_the_rules(alice: httpx.Client, session_id: str) -> None:
    before = alice.get(f"/api/v1/sessions/{session_id}").json()
    longer = alice.post(f"/api/v1/sessions/{session_id}/extend", json={"hours": 4}).json()
    assert longer["expires"] > before["expires"]
    longest = alice.post(f"/api/v1/sessions/{session_id}/extend", json={"hours": 168}).json()
    assert longest["expires"] == longest["latest_end"]
    refused = alice.post(f"/api/v1/sessions/{session_id}/extend", json={"hours": 1})
    assert refused.status_code == 409


def test_its_person_extends_it_in_the_bar_above_the_program_until_it_has_all_its_time(
    running: Running, alice: httpx.Client
) -> None:
    one = running.start(alice)
    before = alice.get(f"/api/v1/sessions/{one}").json()["expires"]
    with running.inside(alice, one) as browser:
        assert 'allows" >Extend</button>' in browser.get("/.pandaas/").text
        assert browser.get("/.pandaas/state").json()["extend"] is True
        assert browser.post("/.pandaas/extend", headers={"Origin": "http://evil.example"}).status_code == 403
        assert browser.post("/.pandaas/extend").status_code == 204
        assert alice.get(f"/api/v1/sessions/{one}").json()["expires"] > before
        alice.post(f"/api/v1/sessions/{one}/extend", json={"hours": 168}).raise_for_status()
        assert browser.get("/.pandaas/state").json()["extend"] is False
        assert 'allows" hidden>Extend</button>' in browser.get("/.pandaas/").text
        assert "at most" in browser.post("/.pandaas/extend").json()["message"]
    alice.post(f"/api/v1/sessions/{one}/end")


def test_what_an_operator_says_stands_above_the_program_until_it_was_read(
    running: Running, alice: httpx.Client, session_id: str
) -> None:
    with running.person("otto") as otto, running.inside(alice, session_id) as browser:
        otto.post(f"/api/v1/sessions/{session_id}/announcements", json={"text": "Save <b>now</b>."}).raise_for_status()
        assert browser.get("/.pandaas/state").json()["said"] == "The operators say: Save <b>now</b>."
        assert "Save &lt;b&gt;now" in browser.get("/.pandaas/").text
        assert browser.post("/.pandaas/understood").status_code == 204
        assert browser.get("/.pandaas/state").json()["said"] == ""


def test_a_drained_computer_refuses_new_sessions_and_a_stopped_one_sleeps_with_the_reason(
    running: Running, alice: httpx.Client
) -> None:
    one = running.start(alice)
    with running.person("otto") as otto:
        [node] = otto.get("/api/v1/session-nodes").json()
        drain = f"/api/v1/session-nodes/{node['name']}/drain"
        otto.put(drain, json={"reason": "New memory.", "minutes": 60}).raise_for_status()
        refused = alice.post("/api/v1/sessions", json={"program": "probe", "datasets": [running.pid]})
        assert (refused.status_code, "New memory." in refused.json()["detail"]) == (503, True)
        assert "New memory." in alice.get(f"/api/v1/sessions/{one}").json()["stop_reason"]
        assert otto.delete(drain).json()[0]["drain"] is None
        otto.post(f"/api/v1/sessions/{one}/stop", json={"reason": "A test.", "minutes": 0}).raise_for_status()
        asleep = running.wait(alice, one, "hibernated")
    assert asleep["reason"] == "An operator stops it: A test."


def test_access_ends_within_ten_seconds_when_the_right_ends(
    running: Running, alice: httpx.Client, session_id: str
) -> None:
    person = running.services.identity.person_named("alice").id
    bob = running.services.identity.person_named("bob").id
    running.services.access.set_member(FACILITY, "P-1", bob, TeamRole.PRINCIPAL_INVESTIGATOR)
    with running.inside(alice, session_id) as browser:
        assert browser.get("/").status_code == 200
        began = time.monotonic()
        running.services.access.remove_member(FACILITY, "P-1", person)
        while browser.get("/").status_code == 200:
            assert time.monotonic() - began < 10
            time.sleep(0.1)
    running.services.access.set_member(FACILITY, "P-1", person, TeamRole.MEMBER)
    ended = running.wait(alice, session_id, "ended")
    assert "right" in ended["reason"]
    assert threading.active_count() < 300


def test_access_ends_within_ten_seconds_when_a_dataset_is_withdrawn_for_its_person_too(
    running: Running, alice: httpx.Client
) -> None:
    def state(now: str) -> None:
        with running.services.database.session() as session:
            session.execute(update(Dataset).where(Dataset.pid == running.pid).values(state=now))

    one = running.start(alice)
    with running.inside(alice, one) as browser:
        assert browser.get("/").status_code == 200
        began = time.monotonic()
        state("withdrawn")
        try:
            while browser.get("/").status_code == 200:
                assert time.monotonic() - began < 10
                time.sleep(0.1)
            assert "right" in running.wait(alice, one, "ended")["reason"]
        finally:
            state("complete")


def test_its_size_is_chosen_within_what_there_is(running: Running, alice: httpx.Client) -> None:
    largest = alice.get("/api/v1/programs").json()["capacity"]["largest"]["local"]
    for field, value in (("cores", largest["cores"] + 1), ("memory_mb", largest["memory_mb"] + 1)):
        answer = alice.post("/api/v1/sessions", json={"program": "probe", "datasets": [], field: value})
        assert (answer.status_code, answer.json().get("field")) == (422, field), answer.text
    wanted = {"program": "probe", "datasets": [], "cores": 1, "memory_mb": 300, "hours": 2}
    made = alice.post("/api/v1/sessions", json=wanted).json()
    found = running.wait(alice, made["id"], "ready")
    assert (found["cores"], found["memory_mb"]) == (1, 300)
    alice.post(f"/api/v1/sessions/{made['id']}/end").raise_for_status()
