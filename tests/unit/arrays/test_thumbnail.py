"""The small pictures on the cards."""

from __future__ import annotations

import io
from collections.abc import Callable

import h5py
import numpy as np
from PIL import Image

from pandaas.arrays.links import Navigator
from pandaas.arrays.thumbnail import WIDTH, Scale, _curve, _picture, thumbnail
from pandaas.model import ArrayKind


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


def _heights(y: np.ndarray, x: np.ndarray, scale: Scale = None) -> float:
    """The share of the picture's height that the middle half of the curve takes."""
    drawn = np.asarray(Image.open(io.BytesIO(_curve(y, x, scale, scale) or b"")))[..., 3] > 0
    rows = np.flatnonzero(drawn[:, WIDTH // 4 : 3 * WIDTH // 4].any(axis=1))
    return float((rows.max() - rows.min()) / drawn.shape[0])


def test_a_curve_over_decades_is_no_line_along_the_edge() -> None:
    x = np.linspace(0.01, 0.3, 200)
    assert _heights(np.exp(-60 * x), x) > 0.3
    assert _heights(np.exp(-60 * x), x, "linear") < 0.1, "which is how the file wants it"


def test_an_ordinary_curve_stays_linear() -> None:
    x = np.linspace(0, 1, 200)
    assert _heights(2 + x, x) > 0.3
    assert _heights(np.sin(20 * x), x) > 0.5


def test_values_far_below_one_have_colours_too() -> None:
    _, pixels = _pixels(np.linspace(0, 1e-15, 64 * 64).reshape(64, 64))
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 50


def test_what_lies_on_both_sides_of_zero_is_blue_and_red_around_a_light_middle() -> None:
    field = np.outer(np.ones(700), np.sin(np.linspace(0, 2 * np.pi, 700, endpoint=False))) * 1e11
    _, pixels = _pixels(field)
    first, second = pixels[100, 60], pixels[100, 170]
    assert first[0] > first[2] + 50
    assert second[2] > second[0] + 50
    _, beside = _pixels(np.abs(field) - 0.01 * field.max())
    assert [68, 1, 84, 255] in beside.reshape(-1, 4).tolist()


def test_a_few_spots_on_a_flat_ground_are_seen() -> None:
    image = np.zeros((200, 200))
    image[100, 100] = 5
    _, pixels = _pixels(image)
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) == 2


def test_where_a_symmetry_leaves_only_rounding_errors_an_image_beside_it_is_shown(
    opened: Callable[[Callable[[h5py.File], None]], Navigator],
) -> None:
    field = np.linspace(-1, 1, 16)[:, None, None] * np.hypot(*np.mgrid[-8:8, -8:8])
    field[8] = np.random.default_rng(1).normal(0, 1e-19, (16, 16))

    def fill(file: h5py.File) -> None:
        file["B"], file["beside"] = field, field[4]

    navigator = opened(fill)
    symmetric, beside = (
        thumbnail(navigator, name, [], ArrayKind.IMAGE_STACK, x_scale=None, y_scale=None) for name in ("/B", "/beside")
    )
    assert symmetric == beside


def test_points_in_a_plane_are_points_coloured_by_their_values(
    opened: Callable[[Callable[[h5py.File], None]], Navigator],
) -> None:
    def fill(file: h5py.File) -> None:
        file["x"], file["y"], file["z"] = [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]

    packed = thumbnail(opened(fill), "/z", ["/x", "/y"], ArrayKind.CURVE, x_scale=None, y_scale=None)
    pixels = np.asarray(Image.open(io.BytesIO(packed or b"")).convert("RGBA"))
    drawn = pixels[pixels[..., 3] > 0]
    assert len(drawn) < 200
    assert np.unique(drawn, axis=0).tolist() == [[68, 1, 84, 255], [253, 231, 37, 255]]
