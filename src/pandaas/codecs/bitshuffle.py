"""Chunks compressed with Bitshuffle and LZ4 or Zstandard, block by block.

Layout (https://github.com/kiyo-masui/bitshuffle, `bshuf_h5filter.c`): 8 bytes with the size of the decoded chunk and 4
bytes with the size of a decoded block (both in bytes, big-endian), then a chain of blocks, each 4 bytes of length
(big-endian) and as many compressed bytes. The last block may be shorter, and up to seven elements follow as they are.
Blocks know nothing of each other, so a few can be decoded without the rest.

The decoders are those inside hdf5plugin's filter library, called without the interpreter's lock. A chain is walked to its
end before a byte of it reaches them, so they never read or write beyond the buffers given here: each block is handed over
with the length its place in the chunk allows (`LZ4_decompress_safe`, `ZSTD_decompress`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.native import bitshuffle_library

BlockCompressor = Literal["lz4", "zstd"]
HEAD_BYTES = 12
MOST_BLOCKS = 1 << 20  # of one chunk; walking so many takes a second, and nobody writes them
_HEAD = struct.Struct(">QI")
_LENGTH = struct.Struct(">I")
_FEW_BLOCKS = 128
_BLOCK_BYTES = 8192
_LEVEL = 1  # of Zstandard: what is made anew for each answer should be made quickly
_MULTIPLE = 8  # elements that are shuffled together


class BrokenChunk(ValueError):
    """The bytes are no whole chunk of this kind."""


@dataclass(frozen=True)
class Blocks:
    """Where the blocks of one stored chunk lie.

    `starts` has one entry more than there are blocks: where each block's length word begins, and where the last one ends
    (which is where the elements that are kept as they are begin). `elements` and `block` count elements.
    """

    starts: NDArray[np.uint32]
    elements: int
    block: int
    itemsize: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def rest(self) -> int:
        """How many elements at the end are stored as they are."""
        return self.elements % _MULTIPLE

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The bytes of the stored chunk that hold the blocks from `first` to before `last` (elements at the end included)."""
        end = int(self.starts[last])
        return int(self.starts[first]), end + (self.rest * self.itemsize if last == len(self) else 0)

    def part(self, first: int, last: int) -> tuple[int, int]:
        """The elements that these blocks decode to (half-open)."""
        whole = self.elements - self.rest
        return min(first * self.block, whole), self.elements if last == len(self) else last * self.block


def blocks_available() -> bool:
    """Whether the decoders can be called here."""
    return bitshuffle_library() is not None


