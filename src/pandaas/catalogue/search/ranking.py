"""Best match first: BM25 over the folded words of a dataset's text, those of its title counted four times.

Source: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with k1 = 1.2 and
b = 0.75; fields are weighted before saturation (BM25F). A word counts wherever it stands, also inside a longer one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, case, cast, func, select
from sqlalchemy.orm import Session

from pandaas.catalogue.search.conditions import Conditions
from pandaas.db.tables import Dataset

K1, B = 1.2, 0.75
TITLE = 3.0  # on top of the one that the whole text counts
MOST_WORDS = 8
MOST_RANKED = 2_000  # hits; among more, those with the words in the title come first, then the sample's, and the newest
PLACES = (("title", 2), ("sample", 1))


@dataclass(frozen=True)
class Statistics:
    """Of what this person may see: how many datasets, how long their texts are, how many hold each word."""

    datasets: int
    length: float
    holding: tuple[int, ...]


ONE_WORD = Statistics(datasets=1, length=500.0, holding=(1,))  # a typical length


def inverse_frequency(datasets: int, holding: int) -> float:
    return math.log(1 + (datasets - holding + 0.5) / (holding + 0.5))


def bm25(weight: float, frequency: float, length: float, mean_length: float) -> float:
    """What one word adds to the score of a text in which it stands `frequency` times (title weighted)."""
    return weight * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length / mean_length))


def statistics(
    session: Session, seen: Sequence[ColumnElement[bool]], words: Sequence[str], conditions: Conditions
) -> Statistics:
    """One pass over what this person may see (`seen`)."""
    counts: list[Any] = [
        func.coalesce(func.sum(case((conditions.contains(Dataset.search_text, word), 1), else_=0)), 0) for word in words
    ]
    mean = func.coalesce(func.avg(func.length(Dataset.search_text)), 1.0)
    row = session.execute(select(func.count(), mean, *counts).where(*seen)).one()
    return Statistics(row[0], max(float(row[1]), 1.0), tuple(int(value) for value in row[2:]))


def score(words: Sequence[str], known: Statistics, conditions: Conditions) -> ColumnElement[Any]:
    """The same as SQL, for every word of `words` (not empty)."""
    text = Dataset.search_text
    title = func.substr(text, 1, conditions.place_of(text, "\n"))
    length = func.length(text)
    parts: list[Any] = []
    for word, holding in zip(words, known.holding, strict=True):
        frequency = _times(text, word) + TITLE * _times(title, word)
        damped = frequency + K1 * (1 - B + B * cast(length, Float) / known.length)
        parts.append(inverse_frequency(known.datasets, holding) * (K1 + 1) * frequency / damped)
    whole: ColumnElement[Any] = sum(parts[1:], parts[0])
    return whole


def _times(text: Any, word: str) -> ColumnElement[Any]:
    without = func.replace(text, word, "")
    return cast(func.length(text) - func.length(without), Float) / float(len(word))
