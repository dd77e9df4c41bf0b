"""TIFF images and stacks, through tifffile."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.reader import Contents, LazyArray
from pandaas.arrays.readers import describe, pilatus
from pandaas.codecs import Selection
from pandaas.model import UnreadableFile

if TYPE_CHECKING:
    import tifffile

_MAX_PAGE = 1 << 30
_MAX_SERIES = 64
_MAX_PAGES = 1_000_000
_ERRORS = (OSError, ValueError, RuntimeError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError)
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
            image = tifffile.TiffFile(path)
        except _ERRORS as error:
            raise UnreadableFile(f"{path.name} can't be read as TIFF: {error}.", remedy="Copy it again.") from error
        file = describe.memory_file()
        contents = Contents(path, "tiff", file, closers=[image.close])
        try:
            _describe(contents, path, image)
        except UnreadableFile:
            contents.close()
            raise
        except _ERRORS as error:
            contents.close()
            raise UnreadableFile(f"{path.name} can't be read as TIFF: {error}.", remedy="Copy it again.") from error
        return contents


def _describe(contents: Contents, path: Path, image: tifffile.TiffFile) -> None:
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
        if _put(contents, detector, "data" if not number else f"data_{number + 1}", series):
            made += 1
    if not made:
        raise UnreadableFile(f"{path.name} holds no image.")
    data = describe.group(entry, "data", "NXdata", signal="data")
    data["data"] = detector["data"]


def _put(contents: Contents, detector: Any, name: str, series: Any) -> bool:
    shape = tuple(int(n) for n in series.shape)
    if not shape or not math.prod(shape) or series.dtype is None:
        return False
    page = tuple(int(n) for n in series.keyframe.shape)
    size = math.prod(page) * series.dtype.itemsize
    if size > _MAX_PAGE or len(series) > _MAX_PAGES:
        raise UnreadableFile(f"{contents.path.name} claims images of {page} pixels, more than can be decoded.")
    lazy: dict[str, LazyArray] = {}
    if math.prod(shape) != math.prod(page) * len(series):
        lazy[name] = _whole(contents.path, series)
    else:
        lazy[name] = _by_page(contents.path, series, shape, page)
    chunks = (
        tuple(1 for _ in shape[: len(shape) - len(page)]) + page if shape[len(shape) - len(page) :] == page else None
    )
    describe.declared(
        detector,
        name,
        shape,
        np.dtype(series.dtype).newbyteorder("="),
        lazy=contents.lazy,
        read=lazy[name],
        chunks=chunks,
    )
    return True


def _by_page(path: Path, series: Any, shape: tuple[int, ...], page: tuple[int, ...]) -> LazyArray:
    """Only the pages that a selection touches are decoded."""
    leading = shape[: len(shape) - len(page)]
    if leading + page != shape:
        return _whole(path, series)

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


def _whole(path: Path, series: Any) -> LazyArray:
    """For layouts that are no stack of pages: decoded as one, if it is small enough."""

    def read(selection: Selection) -> NDArray[Any]:
        if series.nbytes > _MAX_PAGE:
            raise UnreadableFile(
                f"{path.name} has a layout that can only be decoded as a whole, and is too large for it."
            )
        try:
            return np.asarray(series.asarray()[selection.items])
        except _ERRORS as error:
            raise _undecodable(path, error) from error

    return read


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
