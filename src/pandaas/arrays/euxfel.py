"""Runs of the European XFEL: a run is many files of one folder, known by their names, and one dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DEFINITION = "European XFEL run"
_FILE = re.compile(r"(?P<stage>RAW|CORR|PROC)-R(?P<run>[0-9]{4})-(?P<part>[A-Z0-9]+?)(?P<number>[0-9]*)-S[0-9]{5}\.h5")
_DETECTORS = ("AGIPD", "LPD", "DSSC", "JNGFR")
_MODULES = {"AGIPD": 16, "LPD": 16, "DSSC": 16}


@dataclass(frozen=True)
class Run:
    """`files` with the one to open first: the detector's first module where there is a detector."""

    stage: str
    number: int
    files: tuple[Path, ...]
    missing: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"Run {self.number} ({self.stage})"


def run_of(path: Path) -> Run | None:
    """The run that a file belongs to, by its name and those beside it; None for any other file."""
    match = _FILE.fullmatch(path.name)
    if match is None or not path.parent.is_dir():
        return None
    changed = path.parent.stat().st_mtime_ns  # one look at the folder for the hundreds of files in it
    return _run(path.parent, match["stage"], match["run"], changed)


@lru_cache(maxsize=64)
def _run(folder: Path, stage: str, run: str, changed: int) -> Run:
    found: list[tuple[bool, str, Path]] = []
    modules: dict[str, set[int]] = {}
    for file in folder.glob(f"{stage}-R{run}-*.h5"):
        match = _FILE.fullmatch(file.name)
        if match is None or not file.is_file() or file.is_symlink():
            continue
        found.append((match["part"] not in _DETECTORS, file.name, file))
        if match["part"] in _MODULES and match["number"]:
            modules.setdefault(match["part"], set()).add(int(match["number"]))
    missing = tuple(
        f"{part}{number:02}"
        for part, numbers in sorted(modules.items())
        for number in range(_MODULES[part])
        if number not in numbers
    )
    return Run(stage, int(run), tuple(file for _, _, file in sorted(found)), missing)
