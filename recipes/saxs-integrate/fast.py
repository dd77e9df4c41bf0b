"""Sums over bins near the speed at which frames can be decompressed, with everything that defines them from pyFAI.

For one geometry and mask pyFAI's sparse matrix (which pixel counts in which bins, with what shares) and its normalisation
per pixel are the same for all frames; only the sum of counts depends on the frame. That sum is taken here in one pass over
the stored integers, in double precision or exactly, instead of pyFAI's conversion of each frame. The first frame is
integrated both ways: should they differ by more than 1e-6, or should anything needed be missing, pyFAI does it all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from masking import Limits, Sentinel, turned
from numpy.typing import NDArray

from pandaas.sdk import RecipeError, StoredFrames

TOLERANCE = 1e-6
FEWEST_PIXELS = 120_000_000  # in all frames; below, compiling takes longer than it saves
Arrays = tuple[NDArray[Any], ...]
_FEWEST_IN_IMAGE = 4096  # pixels, so that a block of frames has fewer than 2^15
_MOST_LANES = 4096  # bins for which sums are kept side by side without leaving the nearest cache


@dataclass(frozen=True)
class Sums:
    """Per bin: ΣS, ΣV (Poisson: the counts, 1 for none, by squared shares) and ΣN for the weight 1."""

    signal: NDArray[Any]
    variance: NDArray[Any]
    norm: NDArray[Any]


class Matrix:
    """pyFAI's sparse matrix, ordered by stored pixels: the bins and shares of pixel n are at places[n] … places[n + 1]."""

    def __init__(self, engine: Any, norm: NDArray[Any], orientation: str) -> None:
        places = np.asarray(engine.indptr, np.int64)
        bins, shares = np.asarray(engine.indices), np.asarray(engine.data, np.float32)
        self.count = int(engine.bins)
        if len(places) != norm.size + 1:
            raise ValueError("the matrix is not ordered by pixels")
        number = np.diff(places)
        order = turned(np.arange(norm.size).reshape(norm.shape), orientation).ravel()  # stored → turned pixel
        if orientation != "as_stored":
            starts = np.concatenate([[0], np.cumsum(number[order])])
            taken = np.repeat(places[:-1][order] - starts[:-1], number[order]) + np.arange(starts[-1])
            places, bins, shares, number = starts, bins[taken], shares[taken], number[order]
        self.places, self.bins = places.astype(np.uint32), np.ascontiguousarray(bins, np.uint32)
        self.shares = np.ascontiguousarray(shares)
        self.norm = np.ascontiguousarray(norm, np.float32).ravel()[order]
        self.used = number > 0
        self.is_whole = bool(number.max(initial=0) <= 1 and (self.shares == 1).all())
        weights = np.repeat(self.norm.astype(float), number) * self.shares
        self.full = np.bincount(self.bins, weights, minlength=self.count)
        squares = self.shares.astype(float) ** 2
        self.zeros = np.bincount(self.bins, squares, minlength=self.count)  # the variance of a frame of zeros

    def pairs(self) -> Arrays | None:
        """Nothing, two bins and two shares for each pixel, its normalisation; None where a pixel has more bins."""
        number = np.diff(self.places.astype(np.int64))
        if number.max(initial=0) > 2:
            return None
        bins = np.zeros((number.size, 2), np.uint16 if self.count <= 2**16 else np.uint32)
        shares = np.zeros((number.size, 2), np.float32)
        for rank in (0, 1):
            chosen = number > rank
            taken = self.places[:-1][chosen] + rank
            bins[chosen, rank], shares[chosen, rank] = self.bins[taken], self.shares[taken]
        return np.zeros(0, np.uint32), bins, shares, self.norm


