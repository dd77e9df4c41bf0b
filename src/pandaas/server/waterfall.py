"""The default curves of many results on one abscissa, as a waterfall draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays import Abandoned
from pandaas.model import PandaasError, PlotSpec, Principal
from pandaas.server.schemas.chains import CurvesOut
from pandaas.server.services import Services

_POINTS = 600
_LARGEST = 2_000_000  # bytes of one curve

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Curve:
    pid: str
    x: Floats
    y: Floats


def curves(
    platform: Services, asker: Principal, pids: Sequence[str], *, gone: Callable[[], bool] = lambda: False
) -> CurvesOut:
    """The abscissa is that of the first one; others are interpolated onto it, NaN where they have no values.

    One curve at a time is held as it is stored: together they may be far larger than the answer. Once `gone` says that
    nobody waits for them any more, nothing further is read: `Abandoned`.
    """
    drawn: list[str] = []
    rows: list[Floats] = []
    left_out: list[str] = []
    plot: PlotSpec | None = None
    x, changed = np.empty(0), False
    for pid in dict.fromkeys(pids):
        if gone():
            raise Abandoned
        curve, spec = _read(platform, asker, pid, gone)
        if curve is None or spec is None:
            left_out.append(pid)
            continue
        if plot is None:
            plot = spec
            x, changed = _thinned(curve.x, log=plot.x_scale == "log")
        same = curve.x.shape == x.shape and np.array_equal(curve.x, x)
        changed = changed or not same
        drawn.append(pid)
        rows.append(curve.y if same else _interpolated(x, curve))
    if plot is None:
        return CurvesOut(
            pids=[],
            x=[],
            y=[],
            x_label="",
            y_label="",
            x_unit=None,
            y_unit=None,
            x_scale="linear",
            y_scale="linear",
            resampled=False,
            left_out=left_out,
        )
    x_label, x_unit = _label(platform, asker, drawn[0], plot.axes[0] if plot.axes else None)
    y_label, y_unit = _label(platform, asker, drawn[0], plot.signal)
    return CurvesOut(
        pids=drawn,
        x=_plain(x),
        y=[_plain(row) for row in rows],
        x_label=x_label,
        y_label=y_label,
        x_unit=x_unit,
        y_unit=y_unit,
        x_scale=plot.x_scale or "linear",
        y_scale=plot.y_scale or "linear",
        resampled=changed,
        left_out=left_out,
    )


def _read(
    platform: Services, asker: Principal, pid: str, gone: Callable[[], bool]
) -> tuple[_Curve | None, PlotSpec | None]:
    try:
        spec = platform.catalogue.dataset(asker, pid).plot
        if spec is None:
            return None, None
        y = np.asarray(platform.arrays.read(asker, pid, spec.signal, limit=_LARGEST, cancelled=gone), dtype=np.float64)
        path = spec.axes[0] if spec.axes else None
        if path is None:
            x = np.arange(y.size, dtype=np.float64)
        else:
            x = np.asarray(platform.arrays.read(asker, pid, path, limit=_LARGEST, cancelled=gone), dtype=np.float64)
    except (PandaasError, ValueError, TypeError):
        return None, None
    if y.ndim != 1 or x.shape != y.shape or y.size < 2:
        return None, None
    order = np.argsort(x, kind="stable")
    return _Curve(pid, x[order], y[order]), spec


def _thinned(x: Floats, *, log: bool) -> tuple[Floats, bool]:
    """At most so many points as a screen shows, evenly over the axis as it is drawn."""
    if x.size <= _POINTS:
        return x, False
    positive = x[x > 0]
    if log and positive.size > 1:
        return np.geomspace(positive[0], positive[-1], _POINTS), True
    return np.linspace(x[0], x[-1], _POINTS), True


def _interpolated(x: Floats, curve: _Curve) -> Floats:
    known = np.isfinite(curve.x) & np.isfinite(curve.y)
    if known.sum() < 2:
        return np.full(x.shape, np.nan)
    return np.interp(x, curve.x[known], curve.y[known], left=np.nan, right=np.nan)


def _label(platform: Services, asker: Principal, pid: str, path: str | None) -> tuple[str, str | None]:
    """The name of what is drawn, and its unit as the file writes it; the page writes it for people."""
    if path is None:
        return "point", None
    try:
        told: dict[str, Any] = platform.arrays.attributes(asker, pid, path, ["long_name", "units"])
    except PandaasError:
        told = {}
    name = str(told.get("long_name") or path.rsplit("/", 1)[-1])
    unit = str(told.get("units") or "")
    return name, None if name.endswith((f"({unit})", f"[{unit}]")) else unit or None


def _plain(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
