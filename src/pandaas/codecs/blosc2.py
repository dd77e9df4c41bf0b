"""Chunks of HDF5's Blosc2 filter: a contiguous frame of c-blosc2 with one Blosc2 chunk in it, taken apart here.

Layouts: https://github.com/Blosc/c-blosc2/blob/main/README_CFRAME_FORMAT.rst, README_CHUNK_FORMAT.rst and
README_B2ND_METALAYER.rst. A frame is a head in MessagePack with fixed places, the chunk, and the place of the chunk once more.
A chunk is 32 bytes of head, a table of where its blocks begin, and per block one or several compressed streams. Chunks of
more than one axis are cut into small boxes (B2ND), one to a block, padded at the upper edges.

c-blosc2 itself would look for plug-ins that a frame names, even by starting Python. So frames never reach it: head, table and
lengths are checked here, and only the streams go to the decoders of LZ4, Zstandard, BloscLZ and zlib, each with the room it has.
What is whole but of another kind (delta filter, dictionaries, plug-ins, several chunks) is `UnknownChunk`.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.bitshuffle import MOST_BLOCKS, BrokenChunk
from pandaas.codecs.native import blosc2_library

Bytes = NDArray[np.uint8]
_FRAME = struct.Struct(">B9sBIBQB4sBqBqBiBiBi")
_METALAYERS_AT = 87
_NO_METALAYER = bytes.fromhex("93cd0007de0000dc0000")
_METALAYER = struct.Struct(">BBHBHB4sBIBHBI")
_CHUNK = struct.Struct("<BBBBiii6sBB6sBB")
_LENGTH = struct.Struct("<i")
_VERSIONS = (5, 6)
_SHUFFLE, _BITSHUFFLE, _TRUNCATED = 1, 2, 4
_EXTENDED, _KEPT, _UNSPLIT = 0x5, 0x2, 0x10
_BLOSCLZ, _LZ4, _ZLIB, _ZSTD = 0, 1, 3, 4
_ZEROS, _REPEATED = 1, 3
_ALL_ZERO = b"\0\0\0\0\0\0\0\x81"  # in place of the chunk's place


class UnknownChunk(ValueError):
    """Stored in a way that isn't known here; whoever wrote it may be able to read it."""


