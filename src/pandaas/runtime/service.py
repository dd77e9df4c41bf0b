"""`Runtime`: the sandbox, the environments and the engines of this platform, put together."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import structlog

from pandaas.config import Settings
from pandaas.db import Database
from pandaas.model import GpuVariant, InvalidInput, RecipeManifest, Unavailable
from pandaas.runtime.engines.local import LocalEngine
from pandaas.runtime.engines.port import Engine
from pandaas.runtime.engines.slurm.engine import SlurmEngine
from pandaas.runtime.environments import Environments
from pandaas.runtime.gpus import LocalGpus
from pandaas.runtime.programs import Programs
from pandaas.runtime.sandbox import Sandbox
from pandaas.runtime.sdk import INSIDE, SdkFolder

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Software:
    """The environment that a job gets, with how many GPUs, and in words why (no words: its recipe knows of none)."""

    environment: str
    gpus: int = 0
    why: str = ""


class Runtime:
    """Where code runs. `broken_engines` names plug-ins that could not be loaded, and why."""

    def __init__(self, settings: Settings, database: Database | None = None) -> None:
        self.settings = settings
        self.database = database
        self.sandbox = self.probe(settings)
        self.sdk = SdkFolder(settings.home)
        self.local_gpus = LocalGpus(settings.runtime, self.sandbox)
        self.environments = Environments(settings, self.sandbox)
        self.programs = Programs(self.sandbox)
        self.broken_engines: dict[str, str] = {}
        self.engines: dict[str, Engine] = {"local": LocalEngine(settings.runtime, self.sandbox)}
        if settings.runtime.slurm.enabled:
            self.engines["slurm"] = SlurmEngine(settings.runtime, self.sandbox)
        if settings.runtime.dask.enabled:
            self._add_dask(settings)
        self._load_plug_ins()

    def _add_dask(self, settings: Settings) -> None:
        from pandaas.runtime.engines.dask.engine import DaskEngine  # the package is optional

        try:
            self.engines["dask"] = DaskEngine(settings.runtime, self.sandbox)
        except Unavailable as error:
            self.broken_engines["dask"] = error.detail
            log.warning("engine disabled", engine="dask", reason=error.detail)

    @staticmethod
    def probe(settings: Settings) -> Sandbox:
        """The sandbox as it works here, without building anything else (for `serve`'s refusal and `doctor`)."""
        return Sandbox(settings.runtime)

    def close(self) -> None:
        """Let go of what engines hold, such as connections to a scheduler; work goes on."""
        for engine in self.engines.values():
            closes = getattr(engine, "close", None)
            if closes is not None:
                closes()

    def engine(self, name: str | None = None) -> Engine:
        chosen = name or "local"
        if chosen not in self.engines:
            raise InvalidInput(
                f"There is no engine '{chosen}'.", remedy=f"Choose one of {', '.join(self.engines)}.", field="engine"
            )
        return self.engines[chosen]

    def gpus(self, engine: str, recipe: str) -> int:
        """GPUs that a job of this recipe gets there."""
        chosen = self.settings.runtime
        if engine == "local":
            limit = chosen.choice.local_gpus
            found = 0 if limit == 0 else len(self.local_gpus.found())
            return found if limit is None else min(found, limit)
        return chosen.slurm.directives(recipe).gpus if engine == "slurm" else 0

    def software(self, engine: str, manifest: RecipeManifest, refused: str = "") -> Software:
        """What a job of this recipe gets there. `refused` says why it shall have no GPU; empty: it may have one."""
        variant = manifest.gpu
        if variant is None and not manifest.resources.gpu:
            return Software(manifest.environment)
        why = refused or self._lacks_gpu(engine, manifest.id, variant)
        if why:
            return Software(manifest.environment, 0, why)
        gpus = self.gpus(engine, manifest.id)
        if variant is None:
            return Software(manifest.environment, gpus, "It runs on a GPU.")
        return Software(variant.environment, gpus, f"It runs on a GPU ({variant.api}).")

    def _lacks_gpu(self, engine: str, recipe: str, variant: GpuVariant | None) -> str:
        if not self.gpus(engine, recipe):
            return "There is no GPU."
        if engine != "local" or variant is None:
            return ""  # a cluster's nodes are not seen from here; the recipe looks itself
        fitting = [found for found in self.local_gpus.found() if found.api == variant.api]
        if not fitting:
            return f"The GPU offers no {variant.api}."
        if all(found.memory_mb < variant.memory_mb for found in fitting):
            return f"The GPU has less than the {variant.memory_mb} MB that it would need."
        return ""

    def cores(self, engine: str, manifest: RecipeManifest) -> int:
        """The most cores that a job of this recipe gets there."""
        chosen = self.engine(engine)
        spread: int | None = getattr(chosen, "spread_cores", None)
        return spread if spread is not None and manifest.shape == "blockwise" else chosen.cores

    def refuses(self, engine: str, manifest: RecipeManifest) -> str | None:
        """Why this engine can't run this recipe at all, in words; None where it can."""
        shapes = getattr(self.engine(engine), "shapes", None)
        if shapes is None or manifest.shape in shapes:
            return None
        return f"'{manifest.title}' runs as a whole, on one computer."

    @property
    def sdk_path(self) -> Path:
        """Where a job finds the SDK (its PYTHONPATH)."""
        return INSIDE if self.sandbox.works else self.sdk.path

    def _load_plug_ins(self) -> None:
        for entry in entry_points(group="pandaas.engines"):
            if entry.name in self.engines:
                continue
            try:
                self.engines[entry.name] = entry.load()(self.settings.runtime, self.sandbox)
            except Exception as error:  # noqa: BLE001 - a broken plug-in disables itself, not the platform
                self.broken_engines[entry.name] = f"{type(error).__name__}: {error}"
                log.warning("engine disabled", engine=entry.name, reason=str(error))
