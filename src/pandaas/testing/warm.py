"""Any code as a warm job: a tiny recipe that runs the code it is given, forked from a template of a local engine.

What the code prints and raises is left in `said.json` of its output folder: `{"code", "out", "err"}`.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path

from pandaas.runtime import Account, Bind, Confinement, LocalEngine, Observation, Sandbox, Template, WorkSpec, give
from pandaas.runtime.engines.port import Handle
from pandaas.runtime.sandbox import interpreter_binds
from pandaas.runtime.sdk import SdkFolder
from pandaas.runtime.warm.pool import TemplateState

_RUN = """
import contextlib, io, json, traceback
def run(inputs, parameters, output):
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            exec(parameters["code"], {})
        except Exception:
            traceback.print_exc()
            code = 1
        except SystemExit as asked:
            code = asked.code
    print(out.getvalue(), err.getvalue(), flush=True)
    if parameters["keep"]:
        with open(output / "said.json", "w") as stream:
            json.dump({"code": code, "out": out.getvalue(), "err": err.getvalue()}, stream)
    (output / "result.nxs").touch()
    raise SystemExit(code)
"""


class WarmCode:
    """See the module. `engine` must give templates after one job (`warm.after` = 1)."""

    def __init__(self, engine: LocalEngine, sandbox: Sandbox, place: Path, account: Account | None = None) -> None:
        self.engine = engine
        self._sandbox = sandbox
        self._place = place
        self._account = account
        self._sdk = SdkFolder(place)
        self.memory_mb = 1024
        self.recipe = place / "recipe"
        self.recipe.mkdir(parents=True, exist_ok=True)
        self.recipe.chmod(0o755)
        (self.recipe / "run.py").write_text(_RUN)

    def work(
        self,
        code: str,
        *shown: Path,
        folder: Path | None = None,
        output: Path | None = None,
        owner: str = "test",
        keep: bool = True,
        **confined: object,
    ) -> WorkSpec:
        """A job that runs `code`, sees `shown` and writes to `output` (its working folder)."""
        folder = folder or self._place / f"job-{secrets.token_hex(6)}"  # control groups are named after it
        folder.mkdir(parents=True, exist_ok=True)
        place = output or folder / "output"
        place.mkdir(exist_ok=True)
        give(place, self._account)
        recipe = {"id": "code", "version": "1", "shape": "whole", "folder": str(self.recipe)}
        described = {"code": code, "keep": keep}
        job = {"format": 1, "job": folder.name, "recipe": recipe, "parameters": described, "cores": 1, "inputs": {}}
        (folder / "job.json").write_text(json.dumps({**job, "output": str(place)}))
        (folder / "job.json").chmod(0o644)
        seen = (*interpreter_binds(Path(sys.executable)), self._sdk.bind(), Bind(self.recipe))
        path = {"PYTHONPATH": "/opt/pandaas-sdk"}
        confinement = Confinement(
            (*seen, Bind(folder / "job.json"), *map(Bind, shown)), (place,), path, place, self._account
        )
        python, words = sys.executable, ("run", str(folder / "job.json"))
        return WorkSpec(
            folder,
            (python, "-m", "pandaas.sdk", *words),
            replace(confinement, **confined),  # type: ignore[arg-type]  # the test names fields of Confinement
            memory_mb=self.memory_mb,
            time_limit_s=60,
            template=Template(
                (python, "-m", "pandaas.sdk", "wait", str(self.recipe)),
                Confinement(seen, variables=path, account=self._account),
                words,
                owner,
            ),
        )

    def submit(self, code: str, *shown: Path, **more: object) -> tuple[Handle, WorkSpec]:
        work = self.work(code, *shown, **more)  # type: ignore[arg-type]
        return self.engine.submit(work), work

    def wait(self, handle: Handle, timeout_s: float = 30) -> Observation:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            [seen] = self.engine.poll([handle])
            if seen.state in {"ended", "unknown"}:
                return seen
            time.sleep(0.01)
        raise AssertionError(f"still {seen.state}")

    def warm_up(self, owner: str = "test") -> None:
        """Have a template ready."""
        handle, _ = self.submit("pass", owner=owner)
        self.wait(handle)
        end = time.monotonic() + 60
        while not any(template.state == "ready" for template in self.template_states()):
            assert time.monotonic() < end, self.template_states()
            time.sleep(0.05)

    def template_states(self) -> list[TemplateState]:
        assert self.engine.pool is not None
        return list(self.engine.pool.templates())

    def close(self) -> None:
        """Let keeper and templates go; waits until they have."""
        pool = self.engine.pool
        if pool is None:
            return
        pids = [template.pid for template in pool.templates()] + [pool.keeper_pid or 0]
        pool.close()
        end = time.monotonic() + 20
        while any(pid and os.path.isdir(f"/proc/{pid}") for pid in pids):  # noqa: PTH112
            assert time.monotonic() < end, "a template or the keeper goes on"
            time.sleep(0.05)
