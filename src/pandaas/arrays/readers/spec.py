"""SPEC scan files (https://certif.com/spec_manual/user_1_4_1.html): every scan is a group of columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from pandaas.arrays.readers import describe
from pandaas.arrays.readers.columns import Column, numbers_of, parse_time, unique
from pandaas.model import UnreadableFile

_MAX_SCANS = 5000


@dataclass
class _Scan:
    number: str
    command: str
    labels: list[str] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    date: str | None = None


def spec_file(file: h5py.File, path: Path, lines: list[str]) -> tuple[str, ...]:
    """`/entry/scan_N` for every scan with points; the first one is the default plot: last column over the first."""
    entry = describe.entry(file, title=path.stem)
    scans = [scan for scan in _scans(lines) if scan.rows]
    if not scans:
        raise UnreadableFile(f"{path.name} holds no scan with points.")
    moment = _file_time(lines) or scans[0].date
    if moment:
        describe.text(entry, "start_time", moment)
    for scan in scans:
        _put(entry, scan)
    entry.attrs["default"] = describe.safe_name(f"scan_{scans[0].number}")
    return ()


def _file_time(lines: list[str]) -> str | None:
    first = next((line for line in lines[:50] if line.startswith("#D ")), None)
    return parse_time(first[3:]) if first else None


def _scans(lines: list[str]) -> list[_Scan]:
    scans: list[_Scan] = []
    for line in lines:
        if line.startswith("#S ") and len(scans) < _MAX_SCANS:
            number, _, command = line[3:].strip().partition(" ")
            scans.append(_Scan(number, command.strip()))
        elif scans and line.startswith("#L "):
            scans[-1].labels = [label.strip() for label in line[3:].split("  ") if label.strip()]
        elif scans and line.startswith("#D "):
            scans[-1].date = parse_time(line[3:])
        elif scans and not line.startswith("#"):
            row = numbers_of(line)
            if row is not None and (not scans[-1].rows or len(row) == len(scans[-1].rows[0])):
                scans[-1].rows.append(row)
    return scans


def _put(entry: h5py.Group, scan: _Scan) -> None:
    values = np.array(scan.rows, dtype=np.float64)
    count = values.shape[1]
    labels = scan.labels if len(scan.labels) == count else [f"column {index + 1}" for index in range(count)]
    columns = unique([Column(label) for label in labels])
    names = [describe.safe_name(column.name) for column in columns]
    name = f"scan_{scan.number}"
    while describe.safe_name(name) in entry:  # numbers may repeat in one file
        name += "_again"
    group = describe.group(entry, name, "NXdata", signal=names[-1], axes=[names[0]])
    if len(names) > 2:
        group.attrs["auxiliary_signals"] = names[1:-1]
    describe.text(group, "title", f"{scan.number} {scan.command}"[:500])
    for index, column in enumerate(names):
        describe.array(group, column, np.ascontiguousarray(values[:, index]))
