"""A program in a session writes a NeXus file; it becomes a dataset that knows the session."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from .conftest import Running

Shell = Callable[[str], str]
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]


def test_what_a_program_wrote_becomes_a_dataset(running: Running, alice: httpx.Client, session_id: str) -> None:
    at = f"/api/v1/sessions/{session_id}/results"
    with running.inside(alice, session_id) as browser:
        said = browser.post("/run", content=_write(running)).text
    listed = {one["name"]: one for one in alice.get(at).json()["files"]}
    assert listed["fit.nxs"]["processed"], said
    assert listed["leads-out"]["problem"]
    refused = alice.post(at, json={"files": ["leads-out"], "title": "Not mine"})
    assert (refused.status_code, refused.json()["field"]) == (422, "files")
    [done] = alice.post(at, json={"files": ["fit.nxs"], "title": "A fit"}).json()
    record = alice.get(f"/api/v1/datasets/{done['dataset']}").json()
    assert (record["kind"], record["proposal"], record["session"]) == ("derived", "P-1", session_id)
    graph = alice.get(f"/api/v1/datasets/{done['dataset']}/provenance").json()
    assert {(one["source"], one["target"]) for one in graph["edges"]} == {
        (running.pid, session_id),
        (session_id, done["dataset"]),
    }
    assert not alice.post(at, json={"files": ["fit.nxs"], "title": "A fit"}).json()[0]["is_new"]


def _write(running: Running) -> str:
    """A shell command that writes a small NeXus file, with the platform's own Python."""
    environment = running.services.runtime.environments.ensure("platform")
    code = (
        "import h5py, os; f = h5py.File(os.environ['PANDAAS_RESULTS'] + '/fit.nxs', 'w'); "
        "e = f.create_group('entry'); e.attrs['NX_class'] = 'NXentry'; "
        "p = e.create_group('process'); p.attrs['NX_class'] = 'NXprocess'; "
        "d = e.create_group('data'); d.attrs['NX_class'] = 'NXdata'; d.attrs['signal'] = 'y'; d['y'] = [1.0, 2.0, 3.0]"
    )
    return f'{environment.python} -c "{code}" 2>&1; ln -s /etc/passwd $PANDAAS_RESULTS/leads-out'


def test_a_finished_result_registers_itself_when_the_session_sleeps(running: Running, alice: httpx.Client) -> None:
    session_id = running.start(alice)
    with running.inside(alice, session_id) as browser:
        browser.post("/run", content=_write(running))
    alice.post(f"/api/v1/sessions/{session_id}/hibernate")
    running.wait(alice, session_id, "hibernated")
    end = time.monotonic() + 60
    found = {}
    while time.monotonic() < end and found.get("dataset") is None:
        listed = alice.get(f"/api/v1/sessions/{session_id}/results").json()["files"]
        [found] = [one for one in listed if one["name"] == "fit.nxs"]
        time.sleep(0.2)
    record = alice.get(f"/api/v1/datasets/{found['dataset']}").json()
    assert (found["automatic"], record["kind"], record["session"]) == (True, "derived", session_id)


def test_a_dropped_file_lies_in_the_results_folder_as_the_sessions_own_and_replaces_nothing(
    running: Running, alice: httpx.Client, shell: Shell, session_id: str
) -> None:
    place = f"/api/v1/sessions/{session_id}/results"
    assert alice.put(f"{place}/notes.txt", content=b"one").json() == {"file": "notes.txt"}
    assert alice.put(f"{place}/notes.txt", content=b"two").json() == {"file": "notes (2).txt"}
    assert shell(
        "cd $PANDAAS_RESULTS; echo more >> notes.txt; cat notes.txt 'notes (2).txt'; ls -A | grep -c part"
    ) == ("onemore\ntwo0\n")
    shell("ln -s /etc/passwd $PANDAAS_RESULTS/led.txt")
    assert alice.put(f"{place}/led.txt", content=b"three").json() == {"file": "led (2).txt"}
    assert alice.put(f"{place}/..%2Fled.txt", content=b"four").status_code == 405, "a name is one part of a path"
    assert shell("ls $HOME $PANDAAS_RESULTS/.. 2>/dev/null | grep -c led.txt") == "0\n"


def test_what_would_not_fit_is_refused_before_it_ends_the_session_and_others_bring_nothing(
    running: Running, alice: httpx.Client, session_id: str
) -> None:
    place = f"/api/v1/sessions/{session_id}/results"
    refused = alice.put(f"{place}/large.h5", content=bytes(60_000_000))  # sessions.home_mb is 50 here
    assert (refused.status_code, "may hold" in refused.json()["detail"]) == (413, True)
    assert alice.get(f"/api/v1/sessions/{session_id}").json()["state"] == "ready"
    assert all(one["name"] != "large.h5" for one in alice.get(place).json()["files"])
    with running.person("bob") as bob, running.person("otto") as otto:
        assert bob.put(f"{place}/notes.txt", content=b"").status_code == 404
        assert otto.put(f"{place}/notes.txt", content=b"").status_code == 403
