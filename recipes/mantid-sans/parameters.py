"""What the person chooses for Mantid's reduction."""

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wavelength_min: float = Field(
        2.2, gt=0, le=50, title="Shortest wavelength", description="Where the reduction begins.",
        json_schema_extra={"unit": "angstrom", "group": "Wavelength", "x-order": 1},
    )  # fmt: skip
    wavelength_max: float = Field(
        10.0, gt=0, le=50, title="Longest wavelength", description="Where the reduction ends.",
        json_schema_extra={"unit": "angstrom", "group": "Wavelength", "x-order": 2},
    )  # fmt: skip
    wavelength_step: float = Field(
        0.1, gt=0, le=5, title="Wavelength step", description="Width of a bin.",
        json_schema_extra={"unit": "angstrom", "group": "Wavelength", "x-order": 3, "advanced": True},
    )  # fmt: skip
    q_min: float = Field(
        0.008, gt=0, le=10, title="Smallest Q", description="Where the curve begins.",
        json_schema_extra={"unit": "1/angstrom", "group": "Momentum transfer", "x-order": 4},
    )  # fmt: skip
    q_max: float = Field(
        0.25, gt=0, le=10, title="Largest Q", description="Where the curve ends.",
        json_schema_extra={"unit": "1/angstrom", "group": "Momentum transfer", "x-order": 5},
    )  # fmt: skip
    q_step: float = Field(
        -0.05, ge=-1, le=1, title="Q step",
        description="Width of a bin; negative: relative to Q (Mantid's logarithmic binning).",
        json_schema_extra={"group": "Momentum transfer", "x-order": 6, "advanced": True},
    )  # fmt: skip
    monitor: int = Field(
        1, ge=1, le=20, title="Incident monitor", description="Which of the file's monitors stands before the sample.",
        json_schema_extra={"group": "Normalisation", "x-order": 7},
    )  # fmt: skip
