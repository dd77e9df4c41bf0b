"""Company across server processes: each tells the others who is here and where they point, through the database.

Little is written: when somebody comes or goes, a renewal every ten seconds while anybody is here, and pointers, all of a
process at once and at most twice a second, only while somebody at the same session is with another process.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from contextlib import suppress
from dataclasses import replace

import structlog
from anyio import to_thread

from pandaas.model import PandaasError
from pandaas.server.sessions.company import Company
from pandaas.sessions import Key, Presence, Present

log = structlog.get_logger(__name__)
_LOOK_S = 2.0
_SHARED_S = 0.5  # between two looks, and two writings, while somebody is elsewhere
_RENEW_S = 10.0


class Neighbours:
    """One per application; `run` until it is cancelled."""

    def __init__(self, company: Company, presence: Presence) -> None:
        self._company = company
        self._presence = presence
        self.process = f"{os.uname().nodename}:{os.getpid()}:{secrets.token_hex(4)}"
        self._told: dict[Key, Present] = {}
        self._renewed = 0.0

    async def run(self) -> None:
        try:
            while True:
                await self._pause()
                try:
                    await self.exchange()
                except PandaasError as error:
                    log.warning("presence not exchanged", reason=str(error))
        finally:
            if self._told:
                with suppress(PandaasError):
                    self._presence.leave(self.process)

    async def exchange(self) -> None:
        """Tell what is new of ours, hear what is new of theirs. Nothing at all where nobody is here."""
        here = {one.key: self._told_as(one) for one in self._company.here()}
        await self._tell(here)
        if here:
            sessions = {session_id for session_id, _who in here}
            self._company.hear(await to_thread.run_sync(self._presence.elsewhere, self.process, sessions))

    def _told_as(self, one: Present) -> Present:
        return one if one.session_id in self._company.shared else replace(one, at=None)

    async def _tell(self, here: dict[Key, Present]) -> None:
        changed = [one for key, one in here.items() if self._told.get(key) != one]
        gone = self._told.keys() - here.keys()
        if changed or gone:
            await to_thread.run_sync(self._presence.tell, self.process, changed, gone)
            self._told = here
        if here and time.monotonic() - self._renewed > _RENEW_S:
            await to_thread.run_sync(self._presence.renew, self.process)
            self._renewed = time.monotonic()

    async def _pause(self) -> None:
        """Who comes or goes is told soon, but never more than twice a second."""
        await asyncio.sleep(_SHARED_S)
        if not self._company.shared:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S - _SHARED_S):
                    await self._company.changed.wait()
        self._company.changed.clear()
