"""The engine `slurm`: each piece of work is one batch job, run on its node under the same supervisor as everywhere. Work in
blocks with more cores than a task may have is one job array, whose tasks share its parts (`member`, `lead`, `board`).

The supervisor keeps limits, log and exit record in the work's folder, which the nodes see at the same path; Slurm says
where work stands until then, and how it ended where the supervisor could not. Before a job is submitted `slurm.json` says so,
so that after a crash it is looked for by its name first; should there be two all the same, only the one that takes `claim`
runs the work. A controller that was killed before it saved its state has forgotten jobs, and gives their numbers to others: work
that has not begun and whose name is gone is submitted once more; work that had begun, which Slurm then ends, is lost, as is all that
was cancelled in Slurm though nobody cancelled it here (`node`): whether it is started again is for the job layer to say. While Slurm doesn't answer nothing is concluded: work keeps its state, and what is new is submitted later.
"""

from __future__ import annotations

import hashlib
import shlex
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import structlog

from pandaas.config import RuntimeSettings, package_folder
from pandaas.model import InvalidInput, PandaasError, Unavailable
from pandaas.runtime.choice import Standing
from pandaas.runtime.engines.port import ExitRecord, Handle, Observation, WorkSpec
from pandaas.runtime.engines.slurm import clocks
from pandaas.runtime.engines.slurm.arrays import LEADING_MB, NODE_PATH, Arrays, leading, together, write_parts
from pandaas.runtime.engines.slurm.command import CommandDriver
from pandaas.runtime.engines.slurm.driver import (
    PENDING,
    RUNNING,
    Accounted,
    NodeSize,
    NoToken,
    QueueEntry,
    SlurmDriver,
    Submission,
)
from pandaas.runtime.engines.slurm.left import exit_record, node_said, reason_of, user_of
from pandaas.runtime.engines.slurm.persons import OWN, account_name, bring_back, hand_over, is_claimed, is_handed_over
from pandaas.runtime.engines.slurm.rest import RestDriver
from pandaas.runtime.engines.slurm.words import place_of, said_of, waits_for
from pandaas.runtime.engines.spec import never_ran, write_spec
from pandaas.runtime.files import read_json, read_text
from pandaas.runtime.sandbox import Sandbox
from pandaas.runtime.supervisor import write_atomically

log = structlog.get_logger(__name__)
_OWN_MB = 64  # for the supervisor and the sandbox, besides the work's memory
_OWN_S = 120  # the supervisor ends work at its limit; Slurm's limit is only for when it can't
_SIZE_S = 600.0
_SIZE_AGAIN_S = 30.0
_UNKNOWN_SIZE = NodeSize(1024, 16_777_216)  # until Slurm answers, which refuses by itself what is too large


