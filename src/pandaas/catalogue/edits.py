"""What people changed in a record by hand. It is kept in the event log and outlives a new version of the file."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.db.tables import Dataset, DatasetTechnique, Event

EDITED = "dataset.edited"
_COLUMNS = ("title", "description", "sample", "kind")


def edits_of(session: Session, pid: str) -> dict[str, Any]:
    """The last value given by hand to each field of `pid`, those carried over from earlier versions included."""
    query = select(Event.kind, Event.payload).where(
        Event.subject == pid, Event.kind.in_((EDITED, "dataset.registered"))
    )
    edits: dict[str, Any] = {}
    for kind, payload in session.execute(query.order_by(Event.id)):
        if kind == EDITED:
            edits |= {field: change["new"] for field, change in payload.get("changes", {}).items() if field != "state"}
        else:
            edits |= payload.get("carried", {})
    return edits


def apply_edits(session: Session, dataset: Dataset, edits: dict[str, Any]) -> None:
    for field in _COLUMNS:
        if field in edits:
            setattr(dataset, field, edits[field])
    if "techniques" in edits:
        set_techniques(session, dataset, edits["techniques"])


def set_techniques(session: Session, dataset: Dataset, iris: list[str]) -> None:
    for row in list(dataset.techniques):
        if row.technique not in iris:
            dataset.techniques.remove(row)
    known = {row.technique for row in dataset.techniques}
    dataset.techniques.extend(DatasetTechnique(technique=iri) for iri in dict.fromkeys(iris) if iri not in known)
    session.flush()
