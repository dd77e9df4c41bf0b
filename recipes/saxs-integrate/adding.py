# ruff: noqa: C901 - numba wants loops in one place, and numbers one by one
"""What to do with a pixel's count: add it to a bin, share it among bins, add it to an image. Compiled into `kernels`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import int64, njit, types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])
_U = np.uint64
LANES = 8  # sums kept side by side, because a sum waits for the one before it
INVALID = 48
POSITIVE = 40  # a packed sum holds counts in its low 40 bits, and above them how many pixels had any


def _element(kind: ir.Type, wide: ir.Type, given: types.Type) -> tuple[Any, Any]:
    """Two functions on numbers at an address: (address, index) -> number, and (address, index, number) that adds to it."""

    def place(builder: Any, address: Any, index: Any) -> Any:
        return builder.gep(builder.inttoptr(address, ir.PointerType()), [index], source_etype=kind)

    @intrinsic  # type: ignore[untyped-decorator]
    def load(_context: Any, address: Any, index: Any) -> Any:
        def generate(_target: Any, builder: Any, _signature: Any, words: Any) -> Any:
            value = builder.load(place(builder, *words), typ=kind)
            if kind == wide:
                return value
            return builder.fpext(value, wide) if isinstance(wide, ir.DoubleType) else builder.zext(value, wide)

        return given(types.uint64, types.uint64), generate

    @intrinsic  # type: ignore[untyped-decorator]
    def increase(_context: Any, address: Any, index: Any, number: Any) -> Any:
        def generate(target: Any, builder: Any, _signature: Any, words: Any) -> Any:
            at = place(builder, *words[:2])
            add = builder.fadd if isinstance(wide, ir.DoubleType) else builder.add
            builder.store(add(builder.load(at, typ=kind), words[2]), at)
            return target.get_dummy_value()

        return types.void(types.uint64, types.uint64, given), generate

    return load, increase


_WORD, _DOUBLE = ir.IntType(64), ir.DoubleType()
load_uint8, _ = _element(ir.IntType(8), _WORD, types.uint64)
_uint16, _ = _element(ir.IntType(16), _WORD, types.uint64)
_uint32, _ = _element(ir.IntType(32), _WORD, types.uint64)
_float32, _ = _element(ir.FloatType(), _DOUBLE, types.float64)
_, _add_word = _element(_WORD, _WORD, types.uint64)
_, _add_double = _element(_DOUBLE, _DOUBLE, types.float64)


class Addresses(NamedTuple):
    """What a pixel is added to, as addresses: numba would hand arrays over in seven parts each, for every pixel."""

    places: Any  # the matrix (see each way): 32-bit words …
    bins: Any  # … here of 16 bits where said so
    shares: Any  # single precision
    norm: Any  # single precision
    first: Any  # its sums, 64-bit
    second: Any
    third: Any
    total: Any  # the sum of the images, 64-bit words: a frame without a valid count adds 2^INVALID


def compiled(function: Function) -> Function:
    """By numba, when it is first called."""
    return cast("Function", njit(function))


def whole_pixels(lanes: int, stride: int) -> tuple[Any, Any]:
    """Adds pixels that lie in one bin each. Returns (add, add_checked).

    `bins` is the bin of each pixel (of 16 bits where `stride` fits), `norm` its normalisation. `first` has packed sums, `stride` for
    each of `lanes` (a power of 2); `second` for each bin counts and pixels with counts, `third` left out normalisation and
    pixels.
    """
    one, zero, mask, step = _U(1 << POSITIVE), _U(0), _U(lanes - 1), _U(stride)
    load = _uint16 if stride <= 2**16 else _uint32

    @compiled
    def add(pixel: Any, count: Any, to: Any) -> None:
        _add_word(to.first, load(to.bins, pixel) + (pixel & mask) * step, count + (one if count != 0 else zero))

    @compiled
    def add_checked(pixel: Any, count: Any, lowest: Any, highest: Any, to: Any) -> None:
        place = _U(2) * load(to.bins, pixel)
        if lowest <= count <= highest:
            _add_word(to.second, place, count)
            _add_word(to.second, place + _U(1), _U(1) if count != 0 else zero)
        else:
            _add_double(to.third, place, _float32(to.norm, pixel))
            _add_double(to.third, place + _U(1), 1.0)

    return add, add_checked


def shared_pixels(pairs: bool, narrow: bool) -> tuple[Any, Any]:
    """Adds pixels that are shared among bins. Returns (add, add_checked).

    With `pairs` the bins (of 16 bits if `narrow`) and shares of pixel n are at 2n and 2n + 1, the share of a bin too many is 0: no
    branch is to be guessed. Else they are at places[n] … places[n + 1]. `norm` is the normalisation of a pixel. `first` has
    for each bin ΣS and the variance beyond that of a frame of zeros, `second` the left out normalisation.
    """
    load = _uint16 if narrow else _uint32
    two, one = _U(2), _U(1)

    @compiled
    def places_of(pixel: Any, places: Any) -> Any:
        if pairs:
            return two * pixel, two * pixel + two
        return _uint32(places, pixel), _uint32(places, pixel + one)

    @compiled
    def add_part(place: Any, value: Any, to: Any) -> None:
        share = _float32(to.shares, place)
        part = value * share
        at = two * load(to.bins, place)
        _add_double(to.first, at, part)
        _add_double(to.first, at + one, (part - share) * share)

    @compiled
    def add(pixel: Any, count: Any, to: Any) -> None:
        if count != 0:
            value = float(int64(count))
            if pairs:
                add_part(two * pixel, value, to)
                add_part(two * pixel + one, value, to)
            else:
                start, end = places_of(pixel, to.places)
                for place in range(start, end):
                    add_part(place, value, to)

    @compiled
    def add_checked(pixel: Any, count: Any, lowest: Any, highest: Any, to: Any) -> None:
        if lowest <= count <= highest:
            add(pixel, count, to)
        else:
            weight = _float32(to.norm, pixel)
            start, end = places_of(pixel, to.places)
            for place in range(start, end):
                share = _float32(to.shares, place)
                at = load(to.bins, place)
                _add_double(to.second, at, weight * share)
                _add_double(to.first, two * at + one, -share * share)

    return add, add_checked


def and_image(ways: tuple[Any, Any]) -> tuple[Any, Any]:
    """Adds the images up too."""
    first_add, first_checked = ways
    none = _U(1 << INVALID)

    @compiled
    def add(pixel: Any, count: Any, to: Any) -> None:
        first_add(pixel, count, to)
        _add_word(to.total, pixel, count)

    @compiled
    def add_checked(pixel: Any, count: Any, lowest: Any, highest: Any, to: Any) -> None:
        first_checked(pixel, count, lowest, highest, to)
        if lowest <= count <= highest:
            _add_word(to.total, pixel, count)
        else:
            _add_word(to.total, pixel, none)

    return add, add_checked
