"""Reading a registered file again: what the reader says now, in place of what it said before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from pandaas.catalogue.edits import set_techniques
from pandaas.db.tables import Dataset

_FIELDS = (
    "kind",
    "title",
    "description",
    "facility",
    "sample",
    "start_time",
    "end_time",
    "format",
    "definitions",
    "plot",
    "unread",
    "extra",
    "thumbnail",
    "instrument_id",
    "release_time",
)
_PARAMETER = ("name", "value", "text", "unit", "si_value", "si_unit", "source")
_ARRAY = ("path", "shape", "dtype", "kind", "unit", "chunks", "compression", "nbytes", "is_default")


def take_over(session: Session, known: Dataset, fresh: Dataset) -> list[str]:
    """Make `known` say what `fresh` (in no session) says of the same bytes; the names of what changed."""
    changed = [name for name in _FIELDS if getattr(known, name) != getattr(fresh, name)]
    for name in changed:
        setattr(known, name, getattr(fresh, name))
    if _values(known.parameters, _PARAMETER) != _values(fresh.parameters, _PARAMETER):
        known.parameters = list(fresh.parameters)
        changed.append("parameters")
    if _values(known.arrays, _ARRAY) != _values(fresh.arrays, _ARRAY):
        known.arrays = list(fresh.arrays)
        changed.append("arrays")
    techniques = [row.technique for row in fresh.techniques]
    if {row.technique for row in known.techniques} != set(techniques):
        set_techniques(session, known, techniques)
        changed.append("techniques")
    return changed


def _values(rows: Iterable[Any], names: tuple[str, ...]) -> list[list[Any]]:
    """The rows as they compare, in the order of their first column, which no two of them share."""
    return sorted(([getattr(row, name) for name in names] for row in rows), key=lambda values: str(values[0]))
