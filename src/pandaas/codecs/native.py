"""Decoders inside packages that are installed anyway, as libraries of functions called without the interpreter's lock."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_size_t


@lru_cache(maxsize=1)
def bitshuffle_library() -> Any:
    """hdf5plugin's Bitshuffle filter, with the LZ4 and Zstandard inside it; None where it can't be had."""
    blocks = ("bshuf_decompress_lz4", "bshuf_decompress_zstd", "bshuf_compress_lz4")
    bounds = ("bshuf_compress_lz4_bound", "bshuf_compress_zstd_bound")
    others = ("bshuf_compress_zstd", "LZ4_decompress_safe", "ZSTD_decompress")
    bits = ("bshuf_untrans_bit_elem", "bshuf_bitunshuffle")
    functions = _load("hdf5plugin", "plugins/libh5bshuf.*", *blocks, *bounds, *others, *bits)
    if functions is not None:
        for name in blocks:
            _declare(getattr(functions, name), ctypes.c_int64, _POINTER, _POINTER, _SIZE, _SIZE, _SIZE)
        for name in bounds:
            _declare(getattr(functions, name), _SIZE, _SIZE, _SIZE, _SIZE)
        _declare(functions.bshuf_compress_zstd, ctypes.c_int64, _POINTER, _POINTER, _SIZE, _SIZE, _SIZE, ctypes.c_int)
        _declare(functions.LZ4_decompress_safe, ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, ctypes.c_int)
        _declare(functions.ZSTD_decompress, _SIZE, _POINTER, _SIZE, _POINTER, _SIZE)
        _declare(functions.bshuf_untrans_bit_elem, ctypes.c_int64, _POINTER, _POINTER, _SIZE, _SIZE)
        _declare(functions.bshuf_bitunshuffle, ctypes.c_int64, _POINTER, _POINTER, _SIZE, _SIZE, _SIZE)
    return functions


@lru_cache(maxsize=1)
def lzf_library() -> Any:
    """liblzf inside h5py, or None."""
    functions = _load("h5py", "h5z.*.so", "lzf_decompress")
    if functions is not None:
        _declare(functions.lzf_decompress, ctypes.c_uint, _POINTER, ctypes.c_uint, _POINTER, ctypes.c_uint)
    return functions


@lru_cache(maxsize=1)
def blosc_library() -> Any:
    """c-blosc inside hdf5plugin, or None."""
    functions = _load("hdf5plugin", "plugins/libh5blosc.*", "blosc_decompress_ctx")
    if functions is not None:
        _declare(functions.blosc_decompress_ctx, ctypes.c_int, _POINTER, _POINTER, _SIZE, ctypes.c_int)
    return functions


@lru_cache(maxsize=1)
def blosc2_library() -> Any:
    """The decoders inside hdf5plugin's Blosc2 filter, or None; its own reader of frames isn't used."""
    shuffles = ("blosc2_unshuffle", "blosc2_bitunshuffle")
    functions = _load(
        "hdf5plugin", "plugins/libh5blosc2.*", *shuffles, "LZ4_decompress_safe", "ZSTD_decompress", "blosclz_decompress"
    )
    if functions is not None:
        number = ctypes.c_int
        for name in shuffles:
            _declare(getattr(functions, name), number, ctypes.c_int32, ctypes.c_int32, _POINTER, _POINTER)
        _declare(functions.LZ4_decompress_safe, number, _POINTER, _POINTER, number, number)
        _declare(functions.ZSTD_decompress, _SIZE, _POINTER, _SIZE, _POINTER, _SIZE)
        _declare(functions.blosclz_decompress, number, _POINTER, number, _POINTER, number)
    return functions


def _declare(function: Any, result: Any, *arguments: Any) -> None:
    function.restype, function.argtypes = result, list(arguments)


def _load(package: str, pattern: str, *names: str) -> Any:
    """The library of an installed package that has all functions, or None."""
    found = find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
        for file in Path(folder).glob(pattern):
            try:
                functions = ctypes.CDLL(str(file))
            except OSError:
                continue
            if all(hasattr(functions, name) for name in names):
                return functions
    return None
