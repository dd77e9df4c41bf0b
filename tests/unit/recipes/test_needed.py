"""What a run can't do without is refused before it is queued: azimuthal integration's own list, by where the geometry comes from."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from pandaas.config import bundled
from pandaas.model import InvalidInput, Parameter
from pandaas.recipes import DatasetSummary, complete_parameters, refuse_missing

SCHEMA: dict[str, Any] = runpy.run_path(str(bundled("recipes") / "saxs-integrate/parameters.py"))["Parameters"].model_json_schema()  # fmt: skip
FORM = {"distance": 200.0, "beam_center_x": 1.0, "beam_center_y": 2.0, "pixel_size_y": 172.0, "wavelength": 1.0}
PONI = "Distance: 0.2\nPoni1: 0.08\nPoni2: 0.08\nRot1: 0\n"


def data(*known: str, beside: Path | None = None) -> DatasetSummary:
    files = () if beside is None else ((beside.name, str(beside)),)
    return DatasetSummary(1, "ds-1", parameters={name: Parameter(name, 1.0, "mm") for name in known}, beside=files)


def check(given: dict[str, Any], sample: DatasetSummary, calibration: DatasetSummary | None = None) -> None:
    inputs = {"sample": [sample]} | ({"calibration": [calibration]} if calibration else {})
    refuse_missing(SCHEMA, complete_parameters(SCHEMA, given), "sample", inputs)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "distance"),
        ({"geometry_source": "calibration", **FORM}, "calibration"),
        ({"geometry_source": "file"}, "distance"),
        ({**FORM, "distance": None}, "distance"),
        ({**FORM, "wavelength": None}, "wavelength"),
        ({**FORM, "pixel_size_y": None}, "pixel_size_x"),
    ],
)
def test_a_geometry_that_nothing_tells_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(given, data())
    assert caught.value.field == field
    assert re.search(rf"[(']{field}[)']", caught.value.detail)
    assert caught.value.remedy


def test_it_may_come_from_the_form_the_data_a_calibration_or_a_file_beside(tmp_path: Path) -> None:
    poni = tmp_path / "a.poni"
    poni.write_text(PONI + "Wavelength: 1e-10\n")
    check(FORM, data())
    check({**FORM, "unit": "2th_deg", "wavelength": None}, data())
    check({}, data("detector_distance", "x_pixel_size", "beam_center_x", "beam_center_y", "photon_energy"))
    check({}, data(beside=poni))
    check({}, data(), data(beside=poni))
    check({"geometry_source": "calibration"}, data(), data(beside=poni))


def test_a_poni_file_tells_what_stands_in_it(tmp_path: Path) -> None:
    poni = tmp_path / "a.poni"
    poni.write_text(PONI)
    with pytest.raises(InvalidInput, match="Wavelength") as caught:
        check({}, data(beside=poni))
    assert caught.value.field == "wavelength"
    poni.write_text(PONI.replace("0.2", "far"))
    with pytest.raises(InvalidInput, match=r"a\.poni is no usable PONI file: its Distance is no number: far"):
        check({}, data(beside=poni))
    with pytest.raises(InvalidInput, match="can't be used") as caught:
        check(FORM, data(), data(beside=poni))
    assert caught.value.field == "calibration"
    with pytest.raises(InvalidInput) as caught:
        check({"geometry_source": "file"}, data(beside=poni))
    assert "calibration" not in str(caught.value.remedy)


def test_what_an_earlier_step_will_tell_is_not_missing() -> None:
    refuse_missing(SCHEMA, complete_parameters(SCHEMA, {}), "sample", {"sample": [data()]}, to_come=["calibration"])
