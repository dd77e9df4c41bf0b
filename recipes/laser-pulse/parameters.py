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
    """Retrieval of a pulse with pypret."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"x-together": [["centre_frequency", "frequency_step"]]}
    )

    method: Literal["shg-frog", "pg-frog", "tg-frog", "shg-dscan"] = Field(
        "shg-frog",
        title="Method",
        description=(
            "The nonlinear process behind the trace: second harmonic, polarisation gate or transient grating FROG, or"
            " second-harmonic dispersion scan."
        ),
        json_schema_extra=_extra("Measurement", 10),
    )
    material: Literal["BK7", "FS"] = Field(
        "BK7",
        title="Glass",
        description="Of the wedges of a dispersion scan: BK7 or fused silica (FS).",
        json_schema_extra=_extra("Measurement", 11),
    )
    delay_step: float | None = Field(
        None,
        gt=0,
        le=1e6,
        title="Step of the delay",
        description="In fs, of a dispersion scan the insertion in µm. Empty: the first axis of the file.",
        json_schema_extra=_extra("Measurement", 12),
    )
    centre_frequency: float | None = Field(
        None,
        gt=0,
        le=10_000,
        title="Centre of the spectral axis",
        description="Frequency of the spectrometer's middle column, where the file has no spectral axis.",
        json_schema_extra=_extra("Measurement", 13, "THz"),
    )
    frequency_step: float | None = Field(
        None,
        gt=0,
        le=1000,
        title="Step of the spectral axis",
        description="Frequency from one column to the next, where the file has no spectral axis.",
        json_schema_extra=_extra("Measurement", 14, "THz"),
    )
    transposed: bool = Field(
        False,
        title="Delay along the columns",
        description="For traces whose first axis is the spectrum.",
        json_schema_extra=_extra("Measurement", 15),
    )
    background: Literal["none", "edges"] = Field(
        "edges",
        title="Subtract",
        description="edges: the median of the trace's outermost rows is subtracted for each frequency.",
        json_schema_extra=_extra("Measurement", 16),
    )
    algorithm: Literal["copra", "pie", "gpa", "pcgpa"] = Field(
        "copra",
        title="Algorithm",
        description=(
            "copra works for every method; ptychography (pie), generalised projections (gpa) and their principal component"
            " form (pcgpa) for SHG FROG, to compare."
        ),
        json_schema_extra=_extra("Retrieval", 20),
    )
    starts: int = Field(
        3,
        ge=1,
        le=50,
        title="Starts",
        description="Retrievals from different random pulses; the best is taken, and their spread is the uncertainty.",
        json_schema_extra=_extra("Retrieval", 21),
    )
    iterations: int = Field(
        100,
        ge=5,
        le=2000,
        title="Iterations",
        description="Of each retrieval.",
        json_schema_extra=_extra("Retrieval", 22),
    )
    grid: int | None = Field(
        None,
        ge=32,
        le=2048,
        title="Points of the grid",
        description="Of time and frequency. Empty: as many as the trace has, as a power of two.",
        json_schema_extra=_extra("Retrieval", 23, advanced=True),
    )
    seed: int = Field(
        1,
        ge=0,
        le=2**31,
        title="Seed",
        description="The same seed gives the same numbers.",
        json_schema_extra=_extra("Retrieval", 24, advanced=True),
    )

    @model_validator(mode="after")
    def _together(self) -> Parameters:
        if self.algorithm != "copra" and self.method != "shg-frog":
            raise ValueError(f"algorithm: {self.algorithm} retrieves SHG FROG only; choose copra for {self.method}")
        if (self.centre_frequency is None) != (self.frequency_step is None):
            raise ValueError("centre_frequency and frequency_step are given both, or neither")
        return self
