"""What is up and what is not: one board per process, read by `/api/v1/health` and the operator's page."""

from __future__ import annotations

from threading import Lock
from typing import Literal

from pandaas import __version__
from pandaas.server.schemas import ComponentHealth, HealthOut

State = Literal["ok", "degraded", "failed", "starting"]


class HealthBoard:
    """States of components by name; the whole is `ok` only when none is starting or failed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._components: dict[str, ComponentHealth] = {}

    def set(self, name: str, state: State, detail: str = "") -> None:
        with self._lock:
            self._components[name] = ComponentHealth(name=name, state=state, detail=detail)

    def report(self) -> HealthOut:
        with self._lock:
            components = list(self._components.values())
        states = {component.state for component in components}
        status: Literal["ok", "starting", "failed"] = "ok"
        if "failed" in states:
            status = "failed"
        elif "starting" in states:
            status = "starting"
        return HealthOut(status=status, version=__version__, components=components)
