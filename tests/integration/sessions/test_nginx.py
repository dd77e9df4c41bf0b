"""nginx leads browsers to sessions itself, with the example configuration: who may is asked of the platform each time."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import websockets

from pandaas.access import FACILITY
from pandaas.db.tables import WorkSession
from pandaas.model import TeamRole
from pandaas.server.sessions.proxy import Proxy

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]
ROOT = Path(__file__).parents[3]
UNPACKED = ROOT / ".cache/debian/usr/sbin/nginx"


@pytest.fixture(scope="module")
def port(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with nginx_before(running.url, tmp_path_factory.mktemp("nginx")) as found:
        yield found


@contextmanager
def nginx_before(url: str, folder: Path) -> Iterator[int]:
    """Where nginx listens, with the example as its configuration; only names, ports and the certificate are ours."""
    nginx = shutil.which("nginx") or next((str(p) for p in (Path("/usr/sbin/nginx"), UNPACKED) if p.exists()), None)
    if nginx is None:
        pytest.skip("nginx is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    text = (ROOT / "deploy/nginx-sessions.conf").read_text("utf-8")
    changes = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{found};",
        "listen [::]:443 ssl http2;": "",
        "*.sessions.example.net": "*.localhost",
        "ssl_certificate     /etc/pandaas/tls/sessions-fullchain.pem;": "",
        "ssl_certificate_key /etc/pandaas/tls/sessions-privkey.pem;": "",
    }
    for old, new in changes.items():
        assert old in text, f"the example has no '{old}' any more: adapt this test"
        text = text.replace(old, new)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
    upstream = f"upstream pandaas {{ server {url.removeprefix('http://')}; }}\n"
    main = folder / "nginx.conf"
    main.write_text(f"{head}http {{\naccess_log off;\n{temporary}{upstream}{text}\n}}\n", "utf-8")
    process = subprocess.Popen([nginx, "-p", str(folder), "-c", str(main), "-e", str(folder / "error.log")])
    try:
        _wait_for(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "nginx refuses the example"
        time.sleep(0.05)
    raise AssertionError("nginx did not start")


@contextmanager
def through(port: int, running: Running, client: httpx.Client, session_id: str) -> Iterator[httpx.Client]:
    """A browser that was let into the session, and speaks to nginx."""
    with running.inside(client, session_id) as direct:
        host = f"{session_id}.localhost:{port}"
        headers = {"Host": host, "Origin": f"http://{host}", "Cookie": direct.headers["cookie"]}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as browser:
        yield browser


def test_a_session_is_reached_past_the_platform_and_sees_no_credential(
    running: Running, alice: httpx.Client, session_id: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Proxy, "http")
    with through(port, running, alice, session_id) as browser:
        cookies = browser.headers["cookie"] + "; pandaas=platform; own=1"
        answer = browser.get("/seen?a=%2F", headers={"Cookie": cookies, "Authorization": "Bearer x"})
        assert answer.json()["headers"]["cookie"] == "own=1"
        told = answer.json()["headers"].keys()
        assert not {"authorization", "x-forwarded-for", "x-pandaas-nginx", "x-forwarded-proto"} & told
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["content-security-policy"] == "frame-ancestors 'self'; object-src 'none'"
        assert f"Domain={session_id}.localhost" in answer.headers.get_list("set-cookie")[0]
        sent = browser.post("/count", content=(b"x" * 65_536 for _ in range(160)))
        assert sent.text == str(65_536 * 160)


def test_everything_else_is_refused_in_words(
    running: Running, alice: httpx.Client, session_id: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Proxy, "http")
    with through(port, running, alice, session_id) as browser:
        refused = browser.get("/", headers={"Cookie": "pandaas-session=guess"})
        assert (refused.status_code, "This session is closed" in refused.text) == (403, True)
        assert browser.post("/run", content="id", headers={"Origin": running.url}).status_code == 403
        elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert browser.get("/", headers=elsewhere).status_code == 403
        assert browser.get("/", headers={"Host": f"s-000000000000.localhost:{port}"}).status_code == 403
        asked = {"X-PaNDAaS-nginx": "1", "X-Original-Method": "GET"}
        assert browser.get("/.pandaas/may", headers=asked).status_code == 404
        assert browser.get("/_ask", headers=asked).status_code == 404
        assert browser.get("/.pandaas/state").json()["title"]


def test_who_watches_only_reads_until_she_is_put_out(
    running: Running, alice: httpx.Client, session_id: str, port: int
) -> None:
    person = running.services.identity.person_named("bob").id
    running.services.access.set_member(FACILITY, "P-1", person, TeamRole.MEMBER)
    member = f"/api/v1/sessions/{session_id}/members/bob"
    alice.put(member, json={"may": "view"}).raise_for_status()
    with running.person("bob") as bob, through(port, running, bob, session_id) as browser:
        assert browser.get("/").text == "probe"
        assert browser.post("/run", content="id").json()["message"].startswith("You only watch")
        assert browser.get("/", headers={"X-HTTP-Method-Override": "POST"}).status_code == 403
        alice.delete(member).raise_for_status()
        assert browser.get("/").status_code == 403


def test_websockets_go_by_way_of_the_platform(
    running: Running, alice: httpx.Client, session_id: str, port: int
) -> None:
    with through(port, running, alice, session_id) as browser:
        host, cookie = browser.headers["host"], browser.headers["cookie"]

    async def talk() -> str | bytes:
        connection = websockets.connect(
            f"ws://{host}/echo", host="127.0.0.1", port=port, additional_headers={"Cookie": cookie}, origin=f"http://{host}"
        )  # fmt: skip
        async with connection as websocket:
            await websocket.send("hello")
            return await websocket.recv()

    assert asyncio.run(talk()) == "heard hello"


_CLICKED = {"Sec-Fetch-User": "?1", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}


def test_what_somebody_does_is_seen_and_what_a_page_asks_by_itself_is_not(
    running: Running, alice: httpx.Client, session_id: str, port: int
) -> None:
    activity = running.services.sessions.activity
    with through(port, running, alice, session_id) as browser:
        browser.post("/count", content=b"typed").raise_for_status()
        typed = activity.of(session_id)
        browser.get("/seen").raise_for_status()
        assert activity.of(session_id) == typed
        browser.get("/seen", headers=_CLICKED).raise_for_status()
        clicked = activity.of(session_id)
    assert typed is not None
    assert clicked is not None
    assert clicked > typed


def test_what_somebody_does_through_another_process_keeps_the_session_awake(
    running: Running, second: str, alice: httpx.Client, session_id: str, tmp_path: Path
) -> None:
    """The process that looks whether sessions are idle is not the one that nginx asks."""
    services = running.services
    long_ago = services.database.clock() - timedelta(hours=1)
    with nginx_before(second, tmp_path) as port, through(port, running, alice, session_id) as browser:
        services.sessions.activity._last.clear()
        with services.database.session() as session:
            session.get_one(WorkSession, session_id).last_active = long_ago
        browser.post("/count", content=b"typed").raise_for_status()
    end = time.monotonic() + 40
    while datetime.fromisoformat(alice.get(f"/api/v1/sessions/{session_id}").json()["last_active"]) == long_ago:
        assert time.monotonic() < end, "nobody saw it"
        time.sleep(0.2)
    assert services.sessions.activity.of(session_id) is None


def test_what_a_session_puts_in_the_place_of_its_socket_is_not_reached(
    running: Running, alice: httpx.Client, session_id: str, port: int
) -> None:
    """Here: a link to another socket of this computer. The last test, since the session is broken afterwards."""
    with through(port, running, alice, session_id) as browser:
        run = running.services.settings.home / "sessions" / session_id / f"{session_id}-1" / "run"
        browser.post("/run", content=f"mv {run}/http.sock {run}/old; ln -s old {run}/http.sock")
        end = time.monotonic() + 10  # for two seconds the socket that was found before is used on
        while browser.get("/").status_code < 400:
            assert time.monotonic() < end, "the link was followed"
            time.sleep(0.2)
