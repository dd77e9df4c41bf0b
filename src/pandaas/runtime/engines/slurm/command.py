"""Slurm by its commands `sbatch`, `squeue`, `sacct`, `scancel` and `sinfo`, here or on another host by ssh."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import replace

from pandaas.config import SlurmSettings
from pandaas.model import InvalidInput, Unavailable
from pandaas.runtime.engines.slurm.driver import Accounted, NodeSize, QueueEntry, Submission

_QUEUE = "%A|%F|%T|%r|%S|%Q|%P|%V|%j"
_ACCOUNT = "JobID,JobIDRaw,State,ExitCode,ElapsedRaw,TotalCPU,MaxRSS,Start,End,NodeList,Submit,JobName"
_FAILED = "Batch job submission failed:"
_OVER = ("Invalid job id", "already completing or completed")  # its supervisor was told too, and was faster
SAID_FOR_LATER = (  # said of a submission that may succeed at another time
    "unable to contact",
    "timed out",
    "connection refused",
    "connection reset",  # the controller was killed while it was asked; whether it took the job is looked up by its name
    "broken pipe",
    "socket error",
    "connect failure",
    "message receive failure",
    "message send failure",
    "standby mode",
    "temporarily unable",
    "zero bytes",
    "maxsubmit",
    "communication connection failure",
    "authentication",
    "resource temporarily unavailable",
)


class CommandDriver:
    """See `SlurmDriver`. Answers are asked for in seconds since 1970, so time zones and locales don't matter."""

    def __init__(self, settings: SlurmSettings, *, prefix: Sequence[str] = ()) -> None:
        self._settings = settings
        self._prefix = tuple(prefix)

    def close(self) -> None:
        """Each command is a process of its own: nothing stays open."""

    def submit(self, submission: Submission) -> str:
        done = self._run("sbatch", *_options(submission), given=submission.script)
        said = done.stderr.strip()
        if done.returncode == 0:
            return done.stdout.strip().splitlines()[-1].split(";")[0]
        if any(word in said.lower() for word in SAID_FOR_LATER):
            raise Unavailable(f"Slurm takes no jobs now: {_last(said)}")
        reason = said.split(_FAILED, 1)[1].strip() if _FAILED in said else _last(said)
        raise InvalidInput(f"Slurm refused the job: {reason}", remedy="Choose another engine, or tell the operator.")

    def find(self, name: str, user: str = "") -> str | None:  # noqa: ARG002 - all are the service's
        found = [entry.job for entry in self._queue("--me", "--states=all", f"--name={name}") if entry.name == name]
        return found[0] if found else None

    def own(self) -> list[QueueEntry]:
        return self._queue("--me", "--states=all")

    def pending(self) -> list[QueueEntry]:
        return self._queue("--states=PENDING")

    def accounted(self, jobs: Sequence[str]) -> list[Accounted]:
        if not jobs:
            return []
        text = self._asked("sacct", "-n", "-P", "-D", "--units=K", f"--format={_ACCOUNT}", "-j", ",".join(jobs))
        return _accounted(text)

    def cancel(self, job: str, name: str, user: str = "") -> None:  # noqa: ARG002 - all are the service's
        done = self._run("scancel", f"--name={name}", job)
        if done.returncode and not any(words in done.stderr for words in _OVER):
            raise Unavailable(f"Slurm does not answer: {_last(done.stderr)}")

    def node_size(self) -> NodeSize:
        partition = self._settings.partition
        text = self._asked("sinfo", "-h", "-e", "-o", "%c|%m", *([f"--partition={partition}"] if partition else []))
        sizes = [line.split("|") for line in text.split()]
        if not sizes:
            raise Unavailable("Slurm shows no nodes.", remedy="Check runtime.slurm.partition.")
        return NodeSize(max(_whole(size[0]) for size in sizes), max(_whole(size[1]) for size in sizes))

    def _queue(self, *options: str) -> list[QueueEntry]:
        return _entries(self._asked("squeue", "-h", "-o", _QUEUE, *options))

    def _asked(self, program: str, *options: str) -> str:
        done = self._run(program, *options)
        if done.returncode:
            raise Unavailable(f"Slurm does not answer: {_last(done.stderr)}")
        return done.stdout

    def _run(self, program: str, *options: str, given: str = "") -> subprocess.CompletedProcess[str]:
        variables = ["SLURM_TIME_FORMAT=%s", "LC_ALL=C"]
        if self._settings.conf:
            variables.append(f"SLURM_CONF={self._settings.conf}")
        words = [*self._prefix, "env", *variables, program, *options]
        if self._settings.ssh:
            words = ["ssh", "-o", "BatchMode=yes", "--", self._settings.ssh, shlex.join(words)]
        try:
            return subprocess.run(
                words,
                input=given,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self._settings.timeout_s,
                env=self._environment(),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"Slurm's {program} did not answer within {self._settings.timeout_s:g} s.") from error
        except OSError as error:
            raise Unavailable(f"{words[0]} could not be run: {error.strerror}.") from error

    def _environment(self) -> dict[str, str]:
        """Of the command, and through `--export=ALL` of the job: nothing of the platform's own but where programs are.

        Every other way of `--export` has Slurm run a login shell of the account first, which may take as long as it likes.
        """
        if self._settings.ssh or self._prefix:
            return {
                name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH", "PANDAAS"))
            }
        return {"PATH": os.environ.get("PATH", os.defpath)}


