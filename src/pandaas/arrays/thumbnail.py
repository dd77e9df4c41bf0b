"""A small picture of a dataset's default plot: an image in viridis (around zero in blue and red), or a curve."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.geometry import mask_of
from pandaas.arrays.links import Navigator
from pandaas.arrays.slicing import plan, read
from pandaas.codecs import invalid_pixels, is_numeric, reduce_by_maximum
from pandaas.model import ArrayKind, NotFound, PandaasError

if TYPE_CHECKING:
    from PIL import Image

Scale = Literal["linear", "log"] | None  # None: as suits the curve
WIDTH = 320
_HEIGHT = 200
_MAX_BYTES = 512 * 1024 * 1024
_MAX_SUMMED = 64 * 1024 * 1024
_MARGIN = 8
_PEAK = 100  # largest over typical value from which a linear axis shows one peak and a flat line
_MOSTLY = 0.8
_FAINT = 1e-9  # an image whose values differ by less may be rounding errors of a symmetry …
_NOTHING = 1e-6  # … which it is when they differ by this much less than in another image
_SHORT = 8
_MOST_POINTS = 20_000
_LINE = (34, 110, 190, 255)
_NO_VALUE = (128, 128, 128, 90)
_TWO_SIDED = 1 / 3  # the weaker sign reaches at least this far of the stronger
_COLOURS = 255
# Nine equidistant colours of viridis (S. van der Walt and N. Smith, CC0).
_VIRIDIS = np.array(
    [
        (68, 1, 84),
        (71, 44, 122),
        (59, 81, 139),
        (44, 113, 142),
        (33, 144, 141),
        (39, 173, 129),
        (92, 200, 99),
        (170, 220, 50),
        (253, 231, 37),
    ],
    dtype=float,
)
# For what lies on both sides of zero.
_BLUE_RED = np.array([(38, 84, 160), (130, 175, 215), (246, 246, 246), (236, 150, 115), (170, 32, 45)], dtype=float)


def thumbnail(
    navigator: Navigator, signal: str, axes: list[str | None], kind: ArrayKind, *, x_scale: Scale, y_scale: Scale
) -> bytes | None:
    """PNG of at most 320 pixels width, or None for what has no picture (text, tables, single values)."""
    if not signal:
        return None
    dataset = navigator.find(signal).object
    shape = tuple(int(n) for n in dataset.shape or ())
    if not math.prod(shape) or not is_numeric(dataset.dtype) or max(shape) < 2:
        return None
    long_axes = [n for n in shape if n > 1]
    if len(long_axes) == 1:
        values = _read(navigator, signal, None)
        if len(shape) == 1 and len([axis for axis in axes if axis]) == 2:
            x, y = (_axis(navigator, [axis], shape) for axis in axes)
            return None if x is None or y is None else _points(x, y, values)
        return _curve(values.reshape(-1), _axis(navigator, axes, shape), x_scale, y_scale)
    if kind is ArrayKind.SPECTRA_MAP and math.prod(shape) * dataset.dtype.itemsize <= _MAX_SUMMED:
        values = _read(navigator, signal, None)
        total = values.reshape(-1, shape[-1]).sum(axis=0, dtype=np.float64)
        return _curve(total, _axis(navigator, axes, shape), "linear", y_scale)
    image, mask = _telling_image(navigator, signal, shape)
    return _picture(image, mask)


def _read(navigator: Navigator, path: str, selection: str | None) -> NDArray[Any]:
    values = read(navigator, plan(navigator, path, selection, _MAX_BYTES))
    if values is None:
        raise NotFound(f"There is no value at '{path}'.")
    return np.abs(values) if values.dtype.kind == "c" else values


def _telling_image(
    navigator: Navigator, signal: str, shape: tuple[int, ...]
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The middle image and its mask; one beside it where a symmetry leaves rounding errors in the middle."""
    middle = _one_image(shape, 1 / 2)
    image = _read(navigator, signal, middle)
    if len(shape) > 2 and image.dtype.kind == "f" and _spread(image) < _FAINT:
        beside = _one_image(shape, 1 / 4)
        other = _read(navigator, signal, beside)
        if _spread(image) <= _NOTHING * _spread(other):
            return other, mask_of(navigator, signal, beside)
    return image, mask_of(navigator, signal, middle)


