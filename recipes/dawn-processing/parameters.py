"""What the person chooses for DAWN's processing chain; the operations' own settings are in the chain."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    data_dimensions: list[Annotated[int, Field(ge=-32, le=31)]] = Field(
        [-1, -2],
        min_length=1,
        max_length=2,
        title="Axes of the data",
        description="Which axes one frame or spectrum has, counted from the last: -1 and -2 for images, -1 for spectra.",
        json_schema_extra={"group": "Data", "x-order": 1},
    )
    heap_mb: int = Field(
        4096,
        ge=512,
        le=65536,
        title="Memory of Java",
        description="The most that DAWN may use; below the memory of the job.",
        json_schema_extra={"unit": "MB", "group": "Program", "x-order": 2, "advanced": True},
    )
