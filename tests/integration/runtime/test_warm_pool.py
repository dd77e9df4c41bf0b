"""The warm pool: the conformance suite on forked work, and that no fork leaves anything to another."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pandaas.config import RuntimeSettings
from pandaas.runtime import Engine, LocalEngine, Sandbox, WorkSpec, read_json
from pandaas.runtime.warm.tree import build
from pandaas.testing.engines import EngineConformance
from pandaas.testing.warm import WarmCode

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sandbox")]
SETTINGS = RuntimeSettings(cores=2, memory_mb=4096, warm={"after": 1})


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    found = Sandbox(RuntimeSettings())
    if not found.works:
        pytest.skip(str(found.warning))
    return found


@pytest.fixture(scope="module")
def warm(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmCode]:
    made = WarmCode(LocalEngine(SETTINGS, sandbox), sandbox, tmp_path_factory.mktemp("warm"), sandbox.account_for(7))
    made.warm_up()
    yield made
    made.close()


class TestWarmWork(EngineConformance):
    """All that holds for work started by bubblewrap."""

    @pytest.fixture(autouse=True)
    def _with_template(self, sandbox: Sandbox, warm: WarmCode) -> None:
        self.sandbox = sandbox
        self.warm = warm

    def make_engine(self, tmp_path: Path) -> Engine:
        return self.warm.engine

    def restart(self, engine: Engine, tmp_path: Path) -> Engine:
        return LocalEngine(SETTINGS, self.sandbox)

    def work(self, tmp_path: Path, name: str, code: str, **more: object) -> WorkSpec:
        work = self.warm.work(code, folder=tmp_path / "work" / name, keep=False)
        return replace(work, **{"memory_mb": 256, **more})  # type: ignore[arg-type]

    @pytest.mark.full  # it is started cold, as TestLocalEngine's
    def test_blocks_give_the_same_bits_whoever_does_them_and_after_a_kill(self, tmp_path: Path) -> None:
        super().test_blocks_give_the_same_bits_whoever_does_them_and_after_a_kill(tmp_path)

    def test_it_was_really_forked(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "forked", "import sys; assert 'h5py' in sys.modules")
        seen = self.wait(engine, self.submit(engine, work))
        assert seen.exit is not None
        assert seen.exit.succeeded, (work.folder / "log.txt").read_text()
        assert (work.folder / "warm").exists()
        assert 0 <= seen.exit.cpu_s < 5


def said(warm: WarmCode, code: str, *shown: Path, **more: object) -> str:
    handle, work = warm.submit(code, *shown, **more)
    warm.wait(handle)
    assert (work.folder / "warm").exists()
    told = json.loads((work.folder / "output" / "said.json").read_text())
    assert told["code"] == 0, told["err"]
    return str(told["out"])


def test_a_fork_sees_its_own_inputs_only(warm: WarmCode, tmp_path: Path) -> None:
    files = [tmp_path / "data" / name for name in ("first", "second")]
    files[0].parent.mkdir()
    for file in files:
        file.write_text(file.name)
        file.chmod(0o644)
    look = f"import os; print(os.listdir({str(files[0].parent)!r}))"
    assert said(warm, look, files[0]).strip() == "['first']"
    assert said(warm, look, files[1]).strip() == "['second']"


def test_the_template_itself_sees_no_inputs(warm: WarmCode, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_text("x")
    given.chmod(0o644)
    said(warm, f"open({str(given)!r})", given)
    [template] = [found for found in warm.template_states() if found.state == "ready"]
    assert not Path(f"/proc/{template.pid}/root{given}").exists()
    assert Path(f"/proc/{template.pid}/root{warm.recipe}/run.py").exists()


def test_nothing_of_a_fork_is_left_for_the_next(warm: WarmCode) -> None:
    leave = "import builtins, os, sys; builtins.left = 1; os.environ['LEFT'] = '1'; open('/tmp/left', 'w'); open('/dev/shm/left', 'w')"
    said(warm, leave)
    look = "import builtins, os; print(hasattr(builtins, 'left'), 'LEFT' in os.environ, 'left' in os.listdir('/tmp'), os.listdir('/dev/shm'))"
    assert said(warm, look).strip() == "False False False []"


def test_forks_that_run_at_once_do_not_reach_each_other(warm: WarmCode, tmp_path: Path) -> None:
    serve = "import socket, time\ns = socket.socket(socket.AF_UNIX); s.bind('\\0warm'); s.listen(); open('up', 'w'); time.sleep(20)"
    handle, work = warm.submit(serve)
    _until((work.folder / "output" / "up").exists)
    reach = (
        "import os, socket\ntry: socket.socket(socket.AF_UNIX).connect('\\0warm'); print('reached')\n"
        "except OSError as error: print(error.strerror)\nprint(len([n for n in os.listdir('/proc') if n.isdigit()]))"
    )
    assert said(warm, reach).split("\n")[:2] == ["Connection refused", "2"]
    warm.engine.cancel(handle)
    warm.wait(handle)


def test_a_fork_can_not_end_or_trace_what_watches_it(warm: WarmCode) -> None:
    code = (
        "import os, signal\nos.kill(1, signal.SIGKILL)\n"
        "for name in ('mem', 'environ', 'root/'):\n"
        " try: open('/proc/1/' + name); print('opened', name)\n except OSError as error: print(type(error).__name__)"
    )
    assert set(said(warm, code).split()) == {"PermissionError"}


def test_a_fork_can_not_make_its_inputs_writable(warm: WarmCode, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_text("counts")
    given.chmod(0o666)
    remount = (
        f"import ctypes; libc = ctypes.CDLL(None)\nprint(libc.mount(None, {str(given)!r}.encode(), None, 32 | 4096, None))\n"
        f"print(libc.umount2({str(given)!r}.encode(), 2))\n"
        f"libc.unshare(0x10000000 | 0x20000)\nprint(libc.mount(None, {str(given)!r}.encode(), None, 32 | 4096, None))\n"
        f"try: open({str(given)!r}, 'w')\nexcept OSError as error: print(error.errno)"
    )
    assert said(warm, remount, given).split() == ["-1", "-1", "-1", "30"]
    assert given.read_text() == "counts"


def test_descriptors_of_the_platform_are_closed(warm: WarmCode) -> None:
    assert said(warm, "import os; print(sorted(os.listdir('/proc/self/fd')))").strip() == "['0', '1', '2', '3']"


def test_two_forks_draw_different_random_numbers(warm: WarmCode) -> None:
    draw = "import random; import numpy as np; print(np.random.rand(), random.random())"
    first, second = said(warm, draw).split(), said(warm, draw).split()
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_another_owner_never_gets_a_template_of_hers(warm: WarmCode) -> None:
    handle, work = warm.submit("pass", owner="another")
    warm.wait(handle)
    assert not (work.folder / "warm").exists()


def test_a_changed_recipe_gets_a_template_of_its_own(warm: WarmCode) -> None:
    handle, work = warm.submit("pass")
    warm.wait(handle)
    before = json.loads((work.folder / "spec.json").read_text())["warm"]["key"]
    former, warm.recipe = warm.recipe, warm.recipe.with_name("recipe-2")
    try:
        former.rename(warm.recipe)
        changed = warm.work("pass")
        after = LocalEngine(SETTINGS, warm._sandbox)
        after.submit(changed)
        assert json.loads((changed.folder / "spec.json").read_text())["warm"]["key"] != before
        _until((changed.folder / "exit.json").exists)
    finally:
        warm.recipe.rename(former)
        warm.recipe = former


def test_a_killed_supervisor_ends_its_fork(warm: WarmCode) -> None:
    handle, work = warm.submit("import time\nwhile True: open('beat', 'a').write('.'); time.sleep(0.05)")
    beat = work.folder / "output" / "beat"
    _until(beat.exists)
    os.kill(read_json(work.folder / "supervisor.json")["pid"], signal.SIGKILL)
    assert warm.wait(handle).state == "unknown"
    _until(lambda: _is_quiet(beat))


def test_a_killed_keeper_ends_no_job_and_is_replaced(sandbox: Sandbox, tmp_path: Path) -> None:
    own = WarmCode(LocalEngine(SETTINGS, sandbox), sandbox, tmp_path / "own", sandbox.account_for(7))
    own.warm_up()
    assert own.engine.pool is not None
    handle, work = own.submit("import time; open('up', 'w'); time.sleep(1.5)")
    _until((work.folder / "output" / "up").exists)
    assert (work.folder / "warm").exists()
    os.kill(own.engine.pool.keeper_pid or 0, signal.SIGKILL)
    later, _ = own.submit("pass")
    for waited in (handle, later):
        seen = own.wait(waited)
        assert seen.exit is not None
        assert seen.exit.succeeded
    own.warm_up()
    own.close()


def test_the_least_used_template_leaves_when_there_are_too_many(sandbox: Sandbox, tmp_path: Path) -> None:
    few = RuntimeSettings(cores=2, memory_mb=4096, warm={"after": 1, "templates": 1})
    own = WarmCode(LocalEngine(few, sandbox), sandbox, tmp_path / "own", sandbox.account_for(7))
    own.warm_up("first")
    [former] = own.template_states()
    own.warm_up("second")
    _until(lambda: [found.key for found in own.template_states()] != [former.key])
    _until(lambda: not Path(f"/proc/{former.pid}").exists())
    assert len(own.template_states()) == 1
    own.close()


def test_a_template_that_needs_too_much_memory_is_refused_with_the_reason(sandbox: Sandbox, tmp_path: Path) -> None:
    small = RuntimeSettings(cores=2, memory_mb=4096, warm={"after": 1, "memory_mb": 64})
    own = WarmCode(LocalEngine(small, sandbox), sandbox, tmp_path / "own", sandbox.account_for(7))
    with (own.recipe / "run.py").open("a") as stream:
        stream.write("\nimport scipy.signal, pydantic, h5py.version, astropy, fabio, hdf5plugin, PIL.Image\n")
    handle, _ = own.submit("pass")
    own.wait(handle)
    _until(lambda: bool(own.template_states()) and own.template_states()[0].state != "starting", 60)
    [found] = own.template_states()
    if found.state == "ready":  # those codes are small here
        assert found.memory_mb <= 64
    else:
        assert "don't fit" in found.why
    own.close()


def test_an_unknown_word_of_bubblewrap_is_no_tree() -> None:
    with pytest.raises(OSError, match="--overlay of bubblewrap is not known"):
        build(["--ro-bind", "/usr", "/usr", "--overlay", "/x"])


def _until(condition: object, timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def _is_quiet(file: Path) -> bool:
    before = file.stat().st_size
    time.sleep(0.3)
    return file.stat().st_size == before


def test_what_forks_share_is_counted_once(warm: WarmCode) -> None:
    code = (
        "import os, time\nheld = bytearray(os.urandom(1 << 20) * 100)\nfor _ in range(4):\n    if not os.fork(): time.sleep(60)\n"
        "time.sleep(2)\nopen('up', 'w'); time.sleep(1)\nos._exit(0)"
    )
    handle, _ = warm.submit(code)
    seen = warm.wait(handle)
    assert seen.exit is not None
    assert (seen.exit.reason, seen.exit.succeeded) == ("exit", True)
    assert 100 <= seen.exit.max_rss_mb < 300  # five processes hold the same hundred
