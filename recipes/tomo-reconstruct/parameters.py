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


class Parameters(BaseModel):
    """Tomographic reconstruction with algotom."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"x-ordered": [["first_row", "<=", "last_row"]]})

    only_preview: bool = Field(
        False,
        title="Only look for the centre",
        description="Reconstruct one slice with several centres and no volume: seconds, to choose the centre from.",
        json_schema_extra=_extra("Centre of rotation", 10),
    )
    centre: float | None = Field(
        None,
        ge=0,
        le=100_000,
        title="Centre",
        description="Column of the axis of rotation, counted from 0 at the first pixel. Empty: found automatically (Vo).",
        json_schema_extra=_extra("Centre of rotation", 11, "pixel"),
    )
    centre_search: float = Field(
        0.0625,
        gt=0,
        le=0.5,
        title="Search within",
        description="How far from the middle of the detector the centre may lie, as a share of its width.",
        json_schema_extra=_extra("Centre of rotation", 12, advanced=True),
    )
    preview_slice: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        title="Slice of the preview",
        description="Detector row that the centre is found in and shown for. Empty: the middle of those reconstructed.",
        json_schema_extra=_extra("Centre of rotation", 13, advanced=True),
    )
    preview_steps: int = Field(
        4,
        ge=0,
        le=20,
        title="Centres to each side",
        description="The preview shows the slice with so many smaller and larger centres. 0: none.",
        json_schema_extra=_extra("Centre of rotation", 14),
    )
    preview_step: float = Field(
        1.0,
        gt=0,
        le=50,
        title="Step of the centre",
        description="Difference between neighbouring centres of the preview.",
        json_schema_extra=_extra("Centre of rotation", 15, "pixel"),
    )
    method: Literal["dfi", "fbp"] = Field(
        "dfi",
        title="Method",
        description=(
            "'dfi': direct Fourier inversion, several times faster, needs evenly spaced angles. 'fbp': filtered back"
            " projection, for any angles."
        ),
        json_schema_extra=_extra("Reconstruction", 20),
    )
    filter: Literal["none", "hann", "hamming", "blackman", "bartlett", "parzen"] = Field(
        "hann",
        title="Filter",
        description="Window that damps high frequencies: less noise, less sharp. 'none': the bare ramp.",
        json_schema_extra=_extra("Reconstruction", 21),
    )
    stripes: Literal["none", "sorting", "filtering", "all"] = Field(
        "sorting",
        title="Stripe removal",
        description=(
            "Rings in slices are stripes in sinograms. 'sorting': partial stripes (default); 'filtering': broad ones;"
            " 'all': large, dead and small ones too, slower."
        ),
        json_schema_extra=_extra("Reconstruction", 22),
    )
    stripe_size: int = Field(
        21,
        ge=3,
        le=201,
        title="Stripe size",
        description="Width of the median filter against stripes; larger removes broader ones and blurs more.",
        json_schema_extra=_extra("Reconstruction", 23, "pixel", advanced=True),
    )
    circle: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Circle",
        description="Radius of the region that is kept, as a share of half the width; outside is set to zero.",
        json_schema_extra=_extra("Reconstruction", 24, advanced=True),
    )
    first_row: int = Field(
        0,
        ge=0,
        le=1_000_000,
        title="First row",
        description="Detector row of the first slice; 0 is the top one.",
        json_schema_extra=_extra("Slices", 30),
    )
    last_row: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        title="Last row",
        description="Detector row of the last slice. Empty: the last one.",
        json_schema_extra=_extra("Slices", 31),
    )
    pixel_size: float | None = Field(
        None,
        gt=0,
        le=100_000,
        title="Pixel size",
        description="Size of a pixel at the sample. Empty: lengths are in pixels and attenuation is per pixel.",
        json_schema_extra=_extra("Slices", 32, "um", source=["x_pixel_size", "pixel_size_x", "pixel_size"]),
    )
    angle_range: float | None = Field(
        None,
        gt=0,
        le=360,
        title="Angular range",
        description="From the first to the last projection, evenly spaced; used instead of the file's angles.",
        json_schema_extra=_extra("Slices", 33, "deg", advanced=True),
    )

    @model_validator(mode="after")
    def _rows(self) -> Parameters:
        if self.last_row is not None and self.last_row < self.first_row:
            raise ValueError("last_row must not be smaller than first_row")
        return self
