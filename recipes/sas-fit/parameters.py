"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


def _extra(group: str, order: int, unit: str = "", *, advanced: bool = False) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    return extra


class FitParameter(BaseModel):
    """One parameter of the model: its start, its bounds, and whether it is varied."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        min_length=1,
        max_length=60,
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        title="Parameter",
        description="Name as sasmodels has it, such as radius; radius_pd is the relative width of its distribution.",
    )
    value: float | None = Field(
        None, ge=-1e12, le=1e12, title="Start", description="Start value, in Å and 10⁻⁶/Å². Empty: chosen for you."
    )
    minimum: float | None = Field(
        None, ge=-1e12, le=1e12, title="Lower bound", description="Empty: chosen from the start value."
    )
    maximum: float | None = Field(
        None, ge=-1e12, le=1e12, title="Upper bound", description="Empty: chosen from the start value."
    )
    vary: bool = Field(True, title="Fit", description="Fitted if set, else kept at its start value.")
    curve: int | None = Field(
        None,
        ge=1,
        le=50,
        title="Curve",
        description="In a fit of several curves: for this one only (1 = the first). Empty: for all.",
    )

    @model_validator(mode="after")
    def _bounds(self) -> FitParameter:
        if self.minimum is not None and self.maximum is not None and self.maximum <= self.minimum:
            raise ValueError(f"{self.name}: the upper bound must be larger than the lower one")
        if self.value is not None:
            below = self.minimum is not None and self.value < self.minimum
            above = self.maximum is not None and self.value > self.maximum
            if below or above:
                raise ValueError(f"{self.name}: the start value must lie within the bounds")
        if not self.vary and self.value is None:
            raise ValueError(f"{self.name}: a parameter that is not fitted needs a value")
        return self


class Parameters(BaseModel):
    """Fit of a model of sasmodels to I(Q) with bumps."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"x-ordered": [["q_min", "<", "q_max"]]})

    model: Literal[
        "sphere",
        "core_shell_sphere",
        "fuzzy_sphere",
        "vesicle",
        "ellipsoid",
        "core_shell_ellipsoid",
        "cylinder",
        "core_shell_cylinder",
        "hollow_cylinder",
        "flexible_cylinder",
        "parallelepiped",
        "lamellar",
        "lamellar_stack_caille",
        "fractal",
        "mass_fractal",
        "guinier",
        "guinier_porod",
        "power_law",
        "porod",
        "two_power_law",
        "gaussian_peak",
        "peak_lorentz",
        "broad_peak",
        "lorentz",
        "correlation_length",
        "dab",
        "teubner_strey",
        "mono_gauss_coil",
        "poly_gauss_coil",
        "polymer_excl_volume",
        "star_polymer",
    ] = Field(
        "sphere",
        title="Model",
        description="Form factor, or empirical function, of sasmodels.",
        json_schema_extra=_extra("Model", 10),
    )
    structure_factor: Literal["none", "hardsphere", "stickyhardsphere", "squarewell", "hayter_msa"] = Field(
        "none",
        title="Structure factor",
        description="Interaction of concentrated particles; its parameters are volfraction, radius_effective and others.",
        json_schema_extra=_extra("Model", 11),
    )
    fit: list[FitParameter] = Field(
        default_factory=list,
        max_length=40,
        title="Parameters",
        description=(
            "Parameters with start value and bounds. Those not listed keep sasmodels' defaults; if none is listed, scale,"
            " background and all sizes are fitted."
        ),
        json_schema_extra=_extra("Model", 12),
    )
    own: list[str] = Field(
        default=["scale", "background"],
        max_length=40,
        title="Fitted for each curve",
        description=(
            "In a fit of several curves: these parameters have a value of their own in each curve, and so have those listed"
            " for one curve above; all others that are fitted have one value in common."
        ),
        json_schema_extra=_extra("Model", 13),
    )
    polydispersity: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Polydispersity",
        description="Relative width (standard deviation over mean) of the size distribution; kept unless listed as …_pd above.",
        json_schema_extra=_extra("Model", 14),
    )
    polydispersity_of: str | None = Field(
        None,
        max_length=60,
        title="Polydisperse parameter",
        description="Which size is distributed. Empty: the model's first one (the radius of a sphere).",
        json_schema_extra=_extra("Model", 15, advanced=True),
    )
    distribution: Literal["gaussian", "schulz", "lognormal", "rectangle"] = Field(
        "schulz",
        title="Distribution",
        description="Shape of the size distribution.",
        json_schema_extra=_extra("Model", 16, advanced=True),
    )
    q_min: float | None = Field(
        None,
        ge=0,
        le=100,
        title="Q from",
        description="Points below are left out. Empty: all.",
        json_schema_extra=_extra("Data", 20, "1/angstrom"),
    )
    q_max: float | None = Field(
        None,
        gt=0,
        le=100,
        title="Q to",
        description="Points above are left out. Empty: all.",
        json_schema_extra=_extra("Data", 21, "1/angstrom"),
    )
    q_unit: Literal["auto", "1/angstrom", "1/nm"] = Field(
        "auto",
        title="Unit of Q",
        description="Unit of Q in the file, for files that don't say; automatic takes 1/Å then, and says so.",
        json_schema_extra=_extra("Data", 22, advanced=True),
    )
    relative_error: float = Field(
        0.05,
        gt=0,
        le=1,
        title="Error if unknown",
        description="Relative uncertainty that is assumed for data without any.",
        json_schema_extra=_extra("Data", 23, advanced=True),
    )
    use_resolution: bool = Field(
        True,
        title="Instrument resolution",
        description="Smear the model with dQ where the data carry it.",
        json_schema_extra=_extra("Data", 24, advanced=True),
    )
    method: Literal["lm", "amoeba", "de", "dream"] = Field(
        "amoeba",
        title="Method",
        description=(
            "amoeba: Nelder-Mead simplex, sturdy; lm: Levenberg-Marquardt, fast with a good start; de: differential"
            " evolution, searches everywhere within the bounds; dream: Markov chain, gives full uncertainties, slow."
        ),
        json_schema_extra=_extra("Fit", 30),
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Steps",
        description="Most iterations (dream: generations after burn-in). Empty: the method's own.",
        json_schema_extra=_extra("Fit", 31, advanced=True),
    )
    seed: int = Field(
        1,
        ge=0,
        le=2**32 - 1,
        title="Seed",
        description="Start of the random numbers: the same seed gives the same fit.",
        json_schema_extra=_extra("Fit", 32, advanced=True),
    )

    @model_validator(mode="after")
    def _consistent(self) -> Parameters:
        if self.q_min is not None and self.q_max is not None and self.q_max <= self.q_min:
            raise ValueError("q_max must be larger than q_min")
        names = [(item.name, item.curve) for item in self.fit]
        twice = sorted({name for name, curve in names if names.count((name, curve)) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is listed more than once")
        return self
