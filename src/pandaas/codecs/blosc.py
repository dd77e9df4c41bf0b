"""Chunks of HDF5 as Blosc frames, their compressed bytes unchanged.

What HDF5's filters Bitshuffle, LZ4, deflate and Zstandard write can be read by few programs other than HDF5's; Blosc frames
are read by every Zarr library. The compressed streams inside are of the same kinds, and Blosc's bit and byte shuffles are the
same transpositions, so a chunk only gets another head: 16 bytes, then per block an offset and a length (all little-endian).
Layout: https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst.

Blosc knows no block whose elements are not a multiple of eight bit-shuffled; it keeps such a last block as it was, so that
block alone is decoded here. Nothing is compressed.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.bitshuffle import BlockCompressor, Blocks, decode_blocks, find_blocks
from pandaas.codecs.lz4 import lz4_blocks

_HEAD = struct.Struct("<BBBBIII")
_LENGTH = struct.Struct("<I")
_VERSION, _FORMAT = 2, 1
_BYTE_SHUFFLE, _KEPT, _BIT_SHUFFLE, _UNSPLIT = 0x1, 0x2, 0x4, 0x10
_COMPRESSORS = {"lz4": 1, "zlib": 3, "zstd": 4}
MAX_FRAME = 1 << 29  # of Blosc's 2 GiB, with room for all overhead


class NotFramed(ValueError):
    """This chunk can't become a frame without compressing anew."""


def frame_of_bitshuffle(stored: bytes | memoryview, nbytes: int, itemsize: int, compressor: BlockCompressor) -> bytes:
    """A Bitshuffle chunk (head, then a chain of blocks) that decodes to `nbytes`. Raises `BrokenChunk`, `NotFramed`."""
    blocks = find_blocks(stored, nbytes, itemsize)
    block = min(blocks.block * itemsize, nbytes)
    count = len(blocks) if not blocks.rest else max(0, len(blocks) - bool(_partial(blocks)))
    starts = blocks.starts[: count + 1].astype(np.int64)
    sizes = np.full(count, block)
    sizes[-1:] = min(block, nbytes - (count - 1) * block)
    if bool((np.diff(starts) - _LENGTH.size == sizes).any()):
        raise NotFramed("a block is as long as its values: Blosc would take it for these")
    body = bytearray(memoryview(stored)[int(starts[0]) : int(starts[-1])])
    at = starts[:-1] - starts[0]
    words = np.frombuffer(body, np.uint8)
    for low, high in ((0, 3), (1, 2)):  # lengths from big- to little-endian
        words[at + low], words[at + high] = words[at + high], words[at + low]
    kept = _last_values(stored, blocks, count, compressor) if blocks.rest else b""
    flags = _BIT_SHUFFLE | _UNSPLIT | _COMPRESSORS[compressor] << 5
    offsets = [*at.tolist(), len(body)] if kept else at.tolist()
    tail = [_LENGTH.pack(len(kept)), kept] if kept else []
    return _frame(flags, (itemsize, nbytes, block), offsets, [body, *tail])


def frame_of_stream(
    stored: bytes | memoryview, nbytes: int, itemsize: int, compressor: Literal["zlib", "zstd"], *, shuffled: bool
) -> bytes:
    """A zlib stream or Zstandard frame that decodes to `nbytes`, byte-shuffled as a whole before or not."""
    return _one_block(stored, nbytes, itemsize, _COMPRESSORS[compressor] << 5, shuffled=shuffled)


def frame_of_lz4(stored: bytes | memoryview, nbytes: int, itemsize: int, *, shuffled: bool) -> bytes:
    """A chunk of HDF5's LZ4 filter. Raises `BrokenChunk`, `NotFramed`."""
    block, spans = lz4_blocks(stored, nbytes)
    if shuffled and block < nbytes:
        raise NotFramed("the bytes are shuffled across blocks")
    offsets, parts, length = [], [], 0
    for begin, end in spans:
        offsets.append(length)
        parts += [_LENGTH.pack(end - begin), bytes(stored[begin:end])]
        length += _LENGTH.size + end - begin
    flags = _shuffle_flag(itemsize, shuffled) | _UNSPLIT | _COMPRESSORS["lz4"] << 5
    return _frame(flags, (itemsize, nbytes, block), offsets, parts)


def frame_of_values(values: bytes | memoryview, itemsize: int) -> bytes:
    """A frame that holds the bytes as they are."""
    nbytes = len(values)
    return _HEAD.pack(_VERSION, _FORMAT, _KEPT, itemsize, nbytes, max(1, nbytes), nbytes + _HEAD.size) + bytes(values)


def frame_size(frame: bytes | memoryview) -> int | None:
    """To how many bytes a frame says it decodes; None for what is no frame."""
    if len(frame) < _HEAD.size:
        return None
    version, _, _, _, nbytes, _, length = _HEAD.unpack_from(frame)
    return int(nbytes) if version == _VERSION and length == len(frame) else None


def _one_block(stored: bytes | memoryview, nbytes: int, itemsize: int, flags: int, *, shuffled: bool) -> bytes:
    if len(stored) == nbytes:
        raise NotFramed("the stream is as long as its values: Blosc would take it for these")
    flags |= _shuffle_flag(itemsize, shuffled) | _UNSPLIT
    return _frame(flags, (itemsize, nbytes, nbytes), [0], [_LENGTH.pack(len(stored)), stored])


def _shuffle_flag(itemsize: int, shuffled: bool) -> int:
    return _BYTE_SHUFFLE if shuffled and itemsize > 1 else 0


def _frame(
    flags: int, sizes: tuple[int, int, int], offsets: list[int], parts: Sequence[bytes | bytearray | memoryview]
) -> bytes:
    """`sizes` are those of an element, of all values and of a block; `parts` follow each other behind the offsets."""
    itemsize, nbytes, block = sizes
    base = _HEAD.size + 4 * len(offsets)
    length = base + sum(map(len, parts))
    if not nbytes or max(nbytes, length) > MAX_FRAME or itemsize > 255:
        raise NotFramed("the chunk is empty or too large")
    starts = (np.asarray(offsets, np.int64) + base).astype("<u4").tobytes()
    return b"".join([_HEAD.pack(_VERSION, _FORMAT, flags, itemsize, nbytes, block, length), starts, *parts])


def _partial(blocks: Blocks) -> int:
    """Elements in a last block that is shorter than the others; 0 where there is none."""
    return (blocks.elements - blocks.rest) % blocks.block


def _last_values(stored: bytes | memoryview, blocks: Blocks, count: int, compressor: BlockCompressor) -> bytes:
    """The values from the block `count` on: a shorter block, if there is one, and the elements kept at the end."""
    begin, end = blocks.span(count, len(blocks))
    low, high = blocks.part(count, len(blocks))
    values: NDArray[np.void] = np.empty(high - low, f"V{blocks.itemsize}")
    if count == len(blocks):
        return bytes(stored[begin:end])
    decode_blocks(memoryview(stored)[begin:end], blocks, (count, len(blocks)), values, compressor)
    return values.tobytes()