def _options(submission: Submission) -> list[str]:
    asked = submission.directives
    minutes = -(-submission.time_limit_s // 60)
    words = [
        "--parsable",
        f"--job-name={submission.name}",
        f"--output={submission.log}",
        "--chdir=/",
        "--export=ALL",
        "--no-requeue",
        "--nodes=1",
        "--ntasks=1",
        f"--cpus-per-task={submission.cores}",
        f"--mem={submission.memory_mb}M",
        f"--time={minutes}",
    ]
    for name in ("partition", "account", "qos"):
        value = getattr(asked, name)
        if value:
            words.append(f"--{name}={value}")
    if submission.tasks > 1:
        words.append(f"--array=0-{submission.tasks - 1}")
    if asked.gpus:
        words.append(f"--gres=gpu:{asked.gpus}")
    return [*words, *asked.options]


def _entries(text: str) -> list[QueueEntry]:
    entries = []
    for line in text.splitlines():
        parts = line.split("|", 8)
        if len(parts) == 9:
            task, job, state, reason, start, priority, partition, submitted, name = parts
            entry = QueueEntry(job, name, state, reason, _time(start), _whole(priority), partition, task)
            entries.append(replace(entry, submitted=_time(submitted) or 0.0))
    return entries


def _accounted(text: str) -> list[Accounted]:
    """One entry per job or task of an array; usage is that of its steps, which sacct lists below it. A number that was given
    twice has an entry for each job that had it."""
    found: list[Accounted] = []
    for line in text.splitlines():
        parts = line.split("|", 11)
        if len(parts) != 12:
            continue
        number, raw, state, code, elapsed, cpu, rss, start, end, node, submitted, name = parts
        memory = round(_kilobytes(rss) / 1024, 1)
        if "." in raw:
            if found and found[-1].task == raw.split(".")[0]:
                found[-1] = replace(found[-1], max_rss_mb=max(found[-1].max_rss_mb, memory))
            continue
        status, _, signal = code.partition(":")
        entry = Accounted(
            number.split("_")[0],
            state.split(" ", maxsplit=1)[0],
            _whole(status),
            _whole(signal),
            float(_whole(elapsed)),
            _duration(cpu),
            memory,
            _time(start) or 0.0,
            _time(end) or 0.0,
            node,
            raw,
            name,
            _time(submitted) or 0.0,
        )
        found.append(entry)
    return found


def _duration(text: str) -> float:
    """`1-02:03:04.5`, `03:04.5` … in seconds."""
    days, _, rest = text.rpartition("-")
    seconds = float(_whole(days) * 86_400) if days else 0.0
    total = 0.0
    for part in rest.split(":"):
        try:
            total = total * 60 + float(part)
        except ValueError:
            return seconds
    return seconds + total


def _kilobytes(text: str) -> float:
    try:
        return float(text.rstrip("K") or 0)
    except ValueError:
        return 0.0


def _time(text: str) -> float | None:
    return float(text) if text.isdigit() and text != "0" else None


def _whole(text: str) -> int:
    digits = text.strip().rstrip("+")
    return int(digits) if digits.isdigit() else 0


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason given"
