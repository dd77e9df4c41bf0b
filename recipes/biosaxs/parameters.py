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
    """Solution scattering with freesas."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "x-ordered": [
                ["q_min", "<", "q_max"],
                ["sample_first", "<=", "sample_last"],
                ["buffer_first", "<=", "buffer_last"],
            ]
        },
    )

    measurement: Literal["auto", "batch", "elution"] = Field(
        "auto",
        title="Measurement",
        description=(
            "Batch: all frames show the same solution. Elution (SEC-SAXS): the sample passes in a peak. Automatic takes"
            " elution for a series without buffer of 20 or more frames."
        ),
        json_schema_extra=_extra("Frames", 10),
    )
    similarity: float = Field(
        0.01,
        ge=0,
        le=1,
        title="Least similarity",
        description=(
            "Frames whose CorMap probability of being the same as the first frame is lower are left out (radiation"
            " damage, bubbles). 0 keeps all."
        ),
        json_schema_extra=_extra("Frames", 11),
    )
    sample_first: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        title="First sample frame",
        description="Elution: first frame that is averaged, 0 is the first. Empty: found from the peak.",
        json_schema_extra=_extra("Frames", 12),
    )
    sample_last: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        title="Last sample frame",
        description="Elution: last frame that is averaged. Empty: found from the peak.",
        json_schema_extra=_extra("Frames", 13),
    )
    buffer_first: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        title="First buffer frame",
        description="Elution: first frame that is taken for buffer. Empty: found before the peak.",
        json_schema_extra=_extra("Frames", 14, advanced=True),
    )
    buffer_last: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        title="Last buffer frame",
        description="Elution: last frame that is taken for buffer. Empty: found before the peak.",
        json_schema_extra=_extra("Frames", 15, advanced=True),
    )
    buffer_scale: float = Field(
        1.0,
        gt=0,
        le=10,
        title="Buffer factor",
        description="The buffer is multiplied by this before it is subtracted; 1 where both are on the same scale.",
        json_schema_extra=_extra("Frames", 16, advanced=True),
    )
    q_min: float | None = Field(
        None,
        ge=0,
        le=100,
        title="q from",
        description="Points below are left out (beam stop). Empty: all.",
        json_schema_extra=_extra("Range", 20, "1/angstrom"),
    )
    q_max: float | None = Field(
        None,
        gt=0,
        le=100,
        title="q to",
        description="Points above are left out. Empty: all.",
        json_schema_extra=_extra("Range", 21, "1/angstrom"),
    )
    pr_q_max: float | None = Field(
        None,
        gt=0,
        le=100,
        title="p(r) up to q",
        description="Last q that enters the pair distance distribution. Empty: 6/Rg, beyond which noise rules.",
        json_schema_extra=_extra("Range", 22, "1/angstrom"),
    )
    q_unit: Literal["auto", "1/angstrom", "1/nm"] = Field(
        "auto",
        title="Unit of q",
        description="Unit of q in the files, for files that don't say; automatic takes 1/Å then, and says so.",
        json_schema_extra=_extra("Range", 23, advanced=True),
    )
    dmax: float | None = Field(
        None,
        gt=0,
        le=5000,
        title="Dmax to begin with",
        description="Start of the search for the largest distance. Empty: three times Rg.",
        json_schema_extra=_extra("Range", 24, "angstrom", advanced=True),
    )
    distances: int = Field(
        100,
        ge=20,
        le=500,
        title="Points of p(r)",
        description="Number of distances at which p(r) is computed.",
        json_schema_extra=_extra("Range", 25, advanced=True),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        for low, high in (("q_min", "q_max"), ("sample_first", "sample_last"), ("buffer_first", "buffer_last")):
            first, last = getattr(self, low), getattr(self, high)
            if first is not None and last is not None and (last < first or (last == first and low == "q_min")):
                raise ValueError(f"{high} must be larger than {low}")
        return self
