"""Contents of datasets: nodes of the tree, statistics, detector geometry."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from pandaas.server.schemas.base import Out


class RegularAxisOut(Out):
    """Coordinates `start + step * index` of a dimension that no array holds."""

    name: str
    start: float
    step: float
    unit: str | None = None


class NodeOut(Out):
    """One node of a dataset's contents; children without their attributes."""

    name: str
    path: str
    kind: Literal["group", "dataset", "soft_link", "external_link", "datatype", "unresolved"]
    nx_class: str | None = None
    shape: list[int] | None = None
    dtype: str | None = None
    type_class: str | None = Field(None, description="h5grove's type class: integer, float, string, compound, enum …")
    enum: dict[str, int] = Field({}, description="Names and values of an enumeration.")
    chunks: list[int] | None = None
    filters: list[str] = Field([])
    unit: str | None = None
    grid: list[RegularAxisOut | None] = Field([], description="Axes of a mesh, one per dimension, where no arrays are.")
    target: str | None = Field(None, description="Where a link leads; why it can't be followed.")
    is_default: bool = False
    attributes: dict[str, Any] | None = None
    children: list[NodeOut] | None = None
    child_count: int = 0


class StatsOut(Out):
    """Statistics of a selection without masked pixels, sentinels and NaN."""

    count: int
    masked: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    positive_minimum: float | None
    percentiles: dict[str, float] = Field(description="Keys '0.1', '1', '5', '50', '95', '99', '99.9'.")
    histogram_counts: list[int]
    histogram_edges: list[float]
    sentinel: float | None = Field(None, description="The detector's 'no value', e.g. 4294967295.")


class LevelOut(Out):
    """One resolution of an image or a volume."""

    level: int
    factor: int = Field(description="Values of the array along each axis that are one here.")
    shape: list[int]
    cells: list[int] = Field(description="Tiles or bricks along each axis; those at the upper edges may be smaller.")


class PyramidOut(Out):
    """The resolutions in which an array can be had: images are its last two axes, volumes the last three."""

    shape: list[int]
    dtype: str
    tile: int = Field(description="Pixels along an edge of a tile.")
    brick: int = Field(description="Voxels along an edge of a brick.")
    images: list[LevelOut]
    volumes: list[LevelOut] = Field(description="Empty where the array has two axes.")


class GeometryOut(Out):
    """Detector geometry of an image array, as far as the file or a calibration says. Lengths in metres."""

    distance: float
    beam_center_x: float = Field(description="Pixels along the last axis.")
    beam_center_y: float
    pixel_size_x: float
    pixel_size_y: float
    wavelength: float
    rot1: float = 0.0
    rot2: float = 0.0
    rot3: float = 0.0
    source: str = Field(description="'from the file', 'from the calibration of 3 May' …")
    mask: str | None = Field(None, description="Inner path of the pixel mask.")
