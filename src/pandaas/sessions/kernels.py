"""What Jupyter says of itself: whether its kernels compute, and which notebooks are open. All of it is a person's claim.

Jupyter's own time of last activity (`/api/status`) is of no use: its page asks for something every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pandaas.sessions.reach import Doorway, ask

_MOST = 50
_LONGEST = 200
_STATES = {"busy": "busy", "starting": "starting", "idle": "idle"}


@dataclass(frozen=True)
class OpenNotebook:
    """A notebook or console with a kernel: `state` is busy, idle, starting or other."""

    name: str
    state: str
    last_active: datetime | None


def last_computed(door: Doorway, now: datetime) -> datetime | None:
    """When a kernel last computed: now while one is busy, also where its program only waits. None where none says it."""
    found = [
        now if kernel.get("execution_state") == "busy" else _time(kernel.get("last_activity"))
        for kernel in _listed(ask(door, "/api/kernels"))
    ]
    return max((min(time, now) for time in found if time is not None), default=None)


def open_notebooks(door: Doorway) -> list[OpenNotebook]:
    """Those with a kernel, the latest first, fifty at most."""
    found = [
        OpenNotebook(
            name=_text(one.get("path") or one.get("name")),
            state=_STATES.get(_text(kernel.get("execution_state")), "other"),
            last_active=_time(kernel.get("last_activity")),
        )
        for one in _listed(ask(door, "/api/sessions"))
        if isinstance(kernel := one.get("kernel"), dict)
    ]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: one.last_active or oldest, reverse=True)


def _listed(answer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(answer, list):
        yield from (one for one in answer[:_MOST] if isinstance(one, dict))


def _text(value: object) -> str:
    return "".join(one for one in value[:_LONGEST] if one.isprintable()) if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC) if found is not None else None
