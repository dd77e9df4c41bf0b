"""ESRF data format, one image or a series of equal ones, through fabio."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.layout import Identity
from pandaas.arrays.own_layout import OwnLayout, in_chunks, in_one_piece, state
from pandaas.arrays.reader import Contents, LazyArray
from pandaas.arrays.readers import describe, pilatus
from pandaas.arrays.readers.columns import parse_time
from pandaas.arrays.readers.hdf5 import unpack
from pandaas.codecs import Selection
from pandaas.model import UnreadableFile

_DATA = "/entry/instrument/detector/data"
_MAX_PIXELS = 256 * 1024 * 1024
_ERRORS = (OSError, ValueError, RuntimeError, KeyError, IndexError, AttributeError, TypeError, AssertionError)


class EdfReader:
    name = "edf"
    formats = frozenset({"edf"})

    def claims(self, path: Path, head: bytes) -> int:
        named = path.name.lower().endswith((".edf", ".edf.gz", ".edf.bz2"))
        if head.lstrip()[:1] == b"{" and b"Dim_1" in head:
            return 90
        return 60 if named else 0

    def open(self, path: Path) -> Contents:
        from fabio.edfimage import EdfImage

        if path.suffix.lower() == ".gz":
            unpack(path, gzip.open).close()  # refuses what unpacks to more than fits
        image = EdfImage()
        try:
            before = state(path)
            image.read(str(path))
            header = {str(key): str(value) for key, value in dict(image.header).items()}
            shape, dtype = _shape(path, image)
            where = _where(before, path, image, shape, dtype)
        except _ERRORS as error:
            raise UnreadableFile(f"{path.name} can't be read as EDF: {error}.", remedy="Copy it again.") from error
        contents = _describe(path, image, header, shape, where.layout.dtype if where is not None else dtype)
        if where is not None:
            contents.own_layouts[_DATA] = lambda: where
        return contents


def _shape(path: Path, image: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    frame = tuple(int(n) for n in image.shape)
    count = int(image.nframes)
    if len(frame) != 2 or not 0 < frame[0] * frame[1] <= _MAX_PIXELS:
        raise UnreadableFile(f"The header of {path.name} claims an image of {frame} pixels.")
    needed = frame[0] * frame[1] * np.dtype(image.dtype).itemsize
    packed = path.suffix.lower() in (".gz", ".bz2") or str(image.header.get("Compression", "None")).lower() not in (
        "none",
        "",
    )
    if not packed and path.stat().st_size < needed:
        raise UnreadableFile(f"{path.name} ends before its pixels do.", remedy="Copy it again.")
    return (frame if count == 1 else (count, *frame)), np.dtype(image.dtype)


def _where(before: Identity, path: Path, image: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> OwnLayout | None:
    """Where the frames lie; None unless all are whole and stored as they are, in the file itself.

    To be asked before a frame is decoded, after which fabio no longer knows.
    """
    if path.suffix.lower() in (".gz", ".bz2"):
        return None
    frames = list(image._frames)
    orders = {frame._data_byteorder for frame in frames}
    needed = math.prod(shape[-2:]) * dtype.itemsize
    alike = all(
        frame._data_compression is None
        and frame.bfname is None
        and frame._dtype == dtype
        and tuple(frame.shape) == shape[-2:]
        and int(frame.blobsize) >= needed
        for frame in frames
    )
    if not alike or len(orders) != 1 or len(frames) != math.prod(shape[:-2]):
        return None
    stored = dtype.newbyteorder(">" if "".join(orders) == ">" else "<")
    if len(shape) == 2:
        return in_one_piece(before, shape, stored, int(frames[0].start))
    return in_chunks(before, shape, stored, (1, *shape[-2:]), [(int(frame.start), needed) for frame in frames])


def _describe(path: Path, image: Any, header: dict[str, str], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Contents:
    file = describe.memory_file()
    lazy: dict[str, LazyArray] = {}
    named = header.get("Title") or header.get("title") or ""
    title = named if named and not named.startswith("#") else path.name.partition(".edf")[0]
    entry = describe.entry(file, title=title)
    moment = parse_time(header.get("Date", "")) or parse_time(header.get("time_of_day", ""))
    if moment:
        describe.text(entry, "start_time", moment)
    instrument = describe.group(entry, "instrument", "NXinstrument")
    detector = describe.group(instrument, "detector", "NXdetector")
    _geometry(detector, instrument, header)
    text = "\n".join(f"{key} {value}" for key, value in header.items())
    if pilatus.has_header(text) or "Pixel_size" in text:
        pilatus.put_header(entry, text)
    _number(detector, "count_time", header.get("count_time"), "s")

    def read(selection: Selection) -> NDArray[Any]:
        try:
            return _pixels(image, shape, selection)
        except _ERRORS as error:
            raise UnreadableFile(f"The pixels of {path.name} can't be read: {error}.") from error

    made = describe.declared(detector, "data", shape, dtype, lazy=lazy, read=read, unit="counts")
    describe.group(entry, "data", "NXdata", signal="data")["data"] = made
    describe.header(entry, dict(header))
    return Contents(path, "edf", file, lazy=lazy, closers=[image.close])


def _pixels(image: Any, shape: tuple[int, ...], selection: Selection) -> NDArray[Any]:
    if len(shape) == 2:  # of a single image fabio's `getframe` would open other files with a number in their name
        return np.asarray(np.asarray(image.data)[selection.items])
    first, *rest = selection.items
    frames = range(shape[0])[first]
    if isinstance(frames, int):
        return np.asarray(np.asarray(image.getframe(frames).data)[tuple(rest)])
    result = np.empty(selection.shape, image.dtype)
    for position, frame in enumerate(frames):
        result[position] = np.asarray(image.getframe(frame).data)[tuple(rest)]
    return result


def _geometry(detector: Any, instrument: Any, header: dict[str, str]) -> None:
    """Keys of SPD and pyFAI, https://doi.org/10.1107/S0021889807000350: lengths in metres, centres in pixels."""
    for key, name, unit in (
        ("SampleDistance", "distance", "m"),
        ("PSize_1", "x_pixel_size", "m"),
        ("PSize_2", "y_pixel_size", "m"),
        ("Center_1", "beam_center_x", "pixel"),
        ("Center_2", "beam_center_y", "pixel"),
    ):
        _number(detector, name, header.get(key), unit)
    if header.get("WaveLength"):
        _number(describe.group(instrument, "beam", "NXbeam"), "incident_wavelength", header["WaveLength"], "m")
        describe.text(describe.group(instrument, "source", "NXsource"), "probe", "x-ray")


def _number(group: Any, name: str, text: str | None, unit: str) -> None:
    try:
        value = float((text or "").split()[0])
    except (ValueError, IndexError):
        return
    describe.number(group, name, value, unit)
