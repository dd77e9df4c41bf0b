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
    """Scaling with DIALS; what is left empty is DIALS' own choice."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"x-ordered": [["d_min", "<", "d_max"]]})

    model: Literal["auto", "physical", "KB", "dose_decay", "array"] = Field(
        "auto",
        title="Model",
        description="physical: scale, decay and absorption (what auto takes for sweeps); KB: one scale and B factor each.",
        json_schema_extra=_extra("Scaling", 10),
    )
    absorption: Literal["auto", "low", "medium", "high"] = Field(
        "auto",
        title="Absorption",
        description="How strong it is expected to be; high for long wavelengths and heavy atoms.",
        json_schema_extra=_extra("Scaling", 11),
    )
    anomalous: bool = Field(
        False,
        title="Friedel pairs apart",
        description="Keep I(+) and I(-) apart while scaling.",
        json_schema_extra=_extra("Scaling", 12),
    )
    d_min: float | None = Field(
        None,
        gt=0.2,
        le=50,
        title="Highest resolution",
        description="Reflections beyond are left out. Empty: all.",
        json_schema_extra=_extra("Reflections", 20, "angstrom"),
    )
    d_max: float | None = Field(
        None,
        gt=0.2,
        le=500,
        title="Lowest resolution",
        description="Reflections nearer to the beam are left out. Empty: all.",
        json_schema_extra=_extra("Reflections", 21, "angstrom"),
    )
    bins: int = Field(
        20,
        ge=2,
        le=200,
        title="Bins",
        description="Of resolution, for the statistics.",
        json_schema_extra=_extra("Reflections", 22),
    )
    merge: bool = Field(
        True,
        title="Merged file",
        description="Write merged.mtz, with amplitudes, for phasing and refinement.",
        json_schema_extra=_extra("Reflections", 23),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        if self.d_min is not None and self.d_max is not None and self.d_max <= self.d_min:
            raise ValueError("d_max must be larger than d_min")
        return self
