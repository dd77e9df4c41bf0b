"""How a job ended, in one plain sentence with what to do next, from the exit record and what the recipe said."""

from __future__ import annotations

from dataclasses import dataclass

from pandaas.db.tables import Job
from pandaas.jobs.folder import RESULT, JobFolder
from pandaas.model import JobState, PandaasError
from pandaas.runtime import ExitRecord, read_json, read_text

_TEXT = 2000
_KILLED = {9, 15}
_SIGNAL_NAMES = {4: "illegal instruction", 6: "abort", 7: "bus error", 8: "arithmetic error", 11: "memory access error"}


@dataclass(frozen=True)
class Ending:
    """The final state a job goes to; `failure` and `remedy` are for the person."""

    state: JobState
    failure: str | None = None
    remedy: str | None = None


def ending_of(job: Job, folder: JobFolder, record: ExitRecord) -> Ending:
    """Judge by the exit record first; the recipe's own words say why it failed by itself."""
    if record.reason == "cancelled":
        return Ending(JobState.CANCELLED)
    if record.reason == "timeout":
        return Ending(
            JobState.FAILED,
            f"It took longer than the limit of {_duration(job.time_limit_s)} and was stopped.",
            "Run it again with a longer time limit, or with fewer data.",
        )
    if record.reason == "memory":
        return Ending(
            JobState.FAILED,
            f"It needed more than {job.memory_mb} MB of memory and was stopped.",
            "Run it again with fewer data or coarser parameters, or ask the operator for more memory.",
        )
    if record.reason == "output":
        return Ending(
            JobState.FAILED,
            f"It wrote more than the {_output_limit(folder)} that it may, and was stopped.",
            "Run it again with fewer data or a smaller output, or ask the operator to raise the limit: runtime.output_mb, "
            "or output_mb of this recipe.",
        )
    if record.reason == "disk":
        return Ending(
            JobState.FAILED,
            "The platform's disk became full, and it was stopped.",
            "Ask the operator to make room, and see that the recipe writes no more than it needs; then run it again.",
        )
    if record.reason == "refused":
        return Ending(
            JobState.FAILED,
            f"The scheduler refused it: {record.detail}"[:_TEXT],
            "Choose another engine, or tell the operator.",
        )
    if record.reason == "node":
        return Ending(
            JobState.FAILED, f"The computer that it ran on failed. {record.detail}".strip()[:_TEXT], "Run it again."
        )
    if record.succeeded:
        if (folder.output / RESULT).exists():
            return Ending(JobState.SUCCEEDED)
        return Ending(JobState.FAILED, "It ended without writing a result.", "Tell the recipe's author; see the log.")
    return _own_failure(folder, record)


def _own_failure(folder: JobFolder, record: ExitRecord) -> Ending:
    said = _said(folder)
    if said is not None:
        return said
    if record.code == 127:
        last = _last_line(folder)
        return Ending(JobState.FAILED, f"The program could not be started: {last}", "Tell the operator.")
    if record.signal in _KILLED:
        return Ending(
            JobState.FAILED,
            "It was killed from outside, perhaps because the computer's memory was full.",
            "Run it again; if that repeats, tell the operator.",
        )
    if record.signal is not None:
        name = _SIGNAL_NAMES.get(record.signal, f"signal {record.signal}")
        return Ending(JobState.FAILED, f"The program crashed ({name}).", "See the log; tell the recipe's author.")
    return Ending(JobState.FAILED, f"The program failed: {_last_line(folder)}", "See the log for all of it.")


def _said(folder: JobFolder) -> Ending | None:
    try:
        tree = read_json(folder.output / "failure.json")
    except PandaasError:
        return None
    if not isinstance(tree, dict) or not tree.get("what"):
        return None
    remedy = tree.get("remedy")
    return Ending(JobState.FAILED, str(tree["what"])[:_TEXT], str(remedy)[:_TEXT] if remedy else None)


def warnings_of(folder: JobFolder) -> list[str]:
    try:
        found = read_json(folder.output / "warnings.json")
    except PandaasError:
        return []
    return [str(text)[:1000] for text in found[:100]] if isinstance(found, list) else []


def _output_limit(folder: JobFolder) -> str:
    """The limit that the supervisor kept, in the unit a person would use."""
    spec = read_json(folder.path / "spec.json", limit=16_777_216)
    megabytes = int(spec.get("output_mb", 0)) if isinstance(spec, dict) else 0
    return f"{megabytes / 1000:.3g} GB" if megabytes >= 1000 else f"{megabytes} MB"


def _last_line(folder: JobFolder) -> str:
    lines = [line.strip() for line in read_text(folder.log, limit=16_777_216).splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing."


def _duration(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
