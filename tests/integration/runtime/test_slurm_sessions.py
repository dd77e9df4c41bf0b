"""Sessions as jobs of a real Slurm: started, reached, found again by another process, ended; and a node that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pandaas.config import Settings, load_settings
from pandaas.db import upgrade
from pandaas.model import Conflict, Principal, Role
from pandaas.runtime import SlurmEngine, read_json
from pandaas.server import Services, build_services, close_services
from pandaas.sessions import SessionRequest, SessionView
from pandaas.testing.slurm import SlurmServer

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("slurm")]
APPS = Path(__file__).parents[1] / "sessions" / "apps"


@pytest.fixture(scope="module")
def settings(slurm: SlurmServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    found = load_settings(
        home=tmp_path_factory.mktemp("home"),
        runtime={"slurm": {"enabled": True, "conf": str(slurm.conf), "poll_s": 0.1, "timeout_s": 5}},
        sessions={"app_folders": [str(APPS)], "slurm": True},
    )
    upgrade(found)
    return found


@contextmanager
def platform(settings: Settings) -> Iterator[Services]:
    services = build_services(settings)
    if not services.runtime.sandbox.works:
        pytest.skip("no sandbox here")
    engine = services.runtime.engine("slurm")
    assert isinstance(engine, SlurmEngine)
    engine.settle_s = 1.0
    try:
        yield services
    finally:
        close_services(services)


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[Services]:
    with platform(settings) as found:
        found.identity.create_person("alice", "Alice", Role.VISITOR, "alice-test-1234")
        yield found


@pytest.fixture(scope="module")
def alice(services: Services) -> Principal:
    return services.identity.principal_of_person(services.identity.person_named("alice").id)


def led(services: Services, alice: Principal, one: str, *states: str, seconds: float = 60) -> SessionView:
    """The session in one of these states; the keeper is led by the test."""
    end = time.monotonic() + seconds
    while (view := services.sessions.session(alice, one)).row.state not in states:
        assert time.monotonic() < end, (view.row.state, view.row.phase, services.sessions.log(alice, one))
        services.sessions._keeper.step()
        time.sleep(0.05)
    return view


def asked(services: Services, one: str) -> str:
    """What the program inside answers, as the proxy asks it."""
    door = services.sessions.open_door(one)
    with httpx.Client(transport=httpx.HTTPTransport(uds=door.path), base_url="http://session") as client:
        text = client.post("/run", content="echo $SLURM_JOB_ID $HOME").text
    door.close()
    return text


def test_it_runs_on_the_cluster_and_another_process_finds_it(
    services: Services, settings: Settings, alice: Principal, slurm: SlurmServer
) -> None:
    assert services.sessions.capacity(alice).engines == ("local", "slurm")
    one = services.sessions.start(alice, SessionRequest("probe", engine="slurm", hours=1))
    view = led(services, alice, one, "ready", "failed")
    assert view.row.state == "ready", view.row.reason
    number = read_json(settings.home / "sessions" / one / f"{one}-1" / "slurm-job.json")["job"]
    assert slurm.said("squeue", "-h", "-j", number, "-o", "%T").strip() == "RUNNING"
    assert "/homes/" in asked(services, one)
    with pytest.raises(Conflict, match="as long as it asked for"):
        services.sessions.extend(alice, one, 1)
    with platform(settings) as later:  # as after a kill -9: nothing but the home is known
        later.sessions._keeper.step()
        assert "/homes/" in asked(later, one)
        later.sessions.end(alice, one)
        assert led(later, alice, one, "ended").row.cpu_s > 0
    _until(lambda: not slurm.said("squeue", "-h", "-j", number, "-t", "R,CG").strip())


def test_one_that_waits_says_for_what(services: Services, alice: Principal, slurm: SlurmServer) -> None:
    one = services.sessions.start(alice, SessionRequest("probe", engine="slurm", cores=slurm.cores))
    led(services, alice, one, "ready")  # first, else either may get the node
    two = services.sessions.start(alice, SessionRequest("probe", engine="slurm", cores=slurm.cores))
    led(services, alice, two, "starting")
    _until(
        lambda: (
            services.sessions._keeper.step() and "Waiting in Slurm" in services.sessions.session(alice, two).row.phase
        )
    )
    for each in (two, one):
        services.sessions.end(alice, each)
        led(services, alice, each, "ended")


@pytest.mark.full
def test_a_node_that_is_lost_ends_it_with_the_reason(services: Services, alice: Principal, slurm: SlurmServer) -> None:
    one = services.sessions.start(alice, SessionRequest("probe", engine="slurm"))
    led(services, alice, one, "ready")
    slurm.kill_part("slurmd")
    try:
        view = led(services, alice, one, "failed", "lost", "ended", seconds=90)
    finally:
        slurm.start_part("slurmd")
        slurm.wait_idle()
    assert view.row.state == "failed"
    assert "computer of the cluster that it ran on failed" in (view.row.reason or "")


def _until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
