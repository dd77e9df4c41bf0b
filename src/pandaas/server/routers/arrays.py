"""Contents of datasets: tree, slices, statistics, previews, geometry. Arrays travel as bytes, C order.

Binary answers carry `X-Shape` (JSON list), `X-Dtype` (NumPy `dtype.str`, little-endian) and an `ETag` computed before
reading; `selection` is NumPy-like text (`0,:,::4`); a missing selection is everything. Who accepts the media type of a
stored Bitshuffle chunk gets it as it lies in the file where the selection is one whole chunk.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray

from pandaas import arrays
from pandaas.arrays import Abandoned, StoredBytes
from pandaas.codecs import STORED_MEDIA_TYPES, Encoded, Line, encode, npz, safe_dtype
from pandaas.model import InvalidInput
from pandaas.server.again import watch_of
from pandaas.server.answers import CLIENT_LEFT, Window, accepted, cached, left, ranged, shown
from pandaas.server.downloads import ArrayDownload
from pandaas.server.schemas.arrays import GeometryOut, NodeOut, StatsOut
from pandaas.server.services import Asker, Data

# With `pandaas view` the pid is a path below its folder.
router = APIRouter(prefix="/api/v1/datasets/{pid:path}", tags=["arrays"])
MOST_IN_A_BATCH = 256
FINISHED = "private, max-age=86400, immutable"
Version = Annotated[
    int | None,
    Query(ge=0, description="Version that is meant: of a finished one the answer may be kept without asking again."),
]


@router.get("/tree")
def tree(pid: str, platform: Data, asker: Asker, path: str = "/", depth: int = 1) -> NodeOut:
    """One node with attributes and its children down to `depth` levels."""
    node = platform.arrays.tree(asker, pid, path, depth, default=platform.default_signal(asker, pid))
    return NodeOut.model_validate(asdict(node))


@router.get("/data", response_class=Response)
def data(
    pid: str,
    path: str,
    request: Request,
    platform: Data,
    asker: Asker,
    selection: str | None = None,
    format: Literal["bin", "npy", "csv", "tiff", "json"] = "bin",
    dtype: Literal["origin", "safe"] = "origin",
    version: Version = None,
) -> Response:
    """`dtype=safe` converts to what a browser can hold (f2→f4, i8/u8 that fit, f16→f8, big- to little-endian).

    With `Accept: application/vnd.pandaas.bitshuffle-lz4` (or `-zstd`), `bin` and `npy` answers may be a stored chunk. `Range`
    asks for a part of the answer.
    """
    forms = accepted(request) if format in ("bin", "npy") else ()
    name = _file_name(pid, path, selection)

    def make() -> Encoded:
        gone = left(request)
        if forms:
            found = platform.arrays.read_or_stored(asker, pid, path, selection, forms, cancelled=gone)
            if not isinstance(found, StoredBytes):
                return platform.arrays.encode(found, format, dtype, name=name)
            if dtype == "origin" or found.dtype == safe_dtype(found.dtype):
                described = {"X-Shape": json.dumps(list(found.shape)), "X-Dtype": found.dtype.str}
                return Encoded(found.data, STORED_MEDIA_TYPES[found.form], described)
        values = platform.arrays.read(asker, pid, path, selection, cancelled=gone)
        return platform.arrays.encode(values, format, dtype, name=name)

    variant = f"{format}/{dtype}" + "".join(f"/{form}" for form in forms)
    answer = cached(request, platform.arrays.etag(asker, pid, path, selection, variant), make)
    answer.headers.append("Vary", "Accept")
    if version is not None and answer.status_code in (200, 304) and platform.arrays.stays(asker, pid, version):
        answer.headers["Cache-Control"] = FINISHED
    return ranged(request, answer)


@router.get("/batch", response_class=Response)
def batch(
    pid: str,
    request: Request,
    platform: Data,
    asker: Asker,
    path: Annotated[list[str], Query(max_length=MOST_IN_A_BATCH)],
    selection: Annotated[list[str] | None, Query(max_length=MOST_IN_A_BATCH)] = None,
) -> Response:
    """Several selections in one answer, a NumPy `.npz` file (not compressed) whose arrays are named `0`, `1`, … as asked.

    The first `selection` belongs to the first `path` and so on; one path alone may have several selections. Together they
    hold no more than one answer may.
    """
    wanted = _pairs(path, selection or [])
    tags = [platform.arrays.etag(asker, pid, one, part, "batch") for one, part in wanted]

    def make() -> Encoded:
        values = platform.arrays.exports.several(asker, pid, wanted, cancelled=left(request))
        return Encoded(npz(values), "application/x-npz", {"Content-Disposition": 'attachment; filename="batch.npz"'})

    whole = hashlib.sha256("".join(tags).encode()).hexdigest()[:32]
    return ranged(request, cached(request, f'"{whole}"', make))


def _pairs(paths: list[str], selections: list[str]) -> list[tuple[str, str]]:
    if len(paths) == 1:
        paths = paths * max(1, len(selections))
    if selections and len(selections) != len(paths):
        raise InvalidInput(
            f"There are {len(paths)} paths and {len(selections)} selections.",
            remedy="Give a selection for each path, or none; an empty one means everything.",
            field="selection",
        )
    return list(zip(paths, selections or [""] * len(paths), strict=True))


@router.get("/export", response_class=Response)
def export(
    pid: str,
    path: str,
    request: Request,
    platform: Data,
    asker: Asker,
    selection: str | None = None,
    format: Literal["npy", "bin"] = "npy",
) -> Response:
    """Selected values of any size, read while they are sent; `Range` goes on where a transfer broke off."""
    found = platform.arrays.exports.export(asker, pid, path, selection, cancelled=left(request))
    name, watch = _file_name(pid, path, selection), watch_of(request, platform, asker, pid)
    return ArrayDownload(found, request, name=name, form=format, watch=watch)


def _file_name(pid: str, path: str, selection: str | None) -> str:
    """Dataset, array and indices, so that saved frames don't all have one name."""
    return "_".join([pid, path.rpartition("/")[2], *re.findall(r"[0-9]+", selection or "")])


