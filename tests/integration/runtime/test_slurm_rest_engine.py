"""The engine `slurm` over a real slurmrestd: the conformance suite, and what a failing service does to states."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pandaas.config import RuntimeSettings, SlurmSettings, package_folder
from pandaas.model import InvalidInput
from pandaas.runtime import Account, Confinement, Engine, ExitRecord, Sandbox, SlurmEngine, WorkSpec, read_json
from pandaas.runtime.engines.port import Handle
from pandaas.runtime.engines.slurm.rest import RestDriver
from pandaas.runtime.engines.slurm.tokens import token_for
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.slurm_engines import SlurmConformance

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("slurm")]


class Faulty(httpx.BaseTransport):
    """Real answers, but what `fault` makes of a request; called with the request and a way to have it answered."""

    def __init__(self) -> None:
        self._real = httpx.HTTPTransport()
        self.fault: Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        def real() -> httpx.Response:
            return self._real.handle_request(request)

        return self.fault(request, real) if self.fault else real()


@pytest.fixture(scope="module")
def rest(slurm: SlurmServer) -> Iterator[SlurmServer]:
    slurm.start_part("slurmrestd")
    _until(lambda: _answers(slurm.rest_url))
    yield slurm
    slurm.stop_part("slurmrestd")


class TestSlurmRestEngine(SlurmConformance):
    @pytest.fixture(autouse=True)
    def _with_rest(self, rest: SlurmServer) -> None:
        self.server = rest
        self.wire = Faulty()

    def asked(self) -> dict[str, Any]:
        key = self.server.folder / "etc/jwt.key"
        return {"rest_url": self.server.rest_url, "rest_user": "root", "rest_key": key, "timeout_s": 5}

    def driver(self, settings: SlurmSettings) -> RestDriver:
        return RestDriver(settings, transport=self.wire)

    @pytest.mark.full  # how Slurm is reached makes no difference to arrays
    def test_blocks_give_the_same_bits_whoever_does_them_and_after_a_kill(self, tmp_path: Path) -> None:
        super().test_blocks_give_the_same_bits_whoever_does_them_and_after_a_kill(tmp_path)

    def test_what_it_waits_for_is_said(self, engine: Engine, tmp_path: Path) -> None:
        first = self.work(tmp_path, "first", "import time; time.sleep(60)", cores=self.server.cores, time_limit_s=600)
        self.wait(engine, self.submit(engine, first), "running")
        handles = [self.submit(engine, self.work(tmp_path, f"w{n}", "pass", time_limit_s=300)) for n in range(2)]
        said: list[str] = []

        def seen() -> bool:
            said[:] = [observation.detail for observation in engine.poll(handles)]
            return "1st of 2 in main" in said[0] and "2nd of 2 in main" in said[1] and "expected to start" in said[0]

        _until(seen)
        queue = engine.poll(handles)[1].queue
        assert queue is not None
        assert (queue.place, queue.of, bool(queue.reason)) == (2, 2, True)

    def test_what_slurm_refuses_is_refused_in_its_words(self, tmp_path: Path) -> None:
        engine = self.make_engine(tmp_path, partition="nowhere", cores=2, memory_mb=1024)
        work = self.work(tmp_path, "refused", "pass")
        with pytest.raises(InvalidInput, match="artition"):
            engine.submit(work)
        assert engine.poll([{"folder": str(work.folder)}])[0].state == "ended"

    def test_a_submission_whose_answer_is_lost_runs_once(self, engine: Engine, tmp_path: Path) -> None:
        def late(request: httpx.Request, real: Callable[[], httpx.Response]) -> httpx.Response:
            answer = real()
            if request.method == "POST":
                self.wire.fault = None
                raise httpx.ReadTimeout("late", request=request)
            return answer

        self.wire.fault = late
        work = self.work(tmp_path, "late", "import time; open('runs', 'a').write('x'); time.sleep(1)")
        seen = self.wait(engine, self.submit(engine, work))
        assert seen.exit is not None
        assert seen.exit.succeeded
        name = read_json(work.folder / "slurm.json")["name"]
        assert len(self.server.said("squeue", "-h", "--states=all", f"--name={name}", "-o", "%i").split()) == 1
        assert (work.folder / "output/runs").read_text() == "x"

    def test_answers_of_500_change_no_state(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "err", "import time; open('runs', 'a').write('x'); time.sleep(2)")
        handle = self.submit(engine, work)
        self.wait(engine, handle, "running")
        self.wire.fault = lambda request, _real: httpx.Response(500, text="oops", request=request)
        waiting = self.submit(engine, self.work(tmp_path, "later", "open('runs', 'a').write('x')"))
        _until(lambda: "does not answer" in engine.outlook(1, 256))
        assert engine.poll([waiting])[0].state == "queued"
        assert engine.poll([handle])[0].state in {"running", "ended"}
        self.wire.fault = None
        for each in (handle, waiting):
            seen = self.wait(engine, each)
            assert seen.exit is not None
            assert seen.exit.succeeded

    def test_a_token_that_has_run_out_only_delays(self, tmp_path: Path) -> None:
        self._handles = []
        key, token = (self.server.folder / "etc/jwt.key").read_bytes(), tmp_path / "token"
        token.write_text(token_for("root", key, seconds=-60))
        engine = self.make_engine(tmp_path, rest_key=None, rest_token=token, cores=2, memory_mb=1024)
        work = self.work(tmp_path, "expired", "open('runs', 'a').write('x')")
        handle = self.submit(engine, work)
        assert engine.poll([handle])[0].state == "queued"
        assert "does not answer" in engine.outlook(1, 256)
        token.write_text(f"SLURM_JWT={token_for('root', key)}\n")
        seen = self.wait(engine, handle)
        assert seen.exit is not None
        assert seen.exit.succeeded
        assert (work.folder / "output/runs").read_text() == "x"

    def test_the_service_killed_while_it_runs(self, engine: Engine, tmp_path: Path) -> None:
        handle = self.submit(engine, self.work(tmp_path, "outage", "import time; time.sleep(1)"))
        self.server.kill_part("slurmrestd")
        try:
            time.sleep(0.5)
            assert engine.poll([handle])[0].state in {"queued", "running", "ended"}
        finally:
            self.server.start_part("slurmrestd")
        seen = self.wait(engine, handle)
        assert seen.exit is not None
        assert seen.exit.succeeded


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every account passes through, with what a supervisor needs."""
    found = tmp_path_factory.mktemp("shared")
    for folder in (found, *found.parents):
        if folder.stat().st_uid == 0 and folder.name.startswith(("pytest", "popen", "shared")):
            folder.chmod(0o755)
    (found / "pandaas").mkdir()
    shutil.copy(package_folder() / "__init__.py", found / "pandaas")
    shutil.copytree(package_folder() / "runtime", found / "pandaas" / "runtime")
    return found


