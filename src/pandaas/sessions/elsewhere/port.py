"""The port of session providers: what a service elsewhere has to offer so that people start sessions there from here.

A provider starts, tells of and stops what runs; it keeps nothing. The platform keeps whose a session is, on which datasets,
how long it may go on, the audit, and tells its person. A third party's provider is an entry point of the group
`pandaas.sessions`: a callable that takes its `SessionProviderSettings` and gives a `SessionProvider`. The tests of
`pandaas.testing.session_providers` hold for each.

Calls may take as long as the network takes; none is made while somebody waits for a page. Errors are the platform's:
`Unavailable` where it can't be asked now (it is asked again), any other `PandaasError` for what it refuses, which fails
the session with these words and this remedy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from pandaas.config import SessionOffer

Handle = dict[str, Any]
"""What the provider needs to find a session again: small, JSON, no secrets. It is kept with the session."""


@dataclass(frozen=True)
class Order:
    """Start this for a person. `user` is her name there, `datasets` are pids, `platform` is this platform's address."""

    session_id: str
    user: str
    offer: SessionOffer
    datasets: tuple[str, ...]
    platform: str


@dataclass(frozen=True)
class Condition:
    """How it stands.

    starting  with `words` on how far it is, as the provider says it
    ready     `address` is where her browser goes; it holds no secret: she signs in there
    gone      it does not run: stopped by her, by the provider, or by `stop`
    failed    it did not start, `words` and `remedy` say why

    `last_active` is when something was last done in it, `cpu_s` and `memory_mb` what it used; None where unknown.
    """

    state: Literal["starting", "ready", "gone", "failed"]
    words: str = ""
    remedy: str | None = None
    address: str | None = None
    last_active: datetime | None = None
    cpu_s: float | None = None
    memory_mb: float | None = None


class SessionProvider(Protocol):
    """See the module."""

    @property
    def missing(self) -> Sequence[str]:
        """Sentences for people: what a session of the platform's own has and one of these has not."""
        ...

    def start(self, order: Order) -> Handle:
        """Begin to start it; returns at once or after seconds. Asked again with the same session it starts no second one."""
        ...

    def poll(self, handle: Mapping[str, Any]) -> Condition:
        """How it stands now."""
        ...

    def stop(self, handle: Mapping[str, Any]) -> None:
        """Begin to stop it; harmless where it does not run. What the person saved there stays."""
        ...

    def close(self) -> None:
        """The platform ends."""
        ...
