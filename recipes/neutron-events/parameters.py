"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Quantity = Literal["tof", "wavelength", "Q", "dspacing", "energy", "two_theta", "time"]
SecondQuantity = Literal["none", "tof", "wavelength", "Q", "dspacing", "energy", "two_theta", "time", "pixel"]


def _extra(group: str, order: int, unit: str = "", *, advanced: bool = False) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    return extra


class Parameters(BaseModel):
    """Events to histograms with scipp."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"x-ordered": [["minimum", "<", "maximum"], ["time_from", "<", "time_to"]]}
    )

    quantity: Quantity = Field(
        "tof",
        title="Over",
        description=(
            "Time of flight (µs), wavelength (Å), momentum transfer Q (1/Å), d-spacing (Å), energy (meV), scattering angle"
            " 2θ (degrees) or time since the start (s). All but time and time of flight need the detector's geometry."
        ),
        json_schema_extra=_extra("Histogram", 10),
    )
    bins: int = Field(
        400, ge=2, le=100_000, title="Bins", description="Number of bins.", json_schema_extra=_extra("Histogram", 11)
    )
    minimum: float | None = Field(
        None,
        ge=0,
        le=1e9,
        title="From",
        description="Lower edge, in the quantity's unit. Empty: the smallest value that occurs.",
        json_schema_extra=_extra("Histogram", 12),
    )
    maximum: float | None = Field(
        None,
        gt=0,
        le=1e9,
        title="To",
        description="Upper edge. Empty: the largest value that occurs.",
        json_schema_extra=_extra("Histogram", 13),
    )
    scale: Literal["linear", "log"] = Field(
        "linear",
        title="Bins are",
        description="Equally wide, or equally wide in the logarithm.",
        json_schema_extra=_extra("Histogram", 14),
    )
    second: SecondQuantity = Field(
        "none",
        title="And over",
        description="A second axis makes a map, such as Q over time, or counts of each pixel.",
        json_schema_extra=_extra("Histogram", 15),
    )
    second_bins: int = Field(
        100,
        ge=2,
        le=10_000,
        title="Bins of the second axis",
        description="Number of bins; without meaning for pixels.",
        json_schema_extra=_extra("Histogram", 16),
    )
    time_from: float | None = Field(
        None,
        ge=0,
        le=1e8,
        title="Events from",
        description="Only events of pulses from this time after the start on. Empty: all.",
        json_schema_extra=_extra("Time", 20, "s"),
    )
    time_to: float | None = Field(
        None,
        gt=0,
        le=1e8,
        title="Events to",
        description="Only events of pulses before this time after the start. Empty: all.",
        json_schema_extra=_extra("Time", 21, "s"),
    )
    source_distance: float | None = Field(
        None,
        gt=0,
        le=500,
        title="Moderator to sample",
        description="Empty: as the file says.",
        json_schema_extra=_extra("Geometry", 30, "m"),
    )
    detector_distance: float | None = Field(
        None,
        gt=0,
        le=100,
        title="Sample to detector",
        description=(
            "Moves the detector along the beam so that its mean distance is this; for files whose pixel positions are not"
            " those of the measurement. Empty: as the file says."
        ),
        json_schema_extra=_extra("Geometry", 31, "m"),
    )
    frame_start: float = Field(
        0.0,
        ge=0,
        le=1e7,
        title="Frame starts at",
        description=(
            "Time of flight of the first neutrons of a pulse. Events that are earlier belong to the pulse before: the frame"
            " period is added to them until they are not."
        ),
        json_schema_extra=_extra("Geometry", 32, "us", advanced=True),
    )
    frame_period: float | None = Field(
        None,
        gt=0,
        le=1e7,
        title="Frame period",
        description="Time between the pulses that send neutrons. Empty: from the file's frequency, else 1/60 s.",
        json_schema_extra=_extra("Geometry", 33, "us", advanced=True),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        for low, high in (("minimum", "maximum"), ("time_from", "time_to")):
            first, last = getattr(self, low), getattr(self, high)
            if first is not None and last is not None and last <= first:
                raise ValueError(f"{high} must be larger than {low}")
        if self.second == self.quantity:
            raise ValueError("the second axis must be another quantity than the first")
        if self.scale == "log" and self.minimum is not None and self.minimum <= 0:
            raise ValueError("minimum must be positive for logarithmic bins")
        return self
