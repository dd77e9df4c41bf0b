"""What the person can choose. The form in the browser and the flags on the command line are made from this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_MOST = 200_000_000  # points of the field, 16 bytes each and several copies


def _extra(group: str, order: int, unit: str = "", *, advanced: bool = False, source: str = "") -> dict[str, Any]:
    extra: dict[str, Any] = {"group": group, "x-order": order, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    if source:
        extra["from"] = [source]
    return extra


class Parameters(BaseModel):
    """Propagation with lasy."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"x-ordered": [["first", "<", "last"]]})

    focal_length: float | None = Field(
        None,
        gt=0,
        le=100_000,
        title="Focal length",
        description="Of a mirror or thin lens where the beam is given. Empty: none, the beam goes on freely.",
        json_schema_extra=_extra("Optics", 10, "mm"),
    )
    first: float | None = Field(
        None,
        ge=-1e6,
        le=1e6,
        title="From",
        description="First plane, as distance from where the beam is given. Empty: from here, or before the focus.",
        json_schema_extra=_extra("Optics", 11, "mm"),
    )
    last: float | None = Field(
        None,
        ge=-1e6,
        le=1e6,
        title="To",
        description="Last plane. Empty: two Rayleigh lengths, or as far behind the focus.",
        json_schema_extra=_extra("Optics", 12, "mm"),
    )
    planes: int = Field(
        31, ge=5, le=500, title="Planes", description="How many.", json_schema_extra=_extra("Optics", 13)
    )
    wavelength: float = Field(
        800.0,
        ge=50,
        le=20_000,
        title="Wavelength",
        description="Central wavelength; of a pulse in openPMD the file's is taken.",
        json_schema_extra=_extra("Pulse of an image", 20, "nm", source="wavelength"),
    )
    energy: float = Field(
        1.0,
        gt=0,
        le=1e6,
        title="Energy",
        description="Of the pulse; of a pulse in openPMD the file's is taken.",
        json_schema_extra=_extra("Pulse of an image", 21, "mJ"),
    )
    duration: float = Field(
        30.0,
        ge=3,
        le=1e7,
        title="Duration",
        description="Full width at half maximum of the intensity of a Gaussian pulse.",
        json_schema_extra=_extra("Pulse of an image", 22, "fs"),
    )
    pixel_size: float | None = Field(
        None,
        gt=0,
        le=1e5,
        title="Pixel size",
        description="In the plane of the beam. Empty: from the image's own axes.",
        json_schema_extra=_extra("Image", 30, "um"),
    )
    background: Literal["rim", "none"] = Field(
        "rim",
        title="Background",
        description="rim: the median of the outermost pixels is subtracted. none: the image has none.",
        json_schema_extra=_extra("Image", 31),
    )
    threshold: float | None = Field(
        None,
        ge=0,
        lt=1,
        title="Threshold",
        description=(
            "What is below this share of the maximum counts as no light, so that noise makes no radius. Empty: three"
            " standard deviations of the outermost pixels."
        ),
        json_schema_extra=_extra("Image", 32),
    )
    points: int = Field(
        257,
        ge=33,
        le=4097,
        title="Points",
        description="Of the transverse grid along each side; an even number is made odd, so that one lies on the axis.",
        json_schema_extra=_extra("Grid", 40, advanced=True),
    )
    time_points: int = Field(
        33,
        ge=9,
        le=4097,
        title="Points in time",
        description="Over six widths of the pulse; made odd too.",
        json_schema_extra=_extra("Grid", 41, advanced=True),
    )
    window: float = Field(
        4.0,
        ge=1.5,
        le=50,
        title="Window",
        description="Half the grid's side, in radii of the widest beam.",
        json_schema_extra=_extra("Grid", 42, advanced=True),
    )

    @model_validator(mode="after")
    def _sense(self) -> Parameters:
        if self.first is not None and self.last is not None and self.last <= self.first:
            raise ValueError("last must be larger than first")
        if self.focal_length is not None and self.first is not None and self.first <= 0:
            raise ValueError("first must lie behind the mirror: larger than 0")
        if self.points**2 * self.time_points > _MOST:
            raise ValueError(f"points² · time_points is more than {_MOST}: choose fewer points")
        return self