class TestWorkOfPersons:
    """Jobs are submitted as the persons whose Unix accounts are known: here `games`."""

    @pytest.fixture(autouse=True)
    def _with_rest(self, rest: SlurmServer, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        rest.add_user("games")
        self.server, self.place = rest, place
        self.key = (rest.folder / "etc/jwt.key").read_bytes()
        monkeypatch.setattr("pandaas.runtime.engines.slurm.engine.package_folder", lambda: place / "pandaas")

    def engine(self, **more: object) -> SlurmEngine:
        asked = {"rest_url": self.server.rest_url, "rest_user": "slurm", "submit_as": "person", "poll_s": 0.1} | more
        settings = RuntimeSettings(slurm={"enabled": True, "python": "/usr/bin/python3", "cores": 2, **asked})
        return SlurmEngine(settings, Sandbox(settings))

    def work(self, code: str) -> WorkSpec:
        entry = pwd.getpwnam("games")
        account = Account(entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist("games", entry.pw_gid)))
        folder = self.place / f"work-{secrets.token_hex(6)}"
        output = folder / "output"
        output.mkdir(parents=True)
        os.chown(output, account.uid, account.gid)
        folder.chmod(0o700)
        shown = Confinement((), (output,), cwd=output, memory_mb=256, account=account)
        return WorkSpec(folder, ("/bin/sh", "-c", code), shown, memory_mb=256, time_limit_s=60)

    def ended(self, engine: SlurmEngine, handle: Handle) -> ExitRecord:
        _until(lambda: engine.poll([handle])[0].state == "ended")
        found = engine.poll([handle])[0].exit
        assert found is not None
        return found

    @pytest.mark.parametrize("by", ["key", "service"])
    def test_it_is_her_job_and_runs_as_her(self, tmp_path: Path, by: str) -> None:
        """With a token of hers, else with the service's, which speaks for her."""
        token = tmp_path / "token"
        token.write_text(token_for("slurm", self.key))
        how = {"rest_key": self.server.folder / "etc/jwt.key"} if by == "key" else {"rest_token": token}
        engine = self.engine(**how)
        work = self.work("id -u; echo here > made")
        handle = engine.submit(work)
        number = read_json(work.folder / "slurm-job.json")["job"]
        assert self.server.said("squeue", "-h", "-a", "-t", "all", "-j", number, "-o", "%u").strip() == "games"
        assert self.ended(engine, handle).succeeded
        assert (work.folder / "log.txt").read_text().strip() == str(pwd.getpwnam("games").pw_uid)
        assert (work.folder / "output/made").stat().st_uid == pwd.getpwnam("games").pw_uid
        engine.close()

    def test_work_without_a_token_waits_for_one_and_says_so(self, tmp_path: Path) -> None:
        engine = self.engine(rest_key=self.server.folder / "etc/jwt.key", rest_tokens=tmp_path)
        handle = engine.submit(self.work("true"))
        assert "no Slurm token for the account games" in engine.poll([handle])[0].detail
        assert engine.standing(1, 256).answers
        (tmp_path / "games").write_text(token_for("games", self.key, seconds=-60))
        _until(lambda: "account games ran out" in engine.poll([handle])[0].detail)
        (tmp_path / "games").write_text(f"SLURM_JWT={token_for('games', self.key)}\n")
        assert self.ended(engine, handle).succeeded
        engine.close()

    def test_her_job_is_cancelled_in_her_name(self) -> None:
        engine = self.engine(rest_key=self.server.folder / "etc/jwt.key")
        handle = engine.submit(self.work("sleep 60"))
        _until(lambda: engine.poll([handle])[0].state == "running")
        engine.cancel(handle)
        assert self.ended(engine, handle).reason == "cancelled"
        engine.close()


def _answers(url: str) -> bool:
    try:
        httpx.get(f"{url}/openapi/v3", timeout=2)
    except httpx.HTTPError:
        return False
    return True


def _until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
