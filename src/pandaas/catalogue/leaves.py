"""Nested metadata as parameters: every leaf by its dotted name, so that every key can be searched.

`{"detector": {"distance": {"value": 1.2, "unit": "m"}}}` is `detector.distance` = 1.2 m. Lists of texts are one text;
short lists of numbers and lists of groups are numbered (`motors.0.name`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from pandaas.model import NESTED, Parameter

_MOST = 20_000
_DEEPEST = 32
_LONGEST_LIST = 16
_VALUE, _UNIT = ("value", "v", "@value"), ("unit", "units", "u", "@unit", "@units")
_ODD = re.compile(r"[^\w.\-]+")


def leaves_of(metadata: dict[str, Any]) -> Iterator[Parameter]:
    """The leaves in the order of the file, 20,000 at most; `source` says where each one stands."""
    for count, (path, value, unit) in enumerate(_walk(metadata, ())):
        if count >= _MOST:
            return
        yield Parameter(".".join(path), value, unit, source=NESTED + "/".join(path))


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float | str, str | None]]:
    if len(path) > _DEEPEST:
        return
    if isinstance(value, dict):
        quantity = _quantity(value)
        if quantity is not None and path:
            yield path, *quantity
            return
        for key, inner in value.items():
            yield from _walk(inner, (*path, _name(key)))
    elif isinstance(value, (list, tuple)):
        yield from _walk_list(list(value), path)
    elif isinstance(value, bool):
        yield path, "true" if value else "false", None
    elif isinstance(value, (int, float)):
        yield path, _number(value), None
    elif value is not None and str(value).strip():
        yield path, str(value), None


def _walk_list(values: list[Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float | str, str | None]]:
    texts = [value for value in values if isinstance(value, str)]
    if texts and len(texts) == len(values):
        yield path, "; ".join(texts), None
    elif len(values) == 1:
        yield from _walk(values[0], path)
    elif len(values) <= _LONGEST_LIST or any(isinstance(value, dict) for value in values):
        for index, inner in enumerate(values):
            yield from _walk(inner, (*path, str(index)))


def _quantity(group: dict[str, Any]) -> tuple[float | str, str | None] | None:
    """A group that is a number with its unit, in the spellings that catalogues use."""
    value = next((group[key] for key in _VALUE if key in group), None)
    unit = next((group[key] for key in _UNIT if key in group), None)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (unit is None or isinstance(unit, str)):
        return None
    return (_number(value), unit) if len(group) <= 4 else None


def _number(value: float) -> float | str:
    try:
        number = float(value)
    except OverflowError:
        return str(value)[:100]
    return number if math.isfinite(number) else str(value)


def _name(key: Any) -> str:
    return _ODD.sub("_", str(key)).strip("_.") or "_"
