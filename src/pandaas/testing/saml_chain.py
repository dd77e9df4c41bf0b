"""The real chain of Umbrella on loopback: a SAML identity provider (pysaml2), SATOSA before it, OpenID Connect to us.

They run in an environment of their own (`.cache/satosa`, from `requirements/satosa.lock`) and over TLS, with a certificate
of their own that the platform is told to trust.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandaas.testing.oidc import CLIENT_ID

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".cache/satosa/bin/python"
PROGRAM = ROOT / "tests/saml_chain/chain.py"
SECRET = "chain-secret"  # noqa: S105 - of a provider that lives as long as the test


@dataclass(frozen=True)
class SamlChain:
    """`people.json` in the folder is read at every sign-in; `certificate` is what to trust."""

    issuer: str
    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def set_people(self, **people: dict[str, list[str]]) -> None:
        """SAML attributes by login."""
        (self.folder / "people.json").write_text(json.dumps(people))

    def settings(self, **more: Any) -> dict[str, Any]:
        scopes = ["openid", "profile", "email", "eduperson_entitlement"]
        known = {"id": "umbrella", "title": "Umbrella", "issuer": self.issuer, "client_id": CLIENT_ID}
        return known | {"client_secret": SECRET, "scopes": scopes, "ca_file": str(self.certificate)} | more


def missing() -> str | None:
    """What the machine lacks for it; None when it can run."""
    if not PYTHON.exists():
        return "the environment of SATOSA is not set up"
    return None if shutil.which("xmlsec1") else "Debian's xmlsec1 is not installed"


@contextmanager
def running_chain(folder: Path, ports: tuple[int, int], redirect: str) -> Iterator[SamlChain]:
    """Start both and wait until they listen; `ports` are SATOSA's and the identity provider's."""
    (folder / "people.json").write_text("{}")
    process = subprocess.Popen(
        [PYTHON, "-W", "ignore", PROGRAM, folder, str(ports[0]), str(ports[1]), redirect, SECRET],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    end = threading.Timer(60, process.kill)
    end.start()
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", "the SAML chain did not start"
        end.cancel()
        yield SamlChain(f"https://localhost:{ports[0]}", folder)
    finally:
        end.cancel()
        process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
