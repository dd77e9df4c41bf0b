"""What a hostile person inside a session can't do."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from pandaas.config import Settings

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]

Shell = Callable[[str], str]


def test_it_sees_its_dataset_only_and_can_not_write_it(shell: Shell, settings: Settings) -> None:
    data = settings.home / "data"
    assert shell(f"ls {data}").split() == ["scan.h5"]
    assert "Read-only" in shell(f"echo x >> {data}/scan.h5") or "denied" in shell(f"echo x >> {data}/scan.h5")
    assert shell(f"cat {settings.home}/pandaas.sqlite | head -c 10").endswith("No such file or directory\n")


def test_it_has_no_network_and_sees_no_other_process(shell: Shell) -> None:
    assert "unreachable" in shell("exec 3<>/dev/tcp/127.0.0.1/80; exec 3<>/dev/tcp/1.1.1.1/80") or "refused" in shell(
        "exec 3<>/dev/tcp/127.0.0.1/80"
    )
    assert shell("cat /proc/net/dev | tail -n +3 | cut -d: -f1").split() == ["lo"]
    names = shell("cat /proc/[0-9]*/comm").split()
    assert len(names) < 12
    assert "pandaas" not in names


@pytest.mark.parametrize(("program", "reaches"), [("online", True), ("hopeful", False)])
def test_the_network_is_there_for_programs_that_ask_for_it_and_are_named_by_the_operator(
    running: Running, alice: httpx.Client, program: str, reaches: bool
) -> None:
    port = running.url.rpartition(":")[2]
    one = running.start(alice, program)
    with running.inside(alice, one) as browser:
        said = browser.post("/run", content=f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached").text
        assert ("reached" in said) == reaches, said
        assert "pandaas" not in browser.post("/run", content="cat /proc/[0-9]*/comm").text.split()
    alice.post(f"/api/v1/sessions/{one}/end").raise_for_status()
    running.wait(alice, one, "ended")


def test_one_session_at_a_time_sees_the_gpu_and_only_one_that_asked_for_it(
    running: Running, alice: httpx.Client, shell: Shell
) -> None:
    if not running.services.runtime.local_gpus.found():
        pytest.skip("no GPU")
    look = "ls -d /etc/OpenCL /sys/devices"
    assert "No such file" in shell(look)
    asked = {"program": "probe", "datasets": [running.pid], "gpu": True}
    one = alice.post("/api/v1/sessions", json=asked).json()
    assert running.wait(alice, one["id"], "ready", "failed")["state"] == "ready"
    assert one["gpus"] == 1
    with running.inside(alice, one["id"]) as browser:
        assert "No such file" not in browser.post("/run", content=look).text
    capacity = alice.get("/api/v1/programs").json()["capacity"]
    assert (capacity["largest"]["local"]["gpus"], capacity["gpu_free"]) == (1, False)
    refused = alice.post("/api/v1/sessions", json=asked)
    assert refused.status_code == 429
    assert "Another session has the GPU" in refused.json()["detail"]
    alice.post(f"/api/v1/sessions/{one['id']}/end").raise_for_status()
    running.wait(alice, one["id"], "ended")
    assert alice.get("/api/v1/programs").json()["capacity"]["gpu_free"]


def test_no_secret_lies_in_its_environment_or_command_line(shell: Shell) -> None:
    said = shell("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'").lower()
    assert "token" not in said
    assert "secret" not in said
    assert "ticket" not in said


def test_a_socket_that_leads_elsewhere_is_not_followed(
    running: Running, alice: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pandaas.server.sessions.proxy.LOOK_AGAIN_S", 0.0)  # till then its own old socket is spoken to
    victim, hostile = running.start(alice), running.start(alice)
    with running.inside(alice, hostile) as browser:
        run = browser.post("/run", content="readlink /tmp/pandaas-*/run").text.strip()
        target = run.replace(hostile, victim) + "/http.sock"
        browser.post("/run", content=f"rm {run}/http.sock; ln -s {target} {run}/http.sock")
        answer = browser.get("/")
    assert answer.status_code == 502
    assert "not its own" in answer.text or "not answer" in answer.text
    for one in (victim, hostile):
        alice.post(f"/api/v1/sessions/{one}/end")
        running.wait(alice, one, "ended")


def test_too_much_output_and_memory_end_it_with_words(running: Running, alice: httpx.Client) -> None:
    greedy = running.start(alice)
    with running.inside(alice, greedy) as browser, suppress(httpx.TransportError):
        browser.post("/run", content="head -c 80M /dev/zero > $PANDAAS_RESULTS/fill; sleep 20")
    ended = running.wait(alice, greedy, "failed", "ended")
    assert "hold more than they may" in (ended["reason"] or "")
    assert "Delete" in (ended["remedy"] or "")
    hungry = running.start(alice)
    with running.inside(alice, hungry) as browser:
        with suppress(httpx.TransportError):
            browser.post("/run", content="python3 -c 'x = bytearray(2_000_000_000); import time; time.sleep(20)'")
        alive = browser.get("/").status_code
    ended = alice.get(f"/api/v1/sessions/{hungry}").json()
    assert alive != 200 or ended["state"] == "ready"  # the kernel may have taken the greedy child alone
    alice.post(f"/api/v1/sessions/{hungry}/end")


def test_no_other_process_gets_its_signals_and_no_other_screen_is_seen(
    running: Running, alice: httpx.Client, shell: Shell, settings: Settings
) -> None:
    victim = running.start(alice, "shell")
    begun = json.loads(next((settings.home / "sessions" / victim).glob("*/supervisor.json")).read_text("utf-8"))
    assert "No such process" in shell(f"kill -9 {begun['pid']} 2>&1")
    assert "No such file" in shell("ls /tmp/.X11-unix 2>&1")
    assert shell("grep -c X11 /proc/net/unix").strip() == "0"
    screen = settings.home / "sessions" / victim
    assert "No such file" in shell(f"ls {screen} 2>&1")
    assert alice.get(f"/api/v1/sessions/{victim}").json()["state"] == "ready"
    alice.post(f"/api/v1/sessions/{victim}/end").raise_for_status()
    running.wait(alice, victim, "ended")


def test_a_fork_bomb_is_bounded(shell: Shell) -> None:
    said = shell("for i in $(seq 2000); do sleep 3 & done 2>&1 | grep -ci resource; wait")
    assert int(said.split()[0]) > 0 or "Resource" in said
