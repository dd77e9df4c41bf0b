"""Contents of datasets: tree, slices, statistics, previews, geometry. Arrays travel as bytes, C order.

Binary answers carry `X-Shape` (JSON list), `X-Dtype` (NumPy `dtype.str`, little-endian) and an `ETag` computed before
reading; `selection` is NumPy-like text (`0,:,::4`); a missing selection is everything.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from pandaas.server.schemas import GeometryOut, NodeOut, StatsOut
from pandaas.server.services import Asker, Platform

router = APIRouter(prefix="/api/v1/datasets/{pid}", tags=["arrays"])


@router.get("/tree")
def tree(pid: str, platform: Platform, asker: Asker, path: str = "/", depth: int = 1) -> NodeOut:
    """One node with attributes and its children down to `depth` levels."""
    raise NotImplementedError


@router.get("/data", response_class=Response)
def data(
    pid: str,
    path: str,
    request: Request,
    platform: Platform,
    asker: Asker,
    selection: str | None = None,
    format: Literal["bin", "npy", "csv", "tiff", "json"] = "bin",
    dtype: Literal["origin", "safe"] = "origin",
) -> Response:
    """`dtype=safe` converts to what a browser can hold (f2→f4, i8/u8 that fit, f16→f8, big- to little-endian)."""
    raise NotImplementedError


@router.get("/stats")
def stats(pid: str, path: str, platform: Platform, asker: Asker, selection: str | None = None) -> StatsOut:
    raise NotImplementedError


@router.get("/preview", response_class=Response)
def preview(
    pid: str,
    path: str,
    request: Request,
    platform: Platform,
    asker: Asker,
    selection: str | None = None,
    max_size: int = 512,
) -> Response:
    """A 2-D selection reduced by maximum (masked pixels ignored) to at most `max_size` per axis; float32 bytes."""
    raise NotImplementedError


@router.get("/geometry")
def geometry(pid: str, path: str, platform: Platform, asker: Asker) -> GeometryOut | None:
    raise NotImplementedError
