"""Facet counts with labels for people, most frequent first."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pandaas.catalogue.values import FACETS, FacetCount
from pandaas.catalogue.vocabulary import Techniques
from pandaas.db.tables import Instrument, Proposal

MOST = 50
_NAMES = {
    facet: select(table.c.id, table.c.name, table.c.title).where(table.c.id.in_(bindparam("ids", expanding=True)))
    for facet, table in (("instrument", Instrument.__table__), ("proposal", Proposal.__table__))
}
_KINDS = {"raw": "measurement", "derived": "result", "calibration": "calibration", "mask": "mask"}


def labelled(
    session: Session,
    counts: dict[str, dict[str, int]],
    selected: dict[str, tuple[str, ...]],
    techniques: Techniques,
) -> dict[str, tuple[FacetCount, ...]]:
    """The facets as shown. Chosen values stay in the list, with 0 where nothing of them is left."""
    facets = {}
    for facet in FACETS:
        named = _named(session, facet, counts[facet], techniques)
        chosen = set(selected.get(facet, ()))
        values = [FacetCount(value, label, number, value in chosen) for value, label, number in named]
        values.sort(key=_by_year if facet == "year" else _by_count)
        kept = [v for index, v in enumerate(values) if index < MOST or v.selected]
        absent = sorted(chosen - {value.value for value in values})
        facets[facet] = (
            *kept,
            *(FacetCount(value, _label(facet, value, techniques), 0, selected=True) for value in absent),
        )
    return facets


def _named(session: Session, facet: str, counts: dict[str, int], techniques: Techniques) -> list[tuple[str, str, int]]:
    """(value, label, count): instruments and proposals were counted by row id, people know them by name."""
    if facet not in _NAMES:
        return [(value, _label(facet, value, techniques), number) for value, number in counts.items()]
    names = {
        id_: (name, title)
        for batch in _batches([int(value) for value in counts])
        for id_, name, title in session.execute(_NAMES[facet], {"ids": batch})
    }
    labels = []
    for value, number in counts.items():
        name, title = names[int(value)]
        labels.append((name, f"{name} – {title}" if title and title != name else name, number))
    return labels


def _label(facet: str, value: str, techniques: Techniques) -> str:
    if facet == "technique":
        return techniques.label(value)
    return _KINDS.get(value, value) if facet == "kind" else value


def _by_count(value: FacetCount) -> tuple[int, str]:
    return -value.count, value.label.lower()


def _by_year(value: FacetCount) -> int:
    return -int(value.value)


def _batches(ids: list[int]) -> Iterable[list[int]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
