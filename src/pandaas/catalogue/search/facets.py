"""Facet counts with labels for people, most frequent first."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pandaas.catalogue.values import FACETS, FacetCount
from pandaas.catalogue.vocabulary import Techniques
from pandaas.db import Database, Memo
from pandaas.db.tables import Instrument, Proposal

MOST = 50
_BATCH = 500
_NAMES = {
    facet: select(table.c.id, table.c.name, table.c.title).where(table.c.id.in_(bindparam("ids", expanding=True)))
    for facet, table in (("instrument", Instrument.__table__), ("proposal", Proposal.__table__))
}
_KINDS = {"raw": "measurement", "derived": "result", "calibration": "calibration", "mask": "mask"}


class Names:
    """Names and titles of instruments and proposals by row id, remembered until anybody writes, for a second at most."""

    def __init__(self, database: Database) -> None:
        self._remembered: Memo[dict[int, tuple[str, str | None]]] = Memo(database)

    def of(self, session: Session, facet: str, ids: Collection[int]) -> dict[int, tuple[str, str | None]]:
        known = self._remembered.get(facet, dict)
        unknown = [id_ for id_ in ids if id_ not in known]
        for start in range(0, len(unknown), _BATCH):
            some = {"ids": unknown[start : start + _BATCH]}
            known.update({id_: (name, title) for id_, name, title in session.execute(_NAMES[facet], some)})
        return known


def labelled(
    session: Session,
    names: Names,
    counts: dict[str, dict[str, int]],
    selected: dict[str, tuple[str, ...]],
    techniques: Techniques,
) -> dict[str, tuple[FacetCount, ...]]:
    """The facets as shown. Chosen values stay in the list, with 0 where nothing of them is left."""
    facets = {}
    for facet in FACETS:
        named = _named(session, names, facet, counts[facet], techniques)
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


def _named(
    session: Session, names: Names, facet: str, counts: dict[str, int], techniques: Techniques
) -> list[tuple[str, str, int]]:
    """(value, label, count): instruments and proposals were counted by row id, people know them by name."""
    if facet not in _NAMES:
        return [(value, _label(facet, value, techniques), number) for value, number in counts.items()]
    known = names.of(session, facet, [int(value) for value in counts])
    labels = []
    for value, number in counts.items():
        name, title = known[int(value)]
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
