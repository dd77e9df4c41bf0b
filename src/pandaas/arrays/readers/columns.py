"""Columns of numbers between lines of words: finding them, and what the words say about them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.model import UnreadableFile

MAX_BYTES = 256 * 1024 * 1024
_SEPARATORS = re.compile(r"[\s,;]+")
_COMMENT = "#;%!*'\""
_LABEL_GAP = re.compile(r"\s{2,}|\t+|(?<=\*)\s|,\s*|;\s*")
_UNIT = re.compile(r"^(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]\s*$")
_TIMES = (
    "%a %b %d %H:%M:%S %Y",
    "%b %d, %Y %H:%M:%S.%f",
    "%b %d, %Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
)


@dataclass
class Block:
    """`values` has one row per line; `before` and `after` are the lines around it."""

    values: NDArray[np.float64]
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Column:
    name: str
    unit: str | None = None


def numbers_of(line: str) -> list[float] | None:
    """The numbers of a line that holds nothing else, or None."""
    parts = [part for part in _SEPARATORS.split(line.strip()) if part]
    if not parts or len(parts) > 10_000 or line.lstrip()[:1] in _COMMENT:
        return None
    try:
        return [
            float(part.replace("D", "E").replace("d", "e")) if part[-1:].isdigit() else float(part) for part in parts
        ]
    except ValueError:
        return None


def find_block(lines: list[str], name: str) -> Block:
    """The longest run of lines with the same count of numbers. Raises `UnreadableFile` when there is none of two lines."""
    best: tuple[int, int] = (0, 0)
    rows: list[list[float] | None] = [numbers_of(line) for line in lines]
    start = 0
    while start < len(rows):
        first = rows[start]
        stop = start + 1
        if first is not None:
            while stop < len(rows) and _same_width(rows[stop], first):
                stop += 1
            if stop - start > best[1] - best[0]:
                best = (start, stop)
        start = stop
    if best[1] - best[0] < 2:
        raise UnreadableFile(
            f"{name} holds no columns of numbers.",
            remedy="If these are notes, give it a name that begins with README: it is then attached to the data beside it.",
        )
    values = np.array(rows[best[0] : best[1]], dtype=np.float64)
    return Block(values, lines[: best[0]], lines[best[1] :])


def _same_width(row: list[float] | None, first: list[float]) -> bool:
    return row is not None and len(row) == len(first)


def split_labels(line: str, count: int) -> list[Column] | None:
    """The names (and units in brackets) of `count` columns on one line, or None when the line doesn't name as many."""
    text = line.strip().lstrip(_COMMENT + " ").rstrip()
    for parts in (_LABEL_GAP.split(text), text.split()):
        names = [part.strip().strip('"') for part in parts if part.strip()]
        if len(names) == count and not all(_is_number(name) for name in names):
            return [_column(name) for name in names]
    return None


def _column(text: str) -> Column:
    match = _UNIT.match(text)
    if match and match["name"] and not _is_argument(match["unit"]):
        return Column(match["name"].strip(" *"), match["unit"].strip() or None)
    return Column(text.strip(" *") or text)


def _is_argument(text: str) -> bool:
    """`I(Q)` is a function of Q, not I in units of Q."""
    return text.strip().lower() in ("q", "r", "e", "t", "s", "2theta", "tth", "x")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def labels_before(lines: list[str], count: int) -> list[Column] | None:
    """The names of the columns from the last header lines."""
    for line in reversed(lines[-5:]):
        found = split_labels(line, count)
        if found is not None:
            return found
    return None


def parse_time(text: str) -> str | None:
    """A time as instruments' programs write it, in ISO 8601; None when it is not understood."""
    cleaned = " ".join(text.split())
    for pattern in _TIMES:
        try:
            return datetime.strptime(cleaned, pattern).replace(tzinfo=UTC).isoformat()
        except ValueError:
            continue
    return cleaned if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", cleaned) else None


def unique(columns: list[Column]) -> list[Column]:
    """The same columns with names that differ."""
    seen: dict[str, int] = {}
    result = []
    for column in columns:
        count = seen.get(column.name, 0)
        seen[column.name] = count + 1
        result.append(column if not count else Column(f"{column.name} {count + 1}", column.unit))
    return result


def key_values(lines: list[str], separators: str = ":=") -> dict[str, Any]:
    """`key: value` lines of a header, comment signs removed."""
    found: dict[str, Any] = {}
    for line in lines:
        text = line.strip().lstrip(_COMMENT + " ")
        position = min((text.find(sign) for sign in separators if text.find(sign) > 0), default=-1)
        if position > 0 and len(text) < 2000:
            found.setdefault(text[:position].strip(), text[position + 1 :].strip())
    return found
