"""The text header that DECTRIS PILATUS detectors write into miniCBF, TIFF and EDF, as NXdetector and NXbeam."""

from __future__ import annotations

import re

import h5py

from pandaas.arrays.readers import describe

_NUMBER = r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)"
_LINES = {
    "pixel_size": re.compile(rf"Pixel_size\s+{_NUMBER}\s*m\s*x\s*{_NUMBER}\s*m"),
    "beam_xy": re.compile(rf"Beam_xy\s+\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)"),
    "exposure": re.compile(rf"Exposure_time\s+{_NUMBER}\s*s"),
    "wavelength": re.compile(rf"Wavelength\s+{_NUMBER}\s*A"),
    "distance": re.compile(rf"Detector_distance\s+{_NUMBER}\s*m"),
    "threshold": re.compile(rf"Threshold_setting:?\s+{_NUMBER}\s*eV"),
    "start_angle": re.compile(rf"Start_angle\s+{_NUMBER}\s*deg"),
    "increment": re.compile(rf"Angle_increment\s+{_NUMBER}\s*deg"),
    "thickness": re.compile(rf"sensor,\s*thickness\s+{_NUMBER}\s*m"),
    "detector": re.compile(r"Detector:\s*(.+)"),
    "time": re.compile(r"(\d{4}[-/]\w{2,3}[-/]\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?)"),
}


def has_header(text: str) -> bool:
    return "Pixel_size" in text and ("Exposure_time" in text or "Silicon" in text)


def put_header(entry: h5py.Group, text: str) -> None:
    """Write what the header says. A beam position of (0, 0) means that nobody set the geometry: none is taken then."""
    found = {name: match for name, pattern in _LINES.items() if (match := pattern.search(text))}
    instrument = describe.group(entry, "instrument", "NXinstrument")
    detector = describe.group(instrument, "detector", "NXdetector")
    if "detector" in found:
        describe.text(detector, "description", found["detector"][1].strip())
    if "time" in found:
        describe.text(entry, "start_time", found["time"][1].replace("/", "-"))
    if "pixel_size" in found:
        describe.number(detector, "x_pixel_size", float(found["pixel_size"][1]), "m")
        describe.number(detector, "y_pixel_size", float(found["pixel_size"][2]), "m")
    for name, field, unit in (
        ("exposure", "count_time", "s"),
        ("threshold", "threshold_energy", "eV"),
        ("thickness", "sensor_thickness", "m"),
    ):
        if name in found:
            describe.number(detector, field, float(found[name][1]), unit)
    center = [float(found["beam_xy"][1]), float(found["beam_xy"][2])] if "beam_xy" in found else [0.0, 0.0]
    if any(center):
        describe.number(detector, "beam_center_x", center[0], "pixel")
        describe.number(detector, "beam_center_y", center[1], "pixel")
        if "distance" in found and float(found["distance"][1]) > 0:
            describe.number(detector, "distance", float(found["distance"][1]), "m")
    if "wavelength" in found and float(found["wavelength"][1]) > 0:
        describe.number(
            describe.group(instrument, "beam", "NXbeam"),
            "incident_wavelength",
            float(found["wavelength"][1]),
            "angstrom",
        )
        describe.text(describe.group(instrument, "source", "NXsource"), "probe", "x-ray")
    if "increment" in found and float(found["increment"][1]) and "start_angle" in found and "wavelength" in found:
        describe.number(
            describe.group(entry, "sample", "NXsample"), "rotation_angle", float(found["start_angle"][1]), "degree"
        )
    describe.text(describe.group(entry, "header", "NXcollection"), "detector_header", text[:60_000])
