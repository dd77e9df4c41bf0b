"""Builds the demo facility: people, proposals, instruments, data, and one finished analysis.

Step by step; every step is safe to repeat, so that a build that was interrupted goes on at the next start.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from threading import Event as Flag
from typing import Any

import structlog
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.db.tables import Instrument, Person, Proposal
from pandaas.model import PandaasError, Unavailable
from pandaas.server.demo.home import ACCOUNTS, manifest, password_of
from pandaas.server.health import HealthBoard
from pandaas.server.services import Services

log = structlog.get_logger(__name__)
_ANALYSIS_S = 900.0
Say = Callable[[str], None]


class DemoBuilder:
    """One build; `run()` does what is missing, `stop()` ends it and all jobs of the demo."""

    def __init__(self, services: Services, board: HealthBoard, *, say: Say) -> None:
        self._services = services
        self._board = board
        self._say = say
        self._stop = Flag()
        self._child: subprocess.Popen[str] | None = None
        self._state_file = services.settings.home / "demo.json"
        self._manifest = manifest()

    def run(self) -> bool:
        """Build what is missing; True when the facility is complete. Failures are shown on the health board."""
        started = time.monotonic()
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("people and proposals", self._people),
            ("analysis environment", self._environment),
            ("data", self._data),
            ("catalogue", self._ingest),
            ("first analysis", self._analysis),
        )
        done = self._done()
        for number, (name, step) in enumerate(steps, 1):
            if name in done:
                continue
            self._board.set("demo data", "starting", f"step {number} of {len(steps)}: {name}")
            self._say(f"Step {number} of {len(steps)}: {name}")
            try:
                step()
            except PandaasError as error:
                return self._failed(name, str(error))
            except OSError as error:
                return self._failed(name, f"{error.strerror or error}: {error.filename or ''}")
            if self._stop.is_set():
                return False
            done.append(name)
            self._state_file.write_text(json.dumps({"done": done}), "utf-8")
        self._board.set("demo data", "ok")
        log.info("demo is complete", seconds=round(time.monotonic() - started, 1))
        return True

    def stop(self) -> None:
        self._stop.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGTERM)
        self._services.jobs.cancel_all(FACILITY)

    def _done(self) -> list[str]:
        try:
            found = json.loads(self._state_file.read_text("utf-8"))["done"]
        except (OSError, ValueError, KeyError):
            return []
        return [str(name) for name in found]

    def _failed(self, step: str, reason: str) -> bool:
        if self._stop.is_set():
            return False
        self._board.set("demo data", "failed", f"{step}: {reason}")
        self._say(f"The step '{step}' failed. {reason}\nStart again to go on from here.")
        log.error("demo step failed", step=step, reason=reason)
        return False

    # --- people, proposals, instruments ---------------------------------------------------------------------------

    def _people(self) -> None:
        with self._services.database.read() as session:
            users = set(session.scalars(select(Person.user)))
            instruments = set(session.scalars(select(Instrument.name)))
            proposals = set(session.scalars(select(Proposal.name)))
        for account in ACCOUNTS:
            if account["user"] not in users:
                self._services.identity.create_person(
                    account["user"],
                    account["name"],
                    account["role"],
                    password_of(account["user"]),
                    affiliation=account["affiliation"],
                    demo=True,
                )
        for instrument in self._manifest["instruments"]:
            if instrument["name"] not in instruments:
                self._services.access.create_instrument(
                    FACILITY, instrument["name"], instrument["title"], technique=instrument.get("technique")
                )
            for user in instrument.get("staff", ["iris"]):
                self._services.access.set_staff(FACILITY, instrument["name"], self._person_id(user))
        for proposal in self._manifest["proposals"]:
            if proposal["name"] not in proposals:
                self._create_proposal(proposal)
            for member in proposal["team"]:
                self._services.access.set_member(
                    FACILITY, proposal["name"], self._person_id(member["user"]), member["role"]
                )

    def _create_proposal(self, proposal: dict[str, Any]) -> None:
        self._services.access.create_proposal(
            FACILITY,
            proposal["name"],
            proposal["title"],
            type=proposal["type"],
            summary=proposal.get("summary"),
            instrument=proposal.get("instrument"),
            start_time=proposal.get("start_time"),
            end_time=proposal.get("end_time"),
            release_time=proposal.get("release_time"),
        )

    def _person_id(self, user: str) -> int:
        return self._services.identity.person_named(user).id

    # --- environment, data, catalogue -----------------------------------------------------------------------------

    def _environment(self) -> None:
        said = [0.0]

        def report(progress: Any) -> None:
            now = time.monotonic()
            if now - said[0] > 2.0:
                said[0] = now
                share = "" if progress.fraction is None else f" ({progress.fraction:.0%})"
                self._say(f"  {progress.message}{share}")

        self._services.runtime.environments.ensure("core", report)

    def _data(self) -> None:
        raise NotImplementedError

    def _ingest(self) -> None:
        raise NotImplementedError

    # --- the first analysis ---------------------------------------------------------------------------------------

    def _analysis(self) -> None:
        """Alice integrates the simulated series, so that a newcomer finds a result with its history."""
        raise NotImplementedError

    def _call(self, argv: list[str], what: str) -> None:
        """Run a program; its JSON lines become progress, the rest is shown when it fails."""
        tail: list[str] = []
        self._child = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_clean_environment()
        )
        with self._child as child:
            for line in child.stdout or ():
                message = _message(line)
                if message:
                    self._say(f"  {message}")
                else:
                    tail = [*tail[-40:], line]
        if child.returncode != 0:
            raise Unavailable(
                f"{what} ended with {child.returncode}.", remedy="Its last lines were:\n" + "".join(tail[-12:])
            )


def _clean_environment() -> dict[str, str]:
    """Without the platform's own variables: tools need proxies and certificates, not our configuration."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PANDAAS_")}


def _message(line: str) -> str | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return str(found["message"]) if isinstance(found, dict) and found.get("message") else None
