"""The engine `slurm` whose commands run on another host by ssh: a real sshd on loopback with keys of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pandaas.runtime import processes
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.slurm_engines import SlurmConformance

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("slurm")]

# A home of its own: what the account's shell does at its start is no matter of ours, and may hold locks when it is killed.
_SERVER = """
ListenAddress 127.0.0.1
Port {port}
HostKey {place}/host
AuthorizedKeysFile {place}/mine.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
SetEnv HOME={place}
"""
_CLIENT = """
Host login.example.org
HostName 127.0.0.1
Port {port}
User root
IdentityFile {place}/mine
UserKnownHostsFile {place}/known
StrictHostKeyChecking accept-new
"""


class LoginHost:
    """See the module. The client finds it as login.example.org where `path` comes first in PATH."""

    def __init__(self, place: Path, sshd: str) -> None:
        self._place, self._sshd = place, sshd
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as held:
            self._port = int(held.getsockname()[1])
        for name in ("host", "mine"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
            subprocess.run(words, check=True)
        for name, text in (("sshd_config", _SERVER), ("ssh_config", _CLIENT)):
            (place / name).write_text(text.format(port=self._port, place=place))
        self.path = place / "bin"
        self.path.mkdir()
        client = self.path / "ssh"
        client.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {place}/ssh_config "$@"\n')
        client.chmod(0o755)

    def start(self) -> None:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd confines itself
        with (self._place / "sshd.log").open("ab") as log:
            words = [self._sshd, "-D", "-e", "-f", str(self._place / "sshd_config")]
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=log)
        end = time.monotonic() + 10
        while not self._listens():
            assert time.monotonic() < end, (self._place / "sshd.log").read_text()
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self._port)) == 0

    def stop(self) -> None:
        """With the connections that it serves, as when the host goes down."""
        if self._process is not None:
            processes.kill_all([*processes.descendants(self._process.pid), self._process.pid])
            self._process.wait()
            self._process = None


@pytest.fixture(scope="module")
def host(slurm: SlurmServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginHost]:
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if not sshd or not shutil.which("ssh"):
        pytest.skip("sshd or ssh is not installed")
    made = LoginHost(tmp_path_factory.mktemp("ssh"), sshd)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.mark.full  # beyond how Slurm is reached, it is TestSlurmEngine
class TestSlurmBySsh(SlurmConformance):
    settle_s = 2.0

    @pytest.fixture(autouse=True)
    def _with_host(self, slurm: SlurmServer, host: LoginHost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = slurm
        monkeypatch.setenv("PATH", f"{host.path}:{os.environ.get('PATH', os.defpath)}")

    def asked(self) -> dict[str, Any]:
        return {"ssh": "login.example.org", "conf": self.server.conf, "timeout_s": 10}


def test_work_outlives_the_host_it_was_submitted_on(
    slurm: SlurmServer, host: LoginHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{host.path}:{os.environ.get('PATH', os.defpath)}")
    suite = TestSlurmBySsh()
    suite.server, suite._handles = slurm, []
    engine = suite.make_engine(tmp_path)
    runs = suite.work(tmp_path, "runs", "import time; open('runs', 'a').write('x'); time.sleep(2)")
    handle = suite.submit(engine, runs)
    suite.wait(engine, handle, "running")
    host.stop()
    try:
        work = suite.work(tmp_path, "later", "open('runs', 'a').write('x')")
        later = suite.submit(engine, work)
        end = time.monotonic() + 20
        while "does not answer" not in engine.outlook(1, 256):
            assert time.monotonic() < end
            assert engine.poll([later])[0].state == "queued"
            time.sleep(0.1)
    finally:
        host.start()
    ends = [suite.wait(engine, each).exit for each in (handle, later)]
    assert all(end is not None and end.succeeded for end in ends)
    assert [(each.folder / "output/runs").read_text() for each in (runs, work)] == ["x", "x"]