@router.get("/stats", response_model=StatsOut)
def stats(pid: str, path: str, request: Request, platform: Data, asker: Asker, selection: str | None = None) -> Any:
    """Statistics of the selected values."""
    try:
        found = platform.arrays.stats(asker, pid, path, selection, cancelled=left(request))
    except Abandoned:
        return Response(status_code=CLIENT_LEFT)
    return StatsOut.model_validate(asdict(found))


@router.get("/preview", response_class=Response)
def preview(
    pid: str,
    path: str,
    request: Request,
    platform: Data,
    asker: Asker,
    window: Window,
    selection: str | None = None,
    max_size: int = 512,
) -> Response:
    """A 2-D selection reduced by maximum (masked pixels ignored) to at most `max_size` per axis; float32 bytes.

    Like a tile it can be had as whole numbers (`low`, `high`, `bits`), and compressed.
    """

    def make() -> NDArray[np.float32]:
        return platform.arrays.preview(asker, pid, path, selection, max_size, cancelled=left(request))

    etag = platform.arrays.etag(asker, pid, path, selection, f"preview/{max_size}/{window}")
    return shown(request, etag, make, window)


@router.get("/series", response_class=Response)
def series(
    pid: str,
    path: str,
    along: int,
    request: Request,
    platform: Data,
    asker: Asker,
    selection: str | None = None,
    masked: bool = True,
) -> Response:
    """Sum, number, minimum and maximum of the valid values selected at each index of the axis `along`; float64 bytes, (n, 4).

    An answer holds as many indices as were done in a second; `X-Next` counts them and `X-Asked` how many were asked for.
    """
    return _through(
        lambda: arrays.series(
            platform.arrays.stack(asker, pid, path, masked=masked, cancelled=left(request)), selection, along
        )
    )


@router.get("/profiles", response_class=Response)
def profiles(
    pid: str,
    path: str,
    along: int,
    rows: int,
    columns: int,
    line: str,
    request: Request,
    platform: Data,
    asker: Asker,
    width: int = 1,
    selection: str | None = None,
    masked: bool = True,
) -> Response:
    """The profile along a line at each index of the axis `along`; float32 bytes, (n, positions), one position a pixel.

    `line` is `x0,y0,x1,y1` in pixels of the image whose axes are `rows` and `columns`; `width` pixels are averaged. `X-Next`
    and `X-Asked` as for series.
    """
    wanted = _line(line, width)
    return _through(
        lambda: arrays.profiles(
            platform.arrays.stack(asker, pid, path, masked=masked, cancelled=left(request)),
            selection,
            along,
            (rows, columns),
            wanted,
        )
    )


def _through(make: Callable[[], arrays.Through]) -> Response:
    try:
        found = make()
    except Abandoned:
        return Response(status_code=CLIENT_LEFT)
    made = encode(found.values, "bin", "safe")
    counts = {"X-Next": str(found.next), "X-Asked": str(found.asked), "Cache-Control": "no-store"}
    return Response(made.body, media_type=made.media_type, headers=counts | made.headers)


def _line(text: str, width: int) -> Line:
    try:
        x0, y0, x1, y1 = (float(number) for number in text.split(","))
    except ValueError:
        raise InvalidInput("A line has four numbers.", remedy="Write it like '10,20,300,20'.", field="line") from None
    return Line(x0, y0, x1, y1, width)


@router.get("/geometry")
def geometry(pid: str, path: str, platform: Data, asker: Asker) -> GeometryOut | None:
    """The detector geometry that the file gives for an image array."""
    found = platform.arrays.geometry(asker, pid, path)
    return GeometryOut.model_validate(asdict(found)) if found is not None else None
