# ruff: noqa: C901, PLR0917 - numba wants loops in one place, and numbers one by one
"""What to do with a pixel's count: add it to a bin, share it among bins, add it to an image. Compiled into `kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import int64, njit, types
from numba.extending import intrinsic

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


# All ways of adding a pixel take the same addresses: numba would hand arrays over in seven parts each, for every pixel.
#   places, bins, shares, norm   the matrix (see each way): 32-bit words, but `bins` where said so; single precision
#   first, second, third         its sums, 64-bit
#   total                        the sum of the images, 64-bit words: a frame without a valid count adds 2^INVALID


def whole_pixels(lanes: int, stride: int) -> tuple[Any, Any]:
    """Adds pixels that lie in one bin each. Returns (add, add_checked).

    `bins` is the bin of each pixel (of 16 bits where `stride` fits), `norm` its normalisation. `first` has packed sums, `stride` for
    each of `lanes` (a power of 2); `second` for each bin counts and pixels with counts, `third` left out normalisation and
    pixels.
    """
    one, zero, mask, step = _U(1 << POSITIVE), _U(0), _U(lanes - 1), _U(stride)
    load = _uint16 if stride <= 2**16 else _uint32

    @njit  # type: ignore[untyped-decorator]
    def add(
        pixel: Any,
        count: Any,
        places: Any,
        bins: Any,
        shares: Any,
        norm: Any,
        first: Any,
        second: Any,
        third: Any,
        total: Any,
    ) -> None:
        _add_word(first, load(bins, pixel) + (pixel & mask) * step, count + (one if count != 0 else zero))

    @njit  # type: ignore[untyped-decorator]
    def add_checked(
        pixel: Any,
        count: Any,
        lowest: Any,
        highest: Any,
        places: Any,
        bins: Any,
        shares: Any,
        norm: Any,
        first: Any,
        second: Any,
        third: Any,
        total: Any,
    ) -> None:
        place = _U(2) * load(bins, pixel)
        if lowest <= count <= highest:
            _add_word(second, place, count)
            _add_word(second, place + _U(1), _U(1) if count != 0 else zero)
        else:
            _add_double(third, place, _float32(norm, pixel))
            _add_double(third, place + _U(1), 1.0)

    return add, add_checked


def shared_pixels(pairs: bool, narrow: bool) -> tuple[Any, Any]:
    """Adds pixels that are shared among bins. Returns (add, add_checked).

    With `pairs` the bins (of 16 bits if `narrow`) and shares of pixel n are at 2n and 2n + 1, the share of a bin too many is 0: no
    branch is to be guessed. Else they are at places[n] … places[n + 1]. `norm` is the normalisation of a pixel. `first` has
    for each bin ΣS and the variance beyond that of a frame of zeros, `second` the left out normalisation.
    """
    load = _uint16 if narrow else _uint32
    two, one = _U(2), _U(1)

    @njit  # type: ignore[untyped-decorator]
    def places_of(pixel: Any, places: Any) -> Any:
        if pairs:
            return two * pixel, two * pixel + two
        return _uint32(places, pixel), _uint32(places, pixel + one)

    @njit  # type: ignore[untyped-decorator]
    def add_part(place: Any, value: Any, bins: Any, shares: Any, first: Any) -> None:
        share = _float32(shares, place)
        part = value * share
        at = two * load(bins, place)
        _add_double(first, at, part)
        _add_double(first, at + one, (part - share) * share)

    @njit  # type: ignore[untyped-decorator]
    def add(
        pixel: Any,
        count: Any,
        places: Any,
        bins: Any,
        shares: Any,
        norm: Any,
        first: Any,
        second: Any,
        third: Any,
        total: Any,
    ) -> None:
        if count != 0:
            value = float(int64(count))
            if pairs:
                add_part(two * pixel, value, bins, shares, first)
                add_part(two * pixel + one, value, bins, shares, first)
            else:
                start, end = places_of(pixel, places)
                for place in range(start, end):
                    add_part(place, value, bins, shares, first)

    @njit  # type: ignore[untyped-decorator]
    def add_checked(
        pixel: Any,
        count: Any,
        lowest: Any,
        highest: Any,
        places: Any,
        bins: Any,
        shares: Any,
        norm: Any,
        first: Any,
        second: Any,
        third: Any,
        total: Any,
    ) -> None:
        if lowest <= count <= highest:
            add(pixel, count, places, bins, shares, norm, first, second, third, total)
        else:
            weight = _float32(norm, pixel)
            start, end = places_of(pixel, places)
            for place in range(start, end):
                share = _float32(shares, place)
                at = load(bins, place)
                _add_double(second, at, weight * share)
                _add_double(first, two * at + one, -share * share)

    return add, add_checked


def and_image(ways: tuple[Any, Any]) -> tuple[Any, Any]:
    """Adds the images up too."""
    first_add, first_checked = ways
    none = _U(1 << INVALID)

    @njit  # type: ignore[untyped-decorator]
    def add(
        pixel: Any,
        count: Any,
        places: Any,
        bins: Any,
        shares: Any,
        norm: Any,
        first: Any,
        second: Any,
        third: Any,
        total: Any,
    ) -> None:
        first_add(pixel, count, places, bins, shares, norm, first, second, third, total)
        _add_word(total, pixel, count)

    @njit  # type: ignore[untyped-decorator]
    def add_checked(
        pixel: Any,
        count: Any,
        lowest: Any,
        highest: Any,
        places: Any,
        bins: Any,
        shares: Any,
        norm: Any,
        first: Any,
        second: Any,
        third: Any,
        total: Any,
    ) -> None:
        first_checked(pixel, count, lowest, highest, places, bins, shares, norm, first, second, third, total)
        if lowest <= count <= highest:
            _add_word(total, pixel, count)
        else:
            _add_word(total, pixel, none)

    return add, add_checked
