"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_NUMBER = r"\s*[-+]?\d+(\.\d*)?\s*"
_PAIR = f"{_NUMBER},{_NUMBER}"


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
    """Pulse-resolved integration of a run."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "x-ordered": [
                ["first_train", "<", "last_train"],
                ["first_pulse", "<", "last_pulse"],
                ["q_min", "<", "q_max"],
            ]
        },
    )

    distance: float = Field(
        gt=10,
        le=50_000,
        title="Sample to detector",
        description="Distance from the sample to the detector along the beam.",
        json_schema_extra=_extra("Geometry", 10, "mm", ["detector_distance", "distance", "sample_detector_distance"]),
    )
    photon_energy: float = Field(
        ge=0.2,
        le=50,
        title="Photon energy",
        description="Energy of the photons, in keV.",
        json_schema_extra=_extra("Geometry", 11, "keV", ["photon_energy", "incident_energy", "energy"]),
    )
    quadrants: str | None = Field(
        None,
        pattern=f"^{_PAIR}(;{_PAIR}){{3}}$",
        title="Positions of the quadrants",
        description=(
            "Where the four quadrants stand, as EXtra-geom takes them: x, y; x, y; x, y; x, y, in pixels for AGIPD, in mm"
            " for LPD and DSSC, the beam at 0, 0. Empty: the .geom file beside the run, else EXtra-geom's example."
        ),
        json_schema_extra=_extra("Geometry", 12),
    )
    first_train: int = Field(
        0,
        ge=0,
        le=100_000_000,
        title="From train",
        description="Counted from 0 at the run's first train with data of the detector.",
        json_schema_extra=_extra("Pulses used", 20),
    )
    last_train: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        title="Up to train",
        description="Not included. Empty: all.",
        json_schema_extra=_extra("Pulses used", 21),
    )
    first_pulse: int = Field(
        0,
        ge=0,
        le=10_000,
        title="From pulse",
        description="Counted from 0 in each train.",
        json_schema_extra=_extra("Pulses used", 22),
    )
    last_pulse: int | None = Field(
        None,
        ge=1,
        le=10_000,
        title="Up to pulse",
        description="Not included. Empty: all of each train.",
        json_schema_extra=_extra("Pulses used", 23),
    )
    least_modules: int = Field(
        1,
        ge=1,
        le=16,
        title="Least modules",
        description="Trains with data of fewer modules are left out.",
        json_schema_extra=_extra("Pulses used", 24, advanced=True),
    )
    npt: int = Field(
        500,
        ge=10,
        le=5000,
        title="Bins",
        description="Number of points of each curve.",
        json_schema_extra=_extra("Result", 30),
    )
    q_min: float | None = Field(
        None,
        ge=0,
        le=1000,
        title="q from",
        description="Empty: where the detector begins.",
        json_schema_extra=_extra("Result", 31, "1/nm"),
    )
    q_max: float | None = Field(
        None,
        gt=0,
        le=1000,
        title="q to",
        description="Empty: where the detector ends.",
        json_schema_extra=_extra("Result", 32, "1/nm"),
    )
    solid_angle: bool = Field(
        True,
        title="Solid angle correction",
        description="Divide by the solid angle that each pixel covers.",
        json_schema_extra=_extra("Corrections", 40),
    )
    polarization: float | None = Field(
        None,
        ge=-1,
        le=1,
        title="Polarization",
        description="Polarization factor: 1 for the horizontally polarised beam of most undulators. Empty: no correction.",
        json_schema_extra=_extra("Corrections", 41),
    )
    use_mask: bool = Field(
        True,
        title="Use the run's mask",
        description="Leave out the pixels that the calibration marked, frame by frame. Raw data have no mask.",
        json_schema_extra=_extra("Corrections", 42),
    )
    splitting: Literal["no", "bbox"] = Field(
        "no",
        title="Pixel splitting",
        description="'no' gives each pixel to one bin; 'bbox' shares it among the bins that it covers, and takes longer.",
        json_schema_extra=_extra("Corrections", 43, advanced=True),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        for low, high in (("first_train", "last_train"), ("first_pulse", "last_pulse"), ("q_min", "q_max")):
            start, stop = getattr(self, low), getattr(self, high)
            if start is not None and stop is not None and stop <= start:
                raise ValueError(f"{high} must be larger than {low}")
        return self
