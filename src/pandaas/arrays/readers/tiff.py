"""TIFF images and stacks, through tifffile."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.layout import Identity, NotPlain
from pandaas.arrays.own_layout import OwnLayout, Whereabouts, in_chunks, in_one_piece, state, values_of
from pandaas.arrays.reader import Contents, LazyArray
from pandaas.arrays.readers import describe, pilatus
from pandaas.codecs import GZIP, BrokenChunk, Filter, Selection
from pandaas.model import UnreadableFile

if TYPE_CHECKING:
    import tifffile

_MAX_PAGE = 1 << 30
_MAX_SERIES = 64
_MAX_PAGES = 1_000_000
_ERRORS = (OSError, ValueError, RuntimeError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError)
_FILTERS = {1: (), 8: (Filter(GZIP),), 32946: (Filter(GZIP),)}
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class TiffReader:
    name = "tiff"
    formats = frozenset({"tiff"})

    def claims(self, path: Path, head: bytes) -> int:
        if head.startswith(_MAGIC):
            return 90
        return 30 if path.suffix.lower() in (".tif", ".tiff") else 0

    def open(self, path: Path) -> Contents:
        import tifffile

        try:
            before = state(path)
            image = tifffile.TiffFile(path)
        except _ERRORS as error:
            raise UnreadableFile(f"{path.name} can't be read as TIFF: {error}.", remedy="Copy it again.") from error
        file = describe.memory_file()
        contents = Contents(path, "tiff", file, closers=[image.close])
        try:
            _describe(contents, path, image, before)
        except UnreadableFile:
            contents.close()
            raise
        except _ERRORS as error:
            contents.close()
            raise UnreadableFile(f"{path.name} can't be read as TIFF: {error}.", remedy="Copy it again.") from error
        return contents


def _describe(contents: Contents, path: Path, image: tifffile.TiffFile, before: Identity) -> None:
    entry = describe.entry(contents.file, title=path.name.rpartition(".")[0] or path.name)
    text = _description(image)
    moment = image.pages.first.tags.valueof("DateTime")
    if isinstance(moment, str) and moment[:4].isdigit():
        describe.text(entry, "start_time", moment.replace(":", "-", 2))
    if pilatus.has_header(text):
        pilatus.put_header(entry, text)
    elif text:
        describe.text(entry, "notes", text[:20_000])
    software = image.pages.first.tags.valueof("Software")
    if isinstance(software, str) and software.strip():
        describe.text(entry, "program_name", software.strip())
    detector = describe.group(describe.group(entry, "instrument", "NXinstrument"), "detector", "NXdetector")
    made = 0
    for number, series in enumerate(image.series[:_MAX_SERIES]):
        name = "data" if not number else f"data_{number + 1}"
        where = partial(_where, before, series, image.byteorder)
        if _put(contents, detector, name, series, where):
            contents.own_layouts[f"{detector.name}/{name}"] = where
            made += 1
    if not made:
        raise UnreadableFile(f"{path.name} holds no image.")
    data = describe.group(entry, "data", "NXdata", signal="data")
    data["data"] = detector["data"]


def _put(contents: Contents, detector: Any, name: str, series: Any, where: Whereabouts) -> bool:
    shape = tuple(int(n) for n in series.shape)
    if not shape or not math.prod(shape) or series.dtype is None:
        return False
    page = tuple(int(n) for n in series.keyframe.shape)
    size = math.prod(page) * series.dtype.itemsize
    if size > _MAX_PAGE or len(series) > _MAX_PAGES:
        raise UnreadableFile(f"{contents.path.name} claims images of {page} pixels, more than can be decoded.")
    if math.prod(shape) != math.prod(page) * len(series):
        read = _whole(contents.path, series, where)
    else:
        read = _by_page(contents.path, series, where, shape[: len(shape) - len(page)])
    chunks = (
        tuple(1 for _ in shape[: len(shape) - len(page)]) + page if shape[len(shape) - len(page) :] == page else None
    )
    describe.declared(
        detector,
        name,
        shape,
        np.dtype(series.dtype).newbyteorder(series.keyframe.parent.byteorder),
        lazy=contents.lazy,
        read=read,
        chunks=chunks,
    )
    return True


def _where(before: Identity, series: Any, byteorder: Literal["<", ">"]) -> OwnLayout | None:
    """Where the pixels lie, if they are stored as they are or deflated in parts of equal shape; else None."""
    page, shape = series.keyframe, tuple(int(n) for n in series.shape)
    dtype = np.dtype(series.dtype).newbyteorder(byteorder)
    filters = _FILTERS.get(int(page.compression))
    if filters is None or page.predictor != 1 or page.fillorder != 1 or page.bitspersample != dtype.itemsize * 8:
        return None
    try:
        if series.dataoffset is not None and not filters:
            return in_one_piece(before, shape, dtype, int(series.dataoffset))
        return _in_parts(before, series, dtype, filters)
    except _ERRORS:
        return None


def _in_parts(before: Identity, series: Any, dtype: np.dtype[Any], filters: tuple[Filter, ...]) -> OwnLayout | None:
    page, shape = series.keyframe, tuple(int(n) for n in series.shape)
    inner = tuple(int(n) for n in page.shape)
    leading = shape[: len(shape) - len(inner)]
    if leading + inner != shape or math.prod(leading) != len(series):
        return None
    parts = [series[number] for number in range(len(series))]
    if page.is_contiguous and not filters:
        nbytes = math.prod(inner) * dtype.itemsize
        whole = [(int(part.dataoffsets[0]), nbytes) for part in parts]
        return in_chunks(before, shape, dtype, (*(1 for _ in leading), *inner), whole)
    chunk = tuple(int(n) for n in page.chunks)
    if not page.is_tiled:  # one strip may be said to be longer than the image; a shorter last one is no chunk
        chunk = tuple(min(size, length) for size, length in zip(chunk, inner, strict=True))
        if any(length % size for size, length in zip(chunk, inner, strict=True)):
            return None
    pieces = [
        (int(offset), int(size))
        for part in parts
        for offset, size in zip(part.dataoffsets, part.databytecounts, strict=True)
    ]
    return in_chunks(before, shape, dtype, (*(1 for _ in leading), *chunk), pieces, filters=filters)


def _by_page(path: Path, series: Any, where: Whereabouts, leading: tuple[int, ...]) -> LazyArray:
    """Only the pages that a selection touches are decoded."""
    if leading + tuple(series.keyframe.shape) != tuple(series.shape):
        return _whole(path, series, where)

    def read(selection: Selection) -> NDArray[Any]:
        numbers = np.arange(len(series)).reshape(leading)[selection.items[: len(leading)]]
        inner = selection.items[len(leading) :]
        if numbers.ndim == 0:
            return _page(path, series, int(numbers), inner)
        result = np.empty(selection.shape, np.dtype(series.dtype).newbyteorder("="))
        for position in np.ndindex(numbers.shape):
            result[position] = _page(path, series, int(numbers[position]), inner)
        return result

    return read


def _page(path: Path, series: Any, number: int, inner: tuple[int | slice, ...]) -> NDArray[Any]:
    try:
        pixels = series[number].asarray()
    except _ERRORS as error:
        raise _undecodable(path, error) from error
    return np.asarray(pixels[inner])


def _whole(path: Path, series: Any, where: Whereabouts) -> LazyArray:
    """For layouts that are no stack of pages: decoded as one, if it is small enough or lies in one piece."""

    def read(selection: Selection) -> NDArray[Any]:
        if series.nbytes > _MAX_PAGE:
            found = where()
            if found is not None:
                return _piece(path, found, selection)
            raise UnreadableFile(
                f"{path.name} has a layout that can only be decoded as a whole, and is too large for it."
            )
        try:
            return np.asarray(series.asarray()[selection.items])
        except _ERRORS as error:
            raise _undecodable(path, error) from error

    return read


def _piece(path: Path, found: OwnLayout, selection: Selection) -> NDArray[Any]:
    try:
        return values_of(path, found, selection)
    except (NotPlain, BrokenChunk, OSError) as error:
        raise _undecodable(path, error) from error


def _undecodable(path: Path, error: Exception) -> UnreadableFile:
    return UnreadableFile(
        f"The pixels of {path.name} can't be decoded: {error}.",
        remedy="The file may be cut off, or use a compression that isn't installed.",
    )


def _description(image: tifffile.TiffFile) -> str:
    text = image.pages.first.tags.valueof("ImageDescription")
    if isinstance(text, bytes):
        return text.decode("utf-8", "replace")
    return text if isinstance(text, str) else ""
