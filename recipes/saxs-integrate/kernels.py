# ruff: noqa: C901, PLR0912, PLR0915, PLR0917 - numba wants loops in one place, and numbers one by one
"""Compiled sums of counts over bins, from a stored chunk of Bitshuffle and LZ4 or from an image; made by numba for one job.

Bitshuffle stores the n-th bits of all pixels of a block together. So a block tells at once which bits occur in it: planes of
zeros are never turned back into pixels, blocks without counts or outside the mask are passed over, and an image is never
written to memory. Numbers are the same as from the decoded image, bit by bit: pixels are added in their order.

Only counts lowest … highest count; pixels outside add their normalisation to `left_out` instead. pyFAI's variance of a
count is the count, and 1 for none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from adding import Addresses, Function, compiled, load_uint8
from llvmlite import ir
from numba import int64, njit, types, uint64
from numba.extending import intrinsic

_U = np.uint64
DAMAGED = -1


def compiled_freely(function: Function) -> Function:
    """By numba, and other threads of Python go on meanwhile."""
    return cast("Function", njit(nogil=True)(function))


@intrinsic  # type: ignore[untyped-decorator]
def _ones(_context: Any, word: Any) -> Any:
    """How many bits of a word are set."""

    def generate(_target: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return types.uint64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _lowest_one(_context: Any, word: Any) -> Any:
    """The number of a word's lowest set bit; the word is not 0."""

    def generate(_target: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@compiled_freely
def sums_over_rows(
    places: Any, pixels: Any, shares: Any, image: Any, norm: Any, signal: Any, variance: Any, norms: Any
) -> None:
    """Per bin (row) of a sparse matrix ΣS and ΣV (Poisson) of an image, whose NaN are left out.

    `norms` is ΣN of all pixels; it is replaced where some are left out.
    """
    for row in range(signal.size):
        is_whole = True
        for place in range(places[row], places[row + 1]):
            value, share = image[uint64(pixels[place])], float(shares[place])
            if math.isnan(value):
                is_whole = False
            else:
                signal[row] += value * share
                variance[row] += max(value, 1.0) * share * share
        if not is_whole:
            norms[row] = 0.0
            for place in range(places[row], places[row + 1]):
                pixel = uint64(pixels[place])
                if not math.isnan(image[pixel]):
                    norms[row] += norm[pixel] * float(shares[place])


def image_kernel(add_checked: Any) -> Callable[..., None]:
    """kernel(image, lowest, highest, matrix and sums …): `image` of unsigned integers, one-dimensional."""

    @compiled_freely
    def kernel(
        image: Any,
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
        to = Addresses(places, bins, shares, norm, first, second, third, total)
        for pixel in range(uint64(image.size)):
            count = uint64(image[pixel])
            if count != 0 or lowest != 0:
                add_checked(pixel, count, lowest, highest, to)

    return kernel


def chunks_kernel(add: Any, add_checked: Any, bits: int, decompress: Any, unshuffle: Any) -> Callable[..., int]:
    """kernel(chunks, sizes, pixels, planes, values, valid, lowest, highest, matrix, sums of each frame …) -> 0, or DAMAGED - n.

    Several frames at once, block by block, so that the matrix is fetched from memory once for all of them. `chunks` are the
    addresses of what HDF5's filter stored (12 bytes of head first), `sizes` their bytes; `planes` and `values` room for one block,
    of a multiple of 64 pixels, as words and as pixels. `valid` has a bit for each pixel that lies in a bin. `first`,
    `second` and `third` are arrays of addresses. `decompress` is LZ4's (source, target, size, room), `unshuffle` Bitshuffle's
    (source, target, pixels, bytes of one).
    """
    eight, one, size_of_one = _U(8), _U(1), bits // 8

    @compiled
    def few_counts(
        planes: Any,
        words: Any,
        used: Any,
        done: Any,
        any_count: Any,
        to: Any,
    ) -> None:
        """All counts are valid; `any_count` has a bit for each pixel with counts."""
        for word in range(words):
            left = any_count[word]
            start = done + _U(64) * word
            while left != 0:
                pixel = _lowest_one(left)
                left &= left - one
                value = _U(0)
                for plane in range(used):
                    value |= (planes[plane * words + word] >> pixel & one) << plane
                add(start + pixel, value, to)

    @compiled
    def many_counts(
        values: Any,
        done: Any,
        to: Any,
    ) -> None:
        for pixel in range(uint64(values.size)):
            add(done + pixel, uint64(values[pixel]), to)

    @compiled
    def checked(
        values: Any,
        count: Any,
        done: Any,
        lowest: Any,
        highest: Any,
        to: Any,
    ) -> None:
        for pixel in range(count):
            value = uint64(values[pixel])
            if value != 0 or lowest != 0:
                add_checked(done + pixel, value, lowest, highest, to)

    @compiled
    def highest_plane(planes: Any, words: Any, valid: Any, row: Any) -> Any:
        """The highest plane in which a valid pixel has a bit; -1: there is none."""
        for plane in range(bits - 1, -1, -1):
            found = _U(0)
            for word in range(words):
                found |= planes[uint64(plane) * words + word] & valid[row + word]
            if found != 0:
                return plane
        return -1

    @compiled
    def whole_block(
        planes: Any,
        values: Any,
        any_count: Any,
        valid: Any,
        done: Any,
        lowest: Any,
        highest: Any,
        to: Any,
    ) -> None:
        words, row = uint64(any_count.size), done // _U(64)
        top = highest_plane(planes, words, valid, row)
        if top < 0 and lowest == 0:
            return
        used = uint64(top + 1)
        is_plain = lowest == 0 and top < 16 and (one << used) <= highest + one
        if is_plain:
            number = _U(0)
            for word in range(words):
                any_count[word] = planes[word]
            for plane in range(one, used):
                for word in range(words):
                    any_count[word] |= planes[plane * words + word]
            for word in range(words):
                any_count[word] &= valid[row + word]
                number += _ones(any_count[word])
            if number * (used + _U(4)) < _U(192) * words:
                few_counts(planes, words, used, done, any_count, to)
                return
        unshuffle(planes.ctypes.data, values.ctypes.data, values.size, size_of_one)
        if is_plain:
            many_counts(values, done, to)
        else:
            checked(values, uint64(values.size), done, lowest, highest, to)

    @compiled_freely
    def kernel(
        chunks: Any,
        sizes: Any,
        pixels: Any,
        planes: Any,
        values: Any,
        valid: Any,
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
    ) -> int:
        block = uint64(values.size)
        words = block // _U(64)
        any_count, at = np.zeros(words, np.uint64), np.full(chunks.size, 12)
        done = _U(0)
        while done < pixels:
            count = min(block, pixels - done)
            count -= count % eight
            if count == 0:
                break
            row, wanted = done // _U(64), _U(0)
            for word in range(min(words, uint64(valid.size) - row)):
                wanted |= valid[row + word]
            for frame in range(chunks.size):
                if at[frame] + 4 > sizes[frame]:
                    return DAMAGED - frame
                size = _U(0)
                for octet in range(4):
                    size = size << eight | load_uint8(chunks[frame], uint64(at[frame] + octet))
                at[frame] += 4
                if int64(size) > sizes[frame] - at[frame]:
                    return DAMAGED - frame
                if wanted != 0:
                    written = decompress(
                        chunks[frame] + uint64(at[frame]), planes.ctypes.data, int64(size), planes.size * 8
                    )
                    if written != int64(count) * size_of_one:
                        return DAMAGED - frame
                    to = Addresses(places, bins, shares, norm, first[frame], second[frame], third[frame], total)
                    if count == block:
                        whole_block(planes, values, any_count, valid, done, lowest, highest, to)
                    else:
                        unshuffle(planes.ctypes.data, values.ctypes.data, int64(count), size_of_one)
                        checked(values, count, done, lowest, highest, to)
                at[frame] += int64(size)
            done += count
        for frame in range(chunks.size):
            if at[frame] + int64(pixels - done) * size_of_one != sizes[frame]:
                return DAMAGED - frame
            to = Addresses(places, bins, shares, norm, first[frame], second[frame], third[frame], total)
            for pixel in range(done, pixels):  # fewer than eight, stored as they are
                value = _U(0)
                for octet in range(size_of_one):
                    value |= load_uint8(chunks[frame], uint64(at[frame])) << uint64(8 * octet)
                    at[frame] += 1
                if value != 0 or lowest != 0:
                    add_checked(pixel, value, lowest, highest, to)
        return 0

    return kernel
