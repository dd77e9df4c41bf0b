"""What running jobs tell: `progress.jsonl` followed from where it was left, at most so many events a second stored."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from pandaas.model import PandaasError, Progress
from pandaas.runtime import read_bytes

_BLOCK = 262_144
_FAR_BEHIND = 4 * _BLOCK
_POINTS = 2000
_TEXTS = ("x_label", "y_label", "x_unit", "y_unit", "x_scale", "y_scale")


class ProgressTail:
    """Follows one job's progress file; `read()` gives the latest line not given before, or None."""

    def __init__(self, output: Path) -> None:
        self._file = output / "progress.jsonl"
        self._offset = 0
        self._begun = b""

    def read(self) -> Progress | None:
        try:
            size = self._file.lstat().st_size
        except OSError:
            return None
        if size <= self._offset:
            return None
        if size - self._offset > _FAR_BEHIND:  # only the latest counts
            self._offset, self._begun = size - _BLOCK, b""
        try:
            block = read_bytes(self._file, offset=self._offset, limit=_BLOCK)
        except (PandaasError, OSError):
            return None
        self._offset += len(block)
        lines = (self._begun + block).split(b"\n")
        self._begun = lines.pop()[-_BLOCK:]
        for line in reversed(lines):
            found = parse(line)
            if found is not None:
                return found
        return None


class Throttle:
    """Lets five events a second through at first, fewer when the job turns out to be long."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._last = -math.inf

    def is_due(self) -> bool:
        now = time.monotonic()
        age = now - self._begun
        interval = 0.2 if age < 30 else 1.0 if age < 600 else 5.0
        if now - self._last < interval:
            return False
        self._last = now
        return True


def parse(line: bytes) -> Progress | None:
    """One line, cleaned of whatever user code may have put there."""
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    fraction = tree.get("fraction")
    if not isinstance(fraction, (int, float)) or not math.isfinite(fraction):
        fraction = None
    else:
        fraction = min(max(float(fraction), 0.0), 1.0)
    return Progress(fraction, str(tree.get("message", ""))[:500], _preview(tree.get("preview")))


def _preview(tree: Any) -> dict[str, Any] | None:
    if not isinstance(tree, dict):
        return None
    x, y = (_numbers(tree.get(name)) for name in ("x", "y"))
    if x is None or y is None or len(x) != len(y):
        return None
    return {"x": x, "y": y, **{name: str(tree[name])[:100] for name in _TEXTS if tree.get(name) is not None}}


def _numbers(values: Any) -> list[float] | None:
    if not isinstance(values, list) or len(values) > _POINTS:
        return None
    if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in values):
        return None
    return [float(value) for value in values]