class SlurmEngine:
    """See the module. One thread at a time asks Slurm, not the caller of `poll` but for the first time."""

    name = "slurm"
    settle_s = 10.0  # a record of the end may reach us later than Slurm's word of it
    lost_s = 60.0  # a task of an array that says nothing for so long is gone

    def __init__(self, settings: RuntimeSettings, sandbox: Sandbox, driver: SlurmDriver | None = None) -> None:
        self._settings = settings.slurm
        self._sandbox = sandbox
        self._driver: SlurmDriver = driver or (RestDriver if settings.slurm.rest_url else CommandDriver)(settings.slurm)
        self._arrays = Arrays(self._driver)
        self._mutex = threading.RLock()
        self._submitting = threading.Lock()
        self._numbers: dict[Path, str] = {}
        self._names: dict[Path, str] = {}
        self._unsubmitted: set[Path] = set()
        self._without_token: dict[Path, str] = {}  # what is said of work whose account has none
        self._missing: set[Path] = set()  # not in the queue: the accounting is asked
        self._last: dict[Path, Observation] = {}
        self._denied: set[Path] = set()  # neither the queue nor the accounting knows it
        self._ended_since: dict[Path, float] = {}
        self._queue: dict[str, list[QueueEntry]] = {}
        self._waiting: list[QueueEntry] = []
        self._looked = float("-inf")  # when the queue that we know was asked for
        self._looking = False
        self._trouble: str | None = None
        self._size: tuple[float, NodeSize] | None = None

    @property
    def cores(self) -> int:
        return min(self._settings.cores or self._node().cores, self._node().cores)

    @property
    def spread_cores(self) -> int:
        """The most cores of one piece of work in blocks."""
        return self._settings.cores or self._task_cores() * self._settings.array_tasks

    @property
    def memory_mb(self) -> int:
        return self._settings.memory_mb or self._node().memory_mb - _OWN_MB

    # --- the port ---------------------------------------------------------------------------------------------------

    def submit(self, work: WorkSpec) -> Handle:
        folder = work.folder.absolute()
        if not (folder / "slurm.json").exists():
            self._write(work, folder)
        try:
            self._bring(folder)
        except NoToken as error:
            self._wait_for_token(folder, error)
        except Unavailable as error:
            self._trouble = error.detail
            with self._mutex:
                self._unsubmitted.add(folder)
        except InvalidInput as error:
            write_atomically(str(folder / "exit.json"), never_ran("refused", error.detail))
            raise
        return {"folder": str(folder)}

    def poll(self, handles: Sequence[Handle]) -> list[Observation]:
        if handles and self._looked == float("-inf") and self._trouble is None and not self._looking:
            self._looking = True
            self._look()  # once, so that the first answer after a start is true
        with self._mutex:
            seen = [self._observe(Path(str(handle["folder"]))) for handle in handles]
            due = time.monotonic() - self._looked >= self._settings.poll_s
            if handles and due and not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="slurm", daemon=True).start()
            return seen

    def close(self) -> None:
        self._driver.close()

    def cancel(self, handle: Handle) -> None:
        folder = Path(str(handle["folder"]))
        if folder.is_dir():
            bring_back(folder)
        if not folder.is_dir() or (folder / "exit.json").exists():
            return
        (folder / "cancel").touch()
        number = self._number(folder)
        if number is not None:
            self._driver.cancel(number, self._name(folder), user_of(folder))
            return
        with self._mutex:
            self._unsubmitted.discard(folder)
        with self._submitting:
            if self._number(folder) is None and not is_claimed(folder):
                write_atomically(str(folder / "exit.json"), never_ran())

    def standing(self, cores: int, memory_mb: int) -> Standing:  # noqa: ARG002 - part of the port
        """As the queue stood when it was asked last; whether work starts at once, only Slurm knows."""
        with self._mutex:
            return Standing(None, len(self._waiting), answers=self._trouble is None)

    def outlook(self, cores: int, memory_mb: int) -> str:
        with self._mutex:
            ahead, trouble = len(self._waiting), self._trouble
        place = f"On the cluster (Slurm{f', partition {self._settings.partition}' if self._settings.partition else ''})"
        if trouble:
            return f"{place}, which does not answer now; the job waits until it does."
        size = f"{cores} core{'s' if cores > 1 else ''}, {memory_mb / 1000:.3g} GB"
        return f"{place}, {size}; {ahead or 'no'} job{'s wait' if ahead != 1 else ' waits'} there."

    # --- submitting -------------------------------------------------------------------------------------------------

    def _write(self, work: WorkSpec, folder: Path) -> None:
        if work.memory_mb > self.memory_mb:
            raise InvalidInput(
                f"This needs {work.memory_mb} MB of memory; a node of the cluster gives {self.memory_mb} MB.",
                remedy="Choose fewer data, or ask the operator.",
                field="memory_mb",
            )
        asked = self._settings.directives(work.recipe)
        if not work.confinement.gpu:
            asked = asked.model_copy(update={"gpus": 0})
        account = work.confinement.account if self._settings.submit_as == "person" else None
        user = account_name(account)
        tasks = 1 if user else self._tasks_of(work)
        cores = min(work.cores, self.cores) if tasks == 1 else self._task_cores()
        if user and account is not None:
            hand_over(replace(work, folder=folder), folder, account, self._sandbox, cores=cores)
        else:
            write_spec(work, self._sandbox, cores=cores, cgroup=None)
        if tasks > 1:
            described = {"tasks": tasks, "cores": cores, "lost_s": self.lost_s}
            write_parts(replace(work, folder=folder), self._sandbox, self._python(), described)
        submission = {
            "name": f"pandaas-{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}",
            "cores": cores,
            "memory_mb": work.memory_mb + _OWN_MB + LEADING_MB * (tasks > 1),
            "time_limit_s": min(work.time_limit_s, asked.time_limit_s or work.time_limit_s) + _OWN_S,
            "directives": asked.model_dump(mode="json"),
            "tasks": tasks,
            "user": user,
        }
        write_atomically(str(folder / "slurm.json"), submission)

    def _task_cores(self) -> int:
        return min(self._settings.array_cores or self._node().cores, self._node().cores)

    def _tasks_of(self, work: WorkSpec) -> int:
        """Tasks that the work is spread over."""
        if work.blocks is None:
            return 1
        return min(self._settings.array_tasks, -(-min(work.cores, self.spread_cores) // self._task_cores()))

    def _python(self) -> Path:
        return self._settings.python or Path(sys.executable)

    def _bring(self, folder: Path) -> None:
        """Submit the work unless it has been: a job of its name counts, and so does one that has begun."""
        with self._submitting:
            if self._number(folder) is not None or (folder / "exit.json").exists() or is_claimed(folder):
                return
            submission = self._submission(folder)
            number = self._driver.find(submission.name, submission.user) if clocks.was_asked(folder) else None
            if number is None:
                clocks.note_asked(folder)
                number = self._driver.submit(submission)
            write_atomically(str(folder / "slurm-job.json"), {"job": number, "time": time.time()})
            with self._mutex:
                self._numbers[folder] = number
                self._unsubmitted.discard(folder)
                self._without_token.pop(folder, None)

    def _submission(self, folder: Path) -> Submission:
        tree = read_json(folder / "slurm.json")
        if not isinstance(tree, dict):
            raise Unavailable(f"{folder / 'slurm.json'} is damaged.")
        asked = type(self._settings.directives("")).model_validate(tree.pop("directives"))
        is_array = int(tree.get("tasks", 1)) > 1
        program = ["pandaas.runtime.engines.slurm.member"] if is_array else ["pandaas.runtime.supervisor", "--attached"]
        place = folder / OWN if is_handed_over(folder) else folder
        command = shlex.join([str(self._python()), "-S", "-m", *program, str(place)])
        where = shlex.quote(str(package_folder().parent))
        script = f"#!/bin/sh\nPATH={NODE_PATH}; export PATH\nPYTHONPATH={where} exec {command}\n"
        output = place / ("slurm-%a.out" if is_array else "slurm.out")
        values = {name: tree[name] for name in ("name", "cores", "memory_mb", "time_limit_s")}
        values |= {"tasks": int(tree.get("tasks", 1)), "user": str(tree.get("user", ""))}
        return Submission(script=script, log=output, directives=asked, **values)

    def _number(self, folder: Path) -> str | None:
        """The job that runs or shall run this work."""
        if folder not in self._numbers:
            tree = read_json(folder / "slurm-job.json")
            if not isinstance(tree, dict):
                return None
            self._numbers[folder] = str(tree["job"])
        return self._numbers[folder]

    def _entries(self, folder: Path, number: str) -> list[QueueEntry]:
        """What the queue says of this work: the number alone may have become another job's."""
        name = self._name(folder)
        return [entry for entry in self._queue.get(number, []) if entry.name == name]

    def _name(self, folder: Path) -> str:
        """Of the work's job in Slurm."""
        if folder not in self._names:
            tree = read_json(folder / "slurm.json")
            self._names[folder] = str(tree.get("name", "")) if isinstance(tree, dict) else ""
        return self._names[folder]

    # --- observing --------------------------------------------------------------------------------------------------

    def _observe(self, folder: Path) -> Observation:
        seen = self._judge(folder)
        self._last[folder] = seen
        if seen.state == "ended":
            known: dict[Path, Any]
            for known in (self._last, self._ended_since, self._numbers, self._names, self._without_token):
                known.pop(folder, None)
            self._arrays.forget(folder)
            self._missing.discard(folder)
            self._denied.discard(folder)
        return seen

    def _judge(self, folder: Path) -> Observation:
        bring_back(folder)
        record = exit_record(folder)
        number = self._number(folder)
        entry = leading(folder, self._entries(folder, number)) if number else None
        if entry is not None:
            entry = clocks.entry_by_ours(folder, entry)
        if record is not None:
            seen = self._ended(folder, clocks.record_by_ours(folder, record), entry)
            if seen.exit is None or not self._arrays.is_one(folder):
                return seen
            return self._arrays.counted(folder, seen.exit, self.settle_s)
        if number is None:
            return self._unsubmitted_state(folder)
        if entry is None:
            if folder in self._denied:
                return Observation("unknown", detail=f"Slurm knows no job {number}.")
            if self._looked > float("-inf") and folder not in self._unsubmitted:
                self._missing.add(folder)
            begun = (folder / "supervisor.json").exists()
            return self._last.get(folder) or Observation("running" if begun else "queued", detail="Submitted to Slurm")
        if entry.state in PENDING:
            queue = place_of(entry, self._waiting)
            return Observation("queued", detail=waits_for(entry, queue), queue=queue)
        if entry.state in RUNNING:
            return Observation("running")
        return self._without_record(folder, entry.state, entry)

    def _unsubmitted_state(self, folder: Path) -> Observation:
        if not folder.is_dir():
            return Observation("unknown", detail="Its folder is gone.")
        if not (folder / "slurm.json").exists():
            return Observation("unknown", detail="It was never given to Slurm.")
        self._unsubmitted.add(folder)
        if folder in self._without_token:
            return Observation("queued", detail=self._without_token[folder])
        return Observation("queued", detail="Slurm does not answer; the job is submitted as soon as it does")

    def _ended(self, folder: Path, record: ExitRecord, entry: QueueEntry | None) -> Observation:
        """The supervisor's record; where something outside ended it, Slurm knows what."""
        unasked = record.reason == "cancelled" and not (folder / "cancel").exists()
        killed = record.reason == "exit" and record.signal in {9, 15}
        if record.detail or not record.started or not (unasked or killed):
            return Observation("ended", record)
        if entry is None or entry.state in PENDING | RUNNING:
            since = self._ended_since.setdefault(folder, time.monotonic())
            if time.monotonic() - since < self.settle_s:
                return Observation("running")
            reason, detail = reason_of(folder, "CANCELLED" if unasked else ""), "It was ended from outside."
        else:
            reason, detail = reason_of(folder, entry.state), said_of(entry.state)
        if unasked and reason is None:
            reason = "node"
        if reason is None or reason == record.reason:
            return Observation("ended", record)
        if entry is not None and self._arrays.outlives(folder, entry.state):
            return Observation("running")
        truth = {**asdict(record), "reason": reason, "detail": detail}
        write_atomically(str(folder / "exit.json"), truth)
        return Observation("ended", ExitRecord(**truth))

    def _without_record(self, folder: Path, state: str, entry: QueueEntry | None) -> Observation:
        """Slurm says that it has ended; give the record a moment, then write one from what Slurm knows."""
        asked = (folder / "cancel").exists()
        if state == "CANCELLED" and asked and not (folder / "supervisor.json").exists():
            write_atomically(str(folder / "exit.json"), never_ran())
            return Observation("ended", exit_record(folder))
        since = self._ended_since.setdefault(folder, time.monotonic())
        if time.monotonic() - since < self.settle_s or self._arrays.goes_on(folder, state):
            return Observation("running")
        self._missing.add(folder)  # the accounting knows what it used
        if time.monotonic() - since < 2 * self.settle_s:
            return Observation("running")
        self._missing.discard(folder)
        begun = clocks.begun(folder) or (entry.start if entry else None)
        return self._conclude(folder, state, Accounted("", state, 0, 0, 0.0, 0.0, 0.0, begun or 0.0, time.time()))

    def _conclude(self, folder: Path, state: str, used: Accounted) -> Observation:
        reason = reason_of(folder, state)
        if reason is None and state == "COMPLETED":
            return Observation("unknown", detail="Slurm says that it has ended, but it left no record.")
        if not (folder / "log.txt").exists():  # the supervisor never came up: what the node said is all there is
            (folder / "log.txt").write_text(node_said(folder), "utf-8")
        record: dict[str, Any] = {
            "code": used.code if reason is None and used.code else None,
            "signal": used.signal or None,
            "reason": reason or "exit",
            "wall_s": used.wall_s or max(0.0, used.ended - used.started) * bool(used.started),
            "cpu_s": used.cpu_s,
            "max_rss_mb": used.max_rss_mb,
            "started": used.started,
            "ended": used.ended,
            "detail": said_of(state),
        }
        write_atomically(str(folder / "exit.json"), record)
        return Observation("ended", ExitRecord(**record))

    # --- asking Slurm, in a thread of its own -----------------------------------------------------------------------

    def _look(self) -> None:
        try:
            asked = time.monotonic()
            listed = self._driver.own()
            own: dict[str, list[QueueEntry]] = {}
            for entry in listed:
                own.setdefault(entry.job, []).append(entry)
            waiting = self._driver.pending() if any(entry.state in PENDING for entry in listed) else []
            with self._mutex:
                self._queue, self._waiting, self._looked = own, waiting, asked
                unsubmitted, missing = list(self._unsubmitted), sorted(self._missing)
                numbers = dict(self._numbers)
            self._submit_late(unsubmitted)
            self._keep_arrays(numbers)
            if self._trouble:
                log.info("Slurm answers again")
            self._trouble = None
            self._ask_accounting(missing)
        except PandaasError as error:
            if self._trouble is None:
                log.warning("Slurm does not answer", reason=error.detail)
            self._trouble = error.detail
            if threading.current_thread().name == "slurm":
                time.sleep(self._settings.poll_s)
        finally:
            self._looking = False

    def _submit_late(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            try:
                self._bring(folder)
            except NoToken as error:
                self._wait_for_token(folder, error)
                continue
            except InvalidInput as error:
                write_atomically(str(folder / "exit.json"), never_ran("refused", error.detail))
            with self._mutex:
                self._unsubmitted.discard(folder)

    def _wait_for_token(self, folder: Path, error: NoToken) -> None:
        """This work waits; everything else goes on."""
        with self._mutex:
            if folder not in self._without_token:
                log.warning("no token for Slurm", folder=str(folder), reason=error.detail, remedy=error.remedy)
            self._without_token[folder] = f"{error.detail} The job waits for one."
            self._unsubmitted.add(folder)

    def _keep_arrays(self, numbers: Mapping[Path, str]) -> None:
        for folder, number in numbers.items():
            if not self._arrays.keep(folder, number, self._queue.get(number, [])):
                continue
            with self._mutex:  # it is submitted again, under another number
                for known in (self._numbers, self._ended_since):
                    known.pop(folder, None)
                self._missing.discard(folder)
                self._unsubmitted.add(folder)

    def _ask_accounting(self, folders: Sequence[Path]) -> None:
        """What is not in the queue any more has ended: the accounting knows how."""
        numbers = {number: folder for folder in folders if (number := self._number(folder)) is not None}
        if not numbers:
            return
        found: dict[str, list[Accounted]] = {}
        for entry in self._driver.accounted(sorted(numbers)):
            if entry.job in numbers and entry.name in {"", self._name(numbers[entry.job])}:
                found.setdefault(entry.job, []).append(entry)
        with self._mutex:
            for number, folder in numbers.items():
                self._accounted_for(folder, number, found.get(number, []))

    def _accounted_for(self, folder: Path, number: str, known: Sequence[Accounted]) -> None:
        queued = leading(folder, self._entries(folder, number))
        if queued is not None and queued.state in PENDING | RUNNING:
            self._missing.discard(folder)
        elif queued is None and self._is_forgotten(folder, number, known):
            since = self._ended_since.setdefault(folder, time.monotonic())
            if time.monotonic() - since >= self.settle_s:  # the accounting learns of jobs late
                self._submit_again(folder)
        elif not known:
            self._denied.add(folder)
        elif queued is None and all(entry.state in PENDING | RUNNING for entry in known):
            self._perhaps_denied(folder)
        else:
            used = clocks.accounted_by_ours(folder, together(known, read_text(folder / "claim", limit=64)))
            self._denied.discard(folder)
            settled = time.monotonic() - self._ended_since.setdefault(folder, time.monotonic()) >= self.settle_s
            ended = used.state not in PENDING | RUNNING and exit_record(folder) is None
            if settled and ended and not self._arrays.goes_on(folder, used.state):
                self._last[folder] = self._conclude(folder, used.state, used)
                self._missing.discard(folder)

    def _perhaps_denied(self, folder: Path) -> None:
        """The accounting has not heard of an end that the controller, which was killed, has forgotten; the queue is asked first."""
        since = self._ended_since.setdefault(folder, time.monotonic())
        if time.monotonic() - since >= self.settle_s and exit_record(folder) is None:
            self._denied.add(folder)

    def _is_forgotten(self, folder: Path, number: str, known: Sequence[Accounted]) -> bool:
        """It has not begun, and its number is nobody's or another's: had it been this work that completed, it had begun."""
        if is_claimed(folder) or exit_record(folder) is not None:
            return False
        return bool(self._queue.get(number)) or all(entry.state == "COMPLETED" for entry in known)

    def _submit_again(self, folder: Path) -> None:
        """As if it had not been; it is looked for by its name first, and runs once whatever comes."""
        log.warning("Slurm has forgotten a job, it is submitted again", folder=str(folder))
        (folder / "slurm-job.json").unlink(missing_ok=True)
        known: dict[Path, Any]
        for known in (self._last, self._ended_since, self._numbers):
            known.pop(folder, None)
        self._missing.discard(folder)
        self._denied.discard(folder)
        self._unsubmitted.add(folder)

    def _node(self) -> NodeSize:
        now = time.monotonic()
        if self._size is None or now - self._size[0] > _SIZE_S:
            try:
                self._size = (now, self._driver.node_size())
            except Unavailable:
                self._size = (now - _SIZE_S + _SIZE_AGAIN_S, self._size[1] if self._size else _UNKNOWN_SIZE)
        return self._size[1]
