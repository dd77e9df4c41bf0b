"""Which pixels of an image count: all but those that its file, a chosen mask or their own value leave out.

A mask is True where a pixel is left out, in the orientation in which the image is stored.
"""

from __future__ import annotations

from typing import Any, Optional

import h5py
import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.frames import Frames
from pandaas.sdk.inputs import Input, NDArray, open_hdf5, text
from pandaas.sdk.report import warn

_OWN_MASKS = ("pixel_mask", "detectorSpecific/pixel_mask")  # NXdetector's, DECTRIS'
_DISTANCES = ("distance", "detector_distance")


def mask_of(frames: Frames, chosen: Optional[Input] = None) -> NDArray:
    """The file's own mask, a chosen one, and what no detector counts in the first frame, together.

    `RecipeError` names the input where no pixel is left.
    """
    source = frames.source
    found = impossible(frames.frame(0))
    if found.all():
        raise RecipeError(
            f"The first image of '{source.title}' holds no count: every pixel is marked as invalid or is no number.",
            "Choose another dataset.",
            source.slot,
        )
    own = own_mask(frames)
    found |= False if own is None else own
    if chosen is not None:
        found |= chosen_mask(chosen, frames.shape)
    if found.all():
        field = chosen.slot if chosen is not None else source.slot
        raise RecipeError("The masks leave out every pixel.", "Choose another mask, or another dataset.", field)
    return found


def impossible(image: NDArray) -> NDArray:
    """Values that no measurement gives: NaN, negative counts, the largest unsigned ones (EIGER: 2³²-1 gap, 2³²-2 dead)."""
    if image.dtype.kind == "u":
        largest = int(np.iinfo(image.dtype).max)
        # Codes that compare in single precision can't tell the largest numbers apart, so that their neighbours go as well.
        neighbours = max(0 if image.dtype.itemsize == 1 else 1, largest >> 22)
        return np.asarray(image >= largest - neighbours, dtype=bool)
    if image.dtype.kind == "i":
        return np.asarray(image < 0, dtype=bool)
    return np.asarray(~np.isfinite(image), dtype=bool)


def own_mask(frames: Frames) -> Optional[NDArray]:
    """`pixel_mask` of the images' NXdetector (also DECTRIS' detectorSpecific); None where there is none."""
    if not frames.source.is_hdf5:
        return None
    detector = find_detector(open_hdf5(frames.source.master), frames.path)
    for path in _OWN_MASKS:
        node = detector.get(path) if detector is not None else None
        if isinstance(node, h5py.Dataset):
            values = np.squeeze(node[()])
            if values.shape == frames.shape:
                return np.asarray(values != 0, dtype=bool)
            warn(f"The file's own mask {node.name} has the shape {values.shape}, the images {frames.shape}: not used.")
    return None


def chosen_mask(mask: Input, shape: tuple[int, int]) -> NDArray:
    """The pixels of a mask dataset that are not zero."""
    values = Frames(mask).frame(0)
    if values.shape != shape:
        raise RecipeError(
            f"The mask '{mask.title}' has {values.shape[0]} × {values.shape[1]} pixels, the images {shape[0]} × {shape[1]}.",
            "Choose a mask of this detector.",
            mask.slot,
        )
    return np.asarray(values != 0, dtype=bool)


def find_detector(file: h5py.File, array_path: Optional[str]) -> Optional[h5py.Group]:
    """The NXdetector that the images belong to: the one that holds them (or their link's target), else the first."""
    if array_path:
        node = file.get(array_path)
        target = node.attrs.get("target") if node is not None else None
        for path in ([text(target)] if target is not None else []) + [array_path]:
            parent = file.get(path.rsplit("/", 1)[0] or "/")
            if isinstance(parent, h5py.Group) and text(parent.attrs.get("NX_class", "")) == "NXdetector":
                return parent
    detectors = groups_of(file, ("NXdetector",))
    if len(detectors) > 1:
        with_distance = [group for group in detectors if any(key in group for key in _DISTANCES)]
        detectors = with_distance or detectors
    return detectors[0] if detectors else None


def groups_of(file: h5py.File, classes: tuple[str, ...]) -> list[h5py.Group]:
    """All groups of these NeXus classes, in the order of their names; links are not followed."""
    found: list[h5py.Group] = []

    def visit(_: str, node: Any) -> None:
        if isinstance(node, h5py.Group) and text(node.attrs.get("NX_class", "")) in classes:
            found.append(node)

    file.visititems(visit)
    return found
