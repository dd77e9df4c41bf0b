"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


def _extra(
    group: str, order: int, unit: str = "", source: list[str] | None = None, *, advanced: bool = False
) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    if source:
        extra["from"] = source
    return extra


class Parameters(BaseModel):
    """Calibration of a detector's geometry with pyFAI."""

    model_config = ConfigDict(extra="forbid")

    calibrant: str = Field(
        min_length=1,
        max_length=40,
        title="Calibrant",
        description="Name as pyFAI has it: CeO2, LaB6, Si, Al2O3, Au, AgBh, Ni, Cr2O3 …",
        json_schema_extra=_extra("Calibrant", 10),
    )
    wavelength: float = Field(
        gt=0.05,
        le=50,
        title="Wavelength",
        description="Kept: distance and wavelength can't both be found from one image.",
        json_schema_extra=_extra("Calibrant", 11, "angstrom", ["wavelength", "incident_wavelength", "photon_energy"]),
    )
    rings: int = Field(
        15,
        ge=2,
        le=50,
        title="Rings",
        description="The innermost rings that are used.",
        json_schema_extra=_extra("Calibrant", 12),
    )
    distance: float = Field(
        gt=1,
        le=100_000,
        title="Distance",
        description="From sample to detector, to begin with; within about 1 %.",
        json_schema_extra=_extra("Beginning", 20, "mm", ["detector_distance", "distance", "sample_detector_distance"]),
    )
    beam_center_x: float = Field(
        ge=-100_000,
        le=100_000,
        title="Beam centre x",
        description="Column, counted from the corner of the image's first pixel; within about five pixels.",
        json_schema_extra=_extra("Beginning", 21, "pixel", ["beam_center_x"]),
    )
    beam_center_y: float = Field(
        ge=-100_000,
        le=100_000,
        title="Beam centre y",
        description="Row, counted from the corner of the image's first pixel.",
        json_schema_extra=_extra("Beginning", 22, "pixel", ["beam_center_y"]),
    )
    pixel_size_x: float = Field(
        gt=0.1,
        le=10_000,
        title="Pixel width",
        description="Size of a pixel along a row.",
        json_schema_extra=_extra("Beginning", 23, "um", ["x_pixel_size", "pixel_size_x"]),
    )
    pixel_size_y: float | None = Field(
        None,
        gt=0.1,
        le=10_000,
        title="Pixel height",
        description="Empty: as wide.",
        json_schema_extra=_extra("Beginning", 24, "um", ["y_pixel_size", "pixel_size_y"], advanced=True),
    )
    refine_tilt: bool = Field(
        True,
        title="Refine the tilt",
        description="Rotations of the detector about its rows and columns.",
        json_schema_extra=_extra("Beginning", 25),
    )
    orientation: Literal["as_stored", "flip_vertical", "flip_horizontal", "rotate_180"] = Field(
        "as_stored",
        title="Image orientation",
        description="Some programs store the image upside down; the geometry is that of the turned image.",
        json_schema_extra=_extra("Image", 30),
    )
    maximum_counts: float | None = Field(
        None,
        gt=0,
        le=1e12,
        title="Saturation",
        description="Pixels above are left out. Empty: only the detector's own marks of invalid pixels.",
        json_schema_extra=_extra("Image", 31, advanced=True),
    )
    array: str | None = Field(
        None,
        title="Array",
        description="Inner path of the image inside the file. Empty: the dataset's default array.",
        json_schema_extra=_extra("Image", 32, advanced=True),
    )
