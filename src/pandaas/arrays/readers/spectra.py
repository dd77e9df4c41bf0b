"""Spectra of multichannel analysers: ORTEC/IAEA `.spe`, EPICS `.mca` (GSECARS) and Amptek `.mca`."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.readers import describe
from pandaas.arrays.readers.columns import find_block, key_values, numbers_of, parse_time
from pandaas.model import UnreadableFile, iri_of

# Emission lines as regions of interest are named after them: "Fe Ka", "Pb La1".
_LINE = re.compile(r"\b[A-Z][a-z]?\s?[KLM](?:a|b|g|alpha|beta)[0-9]?\b")
_MAX_CHANNELS = 1 << 22


def spe(file: h5py.File, path: Path, lines: list[str]) -> tuple[str, ...]:
    """`$DATA:` holds first and last channel, then the counts; `$MCA_CAL` or `$ENER_FIT` the energy calibration."""
    sections = _sections(lines)
    data = sections.get("DATA", [])
    limits = numbers_of(data[0]) if data else None
    if limits is None or len(limits) != 2 or not 0 <= limits[0] <= limits[1] < _MAX_CHANNELS:
        raise UnreadableFile(f"{path.name} has no $DATA section that says its channels.")
    counts = [number for line in data[1:] for number in numbers_of(line) or []]
    expected = int(limits[1] - limits[0]) + 1
    if len(counts) < expected:
        raise UnreadableFile(f"{path.name} ends after {len(counts)} of {expected} channels.", remedy="Copy it again.")
    channels = np.arange(int(limits[0]), int(limits[1]) + 1, dtype=np.float64)
    entry = describe.entry(file, title=path.stem)
    name = " ".join(sections.get("SPEC_ID", [])).strip()
    if name:
        describe.text(entry, "notes", name)
    moment = parse_time(" ".join(sections.get("DATE_MEA", [])))
    if moment:
        describe.text(entry, "start_time", moment)
    times = numbers_of(" ".join(sections.get("MEAS_TIM", []))) or []
    if len(times) >= 2:
        detector = _detector(entry)
        describe.number(detector, "count_time", times[1], "s")
        describe.number(detector, "live_time", times[0], "s")
    _put(entry, np.array(counts[:expected]), channels, _calibration(sections))
    return (iri_of("XRF"),) if _LINE.search(" ".join(sections.get("ROI", []))) else ()


def _sections(lines: list[str]) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        if line.startswith("$"):
            current = sections.setdefault(line[1:].strip().rstrip(":").upper(), [])
        elif line.strip():
            current.append(line)
    return sections


def _calibration(sections: dict[str, list[str]]) -> tuple[float, float, float] | None:
    """(offset, slope, quadratic) in keV."""
    fit = numbers_of(" ".join(sections.get("ENER_FIT", []))) or []
    if len(fit) >= 2 and fit[1]:
        return fit[0], fit[1], 0.0
    lines = sections.get("MCA_CAL", [])
    factors = (numbers_of(re.sub(r"[A-Za-z]+\s*$", "", lines[1])) or []) if len(lines) > 1 else []
    if len(factors) >= 2 and factors[1]:
        return factors[0], factors[1], factors[2] if len(factors) > 2 else 0.0
    return None


def gsecars_mca(file: h5py.File, path: Path, lines: list[str]) -> tuple[str, ...]:
    """Several detector elements side by side, one column each, with a calibration each."""
    block = find_block(lines, path.name)
    values = key_values(block.before, ":")
    elements = block.values.shape[1]
    entry = describe.entry(file, title=path.stem)
    moment = parse_time(str(values.get("DATE", "")))
    if moment:
        describe.text(entry, "start_time", moment)
    detector = _detector(entry)
    for key, name in (("REAL_TIME", "count_time"), ("LIVE_TIME", "live_time")):
        times = numbers_of(str(values.get(key, ""))) or []
        if times:
            describe.array(detector, name, np.array(times), unit="s")
    offset, slope, quadratic = (
        (numbers_of(str(values.get(key, ""))) or [0.0])[0] for key in ("CAL_OFFSET", "CAL_SLOPE", "CAL_QUAD")
    )
    counts = np.ascontiguousarray(block.values.T) if elements > 1 else block.values[:, 0]
    _put(entry, counts, np.arange(len(block.values), dtype=np.float64), (offset, slope, quadratic) if slope else None)
    describe.header(entry, values)
    labels = " ".join(str(value) for key, value in values.items() if key.startswith("ROI_"))
    return (iri_of("XRF"),) if _LINE.search(labels) else ()


def amptek(file: h5py.File, path: Path, lines: list[str]) -> tuple[str, ...]:
    """`<<PMCA SPECTRUM>>`: `KEY - value` lines, then `<<DATA>>` with one count per line."""
    start = next((index for index, line in enumerate(lines) if line.strip() == "<<DATA>>"), None)
    if start is None:
        raise UnreadableFile(f"{path.name} has no <<DATA>> section.")
    block = find_block(lines[start + 1 :], path.name)
    values = {
        key.strip(): value.strip() for key, sign, value in (line.partition(" - ") for line in lines[:start]) if sign
    }
    entry = describe.entry(file, title=path.stem)
    moment = parse_time(values.get("START_TIME", ""))
    if moment:
        describe.text(entry, "start_time", moment)
    times = numbers_of(values.get("REAL_TIME", "")) or []
    if times:
        describe.number(_detector(entry), "count_time", times[0], "s")
    _put(entry, block.values[:, 0], np.arange(len(block.values), dtype=np.float64), None)
    describe.header(entry, dict(values))
    return ()


def _detector(entry: h5py.Group) -> h5py.Group:
    return describe.group(describe.group(entry, "instrument", "NXinstrument"), "detector", "NXdetector")


def _put(
    entry: h5py.Group,
    counts: NDArray[np.float64],
    channels: NDArray[np.float64],
    calibration: tuple[float, float, float] | None,
) -> None:
    """Counts over energy where a calibration is known, else over the channel."""
    axis = "energy" if calibration else "channel"
    axes = [axis] if counts.ndim == 1 else [".", axis]
    data = describe.group(entry, "data", "NXdata", signal="counts", axes=axes)
    made = describe.array(data, "counts", counts, unit="counts")
    if counts.ndim > 1:
        made.attrs["interpretation"] = "spectrum"
    describe.array(data, "channel", channels)
    if calibration:
        offset, slope, quadratic = calibration
        describe.array(data, "energy", offset + slope * channels + quadratic * channels**2, unit="keV")
