"""Where a person's job runs: the engines as they stand, her rights and what she has used, brought before the rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Dataset, Job
from pandaas.model import InvalidInput, NotAllowed, Principal, RecipeManifest
from pandaas.runtime import Candidate, Choice, Demand, Runtime, Software, choose

_WINDOW = timedelta(days=30)
_TITLES = {"local": "This computer", "slurm": "The cluster (Slurm)", "dask": "Dask"}


class EngineChoice:
    """See the module."""

    def __init__(self, settings: Settings, database: Database, runtime: Runtime) -> None:
        self._settings = settings.runtime.choice
        self._database = database
        self._runtime = runtime

    def candidates(self, principal: Principal, manifest: RecipeManifest) -> list[Candidate]:
        """All engines, this computer first, with why this person may not use one."""
        wanted = manifest.resources
        return [
            Candidate(
                name=name,
                title=engine_title(name),
                memory_mb=engine.memory_mb,
                gpus=self.software(principal, name, manifest).gpus,
                standing=engine.standing(min(wanted.cores, engine.cores), min(wanted.memory_mb, engine.memory_mb)),
                barred=self._barred(principal, name, manifest),
            )
            for name, engine in self._runtime.engines.items()
        ]

    def choose(
        self,
        principal: Principal,
        manifest: RecipeManifest,
        pids: Sequence[str],
        wanted: str | None = None,
        *,
        gpu: bool = True,
    ) -> Choice:
        """For a job over these datasets, without `gpu` on a processor; errors as `runtime.choose`."""
        candidates = self.candidates(principal, manifest)
        with self._database.read() as session:
            size = _size(session, pids)
        needs = manifest.resources
        demand = Demand(needs.cores, needs.memory_mb, gpu and (needs.gpu or manifest.gpu is not None), size)
        return choose(demand, candidates, wanted, int(self._settings.large_gb * 1e9))

    def software(self, principal: Principal, engine: str, manifest: RecipeManifest, *, gpu: bool = True) -> Software:
        """What her job of this recipe gets there; without `gpu` she wants none."""
        refused = "" if gpu else "You wanted no GPU."
        return self._runtime.software(engine, manifest, refused or self._used_up(principal, engine))

    def again(self, principal: Principal, manifest: RecipeManifest, pids: Sequence[str], former: str) -> Choice:
        """For a repetition: where it ran before, as long as that is there and open to this person."""
        try:
            return replace(self.choose(principal, manifest, pids, former), reason="It ran there before.")
        except (InvalidInput, NotAllowed):
            return self.choose(principal, manifest, pids)

    def _barred(self, principal: Principal, engine: str, manifest: RecipeManifest) -> str | None:
        title = engine_title(engine)
        refused = self._runtime.refuses(engine, manifest)
        if refused is not None:
            return refused
        for rule in self._settings.rights:
            if rule.engine != engine:
                continue
            if str(principal.role) not in rule.roles:
                return f"{title} is not open to your role."
            if rule.core_hours is not None:
                used = self._used(principal, engine, Job.cores)
                if used >= rule.core_hours:
                    return f"You have used {used:.0f} of {rule.core_hours:g} core hours of 30 days on {title[0].lower()}{title[1:]}."
        return None

    def _used_up(self, principal: Principal, engine: str) -> str:
        """Why she gets no GPU there for now; empty: she may have one."""
        for rule in self._settings.rights:
            if rule.engine == engine and rule.gpu_hours is not None:
                used = self._used(principal, engine, Job.gpus)
                if used >= rule.gpu_hours:
                    return f"You have used {used:.3g} of {rule.gpu_hours:g} GPU hours of 30 days."
        return ""

    def _used(self, principal: Principal, engine: str, what: InstrumentedAttribute[int]) -> float:
        """Hours of this person's jobs there, times the cores (or GPUs) that they held."""
        since = self._database.clock() - _WINDOW
        held = func.coalesce(func.sum(what * Job.wall_s), 0.0)
        query = select(held).where(Job.person_id == principal.person_id, Job.engine == engine, Job.created >= since)
        with self._database.read() as session:
            return float(session.scalar(query) or 0.0) / 3600


def engine_title(engine: str) -> str:
    """As people read it."""
    return _TITLES.get(engine, engine)


def _size(session: Session, pids: Sequence[str]) -> int:
    return int(session.scalar(select(func.coalesce(func.sum(Dataset.size), 0)).where(Dataset.pid.in_(set(pids)))) or 0)