def _spread(image: NDArray[Any]) -> float:
    finite = image[np.isfinite(image)]
    return float(finite.max()) - float(finite.min()) if finite.size else 0.0


def _one_image(shape: tuple[int, ...], part: float) -> str:
    """The selection of one image: the last two axes if they are long enough, else the two longest; of the others one index."""
    pixels = [axis for axis, length in enumerate(shape) if length > 1][-2:]
    if min(shape[axis] for axis in pixels) < _SHORT:
        pixels = sorted(sorted(range(len(shape)), key=lambda axis: shape[axis])[-2:])
    return ",".join(":" if axis in pixels else str(int(length * part)) for axis, length in enumerate(shape))


def _axis(navigator: Navigator, axes: list[str | None], shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The values along the long axis, as many as the curve has."""
    length = max(shape) if len([n for n in shape if n > 1]) == 1 else shape[-1]
    named = [axis for axis, n in zip(axes, shape, strict=False) if n == length and axis]
    if not named:
        return None
    try:
        values = _read(navigator, named[-1], None).reshape(-1)
    except PandaasError:
        return None
    if values.size == length + 1:
        return np.asarray((values[1:] + values[:-1]) / 2)
    return values if values.size == length and np.isfinite(values).all() else None


def _picture(image: NDArray[Any], mask: NDArray[Any] | None) -> bytes:
    from PIL import Image

    usable = mask if mask is not None and mask.shape == image.shape else None
    two_sided = _is_two_sided(image)
    reduced = _reduced_by_size(image, usable) if two_sided else reduce_by_maximum(image, WIDTH, mask=usable)
    valid = np.isfinite(reduced)
    values = np.arcsinh(reduced)  # shows weak and strong features together
    low, high = np.percentile(values[valid], (1, 99.7)) if valid.any() else (0.0, 1.0)
    if two_sided:
        high = max(-low, high)
        low = -high
    if not high > low and valid.any():  # a few spots on a flat ground
        low, high = values[valid].min(), values[valid].max()
    scaled = np.clip((values - low) / (float(high - low) or 1.0), 0, 1)
    scaled[~valid] = 0
    pixels = (scaled * (_COLOURS - 1)).round().astype(np.uint8)
    pixels[~valid] = _COLOURS
    picture = Image.fromarray(pixels)  # numbers of colours: a quarter of the bytes to pack
    picture.putpalette(_palette(_BLUE_RED if two_sided else _VIRIDIS), "RGBA")
    if picture.width < WIDTH // 2 or picture.height < 24:
        factor = max(1, min(WIDTH // picture.width, 240 // max(1, picture.height)))
        picture = picture.resize((picture.width * factor, max(24, picture.height * factor)), Image.Resampling.NEAREST)
    return _png(picture)


def _is_two_sided(image: NDArray[Any]) -> bool:
    """Fields, differences: values on both sides of zero, as the viewer sees it; no detector's negative sentinels."""
    if image.dtype.kind != "f":
        return False
    finite = image[np.isfinite(image)]
    low, high = np.percentile(finite, (0.5, 99.5)) if finite.size else (0.0, 0.0)
    return bool(low < 0 < high and min(-low, high) >= _TWO_SIDED * max(-low, high))


def _reduced_by_size(image: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any]:
    """Of several pixels the value farthest from zero."""
    above, below = (sign * reduce_by_maximum(sign * image, WIDTH, mask=mask) for sign in (1, -1))
    return np.where(above >= -below, above, below)


def _palette(colours: NDArray[Any]) -> bytes:
    """`_COLOURS` colours as RGBA, from one end to the other, and the one of what has no value."""
    where = np.linspace(0, len(colours) - 1, _COLOURS)
    parts = [np.interp(where, np.arange(len(colours)), channel) for channel in colours.T]
    table = np.stack([*parts, np.full(_COLOURS, 255)], axis=1).round().astype(np.uint8)
    return table.tobytes() + bytes(_NO_VALUE)


def _curve(y: NDArray[Any], x: NDArray[Any] | None, x_scale: Scale, y_scale: Scale) -> bytes | None:
    from PIL import Image, ImageDraw

    values = y.astype(float)
    invalid, _ = invalid_pixels(y)
    good = np.isfinite(values) if invalid is None else ~invalid
    where = np.arange(values.size, dtype=float) if x is None else x.astype(float)
    log_x, log_y = x_scale == "log", y_scale == "log"
    if y_scale is None and _is_peaked(values[good]):
        log_y = True
        log_x = log_x or (x_scale is None and x is not None and _spans_decades(where[good]))
    if log_y:
        good &= values > 0
    if log_x and x is not None:
        good &= where > 0
    if good.sum() < 2:
        return None
    values, where = values[good], where[good]
    values = np.log10(values) if log_y else values
    where = np.log10(where) if log_x and x is not None else where
    picture = Image.new("RGBA", (WIDTH, _HEIGHT), (0, 0, 0, 0))
    points = list(zip(_scaled(where, WIDTH), _HEIGHT - _scaled(values, _HEIGHT), strict=True))
    points = _thinned(points)
    ImageDraw.Draw(picture).line(points, fill=_LINE, width=2, joint="curve")
    return _png(picture)


def _points(x: NDArray[Any], y: NDArray[Any], values: NDArray[Any]) -> bytes:
    """Points in a plane, coloured by their values."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGBA", (WIDTH, _HEIGHT), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    good = np.flatnonzero(np.isfinite(values))[:_MOST_POINTS]
    if good.size:
        level = _scaled(values[good].astype(float), 2 * _MARGIN + len(_VIRIDIS) - 1) - _MARGIN
        colours = _VIRIDIS[level.round().astype(int)].astype(int)
        places = zip(
            _scaled(x.astype(float), WIDTH)[good], _HEIGHT - _scaled(y.astype(float), _HEIGHT)[good], strict=True
        )
        for (across, down), colour in zip(places, colours.tolist(), strict=True):
            draw.ellipse((across - 2, down - 2, across + 2, down + 2), fill=tuple(colour))
    return _png(picture)


def _is_peaked(values: NDArray[Any]) -> bool:
    """Positive nearly everywhere, and most of it a flat line beside the largest value: reflectivity, strong lines."""
    positive = values[values > 0]
    if positive.size < 3 or positive.size < _MOSTLY * values.size:
        return False
    return bool(positive.max() >= _PEAK * np.median(positive))


def _spans_decades(values: NDArray[Any]) -> bool:
    return bool(values.size and values.min() > 0 and values.max() >= _PEAK * values.min())


def _scaled(values: NDArray[Any], length: int) -> NDArray[Any]:
    low, high = float(values.min()), float(values.max())
    span = high - low
    inner = length - 2 * _MARGIN
    return _MARGIN + ((values - low) / span * inner if span > 0 else np.full(values.shape, inner / 2))


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Per column of pixels the lowest and the highest point, so that peaks survive."""
    if len(points) <= 4 * WIDTH:
        return points
    columns: dict[int, tuple[float, float]] = {}
    for x, y in points:
        low, high = columns.get(int(x), (y, y))
        columns[int(x)] = (min(low, y), max(high, y))
    return [(float(x), y) for x, pair in sorted(columns.items()) for y in pair]


def _png(picture: Image.Image) -> bytes:
    with io.BytesIO() as buffer:
        picture.save(buffer, "PNG")
        return buffer.getvalue()
