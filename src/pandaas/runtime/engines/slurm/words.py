"""What waiting in Slurm and its ends mean, in words for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pandaas.model import ordinal
from pandaas.runtime.engines.port import ExitReason, QueuePlace
from pandaas.runtime.engines.slurm.driver import QueueEntry

REASONS: dict[str, ExitReason] = {  # of Slurm's states that are ends from outside
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "OUT_OF_MEMORY": "memory",
    "CANCELLED": "cancelled",
    "NODE_FAIL": "node",
    "BOOT_FAIL": "node",
    "PREEMPTED": "node",
    "REVOKED": "node",
}
_WAITS = {
    "Resources": "waits for free nodes",
    "Priority": "others come first",
    "None": "about to be scheduled",
    "Dependency": "waits for another job",
    "PartitionDown": "the partition is down",
    "PartitionInactive": "the partition takes no jobs now",
    "PartitionTimeLimit": "the partition allows less time",
    "PartitionNodeLimit": "the partition allows fewer nodes",
    "ReqNodeNotAvail": "nodes are down or reserved",
    "Reservation": "waits for its reservation",
    "JobHeldAdmin": "held by the cluster's operator",
    "JobHeldUser": "held",
    "BeginTime": "its time has not come",
    "Licenses": "waits for a licence",
    "NodeDown": "a node is down",
    "BadConstraints": "no node has what it asks for",
    "InvalidAccount": "the account is not valid",
    "InvalidQOS": "the quality of service is not valid",
}


def place_of(entry: QueueEntry, waiting: Sequence[QueueEntry]) -> QueuePlace:
    """Where it stands among the jobs that wait in its partition."""
    line = sorted(
        (other for other in waiting if other.partition == entry.partition),
        key=lambda other: (-other.priority, _number(other.job)),
    )
    place = next((index for index, other in enumerate(line, 1) if other.job == entry.job), None)
    reason = _reason(entry.reason) if entry.reason else ""
    return QueuePlace(place, len(line) if place is not None else None, reason, entry.start)


def waits_for(entry: QueueEntry, queue: QueuePlace) -> str:
    """Position, reason and expected start, for example "Waiting in Slurm: 2nd of 7 in main, others come first"."""
    parts = []
    if queue.place is not None:
        parts.append(f"{ordinal(queue.place)} of {queue.of} in {entry.partition}")
    if queue.reason:
        parts.append(queue.reason)
    if queue.expected_start:
        parts.append(f"expected to start {datetime.fromtimestamp(queue.expected_start, UTC):%d %b %H:%M} UTC")
    return "Waiting in Slurm" + (": " + ", ".join(parts) if parts else "")


def _reason(reason: str) -> str:
    word = reason.split(",", maxsplit=1)[0].strip()
    if word in _WAITS:
        return _WAITS[word]
    if word.startswith(("QOS", "Assoc")):
        return f"a limit of the account is reached ({word})"
    return f"reason: {reason}"


def _number(job: str) -> int:
    digits = job.split("_", maxsplit=1)[0]
    return int(digits) if digits.isdigit() else 0


def said_of(state: str) -> str:
    """How Slurm says that work has ended."""
    return f"Slurm says: {state.replace('_', ' ').lower()}."
