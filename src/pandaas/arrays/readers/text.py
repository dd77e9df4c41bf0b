"""Column text: reduced curves (.dat .xy .xye .txt), XDI, SPEC scans and spectra of multichannel analysers (.mca .spe)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pandaas.arrays.reader import Contents
from pandaas.arrays.readers import absorption, describe
from pandaas.arrays.readers.columns import (
    MAX_BYTES,
    Block,
    Column,
    find_block,
    key_values,
    labels_before,
    parse_time,
    unique,
)
from pandaas.arrays.readers.spec import spec_file
from pandaas.arrays.readers.spectra import amptek, gsecars_mca, spe
from pandaas.model import UnreadableFile, iri_of

_ENDINGS = (
    ".dat",
    ".xy",
    ".xye",
    ".txt",
    ".xdi",
    ".mca",
    ".spe",
    ".chi",
    ".iq",
    ".asc",
    ".csv",
    ".ses",
    ".abs",
    ".spec",
)
_ERROR = re.compile(r"^(err.*|sigma.*|su|esd|e\.?s\.?d\.?|d[iry]|std.*|unc.*|.*error)$", re.IGNORECASE)
_FLUORESCENCE = re.compile(r"x-?ray fluorescence|fluorescence beam|fluorescence spectrum", re.IGNORECASE)
# More further columns than this are a table of many quantities, not curves of one plot.
_CURVES = 8
_DEGREES = re.compile(r"^(2[- _]?th(eta)?.*|tth.*|two[_ ]?theta)$", re.IGNORECASE)


class TextReader:
    name = "text"
    formats = frozenset({"text", "xdi", "spec", "mca", "spe"})

    def claims(self, path: Path, head: bytes) -> int:
        if not head or b"\0" in head:
            return 0
        if head.startswith((b"#F ", b"#S ")):
            return 80
        if head.lstrip().startswith((b"#XDI/", b"# XDI/", b"$SPEC_ID", b"<<PMCA")):
            return 85
        return 50 if path.suffix.lower() in _ENDINGS else 0

    def open(self, path: Path) -> Contents:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableFile(
                f"{path.name} is text of more than {MAX_BYTES >> 20} MB.", remedy="Store arrays of this size in NeXus."
            )
        text = path.read_bytes().decode("utf-8", "replace").lstrip("\ufeff")
        if "\0" in text:
            raise UnreadableFile(f"{path.name} is no text.", remedy="Its name promises columns of numbers.")
        file = describe.memory_file()
        try:
            kind, techniques = _describe(file, path, text.splitlines())
        except (ValueError, OverflowError, RecursionError) as error:
            file.close()
            raise UnreadableFile(f"The header of {path.name} can't be understood: {error}.") from error
        except BaseException:
            file.close()
            raise
        return Contents(path, kind, file, techniques=techniques)


def _describe(file: h5py.File, path: Path, lines: list[str]) -> tuple[str, tuple[str, ...]]:
    first = next((line.strip() for line in lines if line.strip()), "")
    special: tuple[tuple[bool, str, Callable[[h5py.File, Path, list[str]], tuple[str, ...]]], ...] = (
        (first.startswith("$"), "spe", spe),
        (first.startswith("<<PMCA"), "mca", amptek),
        (
            first.startswith("VERSION:") and any(line.startswith("CHANNELS:") for line in lines[:200]),
            "mca",
            gsecars_mca,
        ),
        (any(line.startswith("#S ") for line in lines), "spec", spec_file),
    )
    for applies, kind, read in special:
        if applies:
            return kind, read(file, path, lines)
    block = find_block(lines, path.name)
    if block.values.shape[1] == 1:
        return "mca" if path.suffix.lower() == ".mca" else "text", _one_column(file, path, block)
    if re.match(r"#\s*XDI/", first):
        return "xdi", _xdi(file, path, block)
    return "text", _columns(file, path, block)


def _one_column(file: h5py.File, path: Path, block: Block) -> tuple[str, ...]:
    """Counts per channel."""
    entry = describe.entry(file, title=path.stem)
    data = describe.group(entry, "data", "NXdata", signal="counts")
    describe.array(data, "counts", block.values[:, 0])
    notes = "\n".join(line.lstrip("# ") for line in block.before)
    if notes.strip():
        describe.text(entry, "notes", notes[:20_000])
    return (iri_of("XRF"),) if _FLUORESCENCE.search(notes) else ()


def _xdi(file: h5py.File, path: Path, block: Block) -> tuple[str, ...]:
    """XDI, https://github.com/XraySpectroscopy/XAS-Data-Interchange: `Column.N: name unit || source`."""
    values = key_values(block.before, ":")
    columns = [Column(f"column {index + 1}") for index in range(block.values.shape[1])]
    for key, value in values.items():
        match = re.fullmatch(r"Column\.(\d+)", key, re.IGNORECASE)
        if match and 1 <= int(match[1]) <= len(columns):
            words = str(value).partition("||")[0].split()
            if words:
                columns[int(match[1]) - 1] = Column(words[0], words[1] if len(words) > 1 else None)
    entry = describe.entry(file, title=str(values.get("Sample.name") or path.stem), definition="NXxas")
    start, end = str(values.get("Scan.start_time", "")), str(values.get("Scan.end_time", ""))
    for name, moment in (("start_time", start), ("end_time", end)):
        if parse_time(moment):
            describe.text(entry, name, moment)
    _beamline(entry, values)
    element = values.get("Element.symbol") or values.get("ScanParameters.element") or ""
    _put(entry, unique(columns), block, element=str(element).partition("||")[0].strip())
    describe.header(entry, values)
    return (iri_of("XAS"),)


