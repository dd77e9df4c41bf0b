"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


def _extra(group: str, order: int, unit: str = "", *, advanced: bool = False) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    return extra


class Parameters(BaseModel):
    """Spot finding with DIALS; what is left empty is DIALS' own choice."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"x-ordered": [["d_min", "<", "d_max"]]})

    columns: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Columns",
        description="Images in one row of the grid. Empty: the scan is a line.",
        json_schema_extra=_extra("Grid", 10),
    )
    snake: bool = Field(
        True,
        title="Back and forth",
        description="Every other row was taken backwards.",
        json_schema_extra=_extra("Grid", 11),
    )
    step: float | None = Field(
        None,
        gt=0,
        le=100_000,
        title="Step",
        description="Distance of neighbouring images. Empty: places are counted.",
        json_schema_extra=_extra("Grid", 12, "um"),
    )
    no_ice: bool = Field(
        False,
        title="Without ice",
        description="Count only spots away from the rings of ice.",
        json_schema_extra=_extra("Spots", 20),
    )
    d_min: float | None = Field(
        None,
        gt=0.3,
        le=50,
        title="Highest resolution",
        description="Spots beyond are left out. Empty: all.",
        json_schema_extra=_extra("Spots", 21, "angstrom"),
    )
    d_max: float | None = Field(
        None,
        gt=0.3,
        le=500,
        title="Lowest resolution",
        description="Spots nearer to the beam are left out. Empty: all.",
        json_schema_extra=_extra("Spots", 22, "angstrom"),
    )
    min_spot_size: int | None = Field(
        None,
        ge=1,
        le=1000,
        title="Smallest spot",
        description="In pixels. Empty: 3 of pixel-array detectors, 6 of CCDs.",
        json_schema_extra=_extra("Spots", 23, advanced=True),
    )
    gain: float | None = Field(
        None,
        gt=0,
        le=10_000,
        title="Gain",
        description="Counts per photon. Empty: as DIALS knows the detector.",
        json_schema_extra=_extra("Spots", 24, advanced=True),
    )
    sigma_strong: float = Field(
        3.0,
        ge=1,
        le=100,
        title="Strong pixels",
        description="A pixel is strong when it is so many standard deviations above its surroundings.",
        json_schema_extra=_extra("Spots", 25, advanced=True),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        if self.d_min is not None and self.d_max is not None and self.d_max <= self.d_min:
            raise ValueError("d_max must be larger than d_min")
        return self
