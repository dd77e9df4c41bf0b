"""Filters in the other form of an address, `filter[where][title][like]=x`, as LoopBack's REST clients write them.

Source: LoopBack 3, "Querying data", REST queries. A list is `[inq][]=a` or `[inq][0]=a`; all values are texts, which the
filter reads as the property's own kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from pandaas.federation.filters import FilterError

_PART = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 40
_MOST = 1_000


def from_brackets(name: str, pairs: Iterable[tuple[str, str]]) -> str | None:
    """The JSON of all `name[…]=value` among the parameters of an address; None where there are none."""
    whole: dict[str, Any] = {}
    number = 0
    for key, value in pairs:
        if not key.startswith(f"{name}["):
            continue
        number += 1
        parts = _PART.findall(key[len(name) :])
        if number > _MOST or not 0 < len(parts) <= _DEEPEST or "".join(f"[{one}]" for one in parts) != key[len(name) :]:
            raise FilterError(
                f"'{key[:100]}': this is no part of a filter.",
                remedy=f'Write {name}[where][title]=…, or JSON: {name}={{"where": {{"title": "…"}}}}.',
                field=name,
            )
        _place(whole, parts, value, key)
    return json.dumps(_lists(whole)) if number else None


def _place(whole: dict[str, Any], parts: list[str], value: str, key: str) -> None:
    at = whole
    for part in parts[:-1]:
        at = at.setdefault(part or str(len(at)), {})
        if not isinstance(at, dict):
            raise _twice(key)
    last = parts[-1] or str(len(at))
    if last in at:
        raise _twice(key)
    at[last] = value


def _twice(key: str) -> FilterError:
    return FilterError(f"'{key[:100]}' is given twice.", remedy="Write a list as [0], [1] or [].", field=key[:100])


def _lists(value: Any) -> Any:
    """Objects whose names are numbers are lists, in the order of these."""
    if not isinstance(value, dict):
        return value
    if value and all(name.isascii() and name.isdigit() and len(name) < 6 for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(inner) for name, inner in value.items()}
