"""A real JupyterHub on loopback with its proxy; people sign in by the tests' OpenID Connect provider."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from pandaas.testing.oidc import ROOT, free_port, node

BIN = ROOT / ".cache/jupyterhub/bin"
FOLDER = ROOT / "tests/jupyterhub"
_READY_S = 60.0


@dataclass
class RealHub:
    """`client` is how the OpenID Connect provider knows it."""

    folder: Path
    issuer: str
    url: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        told = {
            "url": self.url, "hub": f"http://127.0.0.1:{free_port()}", "proxy_api": f"http://127.0.0.1:{free_port()}",
            "proxy": [node(), str(FOLDER / "node_modules/.bin/configurable-http-proxy")],
            "database": f"sqlite:///{self.folder}/hub.sqlite", "stub": str(FOLDER / "stub.py"), "homes": f"{self.folder}/homes",
            "issuer": self.issuer, "client_id": "hub", "client_secret": self.secret, "token": self.token,
        }  # fmt: skip
        self._environment = {
            "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder), "TEST_HUB": json.dumps(told),
            "CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(16),
        }  # fmt: skip
        (self.folder / "token").write_text(self.token, "utf-8")

    @property
    def client(self) -> dict[str, Any]:
        return {
            "client_id": "hub", "client_secret": self.secret, "grant_types": ["authorization_code"],
            "redirect_uris": [f"{self.url}/hub/oauth_callback"],
        }  # fmt: skip

    @property
    def token_file(self) -> Path:
        return self.folder / "token"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def start(self) -> None:
        """Begin to start it; `wait` until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "jupyterhub", "-f", FOLDER / "jupyterhub_config.py"],
                cwd=self.folder, env=self._environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        end = time.monotonic() + _READY_S
        while time.monotonic() < end:
            assert self.process is None or self.process.poll() is None, self.log[-3000:]
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/hub/api/", timeout=5).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(self.log[-3000:])

    def kill(self) -> None:
        """The hub alone, as a crash would; its proxy and its servers stay."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        """It and everything that it started."""
        ours = [one for one in psutil.process_iter(["environ"]) if self._is_ours(one)]
        for one in ours:
            with suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(ours, timeout=10)
        if self.process is not None:
            self.process.wait(10)

    def _is_ours(self, process: psutil.Process) -> bool:
        return (process.info["environ"] or {}).get("HOME", "").startswith(str(self.folder))


@contextmanager
def hub_folder() -> Iterator[Path]:
    """In memory where there is such a place: the hub writes its database many times while it starts."""
    place = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="pandaas-hub-", dir=place if place.is_dir() else None) as found:
        yield Path(found)
