"""The whole application on loopback, with a program that tells what it sees and does what it is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import httpx
import numpy as np
import pytest
import uvicorn

from pandaas.access import FACILITY
from pandaas.config import Settings, load_settings
from pandaas.db import upgrade
from pandaas.model import Role, TeamRole
from pandaas.server import Services, build_services, close_services, create_app
from pandaas.server.run import listen
from pandaas.testing.platform import stop, wait_until_healthy

APPS = Path(__file__).parent / "apps"


@dataclass
class Running:
    """The platform, and what tests do with it as people would."""

    url: str
    services: Services
    pid: str

    @contextmanager
    def person(self, user: str) -> Iterator[httpx.Client]:
        headers = {"X-PaNDAaS": "1", "Origin": self.url}
        with httpx.Client(base_url=self.url, headers=headers, timeout=30) as client:
            client.post("/api/v1/session", json={"user": user, "password": f"{user}-test-1234"}).raise_for_status()
            yield client

    def wait(self, client: httpx.Client, session_id: str, *states: str, seconds: float = 90) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            found: dict[str, Any] = client.get(f"/api/v1/sessions/{session_id}").json()
            if found["state"] in states:
                return found
            assert time.monotonic() < end, found
            time.sleep(0.05)

    def start(self, client: httpx.Client, program: str = "probe", datasets: tuple[str, ...] | None = None) -> str:
        pids = [self.pid] if datasets is None else list(datasets)
        answer = client.post("/api/v1/sessions", json={"program": program, "datasets": pids})
        assert answer.status_code == 201, answer.text
        found = self.wait(client, answer.json()["id"], "ready", "failed")
        assert found["state"] == "ready", client.get(f"/api/v1/sessions/{found['id']}/log").text
        return str(found["id"])

    @contextmanager
    def inside(self, client: httpx.Client, session_id: str) -> Iterator[httpx.Client]:
        """A browser that was let into the session; it speaks to the session's own host."""
        ticket = client.post(f"/api/v1/sessions/{session_id}/ticket").json()
        host = ticket["address"].split("/")[2]
        sent, headers = {"ticket": ticket["ticket"]}, {"Host": host, "Origin": self.url}
        answer = httpx.post(f"{self.url}/.pandaas/enter", data=sent, headers=headers)
        assert answer.status_code == 303, answer.text
        secret = answer.headers["set-cookie"].split(";")[0]
        own = {"Host": host, "Origin": f"http://{host}", "Cookie": secret}
        with httpx.Client(base_url=self.url, headers=own, timeout=30) as browser:
            yield browser


def overrides(home: Path) -> dict[str, Any]:
    """What the platform is told here, beside its home."""
    return {
        "runtime": {"choice": {"opencl_on_processor": True}},
        "storage": [{"name": "data", "path": str(home / "data")}],
        "facility": {"id": "test", "name": "Test facility"},
        "sessions": {
            "app_folders": [str(APPS), str(home / "apps")],
            "home_mb": 50,
            "most_of_one": 3,
            "guests": "principal_investigator",
            "nginx_doors": str(home / "doors"),
            "network": ["online"],
        },
    }


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    (home / "data").mkdir()
    (home / "doors").mkdir()
    quick = shutil.copytree(APPS / "probe", home / "apps" / "quick") / "app.toml"
    quick.write_text(quick.read_text() + 'imports = ["h5py"]\n')
    for name in ("online", "hopeful"):
        asking = shutil.copytree(APPS / "probe", home / "apps" / name) / "app.toml"
        asking.write_text(asking.read_text() + "network = true\n")
    with h5py.File(home / "data" / "scan.h5", "w") as file:
        file["entry/data/data"] = np.arange(24.0).reshape(2, 3, 4)
    with h5py.File(home / "data" / "other.h5", "w") as file:
        file["entry/data/data"] = np.arange(6.0).reshape(2, 3)
    found = load_settings(home=home, **overrides(home))
    upgrade(found)
    return found


@pytest.fixture(scope="module")
def running(settings: Settings) -> Iterator[Running]:
    services = build_services(settings)
    if not services.runtime.sandbox.works:
        pytest.skip("no sandbox here")
    for user, role in (("otto", Role.OPERATOR), ("alice", Role.VISITOR), ("bob", Role.VISITOR)):
        services.identity.create_person(user, user.title(), role, f"{user}-test-1234")
    services.access.create_proposal(FACILITY, "P-1", "A proposal")
    alice = services.identity.person_named("alice").id
    services.access.set_member(FACILITY, "P-1", alice, TeamRole.PRINCIPAL_INVESTIGATOR)
    services.catalogue.ingest(FACILITY, [settings.home / "data" / "scan.h5"], proposal="P-1")
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(settings, services=services), log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    found = Running(url, services, "")
    with found.person("alice") as client:
        found.pid = client.get("/api/v1/search").json()["results"][0]["pid"]
    yield found
    services.sessions.end_all(FACILITY)
    time.sleep(0.5)
    server.should_exit = True
    thread.join(20)
    listener.close()
    close_services(services)


_SECOND = """
import json, sys
from pandaas.config import load_settings
from pandaas.server import serve
settings = load_settings(**json.loads(sys.argv[1]))
serve(settings, on_listen=lambda url: print(url, flush=True))
"""


@pytest.fixture(scope="module")
def second(running: Running, settings: Settings) -> Iterator[str]:
    """The address of another server process in the same home; the first one leads what only one may do."""
    told = json.dumps({"home": str(settings.home), "server": {"port": 0}, **overrides(settings.home)})
    process = subprocess.Popen([sys.executable, "-c", _SECOND, told], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        wait_until_healthy(url, process, [], seconds=60)
        yield url
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="module")
def alice(running: Running) -> Iterator[httpx.Client]:
    with running.person("alice") as client:
        yield client


@pytest.fixture(scope="module")
def session_id(running: Running, alice: httpx.Client) -> str:
    """A running probe on the dataset, for all tests of a module."""
    return running.start(alice)


@pytest.fixture
def shell(running: Running, alice: httpx.Client, session_id: str) -> Iterator[Callable[[str], str]]:
    """Runs a command inside the session, as its person could."""
    with running.inside(alice, session_id) as browser:
        yield lambda command: browser.post("/run", content=command).text
