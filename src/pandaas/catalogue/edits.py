"""What people changed in a record by hand. It is kept in the event log and outlives a new version of the file."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.catalogue.describe import parameter_row
from pandaas.catalogue.folding import storable
from pandaas.db.tables import Dataset, DatasetParameter, DatasetTechnique, Event
from pandaas.model import InvalidInput, Parameter

EDITED = "dataset.edited"
PARAMETER = "parameter:"  # leads the name of a parameter among the fields that were edited
BY_HAND = "entered by hand"
_MOST_BY_HAND = 500
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
    for field, value in edits.items():
        if field.startswith(PARAMETER):
            set_parameter(dataset, field.removeprefix(PARAMETER), value)
    if "techniques" in edits:
        set_techniques(session, dataset, edits["techniques"])


def set_techniques(session: Session, dataset: Dataset, iris: list[str]) -> None:
    for row in list(dataset.techniques):
        if row.technique not in iris:
            dataset.techniques.remove(row)
    known = {row.technique for row in dataset.techniques}
    dataset.techniques.extend(DatasetTechnique(technique=iri) for iri in dict.fromkeys(iris) if iri not in known)
    session.flush()


def set_parameter(dataset: Dataset, name: str, value: dict[str, Any] | None) -> tuple[Any, Any]:
    """Give the parameter `name` the `value` and `unit` in `value`, or take it away (None); what it was and is now."""
    name = storable(name).strip()
    if not 0 < len(name) <= 200:
        raise InvalidInput("The name of a parameter has 1 to 200 characters.", field="parameters")
    row = next((one for one in dataset.parameters if one.name == name), None)
    old = parameter_value(row)
    if value is None:
        if row is not None:
            dataset.parameters.remove(row)
        return old, None
    given = value["value"]
    if isinstance(given, float) and not math.isfinite(given):
        raise InvalidInput(f"'{name}' needs a finite number.", field="parameters")
    if isinstance(given, str) and not 0 < len(given.strip()) <= 500:
        raise InvalidInput(f"The text of '{name}' has 1 to 500 characters.", field="parameters")
    if row is None and sum(one.source == BY_HAND for one in dataset.parameters) >= _MOST_BY_HAND:
        raise InvalidInput(f"At most {_MOST_BY_HAND} parameters of a dataset are entered by hand.", field="parameters")
    unit = (value.get("unit") or "").strip() or None
    made = parameter_row(name, Parameter(name, given, unit, source=value.get("source") or BY_HAND))
    if row is None:
        dataset.parameters.append(made)
    else:
        for column in ("value", "text", "unit", "si_value", "si_unit", "source"):
            setattr(row, column, getattr(made, column))
    return old, parameter_value(made)


def parameter_value(row: DatasetParameter | None) -> dict[str, Any] | None:
    """A parameter as it stands in the log of edits."""
    if row is None:
        return None
    return {"value": row.value if row.value is not None else row.text, "unit": row.unit, "source": row.source}
