"""What the folder of work tells of it: the record of its end, whose it is, what its node said, whether its end was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pandaas.model import UnreadableFile
from pandaas.runtime.engines.port import ExitReason, ExitRecord
from pandaas.runtime.engines.slurm.persons import OWN, is_handed_over
from pandaas.runtime.engines.slurm.words import REASONS
from pandaas.runtime.files import read_json, read_text

_LOG_TAIL = 4096


def reason_of(folder: Path, state: str) -> ExitReason | None:
    """Why Slurm ended it, None where it ended by itself. What nobody has cancelled here is lost, not cancelled."""
    reason = REASONS.get(state)
    return "node" if reason == "cancelled" and not (folder / "cancel").exists() else reason


def exit_record(folder: Path) -> ExitRecord | None:
    tree: Any = read_json(folder / "exit.json")
    return ExitRecord(**tree) if isinstance(tree, dict) else None


def user_of(folder: Path) -> str:
    """The account that the work was submitted as, empty for the service's own."""
    tree = read_json(folder / "slurm.json")
    return str(tree.get("user", "")) if isinstance(tree, dict) else ""


def node_said(folder: Path) -> str:
    """The beginning of what the batch scripts wrote."""
    place = folder / OWN if is_handed_over(folder) else folder
    try:
        return "".join(read_text(file, limit=_LOG_TAIL) for file in sorted(place.glob("slurm*.out")))
    except UnreadableFile:
        return ""
