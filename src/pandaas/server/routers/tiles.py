"""Images larger than a screen in tiles, volumes in bricks, each at several resolutions.

A level has half the values of the one before along each axis: the largest of each block, so that small peaks survive, or
their mean; pixels that were not measured don't count, and are NaN (0 in a window) where nothing else is. Which levels
there are and how they are cut says `pyramid`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray

from pandaas.arrays import BRICK, TILE, Cell
from pandaas.codecs import BinMethod
from pandaas.model import InvalidInput
from pandaas.server.answers import Pixels, Window, left, shown
from pandaas.server.schemas.arrays import PyramidOut
from pandaas.server.services import Asker, Data, DataServices

router = APIRouter(prefix="/api/v1/datasets/{pid:path}", tags=["arrays"])
Frame = Annotated[str, Query(description="Indices on the axes that are not shown, like 3 or 0,3.", max_length=200)]
Index = Annotated[int, Query(ge=0)]


@router.get("/pyramid")
def pyramid(pid: str, path: str, platform: Data, asker: Asker) -> PyramidOut:
    """The resolutions in which an array can be had, and how many tiles and bricks they have."""
    found = platform.arrays.pyramid(asker, pid, path)
    return PyramidOut.model_validate(asdict(found) | {"tile": TILE, "brick": BRICK})


@router.get("/tile", response_class=Response)
def tile(
    pid: str,
    path: str,
    request: Request,
    platform: Data,
    asker: Asker,
    window: Window,
    level: Index = 0,
    row: Index = 0,
    column: Index = 0,
    frame: Frame = "",
    method: BinMethod = "max",
) -> Response:
    """A part of an image (the last two axes) at one resolution; float32, or whole numbers with `low` and `high`.

    Who accepts a stored Bitshuffle chunk gets one.
    """
    cell = Cell(_indices(frame), level, (row, column), method)
    return _answer(request, platform, asker, pid, path, cell, window)


@router.get("/brick", response_class=Response)
def brick(
    pid: str,
    path: str,
    request: Request,
    platform: Data,
    asker: Asker,
    window: Window,
    level: Index = 0,
    z: Index = 0,
    y: Index = 0,
    x: Index = 0,
    frame: Frame = "",
    method: BinMethod = "max",
) -> Response:
    """A part of a volume (the last three axes) at one resolution; float32, or whole numbers with `low` and `high`.

    Who accepts a stored Bitshuffle chunk gets one.
    """
    cell = Cell(_indices(frame), level, (z, y, x), method)
    return _answer(request, platform, asker, pid, path, cell, window)


def _answer(
    request: Request, platform: DataServices, asker: Asker, pid: str, path: str, cell: Cell, window: Pixels
) -> Response:
    def make() -> NDArray[np.float32]:
        return platform.arrays.cell(asker, pid, path, cell, cancelled=left(request))

    kind = "tile" if len(cell.index) == 2 else "brick"
    etag = platform.arrays.etag(asker, pid, path, None, f"{kind}/{cell}/{window}")
    return shown(request, etag, make, window)


def _indices(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise InvalidInput(f"'{text[:40]}' are no indices.", remedy="Write them like 3 or 0,3.", field="frame")
    return tuple(map(int, parts))
