"""A few elements of many Bitshuffle blocks, without putting the others together.

Bitshuffle writes a block of n elements as planes: n / 8 bytes with the first bit of every element, as many with the second, and
so on (element k in bit k % 8 of byte k // 8). Putting the bits together again takes three to five times as long as
decompressing them, so where a selection takes little of each block (a column across a stack of images, a slice through a volume in cubes), blocks
are only decompressed, and of their planes just those bytes are put together that hold something selected.

Decompressing without more is what c-blosc does with a frame that says nothing of shuffling (https://github.com/Blosc/c-blosc,
`README_CHUNK_FORMAT.rst`): the same chain of blocks with the lengths little-endian, behind a head and a table of where blocks
begin. So stored bytes become a frame where they lie, in one call for all blocks, without the interpreter's lock. The head, the
table and every length are written here; c-blosc gives each block the room that its place allows and says when it isn't filled.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.bitshuffle import BlockCompressor, Blocks, BrokenChunk
from pandaas.codecs.native import bitshuffle_library, blosc_library

Bytes = NDArray[np.uint8]
_HEAD = struct.Struct("<BBBBIII")  # versions of the format and of the compressor's, flags, element, sizes
_WHOLE_BLOCKS = 0x10  # not split by the bytes of their elements
_COMPRESSORS = {"lz4": 1 << 5, "zstd": 4 << 5}
WORD = 4
GROUP = 8  # elements whose bits share a byte of each plane
_WORTH = 4  # times as many elements as are put together
_LEAST_BLOCKS = 24  # fewer are decoded as quickly
_MOST = 1 << 18  # bytes put together: finding the place of one takes 30 ns, and eight bytes while it is remembered


@dataclass(frozen=True)
class Picks:
    """Where the selected elements of a chunk are found in its blocks, decompressed one after the other.

    `blocks` are the numbers of these blocks, which decompress to `nbytes` bytes; `rest` elements follow that are stored as they
    are. `places` has a row for each plane and a column for each group of eight elements. What these bytes give when put together
    is followed by the rest, and `picked` tells where among all of those the selected elements are.
    """

    blocks: NDArray[np.int64]
    held: NDArray[np.int64]  # bytes that each of them decompresses to
    nbytes: int
    rest: int
    places: NDArray[np.int64]
    picked: NDArray[np.int64]

    @property
    def scratch(self) -> int:
        """Bytes that `pick` works in."""
        return 2 * self.places.size


def can_pick() -> bool:
    return bitshuffle_library() is not None and blosc_library() is not None


def find_picks(
    inside: Sequence[int | slice], chunk: Sequence[int], blocks: Blocks, *, every_block: bool = False
) -> Picks | None:
    """How to have the part `inside` (positive steps) of a chunk; None where decoding its blocks costs hardly more.

    With `every_block` all blocks are decompressed, not only those that hold something selected.
    """
    ranges = [
        range(i, i + 1) if isinstance(i, int) else range(*i.indices(n)) for i, n in zip(inside, chunk, strict=True)
    ]
    selected = 1
    for picked in ranges:
        selected *= len(picked)
    if not selected or selected * _WORTH > blocks.elements or len(blocks) < _LEAST_BLOCKS:
        return None
    if selected * blocks.itemsize > _MOST:
        return None
    flat = np.zeros(1, np.int64)
    for picked, length in zip(ranges, chunk, strict=True):
        flat = (flat[:, None] * length + np.asarray(picked, np.int64)).reshape(-1)
    whole = blocks.elements - blocks.rest
    groups = np.unique(flat[flat < whole] // GROUP)
    if len(groups) * GROUP * blocks.itemsize > _MOST:
        return None
    block = groups * GROUP // blocks.block
    rest = blocks.rest if every_block or flat[-1] >= whole else 0
    with_last = [len(blocks) - 1] if rest else []  # what is read for it ends with the rest
    needed = np.arange(len(blocks)) if every_block else np.unique(np.append(block, with_last).astype(np.int64))
    if len(needed) < _LEAST_BLOCKS or len(groups) * GROUP * _WORTH > len(needed) * blocks.block:
        return None
    first, last = needed * blocks.block, np.minimum((needed + 1) * blocks.block, whole)
    at = np.searchsorted(needed, block)
    width = ((last - first) // GROUP)[at]
    planes = np.arange(GROUP * blocks.itemsize)[:, None]
    places = at * blocks.block * blocks.itemsize + planes * width + (groups - block * blocks.block // GROUP)
    found = np.searchsorted(groups, flat // GROUP) * GROUP + flat % GROUP
    picked_at = np.where(flat < whole, found, len(groups) * GROUP + flat - whole)
    held = (last - first) * blocks.itemsize
    return Picks(needed, held, int(held.sum()), rest, np.ascontiguousarray(places), picked_at)


def room_before(count: int) -> int:
    """Bytes that `decompress_blocks` needs before the stored ones for so many blocks."""
    return _HEAD.size + WORD * count


@dataclass(frozen=True)
class StoredBlocks:
    """Bytes of a stored chunk from `base` on, behind the room that `decompress_blocks` needs; these are written to.

    `just_found`: the table `blocks` was made of these very bytes.
    """

    memory: Bytes
    base: int
    blocks: Blocks
    just_found: bool = False


def decompress_blocks(stored: StoredBlocks, picks: Picks, into: Bytes, compressor: BlockCompressor) -> bool:
    """Decompress the blocks of `picks` one after the other into `into` (just their bytes), their bits left as they are.

    False, with nothing changed, where a block is as long as what it holds, which c-blosc takes for a block that isn't
    compressed. Raises `BrokenChunk` for what doesn't decompress, and for blocks that have other lengths than before.
    """
    memory, head = stored.memory, room_before(len(picks.blocks))
    starts = stored.blocks.starts.astype(np.int64) + (head - stored.base)
    if len(picks.blocks) == len(stored.blocks):
        at, end = starts[:-1], starts[1:]
    else:
        at, end = starts[picks.blocks], starts[picks.blocks + 1]
    lengths = end - at - WORD
    if at[0] < head or end[-1] > memory.nbytes or into.nbytes != picks.nbytes:
        raise BrokenChunk("the bytes are not those of the blocks")
    if (lengths == picks.held).any():
        return False
    words = np.ndarray((memory.nbytes - WORD + 1,), ">u4", memory.data, strides=(1,))  # one at every byte
    if not stored.just_found and (words[at] != lengths).any():
        raise BrokenChunk("the blocks have other lengths than before")
    write_lengths(memory, at, lengths)
    decompress_frame(memory, at, into, int(picks.held[0]), compressor)
    return True


def write_lengths(memory: Bytes, at: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    """Length words as c-blosc reads them (little-endian), at any places."""
    np.ndarray((memory.nbytes - WORD + 1,), "<u4", memory.data, strides=(1,))[at] = lengths


def decompress_frame(
    memory: Bytes, at: NDArray[np.int64], into: Bytes, block_bytes: int, compressor: BlockCompressor
) -> None:
    """The blocks whose length words are `at` these places, behind `room_before` so many, one after the other into `into`.

    Each gives `block_bytes`, only the last may give less. Raises `BrokenChunk` for what doesn't decompress.
    """
    memory[_HEAD.size : room_before(len(at))].view("<u4")[:] = at
    flags = _WHOLE_BLOCKS | _COMPRESSORS[compressor]
    _HEAD.pack_into(memory.data, 0, 2, 1, flags, 1, into.nbytes, block_bytes, memory.nbytes)
    done = blosc_library().blosc_decompress_ctx(_address(memory), _address(into), into.nbytes, 1)
    if done != into.nbytes:
        raise BrokenChunk(f"a block doesn't decode ({done})")


def pick(planes: Bytes, picks: Picks, dtype: np.dtype[Any], scratch: Bytes) -> NDArray[Any]:
    """The selected elements, flat. `planes` are decompressed blocks and the rest; `scratch` has `picks.scratch` bytes."""
    half = picks.places.size
    gathered, together = scratch[:half], scratch[half : 2 * half]
    # Places lie within: with "clip" NumPy writes straight into the result.
    np.take(planes, picks.places, out=gathered.reshape(picks.places.shape), mode="clip")
    count = picks.places.shape[1] * GROUP
    done = bitshuffle_library().bshuf_untrans_bit_elem(_address(gathered), _address(together), count, dtype.itemsize)
    if done != half:
        raise BrokenChunk(f"the bits can't be put together ({done})")
    values = together.view(dtype)
    if picks.rest:
        values = np.concatenate([values, planes[picks.nbytes :].view(dtype)])
    return values[picks.picked]


def put_groups_together(gathered: Bytes, dtype: np.dtype[Any], work: Bytes) -> NDArray[Any]:
    """Elements of the groups of eight that were gathered from several chunks: a row for each, in `work`.

    `gathered` has the shape (chunks, planes, groups), as `Picks.places` has (planes, groups); `work` has twice its bytes.
    """
    chunks, planes, groups = gathered.shape
    by_plane = work[: gathered.nbytes].reshape(planes, chunks, groups)
    by_plane[...] = gathered.transpose(1, 0, 2)
    values = work[gathered.nbytes : 2 * gathered.nbytes].view(dtype).reshape(chunks, groups * GROUP)
    done = bitshuffle_library().bshuf_untrans_bit_elem(
        _address(by_plane), _address(values), values.size, dtype.itemsize
    )
    if done != values.nbytes:
        raise BrokenChunk(f"the bits can't be put together ({done})")
    return values


def put_together(planes: Bytes, blocks: Blocks, into: NDArray[Any]) -> None:
    """All elements of a whole chunk, from its decompressed blocks and the elements at its end."""
    if planes.nbytes != into.nbytes or into.itemsize != blocks.itemsize or not into.flags.c_contiguous:
        raise BrokenChunk("the bytes are not those of the chunk")
    functions = bitshuffle_library()
    done = functions.bshuf_bitunshuffle(_address(planes), _address(into), into.size, into.itemsize, blocks.block)
    if done != into.nbytes:
        raise BrokenChunk(f"the bits can't be put together ({done})")


def _address(array: NDArray[Any]) -> int:
    found: int = array.__array_interface__["data"][0]
    return found
