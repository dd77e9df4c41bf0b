"""Work that goes on beside requests, each piece led under a lease: jobs, the catalogue's housekeeping, sign-ins, alerts."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event as Flag
from threading import Thread

import structlog

from pandaas.access import FACILITY
from pandaas.db import LEASE_S, Database, hold, release
from pandaas.federation import Registrar
from pandaas.model import PandaasError, Unavailable
from pandaas.server import mailing
from pandaas.server.health import HealthBoard
from pandaas.server.services import Services

log = structlog.get_logger(__name__)
_HOUSEKEEPING_S = 300.0
_ALERTS_S = 20.0
_SIGN_INS_S = 15.0
_OFFICE_S = 10.0
_LOOK_S = 2.0
_REMIND_EVERY = timedelta(minutes=1)


class Led:
    """A round of work every two seconds, by one process of all at a time: whoever holds the lease of that name."""

    def __init__(self, database: Database, name: str, round_: Callable[[], None]) -> None:
        self._database = database
        self._name = name
        self._round = round_
        self._holder = f"{os.uname().nodename}:{os.getpid()}:{secrets.token_hex(4)}"
        self._renewed = -LEASE_S

    def run(self, stop: Flag) -> None:
        while not stop.wait(_LOOK_S):
            try:
                if self._leads():
                    self._round()
            except Unavailable as error:
                log.warning("background work put off", work=self._name, reason=str(error))
        with suppress(PandaasError):
            release(self._database, self._name, self._holder)

    def _leads(self) -> bool:
        """Renewed at every third of the lease's time, so that an idle platform writes little."""
        if time.monotonic() - self._renewed < LEASE_S / 3:
            return True
        leads = hold(self._database, self._name, self._holder)
        self._renewed = time.monotonic() if leads else -LEASE_S
        return leads


class Background:
    """Starts and stops the loops; a loop that dies is started again and shows as degraded meanwhile."""

    def __init__(self, services: Services, board: HealthBoard) -> None:
        self._services = services
        self._board = board
        self._stop = Flag()
        self._threads: list[Thread] = []
        self._reminded: datetime | None = None
        self._compared = False
        self._registrar: Registrar | None = None

    def start(self) -> None:
        self._launch("jobs", self._services.jobs.run_reconciler)
        self._launch("chains", self._services.chains.keep)
        self._launch("sessions", self._services.sessions.run_keeper)
        self._launch("catalogue", self._keep_house)
        self._launch("alerts", self._tell)
        if self._services.settings.sign_in.providers:
            self._launch("sign-in", self._keep_sign_ins)
        self._launch("search", self._services.catalogue.keep_search_index)
        if any(feed.every_minutes for feed in self._services.settings.office):
            self._launch("office", self._import_people)
        self._launch("policy", Led(self._services.database, "policy", self._keep_policy).run)
        self._launch("audit", Led(self._services.database, "audit", self._keep_audit).run)
        if self._services.settings.doi.prefix:
            self._launch("publications", Led(self._services.database, "publications", self._register_dois).run)
        if self._services.settings.mail.host:
            self._launch("mail", Led(self._services.database, "mail", self._send_mail).run)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _launch(self, name: str, loop: Callable[[Flag], None]) -> None:
        thread = Thread(target=self._guard, args=(name, loop), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guard(self, name: str, loop: Callable[[Flag], None]) -> None:
        while not self._stop.is_set():
            self._board.set(name, "ok")
            try:
                loop(self._stop)
            except Exception as error:  # a loop must outlive whatever one round meets; it is logged and shown
                log.error("background work failed", work=name, exc_info=error)
                self._board.set(name, "degraded", f"{type(error).__name__}; starting again")
                self._stop.wait(5.0)

    def _keep_sign_ins(self, stop: Flag) -> None:
        """Groups of foreign sign-ins are asked for anew by one process; whether providers answer, each one sees itself."""
        identity, database = self._services.identity, self._services.database
        holder = f"{socket.gethostname()}-{os.getpid()}-{id(self)}"
        while not stop.wait(_SIGN_INS_S):
            try:
                if hold(database, "sign-in", holder, seconds=4 * _SIGN_INS_S):
                    identity.refresh_due()
            except PandaasError as error:
                log.warning("sign-ins are looked after later", reason=str(error))
            troubles = [provider.settings.title for provider in identity.providers.values() if provider.trouble]
            self._board.set(
                "sign-in", "degraded" if troubles else "ok", f"no answer from {', '.join(troubles)}" if troubles else ""
            )

    def _import_people(self, stop: Flag) -> None:
        """One process imports what is due from the user offices; what went wrong last is shown as degraded."""
        office, database = self._services.office, self._services.database
        holder = f"{socket.gethostname()}-{os.getpid()}-{id(self)}"
        while not stop.wait(_OFFICE_S):
            try:
                if hold(database, "office", holder, seconds=900):
                    office.run_due(FACILITY)
            except PandaasError as error:
                log.warning("the user office is imported later", reason=str(error))
            runs = [office.last_run(feed.name) for feed in office.feeds()]
            troubles = [f"{run.feed}: {run.message}" for run in runs if run and run.state in {"failed", "waiting"}]
            self._board.set("office", "degraded" if troubles else "ok", "; ".join(troubles)[:500])

    def _keep_house(self, stop: Flag) -> None:
        while not stop.wait(_HOUSEKEEPING_S):
            try:
                self._services.catalogue.check_files()
            except PandaasError as error:
                log.warning("housekeeping put off", reason=str(error))

    def _tell(self, stop: Flag) -> None:
        """Saved searches: who hears of what is new; one process at a time."""
        holder = f"{socket.gethostname()}-{os.getpid()}-{id(self)}"
        while not stop.wait(_ALERTS_S):
            try:
                if hold(self._services.database, "alerts", holder, seconds=4 * _ALERTS_S):
                    self._services.catalogue.saved.tell()
            except PandaasError as error:
                log.warning("alerts put off", reason=str(error))

    def _register_dois(self) -> None:
        if self._registrar is None:
            one = self._services
            self._registrar = Registrar(one.database, one.settings, one.catalogue.vocabulary)
        self._registrar.register_waiting()

    def _keep_policy(self) -> None:
        """Owners hear of requests at once, teams of releases within a minute."""
        access = self._services.access
        if not self._compared:
            self._compared = True
            self._say_what_waits(access.waiting_releases())
        access.tell_owners()
        now = self._services.database.clock()
        if self._reminded is None or now - self._reminded >= _REMIND_EVERY:
            access.remind_of_releases()
            self._reminded = now

    def _say_what_waits(self, number: int) -> None:
        """Dates that an upgrade or a changed setting left as they were: an operator decides, since data could open."""
        if number:
            told = f"{number} proposals have another release date than the policy says; see `pandaas policy apply --dry-run`"
            log.warning("release dates wait for the policy", proposals=number, remedy="pandaas policy apply --dry-run")
            self._board.set("policy", "ok", told)

    def _keep_audit(self) -> None:
        while self._services.access.take_over() and not self._stop.is_set():
            pass

    def _send_mail(self) -> None:
        mailing.send_waiting(self._services.database, self._services.settings)
