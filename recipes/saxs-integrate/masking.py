"""Which pixels count. Masks are True where a pixel is left out, and have the shape and orientation of the turned image.

Two kinds: pixels that are bad in every frame (the mask input, the file's own mask, the gaps of a known detector, values
that no pixel can have in the first frame), and values that are bad wherever they turn up (`Sentinel`), which are left out
frame by frame without building pyFAI's look-up table again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.sdk import Frames, Input, RecipeError, warn
from pandaas.sdk.pixels import chosen_mask, impossible, own_mask

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
    first: int,
    mask: Input | None,
    detector_gaps: NDArray[Any] | None,
    *,
    use_file_mask: bool,
    orientation: str,
) -> NDArray[np.bool_]:
    """Pixels that are left out of every frame, in the turned orientation; `first` is the first frame that is integrated."""
    found = impossible(frames.frame(first))
    if found.all():
        raise RecipeError(
            f"Frame {first} holds no count: every pixel is marked as invalid or is no number.",
            "Begin with another frame, or choose another dataset.",
            "first_frame",
        )
    if use_file_mask:
        own = own_mask(frames)
        if own is not None:
            found |= own
    if mask is not None:
        found |= chosen_mask(mask, frames.shape)
    found = np.ascontiguousarray(turned(found, orientation))
    if use_file_mask and detector_gaps is not None and detector_gaps.shape == found.shape:
        found |= detector_gaps.astype(bool)
    if found.all():
        raise RecipeError("The masks leave out every pixel.", "Check the mask and the file's own pixel mask.", "mask")
    if found.mean() > 0.9:
        warn(f"The masks leave out {found.mean():.0%} of the pixels.")
    return found
