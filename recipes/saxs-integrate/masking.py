"""Which pixels count. Masks are True where a pixel is left out, and have the shape and orientation of the turned image.

Two kinds: pixels that are bad in every frame (the mask input, the file's own mask, the gaps of a known detector, values
that no pixel can have in the first frame), and values that are bad wherever they turn up (`Sentinel`), which are left out
frame by frame without building pyFAI's look-up table again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from metadata import find_detector
from numpy.typing import NDArray

from pandaas.sdk import Frames, Input, RecipeError, warn
from pandaas.sdk.inputs import open_hdf5

_FLIPS = {
    "as_stored": (False, False),
    "flip_vertical": (True, False),
    "flip_horizontal": (False, True),
    "rotate_180": (True, True),
}


def turned(image: NDArray[Any], orientation: str) -> NDArray[Any]:
    """The image in another orientation (a view)."""
    rows, columns = _FLIPS[orientation]
    return image[:: -1 if rows else 1, :: -1 if columns else 1]


@dataclass(frozen=True)
class Sentinel:
    """A value (± delta) that marks a pixel without a measurement, as detectors write it into gaps and dead pixels."""

    dummy: float | None
    delta: float | None

    @classmethod
    def of(cls, dtype: np.dtype[Any]) -> Sentinel:
        """Unsigned integers: the largest values (EIGER: 2³²-1 gap, 2³²-2 bad). Signed: negative. Float: NaN only.

        pyFAI compares in single precision, so `delta` covers the rounding of large numbers.
        """
        if dtype.kind == "u":
            largest = float(np.iinfo(dtype).max)
            return cls(largest, max(0.5 if dtype.itemsize == 1 else 1.5, largest * 2.0**-22))
        if dtype.kind == "i":
            return cls(-1.0, 0.5)
        return cls(None, None)


@dataclass(frozen=True)
class Limits:
    """Counts outside minimum … maximum are left out, frame by frame."""

    minimum: float | None
    maximum: float | None

    def apply(self, image: NDArray[Any], sentinel: Sentinel) -> NDArray[Any]:
        """The image with invalid pixels set to the sentinel (NaN for floats)."""
        if image.dtype.kind == "i":
            image = np.maximum(image, -1)  # all negative values are one sentinel
        if self.minimum is None and self.maximum is None:
            return image
        valid = np.ones(image.shape, bool)
        if self.minimum is not None:
            valid &= image >= self.minimum
        if self.maximum is not None:
            valid &= image <= self.maximum
        if sentinel.dummy is None:
            return np.where(valid, image, np.nan).astype(image.dtype)
        return np.where(valid, image, image.dtype.type(sentinel.dummy))


def static_mask(
    frames: Frames,
    mask: Input | None,
    detector_gaps: NDArray[Any] | None,
    *,
    use_file_mask: bool,
    orientation: str,
) -> NDArray[np.bool_]:
    """Pixels that are left out of every frame, in the turned orientation."""
    found = _impossible(frames.frame(0))
    if use_file_mask:
        own = _file_mask(frames)
        if own is not None:
            found |= own
    if mask is not None:
        found |= _mask_input(mask, frames.shape)
    found = np.ascontiguousarray(turned(found, orientation))
    if use_file_mask and detector_gaps is not None and detector_gaps.shape == found.shape:
        found |= detector_gaps.astype(bool)
    if found.all():
        raise RecipeError("The masks leave out every pixel.", "Check the mask and the file's own pixel mask.", "mask")
    if found.mean() > 0.9:
        warn(f"The masks leave out {found.mean():.0%} of the pixels.")
    return found


def _impossible(image: NDArray[Any]) -> NDArray[np.bool_]:
    """Values of the first frame that no measurement gives: sentinels, negative counts, NaN."""
    if image.dtype.kind == "u":
        sentinel = Sentinel.of(image.dtype)
        return np.asarray(image >= np.iinfo(image.dtype).max - int(sentinel.delta or 0), dtype=bool)
    if image.dtype.kind == "i":
        return np.asarray(image < 0, dtype=bool)
    return np.asarray(~np.isfinite(image), dtype=bool)


def _file_mask(frames: Frames) -> NDArray[np.bool_] | None:
    """`pixel_mask` of the images' NXdetector (also DECTRIS' detectorSpecific)."""
    if not frames.source.is_hdf5:
        return None
    detector = find_detector(open_hdf5(frames.source.master), frames.path)
    for path in ("pixel_mask", "detectorSpecific/pixel_mask"):
        node = detector.get(path) if detector is not None else None
        if isinstance(node, h5py.Dataset):
            values = np.squeeze(node[()])
            if values.shape == frames.shape:
                return np.asarray(values != 0, dtype=bool)
            warn(f"The file's own mask {node.name} has the shape {values.shape}, the images {frames.shape}: not used.")
    return None


def _mask_input(mask: Input, shape: tuple[int, int]) -> NDArray[np.bool_]:
    values = Frames(mask).frame(0)
    if values.shape != shape:
        raise RecipeError(
            f"The mask '{mask.title}' has {values.shape[0]} × {values.shape[1]} pixels, the images {shape[0]} × {shape[1]}.",
            "Choose a mask of this detector.",
            "mask",
        )
    return np.asarray(values != 0, dtype=bool)
