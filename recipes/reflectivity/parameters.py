"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


def _extra(group: str, order: int, unit: str = "", *, advanced: bool = False) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    return extra


class Layer(BaseModel):
    """One layer, and what of it is fitted. Bounds left empty are chosen around the start."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,30}$", title="Name", description="Such as oxide; names the fitted numbers."
    )
    thickness: float = Field(gt=0, le=20_000, title="Thickness", description="To begin with, in Å.")
    sld: float = Field(ge=-20, le=150, title="SLD", description="Scattering length density to begin with, in 10⁻⁶/Å².")
    roughness: float = Field(
        3.0, ge=0, le=500, title="Roughness", description="Of the interface to the layer before, in Å."
    )
    fit_thickness: bool = Field(True, title="Fit thickness", description="Varied if set.")
    fit_sld: bool = Field(False, title="Fit SLD", description="Varied if set.")
    fit_roughness: bool = Field(True, title="Fit roughness", description="Varied if set.")
    thickness_min: float | None = Field(
        None, ge=0, le=20_000, title="Thickness from", description="Empty: half of the start."
    )
    thickness_max: float | None = Field(
        None, gt=0, le=100_000, title="Thickness to", description="Empty: twice the start."
    )
    sld_min: float | None = Field(None, ge=-200, le=200, title="SLD from", description="Empty: 4 below the start.")
    sld_max: float | None = Field(None, ge=-200, le=200, title="SLD to", description="Empty: 4 above the start.")
    roughness_max: float | None = Field(
        None, gt=0, le=5000, title="Roughness to", description="Empty: 15 Å or four times."
    )

    @model_validator(mode="after")
    def _bounds(self) -> Layer:
        for name in ("thickness", "sld"):
            low, high, start = getattr(self, f"{name}_min"), getattr(self, f"{name}_max"), getattr(self, name)
            if (low is not None and low > start) or (high is not None and high < start):
                raise ValueError(f"{self.name}: the start of {name} must lie within its bounds")
        if self.roughness_max is not None and self.roughness_max < self.roughness:
            raise ValueError(f"{self.name}: the roughness begins above its bound")
        return self


class Parameters(BaseModel):
    """Fit of layers to a reflectivity curve with refnx."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"x-ordered": [["q_min", "<", "q_max"]]})

    fronting_sld: float = Field(
        0.0,
        ge=-20,
        le=150,
        title="SLD before the layers",
        description="Where the beam comes from: 0 for air, 2.07 for silicon seen by neutrons.",
        json_schema_extra=_extra("Layers", 10, "1e-6/angstrom^2"),
    )
    layers: list[Layer] = Field(
        default_factory=lambda: [Layer(name="film", thickness=200.0, sld=3.0, fit_sld=True)],
        max_length=30,
        title="Layers",
        description="From the beam's side on; to begin with an example, one film. None: a bare interface.",
        json_schema_extra=_extra("Layers", 11),
    )
    backing_sld: float = Field(
        2.07,
        ge=-20,
        le=150,
        title="SLD behind the layers",
        description="2.07 for a silicon wafer, 6.36 for D₂O, seen by neutrons.",
        json_schema_extra=_extra("Layers", 12, "1e-6/angstrom^2"),
    )
    backing_roughness: float = Field(
        3.0,
        ge=0,
        le=500,
        title="Roughness behind the layers",
        description="Of the last interface.",
        json_schema_extra=_extra("Layers", 13, "angstrom"),
    )
    fit_backing_sld: bool = Field(
        False,
        title="Fit the SLD behind",
        description="For a solvent of uncertain mixture.",
        json_schema_extra=_extra("Layers", 14),
    )
    fit_backing_roughness: bool = Field(
        True, title="Fit the last roughness", description="Varied if set.", json_schema_extra=_extra("Layers", 15)
    )
    scale: float = Field(
        1.0,
        gt=0,
        le=1e4,
        title="Scale",
        description="Factor on R(Q); 1 for a normalised curve.",
        json_schema_extra=_extra("Measurement", 20),
    )
    fit_scale: bool = Field(
        True, title="Fit the scale", description="Within ± 40 %.", json_schema_extra=_extra("Measurement", 21)
    )
    background: float = Field(
        1e-6,
        ge=0,
        le=0.1,
        title="Background",
        description="Added to R(Q).",
        json_schema_extra=_extra("Measurement", 22),
    )
    fit_background: bool = Field(
        True,
        title="Fit the background",
        description="Between 0 and three times the smallest R that was measured.",
        json_schema_extra=_extra("Measurement", 23),
    )
    resolution: float = Field(
        5.0,
        ge=0,
        le=50,
        title="Resolution",
        description="dQ/Q as full width at half maximum, for data that carry no dQ.",
        json_schema_extra=_extra("Measurement", 24, "percent"),
    )
    fit_resolution: bool = Field(
        False,
        title="Fit the resolution",
        description="For data that carry no dQ and whose resolution is unknown.",
        json_schema_extra=_extra("Measurement", 25, advanced=True),
    )
    dq_is: Literal["fwhm", "sigma"] = Field(
        "fwhm",
        title="dQ in the file is",
        description="Full width at half maximum, or one standard deviation.",
        json_schema_extra=_extra("Measurement", 26, advanced=True),
    )
    q_min: float | None = Field(
        None,
        ge=0,
        le=100,
        title="Q from",
        description="Points below are left out. Empty: all.",
        json_schema_extra=_extra("Measurement", 27, "1/angstrom"),
    )
    q_max: float | None = Field(
        None,
        gt=0,
        le=100,
        title="Q to",
        description="Points above are left out. Empty: all.",
        json_schema_extra=_extra("Measurement", 28, "1/angstrom"),
    )
    q_unit: Literal["auto", "1/angstrom", "1/nm"] = Field(
        "auto",
        title="Unit of Q",
        description="For files that don't say; automatic takes 1/Å then, and says so.",
        json_schema_extra=_extra("Measurement", 29, advanced=True),
    )
    method: Literal["de", "lm"] = Field(
        "de",
        title="Method",
        description=(
            "de: differential evolution, searches everywhere within the bounds, then Levenberg-Marquardt; lm: the latter"
            " alone, fast with a good start."
        ),
        json_schema_extra=_extra("Fit", 30),
    )
    weighting: Literal["log", "linear"] = Field(
        "log",
        title="Compare",
        description="log R, which weighs the fringes at large Q as well; or R itself.",
        json_schema_extra=_extra("Fit", 31),
    )
    steps: int = Field(
        300,
        ge=1,
        le=10_000,
        title="Steps",
        description="Most generations of differential evolution.",
        json_schema_extra=_extra("Fit", 32, advanced=True),
    )
    seed: int = Field(
        1,
        ge=0,
        le=2**31,
        title="Seed",
        description="The same seed gives the same numbers.",
        json_schema_extra=_extra("Fit", 33, advanced=True),
    )

    @model_validator(mode="after")
    def _names(self) -> Parameters:
        names = [layer.name for layer in self.layers]
        if len(set(names)) != len(names):
            raise ValueError("layers: every layer needs a name of its own")
        if self.q_min is not None and self.q_max is not None and self.q_max <= self.q_min:
            raise ValueError("q_max must be larger than q_min")
        return self
