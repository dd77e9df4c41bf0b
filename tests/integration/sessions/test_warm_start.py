"""The second start of a program is forked from a process that waits for its person: into the same walls, and for nobody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pandaas.config import Settings
from pandaas.model import Role
from pandaas.runtime.warm.pool import TemplateState

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]


@pytest.fixture(scope="module")
def quick(running: Running, alice: httpx.Client) -> Iterator[str]:
    """A session of hers that was forked."""
    end(running, alice, running.start(alice, "quick"))
    until_one_waits(running)
    started = running.start(alice, "quick")
    yield started
    end(running, alice, started)


def end(running: Running, client: httpx.Client, session_id: str) -> None:
    client.post(f"/api/v1/sessions/{session_id}/end").raise_for_status()
    running.wait(client, session_id, "ended")


def until_one_waits(running: Running) -> list[TemplateState]:
    stop = time.monotonic() + 60
    while not (ready := [one for one in waiting(running) if one.state == "ready"]):
        assert time.monotonic() < stop, waiting(running)
        time.sleep(0.1)
    return ready


def forked(settings: Settings, session_id: str) -> bool:
    return (settings.home / "sessions" / session_id / f"{session_id}-1" / "warm").exists()


def test_the_next_start_is_forked_and_sees_what_any_session_sees(
    running: Running, alice: httpx.Client, settings: Settings, quick: str
) -> None:
    assert forked(settings, quick)
    with running.inside(alice, quick) as browser:
        assert browser.post("/run", content=f"ls {settings.home}/data").text.split() == ["scan.h5"]
        assert browser.post("/run", content="tail -n +3 /proc/net/dev | cut -d: -f1").text.split() == ["lo"]
        assert "pandaas" not in browser.post("/run", content="cat /proc/[0-9]*/comm").text.split()
        kept = browser.post("/run", content="touch $HOME/kept $PANDAAS_RESULTS/kept && ls $HOME $PANDAAS_RESULTS").text
        assert kept.split().count("kept") == 2


def test_the_waiting_process_sees_neither_data_nor_home(running: Running, settings: Settings, quick: str) -> None:
    for waiting in until_one_waits(running):
        root = Path(f"/proc/{waiting.pid}/root")
        assert (root / "usr").is_dir()
        assert not (root / str(settings.home / "data").lstrip("/")).exists()
        assert not (root / str(settings.home / "homes").lstrip("/")).exists()


def test_what_is_imported_is_told_whose_home_it_will_be(running: Running, settings: Settings, quick: str) -> None:
    """JupyterLab remembers from its import where settings and open tabs lie."""
    for waiting in until_one_waits(running):
        variables = Path(f"/proc/{waiting.pid}/environ").read_bytes().split(b"\0")
        assert f"HOME={settings.home / 'homes'}/".encode() in b" ".join(variables)


def test_it_waits_for_nobody_else(running: Running, settings: Settings, quick: str) -> None:
    with running.person("bob") as bob:
        his = running.start(bob, "quick", ())
        assert not forked(settings, his)
        end(running, bob, his)


def test_ending_it_leaves_nothing_running(
    running: Running, alice: httpx.Client, settings: Settings, quick: str
) -> None:
    another = running.start(alice, "quick")
    assert forked(settings, another)
    end(running, alice, another)
    results = str(settings.home / "sessions" / another / "results")
    assert not [one for one in Path("/proc").glob("[0-9]*/environ") if results.encode() in read(one)]


def test_a_first_start_waits_for_what_imports_since_its_person_looked_for_the_program(
    running: Running, settings: Settings
) -> None:
    running.services.identity.create_person("carol", "Carol", Role.VISITOR, "carol-test-1234")
    with running.person("carol") as carol:
        before = {one.key for one in waiting(running)}
        assert carol.post("/api/v1/programs/prepare", json={"program": "quick"}).status_code == 204
        [ahead] = [one for one in waiting(running) if one.key not in before]
        assert ahead.jobs == 0
        hers = running.start(carol, "quick", ())
        assert forked(settings, hers)
        assert {one.key: one.jobs for one in waiting(running)}[ahead.key] == 1
        end(running, carol, hers)


def test_who_only_looks_has_two_programs_imported_at_most(running: Running, alice: httpx.Client) -> None:
    before = {one.key for one in waiting(running)}
    for program in ("silx-view", "pyfai-calib2", "jupyterlab", "quick", "pymca"):
        assert alice.post("/api/v1/programs/prepare", json={"program": program}).status_code == 204
    assert len({one.key for one in waiting(running)} - before) <= 2
    assert alice.post("/api/v1/programs/prepare", json={"program": "nothing"}).status_code == 404


def test_what_was_started_last_is_what_a_person_looks_for(running: Running, quick: str) -> None:
    with running.person("otto") as otto:
        before = {one.key for one in waiting(running)}
        otto.post("/api/v1/programs/prepare", json={})
        assert {one.key for one in waiting(running)} == before  # he never started any
        end(running, otto, running.start(otto, "quick", ()))
        otto.post("/api/v1/programs/prepare", json={})
        assert {one.key for one in waiting(running)} > before


def waiting(running: Running) -> list[TemplateState]:
    pool = running.services.sessions._engines.local.pool
    assert pool is not None
    return pool.templates()


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
