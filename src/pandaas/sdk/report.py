"""What a running recipe tells: progress, warnings and, at the end, why it failed.

Everything is a file in the job's output folder, because any engine and any machine can write one. Outside a job (a
recipe tried in a notebook) the functions do nothing but keep the warnings.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from typing import Any, Mapping, Optional, Union

import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.journal import Journal

_INTERVAL_S = 0.25  # at most four lines a second: each one is stored and sent to every viewer
_MAX_WARNINGS = 100
_MAX_PREVIEW_POINTS = 500


class Reporter:
    """Writes `progress.jsonl`, `warnings.json` and `failure.json` below `folder`; `None` keeps them in memory."""

    def __init__(
        self, folder: Optional[str] = None, interval_s: float = _INTERVAL_S, journal: Optional[Journal] = None
    ) -> None:
        self.folder = folder
        self.journal = journal or Journal()
        self.warnings: list[str] = []
        self._interval_s = interval_s
        self._last_write = -math.inf
        self._pending: Optional[dict[str, Any]] = None
        self._lock = threading.Lock()

    def progress(self, fraction: Optional[float], message: str, preview: Optional[Mapping[str, Any]] = None) -> None:
        line: dict[str, Any] = {"t": time.time(), "fraction": _fraction(fraction), "message": str(message)}
        if preview is not None:
            line["preview"] = clean_preview(preview)
        with self._lock:
            self.journal.step(line["message"])
            if preview is None and self._pending and "preview" in self._pending:
                line["preview"] = self._pending["preview"]
            self._pending = line
            if time.monotonic() - self._last_write >= self._interval_s or line["fraction"] == 1.0:
                self._flush()

    def is_due(self) -> bool:
        """Would a line be written now? Ask before computing an expensive preview."""
        return time.monotonic() - self._last_write >= self._interval_s

    def flush(self) -> None:
        """Write the last line even if it came too soon after the one before."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        if self._pending is None or self.folder is None:
            return
        with open(os.path.join(self.folder, "progress.jsonl"), "a", encoding="utf-8") as stream:
            stream.write(json.dumps(self._pending, allow_nan=False) + "\n")
        self._pending = None
        self._last_write = time.monotonic()

    def warn(self, text: str) -> None:
        with self._lock:
            if text in self.warnings or len(self.warnings) >= _MAX_WARNINGS:
                return
            self.warnings.append(text)
            self.journal.say(f"Warning: {text}")
            if self.folder is not None:
                write_json(os.path.join(self.folder, "warnings.json"), self.warnings)

    def fail(self, error: RecipeError) -> None:
        self.flush()
        if self.folder is not None:
            failure = {"what": error.what, "remedy": error.remedy, "field": error.field}
            write_json(os.path.join(self.folder, "failure.json"), failure)


def progress(fraction: Optional[float], message: str = "", preview: Optional[Mapping[str, Any]] = None) -> None:
    """Say how far it is: `fraction` 0..1 (or None while unknown), a few words, and a small curve for the live plot.

    `preview` = {x: […], y: […], x_label, y_label, x_unit, y_unit, x_scale, y_scale}. Call it as often as you like: lines
    that come faster than four a second are merged.
    """
    current_reporter().progress(fraction, message, preview)


def warn(text: str) -> None:
    """Tell the person something that she should check although the analysis goes on. Repeated texts are kept once."""
    current_reporter().warn(text)


_current = Reporter()


def current_reporter() -> Reporter:
    return _current


def set_reporter(reporter: Reporter) -> Reporter:
    """Make `reporter` the one that `progress` and `warn` write to; returns the former one."""
    global _current
    former, _current = _current, reporter
    return former


def clean_preview(preview: Mapping[str, Any]) -> dict[str, Any]:
    """A preview that any browser can draw: finite numbers, at most 500 points, no unknown types."""
    cleaned = {key: value for key, value in preview.items() if key not in ("x", "y")}
    x, y = (np.asarray(preview.get(name, ()), dtype=float).ravel() for name in ("x", "y"))
    finite = np.isfinite(x) & np.isfinite(y)
    step = max(1, math.ceil(int(finite.sum()) / _MAX_PREVIEW_POINTS))
    cleaned["x"] = [float(f"{value:.6g}") for value in x[finite][::step]]
    cleaned["y"] = [float(f"{value:.6g}") for value in y[finite][::step]]
    return cleaned


def write_json(path: str, value: Any) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never half of it."""
    draft = f"{path}.{os.getpid()}.part"
    with open(draft, "w", encoding="utf-8") as stream:
        json.dump(value, stream, ensure_ascii=False)
    os.replace(draft, path)


def _fraction(value: Optional[Union[int, float]]) -> Optional[float]:
    if value is None or not math.isfinite(value):
        return None
    return min(1.0, max(0.0, float(value)))
