"""Crystallographic binary files of one image (miniCBF of PILATUS and EIGER), plain or compressed, through fabio."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.layout import Identity
from pandaas.arrays.own_layout import OwnLayout, in_chunks, state
from pandaas.arrays.reader import Contents, LazyArray
from pandaas.arrays.readers import describe, pilatus
from pandaas.arrays.readers.hdf5 import unpack
from pandaas.codecs import BYTE_OFFSET, Filter, Selection
from pandaas.model import UnreadableFile

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_HEADER_BYTES = 256 * 1024
_MAX_PIXELS = 256 * 1024 * 1024
_FASTEST = re.compile(rb"X-Binary-Size-Fastest-Dimension:\s*(\d{1,9})")
_SECOND = re.compile(rb"X-Binary-Size-Second-Dimension:\s*(\d{1,9})")
_THIRD = re.compile(rb"X-Binary-Size-Third-Dimension:\s*(\d{1,9})")
_TYPE = re.compile(rb'X-Binary-Element-Type:\s*"(signed|unsigned) (8|16|32|64)-bit (integer|real)')
_BYTES = re.compile(rb"X-Binary-Size:\s*(\d{1,12})")
_PIXELS_FOLLOW = b"\x0c\x1a\x04\xd5"
_SOURCE = re.compile(rb"_diffrn_source\.type\s+'([^'\n]{1,80})'")
_PIXELS = "/entry/instrument/detector/data"
NEEDS_DIALS = "It holds several detector panels (full CBF): needs DIALS, for which there is no reader yet."


class CbfReader:
    name = "cbf"
    formats = frozenset({"cbf"})

    def claims(self, path: Path, head: bytes) -> int:
        if head.startswith(b"###CBF"):
            return 100
        stem, ending = path.name.lower(), path.suffix.lower()
        if ending in _OPENERS:
            return 80 if stem.removesuffix(ending).endswith(".cbf") else 0
        return 30 if ending == ".cbf" else 0

    def open(self, path: Path) -> Contents:
        before = state(path)
        head = _head(path)
        if not head.lstrip().startswith((b"###CBF", b"data_")):
            raise UnreadableFile(f"{path.name} is no CBF.", remedy="Its name promises one; copy it again.")
        file = describe.memory_file()
        lazy: dict[str, LazyArray] = {}
        entry = describe.entry(file, title=_title(path))
        source = _SOURCE.search(head)
        if source:
            name = source[1].decode("utf-8", "replace")
            instrument = describe.group(entry, "instrument", "NXinstrument")
            describe.text(instrument, "name", name)
            describe.text(describe.group(instrument, "source", "NXsource"), "name", name)
        if _several_panels(path, head):
            describe.text(entry, "definition", "imgCIF")
            return Contents(path, "cbf", file, unread=(NEEDS_DIALS,))
        try:
            shape, dtype = _shape(path, head)
        except BaseException:
            file.close()
            raise
        text = head.partition(b"--CIF-BINARY-FORMAT-SECTION--")[0].decode("utf-8", "replace")
        if pilatus.has_header(text):
            pilatus.put_header(entry, text)
        instrument = describe.group(entry, "instrument", "NXinstrument")
        detector = describe.group(instrument, "detector", "NXdetector")
        image = describe.declared(
            detector, "data", shape, dtype, lazy=lazy, read=_Pixels(path, shape, dtype), unit="counts"
        )
        data = describe.group(entry, "data", "NXdata", signal="data")
        data["data"] = image
        contents = Contents(path, "cbf", file, lazy=lazy)
        where = _where(before, path, head, shape, dtype)
        if where is not None:
            contents.own_layouts[_PIXELS] = lambda: where
        return contents


class _Pixels:
    """Decodes when the first pixel is asked for, and keeps the image as long as the file is open."""

    def __init__(self, path: Path, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
        self._path = path
        self._shape = shape
        self._dtype = dtype
        self._pixels: NDArray[Any] | None = None

    def __call__(self, selection: Selection) -> NDArray[Any]:
        if self._pixels is None:
            self._pixels = self._decode()
        return np.asarray(self._pixels[selection.items])

    def _decode(self) -> NDArray[Any]:
        from fabio.cbfimage import CbfImage

        opener = _OPENERS.get(self._path.suffix.lower())
        stream = unpack(self._path, opener) if opener else io.BytesIO(self._path.read_bytes())
        try:
            pixels = np.asarray(CbfImage().read(stream).data)
        except (OSError, ValueError, RuntimeError, KeyError, IndexError, AttributeError, TypeError) as error:
            raise UnreadableFile(f"The pixels of {self._path.name} can't be decoded: {error}.") from error
        if pixels.shape != self._shape:
            raise UnreadableFile(f"{self._path.name} holds {pixels.shape} pixels where its header says {self._shape}.")
        return pixels.astype(self._dtype, copy=False)


def _where(before: Identity, path: Path, head: bytes, shape: tuple[int, int], dtype: np.dtype[Any]) -> OwnLayout | None:
    """Where the compressed pixels lie in the file; None where it is packed or they are of another kind."""
    begin, size, kind = head.find(_PIXELS_FOLLOW), _BYTES.search(head), _TYPE.search(head)
    whole = kind is None or kind[3] == b"integer"
    if path.suffix.lower() in _OPENERS or begin < 0 or size is None or not whole or b"x-CBF_BYTE_OFFSET" not in head:
        return None
    piece = (begin + len(_PIXELS_FOLLOW), int(size[1]))
    return in_chunks(before, shape, dtype, shape, [piece], filters=(Filter(BYTE_OFFSET),))


def _head(path: Path) -> bytes:
    opener = _OPENERS.get(path.suffix.lower(), open)
    try:
        with opener(path, "rb") as stream:
            return bytes(stream.read(_HEADER_BYTES))
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise UnreadableFile(f"{path.name} can't be unpacked: {error}.", remedy="Copy it again.") from error


def _several_panels(path: Path, head: bytes) -> bool:
    """More than one binary section, or a third axis. Later sections may lie behind the first megabytes."""
    third = _THIRD.search(head)
    if third and int(third[1]) > 1:
        return True
    marks = head.count(b"X-Binary-Size-Fastest-Dimension")
    return marks > 1 or (marks == 0 and b"_diffrn_detector_axis" in head) or b"_array_structure_list_section" in head


def _shape(path: Path, head: bytes) -> tuple[tuple[int, int], np.dtype[Any]]:
    fastest, second, kind = _FASTEST.search(head), _SECOND.search(head), _TYPE.search(head)
    if fastest is None or second is None:
        raise UnreadableFile(f"The header of {path.name} doesn't say how many pixels it has.")
    shape = (int(second[1]), int(fastest[1]))
    if not 0 < shape[0] * shape[1] <= _MAX_PIXELS:
        raise UnreadableFile(f"The header of {path.name} claims an image of {shape} pixels.")
    bits = int(kind[2]) if kind else 32
    unsigned = kind is not None and kind[1] == b"unsigned"
    return shape, np.dtype(f"<{'u' if unsigned else 'i'}{bits // 8}")


def _title(path: Path) -> str:
    name = path.name
    for ending in (".gz", ".bz2", ".xz", ".cbf"):
        name = name.removesuffix(ending)
    return name
