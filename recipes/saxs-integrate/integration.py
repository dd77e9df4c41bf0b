"""Frames to curves: pyFAI's azimuthal integrator, called once per frame, and sums that can be merged.

pyFAI gives for each bin the sums of signal, variance and normalisation; curves are their quotients. Sums of frames are the
same sums added, so the average of a series is weighted as if all photons had fallen on one image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gpu
import numpy as np
from fast import FEWEST_PIXELS, FastMap, FastSums, Sums, agrees, valid_counts
from masking import Limits, Sentinel, turned
from numpy.typing import NDArray
from parameters import Parameters
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from pandaas.sdk import Frames, StoredFrames

_METHODS = {"no": ("no", "csc", "cython"), "bbox": ("bbox", "csc", "cython"), "full": ("full", "csc", "cython")}


@dataclass
class Curves:
    """What some frames gave: a curve each, and the sums over all of them."""

    intensity: list[NDArray[Any]] = field(default_factory=list)
    sigma: list[NDArray[Any]] = field(default_factory=list)
    signal: Any = 0.0
    variance: Any = 0.0
    norm: Any = 0.0


class Integrator:
    """Integrates turned frames of one detector with one mask. Bins are the same for every frame."""

    def __init__(
        self,
        integrator: AzimuthalIntegrator,
        mask: NDArray[np.bool_],
        dtype: np.dtype[Any],
        parameters: Parameters,
        frames: int | None = None,
    ) -> None:
        """`frames` is how many there will be: few are faster with pyFAI alone."""
        self._ai = integrator
        self._parameters = parameters
        self._sentinel = Sentinel.of(dtype)
        self._limits = Limits(parameters.minimum_counts, parameters.maximum_counts)
        self.mask = mask.astype(np.int8)
        self._options = self._fixed_options()
        self._looked = not gpu.wanted()  # for a GPU
        self._on_gpu: tuple[tuple[Any, ...], str] | None = None  # pyFAI's method there, and the device
        self._known: set[Any] = set()  # look-up tables that exist: pyFAI needn't compare masks again
        first = self._curve(np.zeros(mask.shape, dtype=np.float32), 1.0)
        self.radial: NDArray[Any] = np.asarray(first.radial, dtype=float)
        self.pixels: NDArray[Any] = np.asarray(first.count, dtype=float)  # per bin
        self.fast: FastSums | None = None
        self._fast_map: FastMap | None = None
        if frames is None or frames * mask.size >= FEWEST_PIXELS:
            self.fast = self._fast_sums(first.method, dtype)
        if parameters.cake:  # build this table too before processes are forked
            self._map(np.zeros(mask.shape), 1.0)

    def _fixed_options(self) -> dict[str, Any]:
        parameters = self._parameters
        options: dict[str, Any] = {
            "unit": parameters.unit,
            "correctSolidAngle": parameters.solid_angle,
            "polarization_factor": parameters.polarization,
            "error_model": None if parameters.error_model == "none" else parameters.error_model,
            "mask": self.mask,
            "dummy": self._sentinel.dummy,
            "delta_dummy": self._sentinel.delta,
        }
        if parameters.radial_min is not None or parameters.radial_max is not None:
            options["radial_range"] = self._radial_range()
        if parameters.azimuth_min is not None:
            options["azimuth_range"] = (parameters.azimuth_min, parameters.azimuth_max)
        return options

    def _radial_range(self) -> tuple[float, float]:
        low, high = self._parameters.radial_min, self._parameters.radial_max
        if low is None or high is None:
            radius = self._ai.array_from_unit(self.mask.shape, "center", self._parameters.unit)[self.mask == 0]
            low = float(radius.min()) if low is None else low
            high = float(radius.max()) if high is None else high
        return low, high

    def device(self, stored: NDArray[Any]) -> str:
        """The GPU that integrates this process's frames, empty for none; looked for with the first frame."""
        if not self._looked:
            self._looked = True
            image = self._limits.apply(
                np.ascontiguousarray(turned(stored, self._parameters.orientation)), self._sentinel
            )
            expected = self._curve(image, 1.0)
            self._on_gpu = gpu.method_on_gpu(
                self._parameters.splitting, lambda method: self._curve(image, 1.0, method), expected
            )
        return self._on_gpu[1] if self._on_gpu else ""

    def add(self, curves: Curves, stored: NDArray[Any], weight: float) -> NDArray[Any]:
        """Integrate one stored frame into `curves`; `weight` divides its counts. Returns the turned, cleaned frame."""
        image = np.ascontiguousarray(turned(stored, self._parameters.orientation))
        image = self._limits.apply(image, self._sentinel)
        result = self._curve(image, weight)
        curves.intensity.append(_empty_as_nan(result.intensity, result.sum_normalization))
        curves.signal = curves.signal + result.sum_signal
        curves.norm = curves.norm + result.sum_normalization
        if result.sigma is not None:
            curves.sigma.append(_empty_as_nan(result.sigma, result.sum_normalization))
            curves.variance = curves.variance + result.sum_variance
        return image

    def add_fast(self, curves: Curves, sums: Sums, weight: float) -> None:
        """As `add`, with the sums of the frame by `fast`."""
        norm = sums.norm * weight
        with np.errstate(divide="ignore", invalid="ignore"):
            curves.intensity.append(_empty_as_nan(sums.signal / norm, norm))
            if self._parameters.error_model == "poisson":
                curves.sigma.append(_empty_as_nan(np.sqrt(sums.variance) / norm, norm))
                curves.variance = curves.variance + sums.variance
        curves.signal = curves.signal + sums.signal
        curves.norm = curves.norm + norm

    def sums(self, reader: Frames | StoredFrames, numbers: Sequence[int]) -> list[Sums]:
        """The sums of some frames by `fast`."""
        fast = self._by_fast()
        if isinstance(reader, StoredFrames):
            return fast.of_stored(reader, numbers)
        return [fast(np.ascontiguousarray(reader.frame(number))) for number in numbers]

    def check_fast(self, stored: NDArray[Any], reader: StoredFrames | None = None, number: int = 0) -> None:
        """Integrate one frame as pyFAI does and as all others will be; `fast` goes unless they agree."""
        if self.fast is None:
            return
        image = self._limits.apply(np.ascontiguousarray(turned(stored, self._parameters.orientation)), self._sentinel)
        sums = self.fast(np.ascontiguousarray(stored)) if reader is None else self.fast.of_stored(reader, [number])[0]
        same = agrees(sums, self._curve(image, 1.0))
        if same and self._parameters.cake:
            self.fast.take_total()
            self._check_fast_map(image)
        if not same:
            self.fast = None

    def _check_fast_map(self, image: NDArray[Any]) -> None:
        total = self._without_invalid([image])
        result = self._map(total, 1.0)
        norm = self._norm()
        try:
            fast = FastMap(self._ai.engines[result.method].engine, norm, result.intensity.T.shape)
        except (KeyError, AttributeError, ValueError):
            return
        if agrees(fast(total), result):
            self._fast_map = fast

    def _fast_sums(self, method: Any, dtype: np.dtype[Any]) -> FastSums | None:
        """For what it covers: one pass over integers as they are stored, with counting statistics or none."""
        parameters = self._parameters
        if parameters.error_model == "azimuthal" or dtype.kind not in "ui" or dtype.itemsize > 4 or not dtype.isnative:
            return None
        try:
            return FastSums(
                self._ai.engines[method].engine,
                self._norm(),
                dtype,
                valid_counts(dtype, self._sentinel, self._limits),
                orientation=parameters.orientation,
                of_image=turned(self.mask == 0, parameters.orientation) if parameters.cake else None,
            )
        except (KeyError, AttributeError, ValueError, ImportError):
            return None

    def _by_fast(self) -> FastSums:
        if self.fast is None:
            raise ValueError("pyFAI integrates these frames")
        return self.fast

    def _norm(self) -> NDArray[Any]:
        """pyFAI's normalisation per turned pixel for the weight 1."""
        norm = np.ones(self.mask.shape, np.float32)
        if self._parameters.solid_angle:
            norm = norm * self._ai.solidAngleArray(self.mask.shape)
        if self._parameters.polarization is not None:
            norm = norm * self._ai.polarization(self.mask.shape, self._parameters.polarization)
        return norm

    def _curve(self, image: NDArray[Any], weight: float, method: tuple[Any, ...] | None = None) -> Any:
        chosen = method or (self._on_gpu[0] if self._on_gpu else _METHODS[self._parameters.splitting])
        result = self._ai.integrate1d(
            image,
            self._parameters.npt,
            method=chosen,
            normalization_factor=weight,
            safe=chosen not in self._known,
            **self._options,
        )
        self._known.add(chosen)
        return result

    def map_of_sum(self, images: list[NDArray[Any]], weights: list[float]) -> dict[str, NDArray[Any]]:
        """The sums of the q-χ map of several turned frames, integrated once from their sum.

        A pixel that is invalid in one of these frames is left out for all of them.
        """
        return self._sums_of_map(self._map(self._without_invalid(images), float(sum(weights))))

    def map_of_fast(self, weights: list[float]) -> dict[str, NDArray[Any]]:
        """The same of the frames that `fast` summed since the last call."""
        total = np.ascontiguousarray(turned(self._by_fast().take_total(), self._parameters.orientation))
        if self._fast_map is None:
            return self._sums_of_map(self._map(total, float(sum(weights))))
        sums = self._fast_map(total)
        found = {"cake_signal": sums.signal, "cake_norm": sums.norm * float(sum(weights))}
        if self._parameters.error_model == "poisson":
            found["cake_variance"] = sums.variance
        return found | self._axes_of_map()

    def _without_invalid(self, images: list[NDArray[Any]]) -> NDArray[Any]:
        total = np.zeros(images[0].shape, dtype=np.float64)
        invalid = np.zeros(images[0].shape, dtype=bool)
        for image in images:
            invalid |= self._invalid(image)
            total += image
        total[invalid] = np.nan
        return total

    def _map(self, total: NDArray[Any], weight: float) -> Any:
        options = {**self._options, "dummy": None, "delta_dummy": None}
        result = self._ai.integrate2d(
            total,
            self._parameters.npt,
            self._parameters.cake_azimuth_bins,
            method=(self._parameters.splitting, "csr", "cython"),
            normalization_factor=weight,
            safe="2d" not in self._known,
            **options,
        )
        self._known.add("2d")
        self.azimuthal = np.asarray(result.azimuthal, dtype=float)
        self.cake_radial = np.asarray(result.radial, dtype=float)
        return result

    def _sums_of_map(self, result: Any) -> dict[str, NDArray[Any]]:
        sums = {"cake_signal": result.sum_signal, "cake_norm": result.sum_normalization}
        if result.sum_variance is not None:
            sums["cake_variance"] = result.sum_variance
        return {name: np.asarray(values, dtype=np.float64) for name, values in sums.items()} | self._axes_of_map()

    def _axes_of_map(self) -> dict[str, NDArray[Any]]:
        return {"cake_azimuthal": self.azimuthal, "cake_radial": self.cake_radial}

    def _invalid(self, image: NDArray[Any]) -> NDArray[np.bool_]:
        if self._sentinel.dummy is None:
            return ~np.isfinite(image)
        return np.abs(image.astype(np.float32) - np.float32(self._sentinel.dummy)) <= np.float32(self._sentinel.delta)


def quotient(
    signal: NDArray[Any], variance: NDArray[Any] | None, norm: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Intensity and its standard deviation from the sums: I = ΣS/ΣN, σ = √ΣV/ΣN; NaN where no pixel fell."""
    with np.errstate(divide="ignore", invalid="ignore"):
        intensity = np.where(norm > 0, signal / norm, np.nan)
        sigma = None if variance is None else np.where(norm > 0, np.sqrt(variance) / norm, np.nan)
    return intensity, sigma


def _empty_as_nan(values: NDArray[Any], norm: NDArray[Any]) -> NDArray[Any]:
    return np.where(norm > 0, values, np.nan).astype(np.float32)
