"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator


def _extra(group: str, order: int, unit: str = "", *, advanced: bool = False) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    return extra


class Parameters(BaseModel):
    """Stills indexed with a known cell."""

    model_config = ConfigDict(extra="forbid")

    unit_cell: str = Field(
        max_length=80,
        title="Unit cell",
        description="a, b, c in Å and α, β, γ in degrees, with commas; such as 92.9, 92.9, 130.4, 90, 90, 120.",
        json_schema_extra=_extra("Crystal", 10),
    )
    space_group: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9/()\-: ]{0,20}$",
        title="Space group",
        description="Its symbol, such as P6122.",
        json_schema_extra=_extra("Crystal", 11),
    )
    fewest_spots: int = Field(
        15,
        ge=3,
        le=100_000,
        title="Fewest spots of a hit",
        description="A still with fewer is no hit and is not indexed.",
        json_schema_extra=_extra("Spots", 20),
    )
    gain: float = Field(
        25.0,
        gt=0,
        le=10_000,
        title="Gain",
        description="Counts per photon; 25 for the CSPAD in its high gain.",
        json_schema_extra=_extra("Spots", 21),
    )
    threshold: float = Field(
        100.0,
        ge=0,
        le=1e9,
        title="Threshold",
        description="Pixels with fewer counts are never strong.",
        json_schema_extra=_extra("Spots", 22, "counts"),
    )
    min_spot_size: int = Field(
        2, ge=1, le=1000, title="Smallest spot", description="In pixels.", json_schema_extra=_extra("Spots", 23)
    )

    @field_validator("unit_cell")
    @classmethod
    def _cell(cls, text: str) -> str:
        try:
            values = [float(word) for word in text.replace(";", ",").split(",")]
        except ValueError as error:
            raise ValueError("unit_cell is six numbers with commas: a, b, c, α, β, γ") from error
        if len(values) != 6:
            raise ValueError(f"unit_cell is six numbers with commas, not {len(values)}")
        if not all(2 <= length <= 5000 for length in values[:3]) or not all(10 <= angle <= 170 for angle in values[3:]):
            raise ValueError("unit_cell: lengths are 2 to 5000 Å, angles 10 to 170°")
        return ",".join(f"{value:g}" for value in values)