def _beamline(entry: h5py.Group, values: dict[str, Any]) -> None:
    if values.get("Beamline.name"):
        describe.text(describe.group(entry, "instrument", "NXinstrument"), "name", str(values["Beamline.name"]))
    if values.get("Facility.name"):
        source = describe.group(describe.group(entry, "instrument", "NXinstrument"), "source", "NXsource")
        describe.text(source, "name", str(values["Facility.name"]))
    spacing = str(values.get("Mono.d_spacing") or values.get("Mono.dspacing") or "").partition("||")[0].split()
    if spacing:
        crystal = describe.group(describe.group(entry, "instrument", "NXinstrument"), "crystal", "NXcrystal")
        describe.number(crystal, "d_spacing", float(spacing[0]), "angstrom")
    if values.get("Sample.name"):
        describe.text(describe.group(entry, "sample", "NXsample"), "name", str(values["Sample.name"]))


def _columns(file: h5py.File, path: Path, block: Block) -> tuple[str, ...]:
    count = block.values.shape[1]
    columns = labels_before(block.before, count) or _usual_names(path, count)
    entry = describe.entry(file, title=path.stem)
    values = key_values(block.before)
    raw = _raw_header(block.after)
    if raw:
        _bioxtas(entry, raw)
        columns = [
            Column(column.name, column.unit or ("1/angstrom" if i == 0 else None)) for i, column in enumerate(columns)
        ]
    techniques = _technique(path, columns, block, bool(raw))
    _integration(entry, values)
    _put(entry, unique(columns), block)
    describe.header(entry, values)
    notes = "\n".join(line.lstrip("# ") for line in block.before if line.strip("# "))
    if notes:
        describe.text(entry, "notes", notes[:20_000])
    return techniques


def _usual_names(path: Path, count: int) -> list[Column]:
    """What columns without names are: x, y and, where there are three, the standard deviation of y."""
    names = ["x", "y", "error"] if count == 3 else ["x", "y", *(f"column {i + 3}" for i in range(count - 2))]
    return [Column(name) for name in names[:count]]


def _technique(path: Path, columns: list[Column], block: Block, bioxtas: bool) -> tuple[str, ...]:
    """Only what name or header make certain; everything else is left to the instrument's default or the person."""
    names = [column.name.lower() for column in columns]
    header = "\n".join(block.before).lower()
    if bioxtas:
        return (iri_of("SAXS"),)
    if path.suffix.lower() == ".xye":
        return (iri_of("powder"),)
    if _DEGREES.match(names[0]) and "pyfai" in header:
        return (iri_of("XPD"),)
    if absorption.is_scan(columns):
        return (iri_of("XAS"),)
    if names[0] == "q" and names[1].startswith("i"):
        return (iri_of("SAS"),)
    return ()


