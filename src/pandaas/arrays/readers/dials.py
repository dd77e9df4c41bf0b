"""Files of DIALS (`.expt`, `.refl`): registered with what can be said without DIALS, which no reader replaces yet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py

from pandaas.arrays.reader import Contents
from pandaas.arrays.readers import describe
from pandaas.model import UnreadableFile, iri_of

_MAX_BYTES = 64 * 1024 * 1024
_NEEDS_DIALS = "Reflection tables and experiment models: needs DIALS, for which there is no reader yet."


class DialsReader:
    name = "dials"
    formats = frozenset({"dials"})

    def claims(self, path: Path, head: bytes) -> int:
        ending = path.suffix.lower()
        if ending == ".expt" and head.lstrip().startswith(b"{"):
            return 80
        return 80 if ending == ".refl" and b"reflection_table" in head else 0

    def open(self, path: Path) -> Contents:
        file = describe.memory_file()
        entry = describe.entry(file, title=path.stem)
        is_model = path.suffix.lower() == ".expt"
        describe.text(entry, "definition", "ExperimentList" if is_model else "reflection_table")
        try:
            if is_model:
                _experiment(entry, path)
        except (ValueError, RecursionError) as error:
            file.close()
            raise UnreadableFile(f"{path.name} is no experiment list of DIALS: {error}.") from error
        return Contents(path, "dials", file, techniques=(iri_of("single crystal"),), unread=(_NEEDS_DIALS,))


def _experiment(entry: h5py.Group, path: Path) -> None:
    """Wavelength, distance-free detector description and exposure of the first experiment."""
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"it is larger than {_MAX_BYTES >> 20} MB")
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict) or content.get("__id__") != "ExperimentList":
        raise ValueError("it has no experiment list")
    instrument = describe.group(entry, "instrument", "NXinstrument")
    beam = _first(content, "beam")
    if isinstance(beam.get("wavelength"), (int, float)):
        describe.number(
            describe.group(instrument, "beam", "NXbeam"), "incident_wavelength", float(beam["wavelength"]), "angstrom"
        )
    panels = _first(content, "detector").get("panels")
    panel = panels[0] if isinstance(panels, list) and panels and isinstance(panels[0], dict) else {}
    size = panel.get("pixel_size")
    if isinstance(size, list) and len(size) == 2 and all(isinstance(n, (int, float)) for n in size):
        detector = describe.group(instrument, "detector", "NXdetector")
        describe.number(detector, "x_pixel_size", float(size[0]), "mm")
        describe.number(detector, "y_pixel_size", float(size[1]), "mm")


def _first(content: dict[str, Any], key: str) -> dict[str, Any]:
    items = content.get(key)
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
