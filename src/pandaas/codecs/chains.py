"""The same part of several Bitshuffle chunks: found, decompressed and put together with few steps of Python for each.

A slice through a volume in cubes touches a hundred chunks and takes little of each, so what Python does between the calls
for each of them takes longer than decompressing. Here NumPy walks all chains of blocks side by side, and what was picked
of all chunks is put together in one call (`planes` says how).

Only the usual case is done: chunks alike, of whole blocks of one size. Whatever else there is, damage too, is left to who decodes chunks
one by one and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.bitshuffle import HEAD_BYTES, MOST_BLOCKS, BlockCompressor, Blocks
from pandaas.codecs.planes import GROUP, WORD, Picks, decompress_frame, put_groups_together, write_lengths

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Chains:
    """Where the length words of all blocks are in one piece of memory: `at` has a row for each chunk, `lengths` too.

    `blocks` are those of each chunk, counted from the chunk's own beginning in the first.
    """

    at: NDArray[np.int64]
    lengths: NDArray[np.int64]
    blocks: Blocks

    @property
    def block_bytes(self) -> int:
        """Of a decoded block."""
        return self.blocks.block * self.blocks.itemsize


@dataclass(frozen=True)
class StoredChunks:
    """`memory` has `room_before` the blocks of one chunk at its beginning; it is written to."""

    memory: Bytes
    chains: Chains
    compressor: BlockCompressor


def find_chains(memory: Bytes, places: Sequence[tuple[int, int]], nbytes: int, itemsize: int) -> Chains | None:
    """Walk the chains of stored chunks that lie at `places` (first byte, size) in `memory` and decode to `nbytes` each.

    None where these are not all whole chunks of whole blocks of one size.
    """
    begin, size = np.array(places, np.int64).T
    if memory.nbytes < HEAD_BYTES or (size < HEAD_BYTES).any() or begin[0] < 0 or (begin + size).max() > memory.nbytes:
        return None
    word = np.ndarray((memory.nbytes - WORD + 1,), ">u4", memory.data, strides=(1,))  # one at every byte
    block_bytes = int(word[begin[0] + 2 * WORD])
    heads = word[begin[:, None] + np.arange(0, HEAD_BYTES, WORD)]
    if (heads != [nbytes >> 32, nbytes & 0xFFFFFFFF, block_bytes]).any():
        return None
    if not block_bytes or block_bytes % (GROUP * itemsize) or nbytes % block_bytes:
        return None
    count = nbytes // block_bytes
    if count * len(places) > MOST_BLOCKS:
        return None
    starts = np.empty((count + 1, len(places)), np.int64)
    starts[0] = begin + HEAD_BYTES
    for number in range(count):  # beyond the end anything is read, and found out below
        starts[number + 1] = starts[number] + WORD + word[np.minimum(starts[number], word.size - 1)]
    if (starts[-1] > begin + size).any():
        return None
    first = (starts[:, 0] - begin[0]).astype(np.uint32)
    at = np.ascontiguousarray(starts[:-1].T)
    return Chains(at, starts[1:].T - at - WORD, Blocks(first, nbytes // itemsize, block_bytes // itemsize, itemsize))


def pick_from_each(
    chunks: StoredChunks, picks: Picks, planes: Bytes, dtype: np.dtype[Any], work: Bytes
) -> NDArray[Any] | None:
    """Decompress all chunks into `planes`, a row for each, and give their selected elements, a row for each too.

    The latter lie in `work`, which has three times the bytes of `picks.places.size` for each chunk. None where c-blosc would take a
    block for one that isn't compressed. Raises `BrokenChunk`.
    """
    memory, chains = chunks.memory, chunks.chains
    if (chains.lengths == chains.block_bytes).any():
        return None
    write_lengths(memory, chains.at, chains.lengths)
    size = len(planes) * picks.places.size
    gathered = work[:size].reshape(len(planes), *picks.places.shape)
    for at, chunk, picked in zip(chains.at, planes, gathered, strict=True):
        decompress_frame(memory, at, chunk, chains.block_bytes, chunks.compressor)
        np.take(chunk, picks.places, out=picked, mode="clip")  # while the processor still holds the chunk
    values = put_groups_together(gathered, dtype, work[size:])
    steps = np.diff(picks.picked)
    if steps.size and (steps == steps[0]).all():
        return values[:, picks.picked[0] : picks.picked[-1] + 1 : steps[0]]
    return values[:, picks.picked]
