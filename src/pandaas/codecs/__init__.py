"""Bytes ↔ arrays: selections, number types, encodings, statistics, units. Pure functions without file access."""

from pandaas.codecs.binning import BinMethod, bin_box, bin_by_mean, reduce_by_maximum, to_window
from pandaas.codecs.bitshuffle import (
    STORED_MEDIA_TYPES,
    BlockCompressor,
    Blocks,
    BrokenChunk,
    blocks_available,
    decode_blocks,
    decode_chunk,
    encode_chunk,
    find_blocks,
)
from pandaas.codecs.blosc import (
    NotFramed,
    frame_of_bitshuffle,
    frame_of_lz4,
    frame_of_stream,
    frame_of_values,
    frame_size,
)
from pandaas.codecs.blosc2 import UnknownChunk
from pandaas.codecs.byte_offset import BYTE_OFFSET
from pandaas.codecs.chunks import ChunkPart, count_touched, runs, touched, touched_blocks
from pandaas.codecs.convert import describe_dtype, dtype_from, is_numeric, plain_dtype, safe_dtype, to_safe
from pandaas.codecs.encode import MEDIA_TYPES, Encoded, Format, encode, jsonable, npz, to_json
from pandaas.codecs.filters import GZIP, Filter, block_compressor, can_decode, decode_filters
from pandaas.codecs.nbit import NBIT, packed_bits
from pandaas.codecs.selection import Selection, parse_selection, selection_text
from pandaas.codecs.series import FIGURES, Line, figures_along, profiles_along
from pandaas.codecs.statistics import PERCENTILES, Statistics, finite_statistics, invalid_pixels, statistics
from pandaas.codecs.units import convert, meanings, parse_unit, to_si

__all__ = [
    "BYTE_OFFSET",
    "FIGURES",
    "GZIP",
    "MEDIA_TYPES",
    "NBIT",
    "PERCENTILES",
    "STORED_MEDIA_TYPES",
    "BinMethod",
    "BlockCompressor",
    "Blocks",
    "BrokenChunk",
    "ChunkPart",
    "Encoded",
    "Filter",
    "Format",
    "Line",
    "NotFramed",
    "Selection",
    "Statistics",
    "UnknownChunk",
    "bin_box",
    "bin_by_mean",
    "block_compressor",
    "blocks_available",
    "can_decode",
    "convert",
    "count_touched",
    "decode_blocks",
    "decode_chunk",
    "decode_filters",
    "describe_dtype",
    "dtype_from",
    "encode",
    "encode_chunk",
    "figures_along",
    "find_blocks",
    "finite_statistics",
    "frame_of_bitshuffle",
    "frame_of_lz4",
    "frame_of_stream",
    "frame_of_values",
    "frame_size",
    "invalid_pixels",
    "is_numeric",
    "jsonable",
    "meanings",
    "npz",
    "packed_bits",
    "parse_selection",
    "parse_unit",
    "plain_dtype",
    "profiles_along",
    "reduce_by_maximum",
    "runs",
    "safe_dtype",
    "selection_text",
    "statistics",
    "to_json",
    "to_safe",
    "to_si",
    "to_window",
    "touched",
    "touched_blocks",
]
