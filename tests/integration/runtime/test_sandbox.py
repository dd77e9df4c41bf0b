"""What user code can't do in the sandbox, tried by really running it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pandaas.config import RuntimeSettings
from pandaas.runtime import Bind, Confinement, LocalEngine, Sandbox
from pandaas.runtime.sandbox import interpreter_binds
from pandaas.testing.warm import WarmCode

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sandbox")]

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    found = Sandbox(RuntimeSettings())
    if not found.works:
        pytest.skip(str(found.warning))
    return found


@pytest.fixture
def output(tmp_path: Path, sandbox: Sandbox) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    account = sandbox.account_for(7)
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder


@pytest.fixture(scope="module")
def warm(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmCode]:
    """A template whose forks run code; all that follows must hold for them too."""
    engine = LocalEngine(RuntimeSettings(cores=2, memory_mb=16_384, warm={"after": 1}), sandbox)
    made = WarmCode(engine, sandbox, tmp_path_factory.mktemp("warm"), sandbox.account_for(7))
    made.memory_mb = 16_384  # without control groups, what forks share is counted for each
    made.warm_up()
    yield made
    made.close()


@pytest.fixture(params=["bubblewrap", "warm"])
def run(sandbox: Sandbox, output: Path, request: pytest.FixtureRequest) -> Run:
    def cold(code: str, *shown: Path, **more: object) -> subprocess.CompletedProcess[bytes]:
        confinement = Confinement(
            read_only=(*interpreter_binds(Path(sys.executable)), *map(Bind, shown)),
            writable=(output,),
            account=sandbox.account_for(7),
            **more,  # type: ignore[arg-type]
        )
        return sandbox.run([sys.executable, "-I", "-S", "-c", code], confinement, timeout_s=30)

    def forked(code: str, *shown: Path, **more: object) -> subprocess.CompletedProcess[bytes]:
        warm: WarmCode = request.getfixturevalue("warm")
        handle, work = warm.submit(code, *shown, output=output, **more)
        warm.wait(handle)
        assert (work.folder / "warm").exists()
        said = json.loads((output / "said.json").read_text())
        return subprocess.CompletedProcess([], said["code"], said["out"].encode(), said["err"].encode())

    return forked if request.param == "warm" else cold


def test_it_reads_its_inputs_and_writes_its_output(run: Run, tmp_path: Path, output: Path) -> None:
    given = tmp_path / "data" / "frame.h5"
    given.parent.mkdir()
    given.write_text("counts")
    done = run(f"open({str(output / 'copy')!r}, 'w').write(open({str(given)!r}).read())", given)
    assert done.returncode == 0, done.stderr
    assert (output / "copy").read_text() == "counts"


def test_inputs_can_not_be_changed(run: Run, tmp_path: Path) -> None:
    given = tmp_path / "frame.h5"
    given.write_text("counts")
    given.chmod(0o666)
    assert b"Read-only file system" in run(f"open({str(given)!r}, 'a').write('x')", given).stderr
    assert given.read_text() == "counts"


def test_other_inputs_in_the_same_folder_do_not_exist(run: Run, tmp_path: Path) -> None:
    mine, other = tmp_path / "data" / "mine", tmp_path / "data" / "other"
    mine.parent.mkdir()
    for file in (mine, other):
        file.write_text("x")
        file.chmod(0o644)
    done = run(f"import os; print(os.listdir({str(mine.parent)!r})); open({str(other)!r})", mine)
    assert done.stdout.strip() == b"['mine']"
    assert b"No such file" in done.stderr


@pytest.mark.parametrize("secret", ["/etc/shadow", "/etc/passwd", "/root/.bashrc", "/home"])
def test_the_systems_own_files_do_not_exist(run: Run, secret: str) -> None:
    assert b"No such file" in run(f"import os; os.stat({secret!r})").stderr


def test_the_platforms_home_does_not_exist(run: Run, tmp_path: Path) -> None:
    database = tmp_path / "home" / "pandaas.sqlite"
    database.parent.mkdir()
    database.write_text("everything")
    assert b"No such file" in run(f"open({str(database)!r})").stderr


def test_it_can_not_write_outside_its_output(run: Run) -> None:
    places = "('/', '/usr', '/etc', '/dev', '/proc')"
    code = f"for place in {places}:\n try: open(place + '/x', 'w'); print('wrote', place)\n except OSError: pass"
    assert run(code).stdout == b""


def test_what_it_writes_beside_its_output_stays_its_own(run: Run, tmp_path: Path) -> None:
    run(f"open({str(tmp_path / 'x')!r}, 'w').write('x')")
    assert not (tmp_path / "x").exists()


def test_there_is_no_network(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = run(f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)")
        assert done.returncode != 0
        assert b"refused" in done.stderr or b"unreachable" in done.stderr


def test_abstract_sockets_of_the_host_are_out_of_reach(run: Run) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0pandaas-test-abstract")
        server.listen()
        done = run("import socket; s = socket.socket(socket.AF_UNIX); s.connect('\\0pandaas-test-abstract')")
        assert b"refused" in done.stderr


def test_the_platforms_environment_stays_outside(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANDAAS_SECRET__KEY", "s3cret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    assert b"s3cret" not in run("import os; print(dict(os.environ))").stdout


def test_other_processes_are_not_seen(run: Run) -> None:
    seen = run("import os; print(max(int(n) for n in os.listdir('/proc') if n.isdigit()))").stdout
    assert int(seen) < 20


def test_it_runs_without_privileges(run: Run) -> None:
    status = run("print(open('/proc/self/status').read())").stdout.decode()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert fields["NoNewPrivs"].strip() == "1"
    assert int(fields["CapEff"], 16) == 0
    if os.geteuid() == 0:
        assert fields["Uid"].split() == ["200007"] * 4


def test_as_root_two_persons_have_two_accounts(sandbox: Sandbox) -> None:
    first, second = sandbox.account_for(1), sandbox.account_for(2)
    if os.geteuid() == 0:
        assert first != second
    else:
        assert first is None
        assert second is None


def test_a_fork_bomb_is_stopped(run: Run) -> None:
    code = "import os, time\nn = 0\ntry:\n while True:\n  if os.fork() == 0: time.sleep(2); os._exit(0)\n  n += 1\nexcept OSError: print(n)"
    done = run(code, processes=100)
    assert int(done.stdout.split()[0]) <= 200


def test_its_scratch_space_is_its_own_and_limited(run: Run) -> None:
    done = run(
        "import os\nprint(os.listdir('/tmp'))\nf = open('/tmp/big', 'wb')\nfor _ in range(300): f.write(bytes(1 << 20))",
        memory_mb=256,
    )
    assert done.stdout.startswith(b"[")
    assert b"No space left" in done.stderr


def test_it_says_its_level(sandbox: Sandbox) -> None:
    assert sandbox.level.startswith("bubblewrap")
    assert sandbox.warning is None
