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
    """Delay-line events to images. All positions and times are in the detector's own steps."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "x-ordered": [
                ["x_from", "<", "x_to"],
                ["y_from", "<", "y_to"],
                ["t_from", "<", "t_to"],
                ["first", "<", "last"],
            ]
        },
    )

    plane: Literal["x-y", "x-t", "y-t"] = Field(
        "x-y",
        title="Image of",
        description="Positions, or one position and the arrival time.",
        json_schema_extra=_extra("Image", 10),
    )
    bins: int | None = Field(
        None,
        ge=8,
        le=4096,
        title="Bins",
        description=(
            "Most bins of each axis of the image. Empty: 256, fewer where there would be less than four events in one on average."
            " Each is a whole number of steps wide, since other widths show stripes that are none."
        ),
        json_schema_extra=_extra("Image", 11),
    )
    time_bins: int | None = Field(
        None,
        ge=8,
        le=100_000,
        title="Bins of the arrival time",
        description="Most bins of the spectrum of arrival times. Empty: 1000, fewer where there would be less than ten events in one.",
        json_schema_extra=_extra("Image", 12),
    )
    x_from: int | None = Field(
        None,
        ge=0,
        le=100_000_000,
        title="x from",
        description="Empty: all.",
        json_schema_extra=_extra("Events used", 20),
    )
    x_to: int | None = Field(
        None, gt=0, le=100_000_000, title="x to", description="Empty: all.", json_schema_extra=_extra("Events used", 21)
    )
    y_from: int | None = Field(
        None,
        ge=0,
        le=100_000_000,
        title="y from",
        description="Empty: all.",
        json_schema_extra=_extra("Events used", 22),
    )
    y_to: int | None = Field(
        None, gt=0, le=100_000_000, title="y to", description="Empty: all.", json_schema_extra=_extra("Events used", 23)
    )
    t_from: int | None = Field(
        None,
        ge=0,
        le=100_000_000,
        title="Arrival time from",
        description="With the next: an energy window. Empty: all.",
        json_schema_extra=_extra("Events used", 24),
    )
    t_to: int | None = Field(
        None,
        gt=0,
        le=100_000_000,
        title="Arrival time to",
        description="Empty: all.",
        json_schema_extra=_extra("Events used", 25),
    )
    first: int = Field(
        0,
        ge=0,
        le=100_000_000,
        title="From train",
        description="Counted from 0; of a file that is one long list, from event.",
        json_schema_extra=_extra("Events used", 26),
    )
    last: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        title="Up to train",
        description="Not included. Empty: all.",
        json_schema_extra=_extra("Events used", 27),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        for low, high in (("x_from", "x_to"), ("y_from", "y_to"), ("t_from", "t_to"), ("first", "last")):
            start, stop = getattr(self, low), getattr(self, high)
            if start is not None and stop is not None and stop <= start:
                raise ValueError(f"{high} must be larger than {low}")
        return self
