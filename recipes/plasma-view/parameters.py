"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Quantity = Literal["x", "y", "z", "ux", "uy", "uz", "gamma"]


def _extra(group: str, order: int, unit: str = "", *, advanced: bool = False) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    return extra


class Parameters(BaseModel):
    """Fields and phase space with openpmd-viewer."""

    model_config = ConfigDict(extra="forbid")

    iteration: int | None = Field(
        None,
        ge=0,
        le=1_000_000_000,
        title="Iteration",
        description="Empty: the last of the file.",
        json_schema_extra=_extra("Simulation", 10),
    )
    field: str = Field(
        "",
        max_length=60,
        title="Field",
        description="Such as E, B, J or rho. Empty: E where there is one, else the first.",
        json_schema_extra=_extra("Field", 20),
    )
    component: Literal["", "x", "y", "z", "r", "t"] = Field(
        "",
        title="Component",
        description="Of a vector field. Empty: z, along the beam.",
        json_schema_extra=_extra("Field", 21),
    )
    mode: Literal["all", "0", "1", "2"] = Field(
        "all",
        title="Azimuthal mode",
        description="Of cylindrical simulations: all together, or one.",
        json_schema_extra=_extra("Field", 22),
    )
    theta: float = Field(
        0.0,
        ge=-360,
        le=360,
        title="Angle of the plane",
        description="Of cylindrical simulations: the plane through the axis.",
        json_schema_extra=_extra("Field", 23, "deg"),
    )
    cut_across: Literal["x", "y", "z"] = Field(
        "y",
        title="Cut across",
        description="Of three-dimensional simulations: the plane at right angles to this axis.",
        json_schema_extra=_extra("Field", 24),
    )
    cut_at: float = Field(
        0.0,
        ge=-1,
        le=1,
        title="Cut at",
        description="From -1, the lower end of that axis, to 1, its upper end.",
        json_schema_extra=_extra("Field", 25),
    )
    species: str = Field(
        "",
        max_length=60,
        title="Species",
        description="Particles for the phase space. Empty: the first; none where there are none.",
        json_schema_extra=_extra("Particles", 30),
    )
    horizontal: Quantity = Field(
        "z",
        title="Phase space of",
        description="Positions x, y, z in µm; momenta ux, uy, uz in mc; gamma, the Lorentz factor.",
        json_schema_extra=_extra("Particles", 31),
    )
    vertical: Quantity = Field(
        "uz", title="and of", description="The second axis.", json_schema_extra=_extra("Particles", 32)
    )
    bins: int = Field(
        200,
        ge=4,
        le=2000,
        title="Bins",
        description="Of each axis of the phase space, and of the spectrum.",
        json_schema_extra=_extra("Particles", 33),
    )

    @model_validator(mode="after")
    def _differ(self) -> Parameters:
        if self.horizontal == self.vertical:
            raise ValueError("vertical must be another quantity than horizontal")
        return self
