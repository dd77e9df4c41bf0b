"""The providers of the configuration, and what they offer as programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import structlog

from pandaas.config import SessionOffer, SessionProviderSettings
from pandaas.model import InvalidInput, Unavailable
from pandaas.sessions.elsewhere.jupyterhub import JupyterHub
from pandaas.sessions.elsewhere.port import SessionProvider

log = structlog.get_logger(__name__)
ELSEWHERE = "elsewhere"
"""The kind of such programs and sessions. A session's engine is then the name of its provider."""
GROUP = "pandaas.sessions"
_BUILT_IN = {"jupyterhub": JupyterHub}


@dataclass(frozen=True)
class Provided:
    """A provider of the configuration. Without `speaker` it can't be used, and `problem` says why."""

    settings: SessionProviderSettings
    speaker: SessionProvider | None
    problem: str | None = None


class Providers:
    """All that are configured. One that is broken disables itself, and says so."""

    def __init__(self, settings: tuple[SessionProviderSettings, ...]) -> None:
        self._found: Mapping[str, Provided] = {one.id: _provided(one) for one in settings}

    def close(self) -> None:
        for one in self._found.values():
            if one.speaker is not None:
                one.speaker.close()

    def offers(self) -> list[tuple[str, Provided, SessionOffer]]:
        """What they offer, each with the name of its program."""
        return [
            (f"{name}.{offer.id}", one, offer) for name, one in self._found.items() for offer in one.settings.offers
        ]

    def get(self, name: str) -> Provided | None:
        return self._found.get(name)

    def speaker(self, name: str) -> tuple[SessionProviderSettings, SessionProvider]:
        """`Unavailable` where it is not offered any more, or broken."""
        found = self._found.get(name)
        if found is None:
            raise Unavailable(f"Sessions of '{name}' are not offered any more.", remedy="Ask the operator.")
        if found.speaker is None:
            raise Unavailable(f"{found.settings.title} can't be used: {found.problem}", remedy="Tell the operator.")
        return found.settings, found.speaker

    def offer(self, program: str) -> SessionOffer:
        """The offer behind the name of a program."""
        for name, _, offer in self.offers():
            if name == program:
                return offer
        raise InvalidInput(f"'{program}' is not offered any more.", remedy="Choose another program.", field="program")


def _provided(settings: SessionProviderSettings) -> Provided:
    try:
        return Provided(settings, _make(settings))
    except Exception as error:  # noqa: BLE001 - a broken one disables itself, not the platform
        log.warning("session provider disabled", provider=settings.id, reason=str(error))
        return Provided(settings, None, f"{error}")


def _make(settings: SessionProviderSettings) -> SessionProvider:
    made: Any = _BUILT_IN.get(settings.kind)
    if made is None:
        plugged = {entry.name: entry for entry in entry_points(group=GROUP)}
        if settings.kind not in plugged:
            raise InvalidInput(f"nothing here speaks with a '{settings.kind}'.")
        made = plugged[settings.kind].load()
    speaker: SessionProvider = made(settings)
    return speaker
