"""The face of the room: saved chains, runs, attachments, and the background work that brings runs forward."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from pandaas.access import Access
from pandaas.chains.acting import Acting
from pandaas.chains.automatic import Automatic
from pandaas.chains.keeper import Keeper
from pandaas.chains.library import Library
from pandaas.chains.runs import Runs, RunView
from pandaas.chains.series import SeriesTable, series_of
from pandaas.chains.starting import Starting
from pandaas.config import Settings, bundled
from pandaas.db import Database, hold, release
from pandaas.identity import Identity
from pandaas.jobs import JobService
from pandaas.model import PandaasError, Principal, Unavailable
from pandaas.recipes import RecipeRegistry

log = structlog.get_logger(__name__)
LEASE = "chains"
_LEASE_S = 30.0
_RENEW_S = 8.0
_BUSY_S = 0.25
_IDLE_S = 1.0


class ChainService:
    """See the module. `library` keeps chains, `runs` are what people start, `automatic` what starts by itself; `keep` leads."""

    def __init__(  # noqa: PLR0917 - the rooms below, in their order
        self,
        database: Database,
        settings: Settings,
        identity: Identity,
        access: Access,
        recipes: RecipeRegistry,
        jobs: JobService,
    ) -> None:
        self._database = database
        self._access = access
        self._folders: list[Path] = [bundled("chains"), *settings.runtime.chain_folders]
        acting = Acting(database, identity)
        starting = Starting(database, access, recipes)
        self.library = Library(database, access, recipes)
        self.runs = Runs(database, access, self.library, starting, jobs, acting)
        self.keeper = Keeper(database, jobs, acting)
        self.automatic = Automatic(database, access, self.library, starting, acting)
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._renewed = float("-inf")

    def take_in_shipped(self) -> None:
        """The chains in the folders of the platform and the facility."""
        self.library.take_in(self._folders)

    def series(self, principal: Principal, runs: Sequence[RunView], step: str | None = None) -> SeriesTable:
        """Every scalar of a step's results and of the measurements; of a dataset that was run on several times the last
        run that has the result counts (`runs` come newest first)."""
        latest: dict[tuple[str, ...], RunView] = {}
        for run in runs:
            key = tuple(sorted(one.pid for one in run.inputs if _is_main(run, one.name)))
            if key not in latest or (not _has_result(latest[key], step) and _has_result(run, step)):
                latest[key] = run
        return series_of(self._database, self._access, principal, list(latest.values()), step)

    def keep(self, stop: threading.Event) -> None:
        """Lead until `stop` is set, under the lease `chains`; wait for it where another process leads."""
        self.take_in_shipped()
        try:
            while not stop.is_set():
                try:
                    busy = self._leads() and self.round(self._leads)
                except Unavailable as error:
                    log.warning("chains put off", reason=str(error))
                    busy = False
                stop.wait(_BUSY_S if busy else _IDLE_S)
        finally:
            with suppress(PandaasError):
                release(self._database, LEASE, self._holder)

    def round(self, leads: Callable[[], bool] = lambda: True) -> bool:
        """One round over new data and all runs; whether there are any. A run that can't be brought forward doesn't hold up others.

        `leads` is asked between its pieces, which renews the lease; the round ends once another process leads.
        """
        self.automatic.round(leads)
        active = self.keeper.active()
        for run_id in active:
            if not leads():
                break
            try:
                self.keeper.advance(run_id)
            except Unavailable:
                raise
            except PandaasError as error:
                log.warning("run not brought forward", run=run_id, reason=str(error))
        return bool(active)

    def _leads(self) -> bool:
        now = time.monotonic()
        if now - self._renewed < _RENEW_S:
            return True
        if not hold(self._database, LEASE, self._holder, seconds=_LEASE_S):
            return False
        self._renewed = now
        return True


def _is_main(run: RunView, name: str) -> bool:
    return run.definition.main is not None and run.definition.main.name == name


def _has_result(run: RunView, step: str | None) -> bool:
    wanted = [one for one in run.steps if one.step.name == step] if step else list(run.steps[-1:])
    return any(one.result for one in wanted)
