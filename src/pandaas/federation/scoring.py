"""How well rows match free words: BM25 over their texts, mapped into (0, 1).

Source: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), k1 = 1.2, b = 0.75.
A word counts wherever it stands, also inside a longer one. score = s / (1 + s).
"""

from __future__ import annotations

import math
import re
from typing import Any

from sqlalchemy import ColumnElement, Float, case, cast, false, func, or_, select
from sqlalchemy.orm import Session

from pandaas.federation.comparing import Comparing
from pandaas.federation.sources import Source

_K1, _B = 1.2, 0.75
_MOST_WORDS = 8
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "that",
        "the",
        "to",
        "was",
        "were",
        "with",
    ]
)


def words_of(query: str) -> list[str]:
    """The words that count, lower case, each once; all of them where none would be left."""
    words = list(dict.fromkeys(re.findall(r"\w+", query.lower())))
    return ([word for word in words if word not in _STOP] or words)[:_MOST_WORDS]


class Scoring:
    """The score of one query over what a source shows at all."""

    def __init__(self, session: Session, comparing: Comparing, source: Source, query: str) -> None:
        self._words = words_of(query)
        text: Any = ""
        for part in source.text:
            text = text + func.coalesce(part, "") + " "
        joined = " ".join(self._words)
        self._text = comparing.lowered(text, joined)
        self._holds = [comparing.contains(text, word) for word in self._words]
        counts = [func.coalesce(func.sum(case((one, 1), else_=0)), 0) for one in self._holds]
        mean = func.coalesce(func.avg(func.length(text)), 1.0)
        row = session.execute(select(func.count(), mean, *counts).select_from(source.table).where(*source.base)).one()
        self._rows, self._length, self._holding = row[0], max(float(row[1]), 1.0), [int(one) for one in row[2:]]

    def matches(self) -> ColumnElement[bool]:
        """Some word stands in the row."""
        return or_(*self._holds) if self._holds else false()

    def score(self) -> ColumnElement[float]:
        parts = []
        for word, holding in zip(self._words, self._holding, strict=True):
            weight = math.log(1 + (self._rows - holding + 0.5) / (holding + 0.5))
            without = func.replace(self._text, word, "")
            times = cast(func.length(self._text) - func.length(without), Float) / float(len(word))
            damped = times + _K1 * (1 - _B + _B * cast(func.length(self._text), Float) / self._length)
            parts.append(weight * (_K1 + 1) * times / damped)
        whole: Any = sum(parts[1:], parts[0]) if parts else cast(0.0, Float)
        return cast(whole / (1.0 + whole), Float)
