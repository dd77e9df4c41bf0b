"""Whole chunks through the filters of HDF5 and the codecs of Zarr, without their libraries.

Of HDF5 gzip, shuffle, LZ4, Zstandard, LZF, Blosc, Blosc2 and packed bits; of Zarr those of these that differ.

A pipeline lists filters in the order of writing; decoding runs it backwards. The identifiers are those registered at
https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md. zlib is Python's own; LZ4 and
Zstandard are the libraries inside hdf5plugin, LZF that of h5py, called without the interpreter's lock and told how much they
may write. Of Blosc, also hdf5plugin's, head and table of blocks are checked before it sees a byte. What doesn't decode to exactly the size of the chunk is a `BrokenChunk`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.bitshuffle import BlockCompressor, BrokenChunk
from pandaas.codecs.blosc2 import UnknownChunk, decode_blosc2
from pandaas.codecs.byte_offset import BYTE_OFFSET, decode_byte_offset
from pandaas.codecs.lz4 import lz4_blocks
from pandaas.codecs.native import bitshuffle_library, blosc2_library, blosc_library, lzf_library
from pandaas.codecs.nbit import NBIT, packed_bits, unpack_bits

GZIP = 1
SHUFFLE = 2
LZF = 32000
BLOSC = 32001
LZ4 = 32004
BITSHUFFLE = 32008
ZSTD = 32015
BLOSC2 = 32026
# Of Zarr, beyond the numbers that HDF5 gives to filters: a block of LZ4 behind its size, gzip with its own head, a checksum
# (CRC-32C) behind everything (https://zarr-specs.readthedocs.io, numcodecs).
SIZED_LZ4 = (1 << 20) + 1
GZIP_MEMBER = (1 << 20) + 2
CHECKSUM = (1 << 20) + 3
_CHECKSUM_BYTES = 4
_SIZE = struct.Struct("<I")
_BITSHUFFLE_COMPRESSORS: dict[int, BlockCompressor] = {2: "lz4", 3: "zstd"}
_BLOSC_HEAD = struct.Struct("<BBBBIII")
_BLOSC_VERSION = 2
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_BLOSC_KEPT = 0x2  # the values follow the head as they are
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Filter:
    """One step of a pipeline; `values` are its client data."""

    code: int
    values: tuple[int, ...] = ()


def block_compressor(pipeline: Sequence[Filter], itemsize: int) -> BlockCompressor | None:
    """How the blocks of a chunk are compressed, where the pipeline is Bitshuffle with LZ4 or Zstandard and nothing else."""
    if len(pipeline) != 1 or pipeline[0].code != BITSHUFFLE or bitshuffle_library() is None:
        return None
    values = pipeline[0].values
    return _BITSHUFFLE_COMPRESSORS.get(values[4]) if len(values) > 4 and values[2] == itemsize else None


def can_decode(pipeline: Sequence[Filter], itemsize: int) -> bool:
    """Whether `decode_filters` knows every step: at most one compressor, with or without shuffle before it."""
    codes = [step.code for step in pipeline]
    if codes == [BYTE_OFFSET]:
        return True
    if codes == [NBIT]:
        return packed_bits(pipeline[0].values, itemsize) is not None
    if any(step.code == SHUFFLE and step.values[:1] not in ((), (itemsize,)) for step in pipeline):
        return False
    shuffled = codes[:1] == [SHUFFLE]
    rest = codes[shuffled:]
    if rest[-1:] == [CHECKSUM]:
        rest = rest[:-1]
    return not rest or (
        len(rest) == 1 and rest[0] in _DECODERS and _NEEDS.get(rest[0], bitshuffle_library)() is not None
    )


def decode_filters(
    stored: bytes | memoryview, pipeline: Sequence[Filter], mask: int, into: NDArray[Any], scratch: Bytes
) -> None:
    """Decode a whole chunk into `into` (contiguous). Bits of `mask` tell which filters were left out when writing.

    `scratch` has as many bytes as `into`. Raises `BrokenChunk`, `UnknownChunk`.
    """
    if pipeline and pipeline[0].code == NBIT:
        _unpack(stored, pipeline, mask, into)
        return
    if pipeline and pipeline[0].code == BYTE_OFFSET:
        if into.dtype.kind not in "iu":
            raise UnknownChunk("differences of numbers that aren't whole")
        decode_byte_offset(stored, into)
        return
    steps = [step for number, step in enumerate(pipeline) if not mask >> number & 1]
    if steps and steps[-1].code == CHECKSUM:
        if not checksum_holds(stored):
            raise BrokenChunk("the chunk's checksum is another")
        stored, steps = memoryview(stored)[:-_CHECKSUM_BYTES], steps[:-1]
    target = into.reshape(-1).view(np.uint8)
    shuffled = bool(steps) and steps[0].code == SHUFFLE and into.itemsize > 1
    decoded = scratch if shuffled else target
    compressor = next((step.code for step in steps if step.code != SHUFFLE), None)
    if compressor is None:
        if len(stored) != len(decoded):
            raise BrokenChunk("the chunk has the wrong size")
        decoded[:] = np.frombuffer(stored, np.uint8)
    else:
        _DECODERS[compressor](stored, decoded)
    if shuffled:
        elements = target.reshape(-1, into.itemsize)
        for number, plane in enumerate(decoded.reshape(into.itemsize, -1)):  # quicker than transposing at once
            elements[:, number] = plane


def _unpack(stored: bytes | memoryview, pipeline: Sequence[Filter], mask: int, into: NDArray[Any]) -> None:
    bits = packed_bits(pipeline[0].values, into.itemsize)
    if bits is None or mask or into.dtype.kind not in "iu":
        raise UnknownChunk("numbers of odd sizes that are not packed")
    unpack_bits(stored, bits, into)


def checksum_holds(stored: bytes | memoryview) -> bool:
    """Whether bytes end with the CRC-32C of those before."""
    import google_crc32c

    if len(stored) < _CHECKSUM_BYTES:
        return False
    found = google_crc32c.value(bytes(stored[:-_CHECKSUM_BYTES]))
    return bool(found == _SIZE.unpack_from(stored, len(stored) - _CHECKSUM_BYTES)[0])


def _gzip_member(stored: bytes | memoryview, into: Bytes) -> None:
    _gzip(stored, into, _GZIP_WINDOW)


def _gzip(stored: bytes | memoryview, into: Bytes, window: int = zlib.MAX_WBITS) -> None:
    stream = zlib.decompressobj(window)
    try:
        found = stream.decompress(stored, max(1, len(into)))
        more = b"" if stream.eof else stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error as error:
        raise BrokenChunk(f"zlib says: {error}") from error
    if len(found) != len(into) or more or not stream.eof:
        raise BrokenChunk("the chunk decodes to another size")
    into[:] = np.frombuffer(found, np.uint8)


def _lz4(stored: bytes | memoryview, into: Bytes) -> None:
    block, spans = lz4_blocks(stored, len(into))
    source = np.frombuffer(stored, np.uint8)
    for number, (begin, end) in enumerate(spans):
        _lz4_block(source[begin:end], into[number * block : (number + 1) * block])


def _lz4_block(stored: Bytes, into: Bytes) -> None:
    if len(stored) == len(into):  # kept as it was
        into[:] = stored
        return
    if max(len(stored), len(into)) >= 1 << 31:
        raise BrokenChunk("a block is too large")
    done = bitshuffle_library().LZ4_decompress_safe(stored.ctypes.data, into.ctypes.data, len(stored), len(into))
    if done != len(into):
        raise BrokenChunk(f"a block doesn't decode ({done})")


def _zstd(stored: bytes | memoryview, into: Bytes) -> None:
    source = np.frombuffer(stored, np.uint8)
    done = bitshuffle_library().ZSTD_decompress(into.ctypes.data, len(into), source.ctypes.data, len(source))
    if done != len(into):
        raise BrokenChunk("the chunk doesn't decode")


def _lzf(stored: bytes | memoryview, into: Bytes) -> None:
    if max(len(stored), len(into)) >= 1 << 31:
        raise BrokenChunk("the chunk is too large")
    source = np.frombuffer(stored, np.uint8)
    done = lzf_library().lzf_decompress(source.ctypes.data, len(source), into.ctypes.data, len(into))
    if done != len(into):
        raise BrokenChunk("the chunk doesn't decode")


def _blosc(stored: bytes | memoryview, into: Bytes) -> None:
    """A frame of c-blosc 1: 16 bytes of head, then per block where it begins (all little-endian)."""
    _check_blosc(stored, len(into))
    source = np.frombuffer(stored, np.uint8)
    done = blosc_library().blosc_decompress_ctx(source.ctypes.data, into.ctypes.data, len(into), 1)
    if done != len(into):
        raise BrokenChunk(f"the chunk doesn't decode ({done})")


def _check_blosc(stored: bytes | memoryview, nbytes: int) -> None:
    if len(stored) < _BLOSC_HEAD.size:
        raise BrokenChunk("the chunk is shorter than its head")
    version, _, flags, itemsize, total, block, length = _BLOSC_HEAD.unpack_from(stored)
    if version != _BLOSC_VERSION or total != nbytes or length != len(stored) or not itemsize or length >= 1 << 31:
        raise BrokenChunk("the chunk's head doesn't fit the array")
    if flags & _BLOSC_KEPT:
        if length != nbytes + _BLOSC_HEAD.size:
            raise BrokenChunk("the chunk has the wrong size")
        return
    if not 0 < block <= nbytes:
        raise BrokenChunk("the chunk's blocks have no possible size")
    first = _BLOSC_HEAD.size + 4 * -(-nbytes // block)
    if first > length:
        raise BrokenChunk("the chunk ends within its table of blocks")
    starts = np.frombuffer(stored, "<u4", (first - _BLOSC_HEAD.size) // 4, _BLOSC_HEAD.size)
    if starts.min() < first or starts.max() > length - 4:
        raise BrokenChunk("a block lies outside the chunk")


def _sized_lz4(stored: bytes | memoryview, into: Bytes) -> None:
    if len(stored) <= _SIZE.size or _SIZE.unpack_from(stored)[0] != len(into):
        raise BrokenChunk("the chunk's head doesn't fit the array")
    source = np.frombuffer(stored, np.uint8)[_SIZE.size :]
    if max(len(source), len(into)) >= 1 << 31:
        raise BrokenChunk("the chunk is too large")
    done = bitshuffle_library().LZ4_decompress_safe(source.ctypes.data, into.ctypes.data, len(source), len(into))
    if done != len(into):
        raise BrokenChunk(f"the chunk doesn't decode ({done})")


_DECODERS = {
    GZIP: _gzip,
    GZIP_MEMBER: _gzip_member,
    SIZED_LZ4: _sized_lz4,
    LZ4: _lz4,
    ZSTD: _zstd,
    LZF: _lzf,
    BLOSC: _blosc,
    BLOSC2: decode_blosc2,
}
_NEEDS: dict[int, Callable[[], Any]] = {
    GZIP: lambda: zlib,
    GZIP_MEMBER: lambda: zlib,
    LZF: lzf_library,
    BLOSC: blosc_library,
    BLOSC2: blosc2_library,
}
