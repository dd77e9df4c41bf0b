"""The small pictures on the cards."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from pandaas.arrays.thumbnail import WIDTH, _picture


def _pixels(image: np.ndarray) -> tuple[Image.Image, np.ndarray]:
    picture = Image.open(io.BytesIO(_picture(image, None)))
    return picture, np.asarray(picture.convert("RGBA"))


def test_weak_is_dark_strong_is_light_and_a_gap_is_grey() -> None:
    image = np.tile(np.linspace(0, 100, 200, dtype="f4"), (200, 1))
    image[90:110] = np.nan
    _, pixels = _pixels(image)
    assert pixels[0, 0].tolist() == [68, 1, 84, 255]
    assert pixels[0, -1].tolist() == [253, 231, 37, 255]
    assert pixels[100, 100].tolist() == [128, 128, 128, 90]
    assert len(np.unique(pixels[0], axis=0)) > 100


def test_a_noisy_frame_of_a_large_detector_makes_a_small_picture() -> None:
    """It travels with every page of search results, and packing true colours was most of what ingest did."""
    frame = np.random.default_rng(1).poisson(3, (2527, 2463)).astype("i4")
    packed = _picture(frame, None)
    picture, _ = _pixels(frame)
    assert picture.mode == "P"
    assert max(picture.size) <= WIDTH
    assert len(packed) < 80_000