def find_blocks(stored: bytes | memoryview, nbytes: int, itemsize: int) -> Blocks:
    """Walk the chain of a whole stored chunk that decodes to `nbytes` bytes.

    Raises `BrokenChunk` where the head says otherwise or the chain doesn't end with the bytes.
    """
    if len(stored) < HEAD_BYTES:
        raise BrokenChunk("the chunk is shorter than its head")
    total, block_bytes = _HEAD.unpack_from(stored)
    block = block_bytes // itemsize
    if total != nbytes or nbytes % itemsize or block_bytes % itemsize or block < _MULTIPLE or block % _MULTIPLE:
        raise BrokenChunk("the chunk's head doesn't fit the array")
    elements = nbytes // itemsize
    count = -(-(elements - elements % _MULTIPLE) // block)
    if count > MOST_BLOCKS:
        raise BrokenChunk("the chunk has more blocks than anybody writes")
    limit = len(stored) - elements % _MULTIPLE * itemsize
    # A word at every byte: taking one out of an array is the quickest that Python knows.
    word = np.ndarray((max(0, limit - _LENGTH.size + 1),), ">u4", stored, strides=(1,)).item
    at, starts = HEAD_BYTES, [HEAD_BYTES]
    try:
        for _ in range(count):
            at += _LENGTH.size + word(at)
            starts.append(at)
    except IndexError:
        raise BrokenChunk("the chunk ends within a block") from None
    if at > limit:
        raise BrokenChunk("the chunk ends within a block")
    return Blocks(np.array(starts, np.uint32), elements, block, itemsize)


def decode_chunk(
    stored: bytes | memoryview,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    compressor: BlockCompressor,
    *,
    into: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The values of a whole stored chunk, in `into` where that has room for just them; raises `BrokenChunk`."""
    if into is None or into.shape != shape or into.dtype != dtype or not into.flags.c_contiguous:
        into = np.empty(shape, dtype)
    blocks = find_blocks(stored, into.nbytes, dtype.itemsize)
    begin, end = blocks.span(0, len(blocks))
    decode_blocks(memoryview(stored)[begin:end], blocks, (0, len(blocks)), into.reshape(-1), compressor)
    return into


def decode_blocks(
    stored: bytes | memoryview | NDArray[np.uint8],
    blocks: Blocks,
    run: tuple[int, int],
    into: NDArray[Any],
    compressor: BlockCompressor,
) -> None:
    """Decode the blocks of `run` (first, and before which to stop), whose stored bytes are `stored`, into `into`.

    `stored` are the bytes of `blocks.span`; `into` is contiguous and holds just the elements of `blocks.part`. Raises
    `BrokenChunk` for what doesn't decode.
    """
    begin, end = blocks.span(*run)
    low, high = blocks.part(*run)
    fits = into.size == high - low and into.itemsize == blocks.itemsize and into.flags.c_contiguous
    if len(stored) != end - begin or not fits:
        raise BrokenChunk("the bytes are not those of the blocks")
    if high == low:
        return
    if not _has_lengths(stored, blocks.starts[run[0] : run[1] + 1]):
        raise BrokenChunk("the blocks have other lengths than before")
    functions = bitshuffle_library()
    if functions is None:
        raise BrokenChunk("no decoder is installed")
    function = functions.bshuf_decompress_lz4 if compressor == "lz4" else functions.bshuf_decompress_zstd
    used = function(_address(stored), _address(into), high - low, blocks.itemsize, blocks.block)
    if used != end - begin:
        raise BrokenChunk(f"a block doesn't decode ({used})")


def encode_chunk(values: NDArray[Any], compressor: BlockCompressor) -> bytes:
    """`values` (contiguous) as a stored chunk, with its head, as `decode_chunk` takes it."""
    functions = bitshuffle_library()
    block = max(_MULTIPLE, _BLOCK_BYTES // values.itemsize // _MULTIPLE * _MULTIPLE)
    bound = functions.bshuf_compress_lz4_bound if compressor == "lz4" else functions.bshuf_compress_zstd_bound
    room = np.empty(HEAD_BYTES + int(bound(values.size, values.itemsize, block)), np.uint8)
    _HEAD.pack_into(room.data, 0, values.nbytes, block * values.itemsize)
    arguments = (values.ctypes.data, room.ctypes.data + HEAD_BYTES, values.size, values.itemsize, block)
    if compressor == "lz4":
        used = functions.bshuf_compress_lz4(*arguments)
    else:
        used = functions.bshuf_compress_zstd(*arguments, _LEVEL)
    if used < 0:
        raise ValueError(f"values of type {values.dtype} can't be compressed ({used})")
    return room[: HEAD_BYTES + used].tobytes()


def _address(memory: bytes | memoryview | NDArray[Any]) -> Any:
    """What a C function takes as the place of these bytes."""
    if isinstance(memory, bytes):
        return memory
    array = memory if isinstance(memory, np.ndarray) else np.frombuffer(memory, np.uint8)
    return array.__array_interface__["data"][0]


def _has_lengths(stored: bytes | memoryview | NDArray[np.uint8], starts: NDArray[np.uint32]) -> bool:
    """Whether the blocks still have the lengths they were found with; the file can have been written to since."""
    if len(starts) < _FEW_BLOCKS:  # quicker one by one
        places = starts.tolist()
        read, first = _LENGTH.unpack_from, places[0]
        data = stored.data if isinstance(stored, np.ndarray) else stored
        return all(read(data, begin - first)[0] == end - begin - _LENGTH.size for begin, end in pairwise(places))
    at = starts.astype(np.int64)
    every = stored if isinstance(stored, np.ndarray) else np.frombuffer(stored, np.uint8)
    words = every[(at[:-1] - at[0])[:, None] + np.arange(_LENGTH.size)]
    return bool((np.ascontiguousarray(words).view(">u4").reshape(-1) == np.diff(at) - _LENGTH.size).all())
