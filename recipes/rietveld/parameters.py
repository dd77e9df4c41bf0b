"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


def _extra(
    group: str, order: int, unit: str = "", *, advanced: bool = False, source: list[str] | None = None
) -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    if source:
        extra["from"] = source
    return extra


class Atom(BaseModel):
    """One atom of the asymmetric unit."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,15}$", title="Label", description="Name of the atom, such as O1."
    )
    element: str = Field(
        pattern=r"^([0-9]{1,3})?[A-Z][a-z]?([0-9]?[+-])?$",
        title="Element",
        description="Chemical symbol, with an isotope before or a charge after it where wanted.",
    )
    x: float = Field(0.0, ge=-1, le=1, title="x", description="Fractional coordinate.")
    y: float = Field(0.0, ge=-1, le=1, title="y", description="Fractional coordinate.")
    z: float = Field(0.0, ge=-1, le=1, title="z", description="Fractional coordinate.")
    wyckoff: str = Field("a", pattern=r"^[a-zA-Z]$", title="Wyckoff letter", description="Letter of the site.")
    occupancy: float = Field(1.0, ge=0, le=1, title="Occupancy", description="Share of the site that it fills.")
    b_iso: float = Field(0.5, ge=0, le=20, title="B", description="Isotropic displacement to begin with, in Å².")


class Parameters(BaseModel):
    """Rietveld refinement with easydiffraction."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"x-ordered": [["two_theta_min", "<", "two_theta_max"]]}
    )

    space_group: str = Field(
        min_length=1,
        max_length=30,
        title="Space group",
        description="Hermann-Mauguin symbol with blanks, such as 'P m -3 m'.",
        json_schema_extra=_extra("Structure", 10),
    )
    space_group_setting: str = Field(
        "1",
        max_length=5,
        pattern=r"^[A-Za-z0-9-]*$",
        title="Setting",
        description="IT coordinate system code: 1 or 2 for the origin, H or R for the axes, b1 … for monoclinic cells.",
        json_schema_extra=_extra("Structure", 11, advanced=True),
    )
    a: float = Field(
        gt=1,
        le=100,
        title="a",
        description="Lattice parameter to begin with; within about 0.5 % of the truth.",
        json_schema_extra=_extra("Structure", 12, "angstrom"),
    )
    b: float | None = Field(
        None,
        gt=1,
        le=100,
        title="b",
        description="Empty: as a.",
        json_schema_extra=_extra("Structure", 13, "angstrom"),
    )
    c: float | None = Field(
        None,
        gt=1,
        le=100,
        title="c",
        description="Empty: as a.",
        json_schema_extra=_extra("Structure", 14, "angstrom"),
    )
    alpha: float = Field(
        90.0,
        gt=10,
        lt=170,
        title="α",
        description="Angle.",
        json_schema_extra=_extra("Structure", 15, "deg", advanced=True),
    )
    beta: float = Field(
        90.0,
        gt=10,
        lt=170,
        title="β",
        description="Angle.",
        json_schema_extra=_extra("Structure", 16, "deg", advanced=True),
    )
    gamma: float = Field(
        90.0,
        gt=10,
        lt=170,
        title="γ",
        description="Angle.",
        json_schema_extra=_extra("Structure", 17, "deg", advanced=True),
    )
    atoms: list[Atom] = Field(
        min_length=1,
        max_length=60,
        title="Atoms",
        description="The atoms of the asymmetric unit. Atoms at the same place share a displacement.",
        json_schema_extra=_extra("Structure", 18),
    )
    radiation: Literal["neutron", "xray"] = Field(
        "neutron",
        title="Radiation",
        description="Decides how strongly atoms scatter.",
        json_schema_extra=_extra("Measurement", 20),
    )
    wavelength: float = Field(
        gt=0.1,
        le=10,
        title="Wavelength",
        description="Wavelength of the measurement.",
        json_schema_extra=_extra("Measurement", 21, "angstrom", source=["wavelength"]),
    )
    zero: float = Field(
        0.0,
        ge=-5,
        le=5,
        title="Zero of 2θ",
        description="Offset of the detector's angle to begin with.",
        json_schema_extra=_extra("Measurement", 22, "deg"),
    )
    two_theta_min: float | None = Field(
        None,
        ge=0,
        lt=180,
        title="2θ from",
        description="Points below are left out. Empty: all.",
        json_schema_extra=_extra("Measurement", 23, "deg"),
    )
    two_theta_max: float | None = Field(
        None,
        gt=0,
        le=180,
        title="2θ to",
        description="Points above are left out. Empty: all.",
        json_schema_extra=_extra("Measurement", 24, "deg"),
    )
    u: float = Field(
        0.1,
        ge=-100,
        le=100,
        title="U",
        description="Caglioti's U of the Gaussian width, in degrees², to begin with.",
        json_schema_extra=_extra("Profile", 30, advanced=True),
    )
    v: float = Field(
        -0.1,
        ge=-100,
        le=100,
        title="V",
        description="Caglioti's V.",
        json_schema_extra=_extra("Profile", 31, advanced=True),
    )
    w: float = Field(
        0.1,
        gt=0,
        le=100,
        title="W",
        description="Caglioti's W.",
        json_schema_extra=_extra("Profile", 32, advanced=True),
    )
    lorentz_y: float = Field(
        0.1,
        ge=0,
        le=100,
        title="Y",
        description="Lorentzian width that grows with 1/cos θ (size), in degrees.",
        json_schema_extra=_extra("Profile", 33, advanced=True),
    )
    background_points: int = Field(
        5,
        ge=2,
        le=30,
        title="Background points",
        description="The background is a line through so many points, whose heights are refined.",
        json_schema_extra=_extra("Profile", 34),
    )
    refine_cell: bool = Field(
        True, title="Refine the lattice", description="Lattice parameters.", json_schema_extra=_extra("Refine", 40)
    )
    refine_zero: bool = Field(
        True, title="Refine the zero", description="Offset of 2θ.", json_schema_extra=_extra("Refine", 41)
    )
    refine_profile: bool = Field(
        True, title="Refine the profile", description="U, V, W and Y.", json_schema_extra=_extra("Refine", 42)
    )
    refine_displacement: bool = Field(
        True,
        title="Refine displacements",
        description="B of each site.",
        json_schema_extra=_extra("Refine", 43),
    )

    @model_validator(mode="after")
    def _sense(self) -> Parameters:
        low, high = self.two_theta_min, self.two_theta_max
        if low is not None and high is not None and high <= low:
            raise ValueError("two_theta_max must be larger than two_theta_min")
        labels = [atom.label for atom in self.atoms]
        if len(set(labels)) != len(labels):
            raise ValueError("atoms: every atom needs a label of its own")
        return self
