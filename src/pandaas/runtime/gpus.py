"""The GPUs of this computer, as a job in the sandbox finds them. Looked for once, when somebody asks."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import structlog

from pandaas.config import RuntimeSettings
from pandaas.runtime.sandbox import Bind, Confinement, Sandbox, interpreter_binds

log = structlog.get_logger(__name__)
_SCRIPT = Path(__file__).with_name("finding_gpus.py")
_TIMEOUT_S = 20
_SIGNS = ("/dev/nvidiactl", "/dev/dri", "/dev/kfd")  # without these no driver is asked, which takes its time


@dataclass(frozen=True)
class Gpu:
    api: str
    name: str
    memory_mb: int


class LocalGpus:
    """A device that two interfaces reach is listed for each."""

    def __init__(self, settings: RuntimeSettings, sandbox: Sandbox) -> None:
        self._on_processor = settings.choice.opencl_on_processor
        self._sandbox = sandbox
        self._found: tuple[Gpu, ...] | None = None
        self._mutex = Lock()

    def found(self) -> tuple[Gpu, ...]:
        with self._mutex:
            if self._found is None:
                signs = self._on_processor or any(Path(sign).exists() for sign in _SIGNS)
                self._found = self._look() if signs else ()
            return self._found

    def _look(self) -> tuple[Gpu, ...]:
        confinement = Confinement(
            (*interpreter_binds(Path(sys.executable)), Bind(_SCRIPT)), account=self._sandbox.account_for(0), gpu=True
        )
        try:
            done = self._sandbox.run([sys.executable, "-I", "-S", str(_SCRIPT)], confinement, timeout_s=_TIMEOUT_S)
            listed = json.loads(done.stdout or b"[]")
            if done.returncode:
                log.warning("a driver of a GPU failed", said=done.stderr.decode("utf-8", "replace")[-300:])
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            log.warning("no driver of a GPU answered", reason=str(error)[:300])
            return ()
        wanted = [one for one in listed if one["is_gpu"] or self._on_processor]
        return tuple(Gpu(one["api"], one["name"], int(one["memory_mb"])) for one in wanted)
