"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_SYMBOLS = [
    "H",
    "He",
    "Li",
    "Be",
    "B",
    "C",
    "N",
    "O",
    "F",
    "Ne",
    "Na",
    "Mg",
    "Al",
    "Si",
    "P",
    "S",
    "Cl",
    "Ar",
    "K",
    "Ca",
    "Sc",
    "Ti",
    "V",
    "Cr",
    "Mn",
    "Fe",
    "Co",
    "Ni",
    "Cu",
    "Zn",
    "Ga",
    "Ge",
    "As",
    "Se",
    "Br",
    "Kr",
    "Rb",
    "Sr",
    "Y",
    "Zr",
    "Nb",
    "Mo",
    "Tc",
    "Ru",
    "Rh",
    "Pd",
    "Ag",
    "Cd",
    "In",
    "Sn",
    "Sb",
    "Te",
    "I",
    "Xe",
    "Cs",
    "Ba",
    "La",
    "Ce",
    "Pr",
    "Nd",
    "Pm",
    "Sm",
    "Eu",
    "Gd",
    "Tb",
    "Dy",
    "Ho",
    "Er",
    "Tm",
    "Yb",
    "Lu",
    "Hf",
    "Ta",
    "W",
    "Re",
    "Os",
    "Ir",
    "Pt",
    "Au",
    "Hg",
    "Tl",
    "Pb",
    "Bi",
    "Po",
    "At",
    "Rn",
    "Fr",
    "Ra",
    "Ac",
    "Th",
    "Pa",
    "U",
]


def _extra(
    group: str, order: int, unit: str = "", source: list[str] | None = None, *, advanced: bool = False
) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    if source:
        extra["from"] = source
    return extra


class Parameters(BaseModel):
    """Element maps with xraylarch."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"x-ordered": [["energy_from", "<", "energy_to"]]})

    photon_energy: float = Field(
        ge=1,
        le=200,
        title="Energy of the beam",
        description="What excites the sample; needed to know which lines there are.",
        json_schema_extra=_extra("Sample", 10, "keV", ["photon_energy"]),
    )
    elements: list[str] = Field(
        default_factory=lambda: ["P", "S", "Cl", "Ar", "K", "Ca", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"],
        min_length=1,
        max_length=40,
        title="Elements",
        description="Symbols of what may be there, argon for the air. Those without a line in the range are left out, and said.",
        json_schema_extra=_extra("Sample", 11),
    )
    scatter: Literal["both", "elastic", "none"] = Field(
        "both",
        title="Scattered beam",
        description="Peaks of the beam itself: elastic and Compton, elastic alone, or none.",
        json_schema_extra=_extra("Sample", 12),
    )
    energy_from: float = Field(
        1.5,
        ge=0.1,
        le=150,
        title="Fit from",
        description="Lines below are not looked at.",
        json_schema_extra=_extra("Spectrum", 20, "keV"),
    )
    energy_to: float | None = Field(
        None,
        gt=0.2,
        le=200,
        title="Fit to",
        description="Empty: a little above the energy of the beam.",
        json_schema_extra=_extra("Spectrum", 21, "keV"),
    )
    background: bool = Field(
        True,
        title="Background",
        description="Subtracts xraylarch's slowly varying background from the spectrum.",
        json_schema_extra=_extra("Spectrum", 22),
    )
    energy_factor: float | None = Field(
        None,
        gt=0.01,
        lt=100,
        title="Energies times",
        description=(
            "Where the file's energies are wrong by a factor. Empty: 1; or, where most counts would lie above the energy of the"
            " beam, what puts the scattered beam there, which is then said."
        ),
        json_schema_extra=_extra("Spectrum", 23, advanced=True),
    )
    fit_calibration: bool = Field(
        True,
        title="Refine the energy scale",
        description="Offset and slope of the file's energies are varied.",
        json_schema_extra=_extra("Spectrum", 24),
    )
    noise: float = Field(
        0.04,
        gt=0,
        le=2,
        title="Noise of the detector",
        description="Electronic part of the lines' width to begin with; it is fitted.",
        json_schema_extra=_extra("Spectrum", 25, "keV", advanced=True),
    )
    thickness: float = Field(
        0.4,
        gt=0,
        le=50,
        title="Thickness of the detector",
        description="Of silicon, for its efficiency.",
        json_schema_extra=_extra("Spectrum", 26, "mm", advanced=True),
    )
    method: Literal["nnls", "lstsq"] = Field(
        "nnls",
        title="Pixels by",
        description="nnls: least squares without negative amounts; lstsq: plain, quicker, whose noise is symmetric around zero.",
        json_schema_extra=_extra("Pixels", 30),
    )

    @field_validator("elements")
    @classmethod
    def _known(cls, values: list[str]) -> list[str]:
        found = [value.strip().capitalize() for value in values]
        for name in found:
            if name not in _SYMBOLS:
                raise ValueError(f"'{name}' is no chemical element")
        return list(dict.fromkeys(found))

    @model_validator(mode="after")
    def _range(self) -> Parameters:
        if self.energy_to is not None and self.energy_to <= self.energy_from:
            raise ValueError("energy_to must be larger than energy_from")
        return self