@dataclass(frozen=True)
class _Boxes:
    """How the values of a chunk are put into blocks: each holds a box of `block` of the array `chunk`."""

    chunk: tuple[int, ...]
    block: tuple[int, ...]

    def places(self) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
        """Per block where its values go in the chunk, and which of it are values."""
        starts = (range(0, length, size) for length, size in zip(self.chunk, self.block, strict=True))
        for start in product(*starts):
            ends = tuple(map(min, self.chunk, map(sum, zip(start, self.block, strict=True))))
            yield tuple(map(slice, start, ends)), tuple(slice(0, end - at) for at, end in zip(start, ends, strict=True))

    @property
    def count(self) -> int:
        return math.prod(-(-length // size) for length, size in zip(self.chunk, self.block, strict=True))


@dataclass(frozen=True)
class _Chunk:
    """A chunk whose head and table were checked: `data` are its bytes, `starts` is None where they are not compressed."""

    data: Bytes
    nbytes: int
    block: int
    itemsize: int
    flags: int
    filter: int
    starts: list[int] | None


def decode_blosc2(stored: bytes | memoryview, into: Bytes) -> None:
    """Decode a stored chunk to just the bytes of `into` (contiguous). Raises `BrokenChunk`, `UnknownChunk`."""
    if len(stored) < _METALAYERS_AT + len(_NO_METALAYER):
        raise BrokenChunk("the chunk is shorter than its head")
    marks = _FRAME.unpack_from(stored)
    signs, magic, header, length = marks[0::2], marks[1], marks[3], marks[5]
    if signs != (0x9E, 0xD2, 0xCF, 0xA4, 0xD3, 0xD3, 0xD2, 0xD2, 0xD2) or magic != b"\xa8b2frame\0":
        raise BrokenChunk("the chunk is no frame of Blosc2")
    nbytes, compressed, itemsize, chunk_bytes = marks[9], marks[11], marks[13], marks[17]
    if length != len(stored) or not _METALAYERS_AT < header < length or not 0 < itemsize <= 255:
        raise BrokenChunk("the frame's head doesn't fit the chunk")
    boxes = _boxes(bytes(stored[_METALAYERS_AT:header]))
    if boxes is None and nbytes != len(into):
        raise BrokenChunk("the frame's head doesn't fit the array")
    if boxes is not None and math.prod(boxes.chunk) * itemsize != len(into):
        raise BrokenChunk("the frame's head doesn't fit the array")
    if boxes is None and nbytes > chunk_bytes:
        raise UnknownChunk("several chunks in a frame")
    if compressed == 0:
        if bytes(stored[header + 32 : header + 40]) != _ALL_ZERO:
            raise UnknownChunk("a chunk without bytes")
        into[:] = 0
        return
    if not _CHUNK.size <= compressed <= length - header:
        raise BrokenChunk("the frame ends within its chunk")
    data = np.frombuffer(stored, np.uint8)[header : header + compressed]
    _decode(data, itemsize, boxes, into)


def _boxes(metalayers: bytes) -> _Boxes | None:
    """What the frame's head says of boxes; None where values follow each other in C order."""
    if metalayers == _NO_METALAYER:
        return None
    at = _METALAYER.size
    if len(metalayers) < at + 3 or metalayers[4:12] != b"\xde\0\1\xa4b2nd" or metalayers[at] != 0x97:
        raise UnknownChunk("other notes in a frame's head")
    axes = metalayers[at + 2]
    if not 0 < axes < 16 or len(metalayers) < at + 3 + 3 + axes * (9 + 5 + 5):
        raise BrokenChunk("the frame's head ends within its shapes")
    at += 3 + 1 + 9 * axes
    chunk = _shape(metalayers[at:], axes)
    block = _shape(metalayers[at + 1 + 5 * axes :], axes)
    if any(not 0 < size <= length for size, length in zip(block, chunk, strict=True)):
        raise BrokenChunk("the frame's blocks have no possible shape")
    return _Boxes(chunk, block)


def _shape(packed: bytes, axes: int) -> tuple[int, ...]:
    if packed[0] != 0x90 + axes:
        raise BrokenChunk("the frame's head has no shapes")
    return tuple(struct.unpack_from(">" + "xi" * axes, packed, 1))


def _decode(data: Bytes, itemsize: int, boxes: _Boxes | None, into: Bytes) -> None:
    version, _, flags, size, nbytes, block, length, filters, _, _, options, more, special = _CHUNK.unpack_from(
        data.data
    )
    if version not in _VERSIONS or flags & _EXTENDED != _EXTENDED or more or special & 0x8F:
        raise UnknownChunk("a chunk of another kind")
    if size != itemsize or length != len(data) or nbytes < len(into) or (nbytes > len(into) and boxes is None):
        raise BrokenChunk("the chunk's head doesn't fit the frame")
    if special >> 4:
        _same_everywhere(special >> 4, data, into)
        return
    block = min(block, nbytes)
    if block <= 0 or -(-nbytes // block) > MOST_BLOCKS:
        raise BrokenChunk("the chunk's blocks have no possible size")
    if boxes is not None and (math.prod(boxes.block) * itemsize != block or boxes.count * block != nbytes):
        raise BrokenChunk("the chunk's blocks don't fit its shape")
    kept = bool(flags & _KEPT)
    if kept and length != nbytes + _CHUNK.size:
        raise BrokenChunk("the chunk has the wrong size")
    step = 0 if kept else _filter(filters, options)
    _place(
        _Chunk(data, nbytes, block, itemsize, flags, step, None if kept else _starts(data, nbytes, block)), boxes, into
    )


def _same_everywhere(special: int, data: Bytes, into: Bytes) -> None:
    value = data[_CHUNK.size :]
    if special == _ZEROS:
        into[:] = 0
    elif special == _REPEATED and len(value) and len(into) % len(value) == 0:
        into.reshape(-1, len(value))[:] = value
    else:
        raise UnknownChunk("a chunk of special values")


def _filter(filters: bytes, options: bytes) -> int:
    """The one filter that changes bytes; 0 where there is none."""
    found = [(step, option) for step, option in zip(filters, options, strict=True) if step not in (0, _TRUNCATED)]
    if not found:
        return 0
    if len(found) > 1 or found[0][0] not in (_SHUFFLE, _BITSHUFFLE) or found[0][1]:
        raise UnknownChunk("other filters than byte and bit shuffle")
    return int(found[0][0])


def _starts(data: Bytes, nbytes: int, block: int) -> list[int]:
    count = -(-nbytes // block)
    first = _CHUNK.size + 4 * count
    if first > len(data):
        raise BrokenChunk("the chunk ends within its table of blocks")
    starts = np.frombuffer(data, "<i4", count, _CHUNK.size)
    if starts.min() < first or starts.max() > len(data) - _LENGTH.size:
        raise BrokenChunk("a block lies outside the chunk")
    found: list[int] = starts.tolist()
    return found


def _place(chunk: _Chunk, boxes: _Boxes | None, into: Bytes) -> None:
    """Block by block, where its values belong."""
    space = np.empty(chunk.block, np.uint8)
    if boxes is None or (boxes.block[1:] == boxes.chunk[1:] and boxes.chunk[0] % boxes.block[0] == 0):
        for number in range(-(-chunk.nbytes // chunk.block)):
            _block(chunk, number, into[number * chunk.block : (number + 1) * chunk.block], space)
        return
    values = np.empty(chunk.block, np.uint8)
    element = np.dtype(f"u{chunk.itemsize}" if chunk.itemsize in (1, 2, 4, 8) else f"V{chunk.itemsize}")
    box, target = values.view(element).reshape(boxes.block), into.view(element).reshape(boxes.chunk)
    for number, (place, inside) in enumerate(boxes.places()):
        _block(chunk, number, values, space)
        target[place] = box[inside]


def _block(chunk: _Chunk, number: int, into: Bytes, space: Bytes) -> None:
    """The values of one block; `space` has room for as many."""
    if chunk.starts is None:
        at = _CHUNK.size + number * chunk.block
        into[:] = chunk.data[at : at + len(into)]
        return
    coded = space[: len(into)] if chunk.filter else into
    split = not chunk.flags & _UNSPLIT and len(into) == chunk.block
    streams = chunk.itemsize if split else 1
    each = len(into) // streams
    if each * streams != len(into):
        raise BrokenChunk("the chunk's blocks have no possible size")
    at = chunk.starts[number]
    for stream in range(streams):
        at = _stream(chunk, at, coded[stream * each : (stream + 1) * each])
    if chunk.filter:
        function = (
            blosc2_library().blosc2_unshuffle if chunk.filter == _SHUFFLE else blosc2_library().blosc2_bitunshuffle
        )
        if function(chunk.itemsize, len(into), coded.ctypes.data, into.ctypes.data) != len(into):
            raise BrokenChunk("a block can't be put in order")


def _stream(chunk: _Chunk, at: int, into: Bytes) -> int:
    """Decode the stream that begins at `at`; where the next one begins."""
    data = chunk.data
    if at + _LENGTH.size > len(data):
        raise BrokenChunk("the chunk ends within a block")
    length = int(_LENGTH.unpack_from(data.data, at)[0])
    at += _LENGTH.size
    if length <= 0:  # one byte again and again
        if length and (length < -255 or at >= len(data) or not data[at] & 1):
            raise BrokenChunk("a block has an unknown mark")
        into[:] = -length
        return at + (length < 0)
    end = at + length
    if end > len(data):
        raise BrokenChunk("the chunk ends within a block")
    if length == len(into):
        into[:] = data[at:end]
    elif _decoded(chunk.flags >> 5, data[at:end], into) != len(into):
        raise BrokenChunk("a block doesn't decode")
    return end


def _decoded(compressor: int, stored: Bytes, into: Bytes) -> int:
    """How many bytes were written."""
    if compressor == _ZLIB:
        return _zlib(stored, into)
    functions: Any = blosc2_library()
    source, target = stored.ctypes.data, into.ctypes.data
    if compressor == _LZ4:
        return int(functions.LZ4_decompress_safe(source, target, len(stored), len(into)))
    if compressor == _ZSTD:
        return int(functions.ZSTD_decompress(target, len(into), source, len(stored)))
    if compressor == _BLOSCLZ:
        return int(functions.blosclz_decompress(source, len(stored), target, len(into)))
    raise UnknownChunk("a compressor from a plug-in")


def _zlib(stored: Bytes, into: Bytes) -> int:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(stored.data, len(into))
    except zlib.error as error:
        raise BrokenChunk(f"zlib says: {error}") from error
    into[: len(found)] = np.frombuffer(found, np.uint8)
    return len(found)