def _put(entry: h5py.Group, columns: list[Column], block: Block, *, element: str | None = None) -> None:
    """The columns as an NXdata: the first is the axis; signal, errors and further signals by their names.

    Of an absorption scan the signal is µ(E): a column of that name, else what is computed from the intensities.
    """
    named = absorption.named(columns)
    computed = absorption.derived(columns, block.values, element) if named is None else []
    signal = _signal(columns) if named is None else named
    errors = next((i for i in range(signal + 1, len(columns)) if _ERROR.match(columns[i].name)), None)
    names = [describe.safe_name(column.name) for column in columns]
    shown = computed[0].name if computed else names[signal]
    data = describe.group(entry, "data", "NXdata", signal=shown, axes=[names[0]])
    others = [i for i in range(1, len(names)) if i not in (signal, errors)]
    if named is not None:  # beside µ(E) the intensities would only flatten it
        others = [i for i in others if absorption.is_absorption(columns[i])]
    if others and len(others) <= _CURVES and not computed:
        data.attrs["auxiliary_signals"] = [names[i] for i in others]
    for index, column in enumerate(columns):
        unit = column.unit or ("degree" if index == 0 and _DEGREES.match(column.name) else None)
        made = describe.array(data, names[index], np.ascontiguousarray(block.values[:, index]), unit=unit)
        made.attrs["long_name"] = f"µ(E), column {column.name}" if index == named else column.name
    for one in computed:
        made = describe.array(data, one.name, one.values, long_name=one.label)
        made.attrs["derived"] = f"{one.formula}; computed by the platform, not in the file"
    if errors is not None and not computed:
        data[names[signal]].attrs["uncertainties"] = names[errors]


def _signal(columns: list[Column]) -> int:
    """The second column, but what was measured behind the sample where that is known."""
    names = [column.name.lower() for column in columns]
    if "energy" in names[0] and len(columns) > 2:
        for wanted in ("itrans", "it", "i1", "if", "ifluor"):
            if wanted in names[1:]:
                return names.index(wanted)
    return 1


def _raw_header(lines: list[str]) -> dict[str, Any]:
    """The JSON that BioXTAS RAW writes behind its curves, as comments."""
    if not any("### HEADER" in line for line in lines):
        return {}
    text = "\n".join(line.lstrip("#").strip() for line in lines if "### HEADER" not in line)
    try:
        found = json.loads(text[text.index("{") : text.rindex("}") + 1])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _bioxtas(entry: h5py.Group, raw: dict[str, Any]) -> None:
    """Geometry and conditions out of a BioXTAS RAW header."""
    values = raw.get("calibration_params")
    known = values if isinstance(values, dict) else {}
    instrument = describe.group(entry, "instrument", "NXinstrument")
    detector = describe.group(instrument, "detector", "NXdetector")
    beam = describe.group(instrument, "beam", "NXbeam")
    describe.text(describe.group(instrument, "source", "NXsource"), "probe", "x-ray")
    for group, name, key, unit in (
        (detector, "distance", "Sample-to-detector distance (mm)", "mm"),
        (detector, "x_pixel_size", "Detector_X_Pixel_Size", "um"),
        (detector, "y_pixel_size", "Detector_Y_Pixel_Size", "um"),
        (detector, "beam_center_x", "Beam_Center_X", "pixel"),
        (detector, "beam_center_y", "Beam_Center_Y", "pixel"),
        (beam, "incident_wavelength", "Wavelength (A)", "angstrom"),
    ):
        if isinstance(known.get(key), (int, float)):
            describe.number(group, name, float(known[key]), unit)
    counters = raw.get("counters")
    if isinstance(counters, dict):
        moment = parse_time(str(counters.get("date", "")))
        if moment:
            describe.text(entry, "start_time", moment)
        describe.header(entry, counters, "counters")


def _integration(entry: h5py.Group, values: dict[str, Any]) -> None:
    """Geometry as pyFAI writes it above an integrated curve."""
    length = re.compile(r"([-+0-9.eE]+)\s*(m|mm)\b")
    distance = length.search(str(values.get("Distance Sample to Detector", "")))
    wavelength = length.search(str(values.get("Wavelength", "")))
    if distance or wavelength:
        instrument = describe.group(entry, "instrument", "NXinstrument")
        if distance:
            describe.number(
                describe.group(instrument, "detector", "NXdetector"), "distance", float(distance[1]), distance[2]
            )
        if wavelength:
            describe.number(
                describe.group(instrument, "beam", "NXbeam"), "incident_wavelength", float(wavelength[1]), wavelength[2]
            )
            describe.text(describe.group(instrument, "source", "NXsource"), "probe", "x-ray")