class Kernel:
    """Compiled passes over frames as images and as stored chunks; `adding` are the kernels' ways of adding a pixel."""

    def __init__(
        self, adding: tuple[Any, Any], dtype: np.dtype[Any], used: NDArray[np.bool_], limits: tuple[int, int]
    ) -> None:
        self._adding = adding
        self._unsigned = np.dtype(f"u{dtype.itemsize}")
        self._valid, self._pixels = _bits(used), np.uint64(used.size)
        self._limits = [np.uint64(value) for value in limits]
        self._of_image = _kernels().image_kernel(adding[1])
        self._of_chunks: Any = None
        self._values = np.zeros(0, self._unsigned)

    def image(self, frame: NDArray[Any], matrix: Arrays, sums: Arrays, total: NDArray[Any]) -> None:
        """Add a frame as it is stored, C-contiguous."""
        self._of_image(frame.ravel().view(self._unsigned), *self._limits, *map(_address, (*matrix, *sums, total)))

    def stored(
        self, reader: StoredFrames, numbers: Sequence[int], matrix: Arrays, sums: Sequence[Arrays], total: NDArray[Any]
    ) -> None:
        """Add frames from their chunks, each to sums of its own."""
        found = [reader.chunk(number) for number in numbers]
        chunks = [chunk for chunk in found if chunk is not None]
        sizes = {chunk.pixels_per_block for chunk in chunks}
        if len(chunks) < len(found) or len(sizes) != 1 or (size := sizes.pop()) % 64:
            for number, own in zip(numbers, sums, strict=True):
                self.image(np.ascontiguousarray(reader.frame(number)), matrix, own, total)
            return
        if self._of_chunks is None:
            decoders = (reader.decompress_block, reader.unshuffle_block)
            self._of_chunks = _kernels().chunks_kernel(*self._adding, self._unsigned.itemsize * 8, *decoders)
        if self._values.size != size:
            self._values = np.zeros(size, self._unsigned)
            self._planes = np.zeros(self._values.nbytes // 8, np.uint64)
        addresses = np.array([_address(chunk.data) for chunk in chunks], np.uint64)
        lengths = np.array([chunk.data.size for chunk in chunks], np.int64)
        places = np.array([[_address(array) for array in own] for own in sums], np.uint64).T.copy()
        room = (self._planes, self._values, self._valid)
        given = (addresses, lengths, self._pixels, *room, *self._limits, *map(_address, matrix))
        failed = self._of_chunks(*given, *places, _address(total))
        if failed:
            number = numbers[_kernels().DAMAGED - failed]
            raise RecipeError(f"Frame {number} is damaged: it can't be decompressed.")


def _address(array: NDArray[Any]) -> Any:
    return np.uint64(array.ctypes.data)


def _kernels() -> Any:
    import kernels  # costs half a second, which short series needn't pay

    return kernels


def _adding() -> Any:
    import adding

    return adding


def _bits(used: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """A bit for each pixel that is used, in words of 64."""
    padded = np.zeros(-(-used.size // 64) * 64, bool)
    padded[: used.size] = used
    return np.packbits(padded, bitorder="little").view(np.uint64)


class FastSums:
    """`engine` is pyFAI's sparse integrator (pixels by columns), `norm` its normalisation per turned pixel for the weight 1.

    With `of_image`, the frames are also added up to one image, until `take_total`.
    """

    def __init__(
        self,
        engine: Any,
        norm: NDArray[Any],
        dtype: np.dtype[Any],
        limits: tuple[int, int],
        *,
        orientation: str = "as_stored",
        of_image: NDArray[np.bool_] | None = None,
    ) -> None:
        ways = _adding()
        self._matrix = matrix = Matrix(engine, norm, orientation)
        self._given: Any
        nothing = np.zeros(0, np.uint64)
        if matrix.is_whole:
            self._stride = matrix.count + 1  # a spare bin for pixels that are left out
            self._lanes = ways.LANES if self._stride <= _MOST_LANES else 1
            bins = np.full(matrix.used.size, matrix.count, np.uint16 if self._stride <= 2**16 else np.uint32)
            bins[matrix.used] = matrix.bins
            if matrix.zeros.max(initial=0) >= 2 ** (64 - ways.POSITIVE):
                raise ValueError("too many pixels in one bin")
            self._given = (nothing, bins, nothing, matrix.norm)
            adding = ways.whole_pixels(self._lanes, self._stride)
        else:
            self._given = matrix.pairs() or (matrix.places, matrix.bins, matrix.shares, matrix.norm)
            is_pairs = not self._given[0].size
            adding = ways.shared_pixels(is_pairs, self._given[1].dtype == np.uint16)
        used = matrix.used
        self._total: NDArray[Any] = nothing
        if of_image is not None:
            used, adding = of_image.ravel(), ways.and_image(adding)
            self._shape = of_image.shape
            self._total = np.zeros(of_image.size, np.uint64)
            if of_image.size < _FEWEST_IN_IMAGE:
                raise ValueError("images so small may be too many in one sum")
        self._kernel = Kernel(adding, dtype, used, limits)

    def __call__(self, frame: NDArray[Any]) -> Sums:
        """The sums of one frame as it is stored, C-contiguous."""
        sums = self._empty()
        self._kernel.image(frame, self._given, sums, self._total)
        return self._finished(sums)

    def of_stored(self, reader: StoredFrames, numbers: Sequence[int]) -> list[Sums]:
        """The sums of some frames, from their stored chunks: the same bits as from the decoded frames."""
        sums = [self._empty() for _ in numbers]
        self._kernel.stored(reader, numbers, self._given, sums, self._total)
        return [self._finished(own) for own in sums]

    def take_total(self) -> NDArray[Any]:
        """The sum of all frames since the last call, as stored; NaN where one of them had no valid count."""
        bits = np.uint64(_adding().INVALID)
        invalid = self._total >= np.uint64(1) << bits
        total: NDArray[Any] = self._total.astype(float)
        total[invalid] = np.nan
        self._total.fill(0)
        return total.reshape(self._shape) if total.size else total

    def _empty(self) -> Any:
        if self._matrix.is_whole:
            pairs = 2 * self._stride
            return np.zeros(self._lanes * self._stride, np.uint64), np.zeros(pairs, np.uint64), np.zeros(pairs)
        return np.zeros(2 * self._matrix.count), np.zeros(self._matrix.count), np.zeros(0)

    def _finished(self, sums: Any) -> Sums:
        matrix = self._matrix
        if not matrix.is_whole:
            signal, variance = sums[0].reshape(-1, 2).T
            return Sums(signal.copy(), variance + matrix.zeros, _rest(matrix.full, sums[1]))
        positive = np.uint64(_adding().POSITIVE)
        packed = sums[0].reshape(self._lanes, self._stride)[:, :-1]
        counts, left_out = sums[1].reshape(-1, 2)[:-1], sums[2].reshape(-1, 2)[:-1]
        low = np.uint64((1 << int(positive)) - 1)
        signal = ((packed & low).sum(0) + counts[:, 0]).astype(float)
        with_counts = ((packed >> positive).sum(0) + counts[:, 1]).astype(float)
        variance = signal + (matrix.zeros - with_counts - left_out[:, 1])
        return Sums(signal, variance, _rest(matrix.full, left_out[:, 0]))


class FastMap:
    """Sums over the bins of a q-χ map of an image. `engine` is pyFAI's sparse integrator, ordered by bins."""

    def __init__(self, engine: Any, norm: NDArray[Any], shape: tuple[int, int]) -> None:
        self._matrix = (
            np.asarray(engine.indptr, np.int64),
            np.asarray(engine.indices, np.uint32),
            np.asarray(engine.data, np.float32),
        )
        self._norm = np.ascontiguousarray(norm, np.float32).ravel()
        self._shape = shape  # radial bins, azimuthal bins
        if len(self._matrix[0]) != math.prod(shape) + 1:
            raise ValueError("the matrix is not ordered by bins")
        places, pixels, shares = self._matrix
        rows = np.repeat(np.arange(len(places) - 1), np.diff(places))
        self._full = np.bincount(rows, self._norm[pixels].astype(float) * shares, minlength=len(places) - 1)

    def __call__(self, image: NDArray[Any]) -> Sums:
        """Sums over (azimuthal, radial) bins of a turned image in double precision; its NaN are left out."""
        signal, variance, norms = np.zeros(self._full.size), np.zeros(self._full.size), self._full.copy()
        pixels = np.ascontiguousarray(image).ravel()
        _kernels().sums_over_rows(*self._matrix, pixels, self._norm, signal, variance, norms)
        return Sums(*(np.ascontiguousarray(sums.reshape(self._shape).T) for sums in (signal, variance, norms)))


def _rest(full: NDArray[Any], left_out: NDArray[Any]) -> NDArray[Any]:
    """What is left of the normalisation: 0 where every pixel of a bin is missing, whatever rounding says."""
    left = full - left_out
    left[left < 1e-12 * full] = 0.0
    return left


def agrees(sums: Sums, result: Any) -> bool:
    """Are these pyFAI's numbers? `result` is pyFAI's of the same frame for the weight 1."""
    norm = np.asarray(result.sum_normalization)
    filled = norm > 0
    if not np.array_equal(filled, sums.norm > 0):
        return False
    pairs = [(sums.norm, norm), (sums.signal, np.asarray(result.sum_signal))]
    if result.sigma is not None:
        pairs.append((sums.variance, np.asarray(result.sum_variance)))
    return all(np.allclose(own[filled], theirs[filled], rtol=TOLERANCE, atol=0) for own, theirs in pairs)


def valid_counts(dtype: np.dtype[Any], sentinel: Sentinel, limits: Limits) -> tuple[int, int]:
    """The lowest and the highest count that is a measurement: limits, and below the sentinel as pyFAI compares it.

    Signed integers are read as unsigned ones, so that negative ones (all are sentinels) are above the highest.
    """
    lowest, highest = 0, int(np.iinfo(dtype).max)
    if dtype.kind == "u" and sentinel.dummy is not None and sentinel.delta is not None:
        low, high = 0, highest  # single precision compares monotonously: halve
        while low < high:
            middle = (low + high) // 2
            if abs(np.float32(middle) - np.float32(sentinel.dummy)) <= np.float32(sentinel.delta):
                high = middle
            else:
                low = middle + 1
        highest = low - 1
    if limits.minimum is not None:
        lowest = max(lowest, math.ceil(limits.minimum))
    if limits.maximum is not None:
        highest = min(highest, math.floor(limits.maximum))
    if lowest > highest:
        raise ValueError("no count is valid")
    return lowest, highest
