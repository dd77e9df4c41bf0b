"""The conformance suite of engines on a Slurm that a test started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pandaas.config import RuntimeSettings, SlurmSettings
from pandaas.runtime import Engine, Sandbox, SlurmEngine
from pandaas.runtime.engines.slurm.driver import SlurmDriver
from pandaas.testing.engines import EngineConformance
from pandaas.testing.slurm import SlurmServer


class SlurmConformance(EngineConformance):
    """A fixture of the test sets `server`. Other ways to it override `asked` and `driver`."""

    server: SlurmServer
    settle_s = 1.0

    def asked(self) -> dict[str, Any]:
        """Settings of `runtime.slurm`."""
        return {"conf": self.server.conf, "timeout_s": 5}

    def driver(self, _settings: SlurmSettings) -> SlurmDriver | None:
        """What asks Slurm; None: what the settings say."""
        return None

    def make_engine(self, tmp_path: Path, **more: object) -> Engine:  # noqa: ARG002 - all is in the work's folder
        chosen = SlurmSettings.model_validate({"enabled": True, "poll_s": 0.1, **self.asked(), **more})
        settings = RuntimeSettings(slurm=chosen)
        engine = SlurmEngine(settings, Sandbox(settings), self.driver(chosen))
        engine.settle_s = self.settle_s
        return engine

    def restart(self, engine: Engine, tmp_path: Path) -> Engine:  # noqa: ARG002
        return self.make_engine(tmp_path)

    def make_spreading(self, tmp_path: Path) -> Engine:
        engine = self.make_engine(tmp_path, array_tasks=2, array_cores=1)
        engine.lost_s = 8.0  # type: ignore[attr-defined]
        return engine
