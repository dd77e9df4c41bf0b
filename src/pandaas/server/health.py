"""What is up and what is not: one board per process, read by `/api/v1/health` and the operator's page."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Lock
from typing import Literal

from pandaas import __version__
from pandaas.server.schemas import ComponentHealth, HealthOut

State = Literal["ok", "degraded", "failed", "starting"]
_RESERVE_MB = 256  # below it the catalogue takes no uploads and no results


class HealthBoard:
    """States of components by name; the whole is `ok` only when none is starting or failed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._components: dict[str, ComponentHealth] = {}
        self._home: Path | None = None

    def watch_disk(self, home: Path) -> None:
        """From now on each report says whether the home's disk is full; what is there can be read even then."""
        self._home = home

    def set(self, name: str, state: State, detail: str = "") -> None:
        with self._lock:
            self._components[name] = ComponentHealth(name=name, state=state, detail=detail)

    def report(self) -> HealthOut:
        with self._lock:
            components = list(self._components.values())
        if self._home is not None:
            components.append(_disk(self._home))
        states = {component.state for component in components}
        status: Literal["ok", "starting", "failed"] = "ok"
        if "failed" in states:
            status = "failed"
        elif "starting" in states:
            status = "starting"
        return HealthOut(status=status, version=__version__, components=components)


def _disk(home: Path) -> ComponentHealth:
    try:
        free_mb = shutil.disk_usage(home).free // 1024**2
    except OSError as error:
        return ComponentHealth(name="disk", state="degraded", detail=f"{home} can't be looked at: {error.strerror}")
    if free_mb < _RESERVE_MB:
        detail = f"{free_mb} MB free: data can be read, but not added; free some space"
        return ComponentHealth(name="disk", state="degraded", detail=detail)
    return ComponentHealth(name="disk", state="ok", detail="")
