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
    """Reduction of an absorption scan with xraylarch. Energies named 'relative' count from the edge E0."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "x-ordered": [
                ["pre_edge_from", "<", "pre_edge_to"],
                ["post_edge_from", "<", "post_edge_to"],
                ["k_min", "<", "k_max"],
            ]
        },
    )

    measured: Literal["auto", "mu", "transmission", "fluorescence"] = Field(
        "auto",
        title="Measured",
        description=(
            "How µ follows from the columns: it is one (mu), ln(I0/I1) (transmission), or If/I0 (fluorescence). Automatic"
            " takes the first of them that the columns' names allow."
        ),
        json_schema_extra=_extra("Columns", 10),
    )
    energy_column: str = Field(
        "",
        max_length=80,
        title="Energy",
        description="Name or number (1 is the first) of the column. Empty: found by its name, else the first.",
        json_schema_extra=_extra("Columns", 11, advanced=True),
    )
    signal_columns: str = Field(
        "",
        max_length=400,
        title="Signal",
        description=(
            "Name or number of the column with µ, I1 or If; of a detector with several elements all of them, separated by"
            " commas, which are added. Empty: found by their names."
        ),
        json_schema_extra=_extra("Columns", 12, advanced=True),
    )
    i0_column: str = Field(
        "",
        max_length=80,
        title="I0",
        description="Name or number of the column with the incident intensity. Empty: found by its name.",
        json_schema_extra=_extra("Columns", 13, advanced=True),
    )
    energy_unit: Literal["auto", "eV", "keV"] = Field(
        "auto",
        title="Unit of the energy",
        description="Automatic takes the file's; where it says none, values below 150 are keV.",
        json_schema_extra=_extra("Columns", 14, advanced=True),
    )
    e0: float | None = Field(
        None,
        gt=0,
        le=200_000,
        title="Edge E0",
        description="Empty: the energy where µ rises most steeply.",
        json_schema_extra=_extra("Normalisation", 20, "eV"),
    )
    pre_edge_from: float | None = Field(
        None,
        lt=0,
        ge=-20_000,
        title="Pre-edge line from",
        description="Relative to E0. Empty: from the data's range.",
        json_schema_extra=_extra("Normalisation", 21, "eV"),
    )
    pre_edge_to: float | None = Field(
        None,
        lt=0,
        ge=-20_000,
        title="Pre-edge line to",
        description="Relative to E0, below the first rise of the edge. Empty: from the data's range.",
        json_schema_extra=_extra("Normalisation", 22, "eV"),
    )
    post_edge_from: float | None = Field(
        None,
        gt=0,
        le=50_000,
        title="Post-edge curve from",
        description="Relative to E0, beyond the near-edge structure. Empty: from the data's range.",
        json_schema_extra=_extra("Normalisation", 23, "eV"),
    )
    post_edge_to: float | None = Field(
        None,
        gt=0,
        le=50_000,
        title="Post-edge curve to",
        description="Relative to E0. Empty: the end of the data.",
        json_schema_extra=_extra("Normalisation", 24, "eV"),
    )
    post_edge_degree: Literal["auto", "0", "1", "2"] = Field(
        "auto",
        title="Degree of the post-edge curve",
        description="0 constant, 1 line, 2 parabola. Automatic chooses by the length of the data beyond the edge.",
        json_schema_extra=_extra("Normalisation", 25, advanced=True),
    )
    victoreen: int = Field(
        0,
        ge=0,
        le=3,
        title="Pre-edge weight",
        description="The pre-edge line is fitted to µ·Eⁿ with this n: 0 usually, 1 or 2 for dilute samples.",
        json_schema_extra=_extra("Normalisation", 26, advanced=True),
    )
    rbkg: float = Field(
        1.0,
        ge=0.2,
        le=3.0,
        title="Background below R",
        description=(
            "The spline follows what oscillates more slowly than atoms at this distance would make it; about half of the"
            " nearest neighbour's."
        ),
        json_schema_extra=_extra("Background", 30, "angstrom"),
    )
    background_kweight: int = Field(
        2,
        ge=0,
        le=3,
        title="Weight kⁿ for the background",
        description="Larger numbers weigh the end of the data more.",
        json_schema_extra=_extra("Background", 31),
    )
    clamp_high: float = Field(
        1.0,
        ge=0,
        le=1000,
        title="Clamp at the end",
        description="How strongly the spline is held to the data at their end.",
        json_schema_extra=_extra("Background", 32, advanced=True),
    )
    k_min: float = Field(
        2.5,
        ge=0,
        le=30,
        title="Transform from k",
        description="Data below are tapered off; the near edge is no simple scattering.",
        json_schema_extra=_extra("Fourier transform", 40, "1/angstrom"),
    )
    k_max: float | None = Field(
        None,
        gt=0,
        le=40,
        title="Transform to k",
        description="Empty: where the noise overtakes the signal, as xraylarch estimates it.",
        json_schema_extra=_extra("Fourier transform", 41, "1/angstrom"),
    )
    k_weight: int = Field(
        2,
        ge=0,
        le=3,
        title="Weight kⁿ",
        description="χ is multiplied by it before it is transformed; 2 or 3 to see heavy neighbours.",
        json_schema_extra=_extra("Fourier transform", 42),
    )
    window: Literal["hanning", "kaiser", "parzen", "welch", "gaussian", "sine"] = Field(
        "hanning",
        title="Window",
        description="How the range is tapered at its ends.",
        json_schema_extra=_extra("Fourier transform", 43),
    )
    taper: float = Field(
        1.0,
        ge=0,
        le=10,
        title="Taper",
        description="Width over which the window rises and falls.",
        json_schema_extra=_extra("Fourier transform", 44, "1/angstrom"),
    )

    @model_validator(mode="after")
    def _ranges(self) -> Parameters:
        for low, high in (
            ("pre_edge_from", "pre_edge_to"),
            ("post_edge_from", "post_edge_to"),
            ("k_min", "k_max"),
        ):
            first, last = getattr(self, low), getattr(self, high)
            if first is not None and last is not None and last <= first:
                raise ValueError(f"{high} must be larger than {low}")
        return self
