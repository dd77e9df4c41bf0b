"""CanSAS 1-D XML (https://www.cansas.org/formats/canSAS1d/1.1/doc/): one SASdata per entry, as NXcanSAS."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import h5py
import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pandaas.arrays.reader import Contents
from pandaas.arrays.readers import describe
from pandaas.model import UnreadableFile, iri_of

_MAX_BYTES = 64 * 1024 * 1024
_FIELDS = ("Q", "I", "Idev", "Qdev", "dQl", "dQw", "Qmean", "Shadowfactor")
_QUANTITIES = (
    ("SASinstrument/SASsource/wavelength", "instrument/beam", "NXbeam", "incident_wavelength"),
    ("SASinstrument/SASdetector/SDD", "instrument/detector", "NXdetector", "distance"),
    ("SASsample/thickness", "sample", "NXsample", "thickness"),
    ("SASsample/temperature", "sample", "NXsample", "temperature"),
    ("SASsample/transmission", "sample", "NXsample", "transmission"),
)


class CansasXmlReader:
    name = "cansas-xml"
    formats = frozenset({"cansas-xml"})

    def claims(self, path: Path, head: bytes) -> int:
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if b"SASroot" in head and start.startswith(b"<"):
            return 95
        return 40 if path.suffix.lower() == ".xml" and start.startswith(b"<") else 0

    def open(self, path: Path) -> Contents:
        if path.stat().st_size > _MAX_BYTES:
            raise UnreadableFile(f"{path.name} is XML of more than {_MAX_BYTES >> 20} MB.")
        try:
            root = fromstring(path.read_bytes(), forbid_dtd=True)
        except (ParseError, ValueError, LookupError) as error:
            reason = "it defines entities" if isinstance(error, DefusedXmlException) else str(error)
            raise UnreadableFile(f"{path.name} is no XML that can be read: {reason}.") from error
        entries = [node for node in root if _tag(node) == "SASentry"]
        if _tag(root) != "SASroot" or not entries:
            raise UnreadableFile(f"{path.name} is XML, but not CanSAS.", remedy="Of XML only CanSAS 1-D is read.")
        file = describe.memory_file()
        try:
            techniques = [_entry(file, node, index, path) for index, node in enumerate(entries[:1000])]
        except (ValueError, TypeError) as error:
            file.close()
            raise UnreadableFile(f"{path.name} holds CanSAS data that can't be read: {error}.") from error
        return Contents(path, "cansas-xml", file, techniques=tuple(dict.fromkeys(techniques)))


def _entry(file: h5py.File, node: Element, index: int, path: Path) -> str:
    name = "entry" if index == 0 else f"entry{index + 1}"
    entry = describe.group(file, name, "NXentry", canSAS_class="SASentry")
    describe.text(entry, "definition", "NXcanSAS")
    describe.text(entry, "title", _text(node, "Title") or path.stem)
    if _text(node, "Run"):
        describe.text(entry, "run_number", _text(node, "Run"))
    if _text(node, "SASsample/ID"):
        describe.text(describe.group(entry, "sample", "NXsample"), "name", _text(node, "SASsample/ID"))
    probe = _instrument(entry, node)
    _quantities(entry, node)
    tables = [child for child in node if _tag(child) == "SASdata"]
    for number, table in enumerate(tables[:1000]):
        _data(entry, table, "data" if number == 0 else f"data{number + 1}")
    return iri_of({"neutron": "SANS", "x-ray": "SAXS"}.get(probe, "SAS"))


def _instrument(entry: h5py.Group, node: Element) -> str:
    group = describe.group(entry, "instrument", "NXinstrument")
    if _text(node, "SASinstrument/name"):
        describe.text(group, "name", _text(node, "SASinstrument/name"))
    radiation = _text(node, "SASinstrument/SASsource/radiation").lower()
    probe = "neutron" if "neutron" in radiation else "x-ray" if radiation in ("x-ray", "xray", "synchrotron") else ""
    if probe:
        describe.text(describe.group(group, "source", "NXsource"), "probe", probe)
    return probe


def _quantities(entry: h5py.Group, node: Element) -> None:
    for where, place, nx_class, name in _QUANTITIES:
        found = _find(node, where)
        if found is None or not (found.text or "").strip():
            continue
        parent = entry
        *outer, last = place.split("/")
        for part in outer:
            parent = describe.group(parent, part, "NXinstrument")
        describe.number(describe.group(parent, last, nx_class), name, float(found.text or ""), found.get("unit"))


def _data(entry: h5py.Group, table: Element, name: str) -> None:
    rows = [child for child in table if _tag(child) == "Idata"]
    columns: dict[str, list[float]] = {}
    units: dict[str, str | None] = {}
    for position, row in enumerate(rows):
        for cell in row:
            tag = _tag(cell)
            if tag in _FIELDS:
                values = columns.setdefault(tag, [np.nan] * len(rows))
                values[position] = float(cell.text or "nan")
                units.setdefault(tag, cell.get("unit"))
    if "Q" not in columns or "I" not in columns:
        raise ValueError("a SASdata without Q and I")
    group = describe.group(entry, name, "NXdata", canSAS_class="SASdata", signal="I", I_axes="Q", axes=["Q"])
    for tag, values in columns.items():
        describe.array(group, tag, np.array(values), unit=units[tag])
    resolution = [name for name in ("Qdev", "dQw", "dQl") if name in columns]
    if resolution:
        group["Q"].attrs["resolutions"] = resolution
    if "Idev" in columns:
        group["I"].attrs["uncertainties"] = "Idev"


def _find(node: Element, path: str) -> Element | None:
    here: Element | None = node
    for part in path.split("/"):
        here = next((child for child in (here if here is not None else ()) if _tag(child) == part), None)
    return here


def _text(node: Element, path: str) -> str:
    found = _find(node, path)
    return " ".join((found.text or "").split()) if found is not None else ""


def _tag(node: Any) -> str:
    """The name without its namespace; comments have none."""
    return str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""
