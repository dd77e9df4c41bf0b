"""The deployment examples work: systemd accepts the unit, nginx serves TLS and passes the event stream through."""

from __future__ import annotations

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNPACKED = ROOT / ".cache/debian/usr/sbin/nginx"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "pandaas.service"
    text = (DEPLOY / "pandaas.service").read_text("utf-8")
    unit.write_text(text.replace("/opt/pandaas/bin/pandaas", "/bin/true"), "utf-8")
    done = subprocess.run([program, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "pandaas.service" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr


def test_the_unit_leaves_to_bubblewrap_what_it_needs() -> None:
    settings = dict(
        line.split("=", 1)
        for line in (DEPLOY / "pandaas.service").read_text("utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert settings["KillMode"] == "process"  # jobs outlive the service
    broken = {"RestrictNamespaces", "ProtectProc", "ProtectKernelTunables", "ProtectKernelLogs", "ProtectHostname"}
    assert not broken & set(settings)
    assert settings["NoNewPrivileges"] == "yes"


FILE = bytes(range(256)) * 4000


class Backend(http.server.BaseHTTPRequestHandler):
    """Stands for `pandaas serve`: tells what it received, and streams events slowly."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/api/v1/events":
            self._stream()
            return
        if self.path == "/file":
            self._hand_over()
            return
        names = ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-PaNDAaS-nginx")
        body = "\n".join(f"{name}: {self.headers.get(name)}" for name in names).encode()
        self._answer(body)

    def do_PATCH(self) -> None:
        size = int(self.headers["Content-Length"])
        received = len(self.rfile.read(size))
        self._answer(str(received).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hand_over(self) -> None:
        self.send_response(200)
        self.send_header("X-Accel-Redirect", "/_files/data/a%20file.h5")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Disposition", 'attachment; filename="a file.h5"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        time.sleep(3)
        self.wfile.write(b"data: last\n\n")

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def backend() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """nginx with the example as its configuration; only paths, ports and the certificate are ours."""
    nginx = shutil.which("nginx") or next((str(p) for p in (Path("/usr/sbin/nginx"), UNPACKED) if p.exists()), None)
    openssl = shutil.which("openssl")
    if nginx is None or openssl is None:
        pytest.skip("nginx or openssl is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    names = ["-subj", "/CN=data.example.org", "-addext", "subjectAltName=DNS:data.example.org,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files],
        check=True,
        capture_output=True,
    )
    plain, secure = free_port(), free_port()
    (folder / "data").mkdir()
    (folder / "data" / "a file.h5").write_bytes(FILE)
    (folder / "data" / "link").symlink_to("/etc/hostname")
    with backend() as upstream:
        text = (DEPLOY / "nginx.conf").read_text("utf-8")
        changes = {
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;",
            "listen [::]:443 ssl http2;": "",
            "/etc/pandaas/tls/": f"{folder}/",
            "alias /data/;": f"alias {folder.resolve()}/data/;",
        }
        for old, new in changes.items():
            assert old in text, f"the example has no '{old}' any more: adapt this test"
            text = text.replace(old, new)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy"))
        temporary += "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("fastcgi", "uwsgi", "scgi"))
        main = folder / "nginx.conf"
        head = f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        main.write_text(f"{head}http {{\naccess_log off;\n{temporary}{text}\n}}\n", "utf-8")
        command = [nginx, "-p", str(folder), "-c", str(main), "-e", str(folder / "error.log")]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            _wait_for(secure)
            yield f"https://127.0.0.1:{secure}", folder / "fullchain.pem"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx did not start")


@pytest.fixture
def browser(site: tuple[str, Path]) -> Iterator[httpx.Client]:
    url, certificate = site
    trust = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(base_url=url, verify=trust, headers={"Host": "data.example.org"}, timeout=20) as client:
        yield client


def test_requests_arrive_with_their_origin(browser: httpx.Client) -> None:
    answer = browser.get("/api/v1/session")
    assert "Host: data.example.org" in answer.text
    assert "X-Forwarded-For: 127.0.0.1" in answer.text
    assert "X-Forwarded-Proto: https" in answer.text
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_piece_of_an_upload_passes(browser: httpx.Client) -> None:
    assert browser.patch("/api/v1/uploads/x", content=bytes(8 * 2**20)).text == str(8 * 2**20)
    assert browser.patch("/api/v1/uploads/x", content=bytes(65 * 2**20)).status_code == 413


def test_events_pass_at_once(browser: httpx.Client) -> None:
    started = time.monotonic()
    with browser.stream("GET", "/api/v1/events") as answer:
        first = next(answer.iter_text())
    assert "first" in first
    assert time.monotonic() - started < 2


def test_whole_files_are_sent_by_nginx(browser: httpx.Client) -> None:
    answer = browser.get("/file")
    assert answer.content == FILE
    assert answer.headers["content-disposition"] == 'attachment; filename="a file.h5"'
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    part = browser.get("/file", headers={"Range": "bytes=5-9", "If-Range": answer.headers["etag"]})
    assert (part.status_code, part.content) == (206, FILE[5:10])
    assert "X-PaNDAaS-nginx: 1" in browser.get("/api/v1/session", headers={"X-PaNDAaS-nginx": "2"}).text


@pytest.mark.parametrize("path", ["/_files/data/a%20file.h5", "/_files/data/link"])
def test_nobody_asks_for_files_by_their_path(browser: httpx.Client, path: str) -> None:
    assert browser.get(path).status_code == 404
