"""Frames decoded straight from their stored chunks: one copy less than through HDF5, into a buffer that is used again.

For series that store each image as one chunk of Bitshuffle and LZ4, as EIGER detectors do. The decoder is the one inside
hdf5plugin's own filter library.
"""

from __future__ import annotations

import ctypes
import glob
import importlib.util
import os
from dataclasses import dataclass
from typing import Any, Optional

import h5py
import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.frames import Frames
from pandaas.sdk.inputs import NDArray

_BITSHUFFLE, _LZ4 = 32008, 2
_HEAD = 12  # 8 bytes decoded size, 4 bytes decoded block size, big-endian


@dataclass(frozen=True)
class StoredChunk:
    """`data` is what the filter stored, bytes with 12 bytes of head; every block but the last has `pixels_per_block`."""

    data: NDArray
    pixels_per_block: int


class StoredFrames:
    """`frame(n)` is the same image as `Frames.frame(n)`, valid until the next call. Made by `stored_frames`.

    For code that works on blocks: `chunk(n)` is what is stored of a frame; `decompress_block(source, target, size, room)` is LZ4's
    decoder of one block (addresses and bytes; gives the bytes written, or a negative number), and
    `unshuffle_block(source, target, elements, bytes_of_one)` puts its bits back in order.
    """

    def __init__(self, frames: Frames, library: Any) -> None:
        self._frames = frames
        self._decode, self.decompress_block, self.unshuffle_block = library
        self._image = np.empty(frames.shape, frames.dtype)

    def frame(self, index: int) -> NDArray:
        chunk = self.chunk(index)
        if chunk is None:
            return self._frames.frame(index)
        image, stored = self._image, chunk.data
        given = (stored.ctypes.data + _HEAD, image.ctypes.data, image.size, image.itemsize, chunk.pixels_per_block)
        if self._decode(*given) != stored.size - _HEAD:
            raise RecipeError(f"Frame {index} of '{self._frames.source.title}' is damaged: it can't be decompressed.")
        return image

    def chunk(self, index: int) -> Optional[StoredChunk]:
        """What is stored of a frame, or None where this one is stored otherwise."""
        dataset, leading = self._frames.place(index)
        mask, stored = dataset.id.read_direct_chunk((*leading, 0, 0))
        image, size = self._image, self._image.itemsize
        block = int.from_bytes(stored[8:_HEAD], "big")
        if mask or int.from_bytes(stored[:8], "big") != image.nbytes or block <= 0 or block % (8 * size):
            return None
        return StoredChunk(np.frombuffer(stored, np.uint8), block // size)


def stored_frames(frames: Frames) -> Optional[StoredFrames]:
    """A faster reader of these frames, or None where they are stored otherwise."""
    if not frames.source.is_hdf5 or not all(_suits(dataset, frames) for dataset in frames.datasets()):
        return None
    library = _decoders()
    return StoredFrames(frames, library) if library is not None else None


def _suits(dataset: h5py.Dataset, frames: Frames) -> bool:
    whole = (1,) * (dataset.ndim - 2) + frames.shape
    properties = dataset.id.get_create_plist()
    if dataset.chunks != whole or properties.get_nfilters() != 1 or not dataset.dtype.isnative:
        return False
    code, _flags, values, _name = properties.get_filter(0)
    return bool(code == _BITSHUFFLE and len(values) > 4 and values[4] == _LZ4 and dataset.dtype == frames.dtype)


def _decoders() -> Any:
    """The decoder of a chunk, and the two steps of that of one block, in hdf5plugin's filter library."""
    found = importlib.util.find_spec("hdf5plugin")
    for folder in (found.submodule_search_locations or ()) if found else ():
        for file in glob.glob(os.path.join(folder, "plugins", "libh5bshuf.*")):
            try:
                library = ctypes.CDLL(file)
                whole, block = library.bshuf_decompress_lz4, library.LZ4_decompress_safe
                turn = library.bshuf_untrans_bit_elem
            except (OSError, AttributeError):
                continue
            whole.restype = ctypes.c_int64
            whole.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t]
            block.restype = ctypes.c_int32
            block.argtypes = [ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int32, ctypes.c_int32]
            turn.restype = ctypes.c_int64
            turn.argtypes = [ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t]
            return whole, block, turn
    return None
