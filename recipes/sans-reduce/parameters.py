"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


def _extra(group: str, order: int, unit: str = "", *, advanced: bool = False) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    return extra


class Parameters(BaseModel):
    """Counts of a SANS run to I(Q)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "x-ordered": [["wavelength_min", "<", "wavelength_max"], ["q_min", "<", "q_max"]],
            "x-together": [["centre_x", "centre_y"], ["source_aperture", "sample_aperture"]],
        },
    )

    wavelength_min: float = Field(
        2.2,
        gt=0,
        le=50,
        title="Wavelength from",
        description="Time of flight: neutrons below are left out.",
        json_schema_extra=_extra("Wavelength", 10, "angstrom"),
    )
    wavelength_max: float = Field(
        10.0,
        gt=0,
        le=50,
        title="Wavelength to",
        description="Time of flight: neutrons above are left out.",
        json_schema_extra=_extra("Wavelength", 11, "angstrom"),
    )
    wavelength_bins: int = Field(
        100,
        ge=1,
        le=2000,
        title="Wavelength bins",
        description="In as many equal bins monitor and transmission are compared.",
        json_schema_extra=_extra("Wavelength", 12, advanced=True),
    )
    bands: int = Field(
        4,
        ge=1,
        le=12,
        title="Wavelength bands",
        description="I(Q) is shown for so many parts of the wavelengths too: where they lie on each other, the corrections are right.",
        json_schema_extra=_extra("Wavelength", 13),
    )
    wavelength: float | None = Field(
        None,
        gt=0,
        le=50,
        title="Wavelength",
        description="At one wavelength: empty takes the file's.",
        json_schema_extra=_extra("Wavelength", 14, "angstrom"),
    )
    wavelength_spread: float = Field(
        0.1,
        gt=0,
        lt=1,
        title="Wavelength spread",
        description="At one wavelength: full width at half maximum over the wavelength, for the resolution.",
        json_schema_extra=_extra("Wavelength", 15, advanced=True),
    )
    q_min: float | None = Field(
        None,
        gt=0,
        le=100,
        title="Q from",
        description="Empty: the smallest that the detector sees.",
        json_schema_extra=_extra("Q", 20, "1/angstrom"),
    )
    q_max: float | None = Field(
        None,
        gt=0,
        le=100,
        title="Q to",
        description="Empty: the largest that the detector sees.",
        json_schema_extra=_extra("Q", 21, "1/angstrom"),
    )
    q_bins: int = Field(
        80, ge=2, le=5000, title="Q bins", description="Points of the curve.", json_schema_extra=_extra("Q", 22)
    )
    q_scale: Literal["log", "linear"] = Field(
        "log", title="Steps of Q", description="Equal ratios or equal steps.", json_schema_extra=_extra("Q", 23)
    )
    transmission_value: float | None = Field(
        None,
        gt=0,
        le=1.05,
        title="Transmission",
        description="One number for all wavelengths, where there is no transmission run. Empty: not corrected.",
        json_schema_extra=_extra("Corrections", 30),
    )
    background_transmission_value: float | None = Field(
        None,
        gt=0,
        le=1.05,
        title="Transmission of the empty cell",
        description="The same for the background.",
        json_schema_extra=_extra("Corrections", 31),
    )
    thickness: float | None = Field(
        None,
        gt=0,
        le=1000,
        title="Thickness",
        description="Of the sample along the beam; empty takes the file's.",
        json_schema_extra=_extra("Corrections", 32, "mm"),
    )
    scale: float | None = Field(
        None,
        gt=0,
        le=1e12,
        title="Absolute factor",
        description=(
            "From a standard of known I(Q), reduced in the same way: known over found. Only with it, a transmission and a flood"
            " I(Q) is in 1/cm."
        ),
        json_schema_extra=_extra("Corrections", 33),
    )
    incident_monitor: int = Field(
        2,
        ge=1,
        le=1_000_000,
        title="Incident monitor",
        description="Spectrum number of the monitor before the sample.",
        json_schema_extra=_extra("Instrument", 40),
    )
    transmission_monitor: int = Field(
        3,
        ge=1,
        le=1_000_000,
        title="Transmission monitor",
        description="Spectrum number of the monitor after the sample, in the transmission runs.",
        json_schema_extra=_extra("Instrument", 41),
    )
    distance: float | None = Field(
        None,
        gt=0,
        le=100,
        title="Sample to detector",
        description="Empty takes the file's, or what is known of the instrument.",
        json_schema_extra=_extra("Instrument", 42, "m"),
    )
    pixel_size: float | None = Field(
        None,
        gt=0,
        le=100,
        title="Pixel size",
        description="Of square pixels. Empty takes the file's, or what is known of the instrument.",
        json_schema_extra=_extra("Instrument", 43, "mm"),
    )
    centre_x: float | None = Field(
        None,
        ge=-10_000,
        le=10_000,
        title="Beam centre, column",
        description="In pixels, counted from 0. Empty: found from the counts.",
        json_schema_extra=_extra("Instrument", 44),
    )
    centre_y: float | None = Field(
        None,
        ge=-10_000,
        le=10_000,
        title="Beam centre, row",
        description="In pixels, counted from 0. Empty: found from the counts.",
        json_schema_extra=_extra("Instrument", 45),
    )
    beam_stop: float = Field(
        45.0,
        ge=0,
        le=5000,
        title="Beam stop radius",
        description="Pixels nearer to the beam centre are left out.",
        json_schema_extra=_extra("Instrument", 46, "mm"),
    )
    edge: int = Field(
        2,
        ge=0,
        le=1000,
        title="Edge",
        description="So many rows and columns of pixels at the edges are left out.",
        json_schema_extra=_extra("Instrument", 47, advanced=True),
    )
    source_aperture: float | None = Field(
        None,
        gt=0,
        le=1000,
        title="Source aperture",
        description="Its diameter; with the next two the resolution dQ is computed.",
        json_schema_extra=_extra("Resolution", 50, "mm"),
    )
    sample_aperture: float | None = Field(
        None,
        gt=0,
        le=1000,
        title="Sample aperture",
        description="Its diameter.",
        json_schema_extra=_extra("Resolution", 51, "mm"),
    )
    collimation: float | None = Field(
        None,
        gt=0,
        le=200,
        title="Collimation length",
        description="Between the two apertures; empty takes the file's.",
        json_schema_extra=_extra("Resolution", 52, "m"),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        if self.wavelength_max <= self.wavelength_min:
            raise ValueError("wavelength_max must be larger than wavelength_min")
        if self.q_min is not None and self.q_max is not None and self.q_max <= self.q_min:
            raise ValueError("q_max must be larger than q_min")
        if (self.centre_x is None) != (self.centre_y is None):
            raise ValueError("centre_x and centre_y belong together: give both or none")
        if (self.source_aperture is None) != (self.sample_aperture is None):
            raise ValueError("source_aperture and sample_aperture belong together: give both or none")
        return self
