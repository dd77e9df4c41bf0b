"""Times that other computers told, by our own clock: a controller or a node whose clock is off must not mislead anybody.

How long something took is measured by one clock and stays. How far the controller is ahead shows when it says that it took a job which we
gave it then; that a node is, where work ended before we gave it or after we looked.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from pandaas.runtime.engines.port import ExitRecord
from pandaas.runtime.engines.slurm.driver import Accounted, QueueEntry
from pandaas.runtime.engines.slurm.persons import OWN
from pandaas.runtime.files import read_text

_ASKED = "slurm-asked"
_TOLERATED_S = 60.0  # that a loaded controller may take to answer


def was_asked(folder: Path) -> bool:
    """May there be a job for this work, even if we know no number of it?"""
    return (folder / _ASKED).exists()


def note_asked(folder: Path) -> None:
    """It is submitted now."""
    (folder / _ASKED).write_text(str(time.time()), "ascii")


def forget_asked(folder: Path) -> None:
    (folder / _ASKED).unlink(missing_ok=True)


def entry_by_ours(folder: Path, entry: QueueEntry) -> QueueEntry:
    ahead = _ahead_s(folder, entry.submitted)
    return replace(entry, start=entry.start - ahead) if entry.start is not None and ahead else entry


def accounted_by_ours(folder: Path, known: Accounted) -> Accounted:
    ahead = _ahead_s(folder, known.submitted)
    started, ended = (moment - ahead if moment else 0.0 for moment in (known.started, known.ended))
    return replace(known, started=started, ended=ended)


def record_by_ours(folder: Path, record: ExitRecord) -> ExitRecord:
    """Where its times can't be, it ended when the record was written, by the clock of the disk."""
    asked, now = _asked(folder), time.time()
    if not record.started or asked is None:
        return record
    if asked - _TOLERATED_S <= record.started and record.ended <= now + _TOLERATED_S:
        return record
    ended = max(asked, min(_written(folder), now))
    return replace(record, started=max(asked, ended - record.wall_s), ended=ended)


def begun(folder: Path) -> float | None:
    """When the work itself began, by the clock of the disk; None where it has not."""
    try:
        return (folder / "supervisor.json").stat().st_mtime
    except OSError:
        return None


def _ahead_s(folder: Path, taken: float) -> float:
    """How far the controller's clock is ahead of ours; `taken` is when it says that it took the job."""
    asked = _asked(folder)
    ahead = taken - asked if taken and asked is not None else 0.0
    return ahead if abs(ahead) > _TOLERATED_S else 0.0


def _asked(folder: Path) -> float | None:
    try:
        return float(read_text(folder / _ASKED, limit=64))
    except ValueError:
        return None


def _written(folder: Path) -> float:
    for place in (folder / OWN, folder):
        try:
            return (place / "exit.json").lstat().st_mtime
        except OSError:
            continue
    return time.time()
