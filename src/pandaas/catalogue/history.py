"""What happened to a dataset, from the event log, in plain words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.catalogue.edits import PARAMETER
from pandaas.catalogue.values import HistoryLine
from pandaas.catalogue.vocabulary import Techniques
from pandaas.db.tables import Event, Person
from pandaas.model import Principal

_KINDS = ("dataset.%", "validity.%")
_MOST = 500
_REREAD = {
    "plot": "default plot",
    "start_time": "time of measurement",
    "end_time": "end of measurement",
    "definitions": "application definitions",
    "unread": "what can't be read",
    "extra": "further metadata",
    "instrument_id": "instrument",
    "release_time": "release date",
}


def history_of(session: Session, principal: Principal, pid: str, techniques: Techniques) -> list[HistoryLine]:
    """Newest first. Who did it is told to those who are signed in."""
    query = (
        select(Event, Person.name)
        .outerjoin(Person, Person.id == Event.actor_id)
        .where(Event.subject == pid, Event.kind.like(_KINDS[0]) | Event.kind.like(_KINDS[1]))
        .order_by(Event.id.desc())
        .limit(_MOST)
    )
    lines = []
    for event, actor in session.execute(query):
        for payload in _single(event.kind, event.payload):
            for text in _texts(event.kind, payload, techniques):
                shown = actor if principal.signed_in else None
                lines.append(HistoryLine(event.time, event.kind, text, shown, _shown(payload)))
    return lines


def _single(kind: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """One payload per line: of an edit, each field with its own change."""
    if kind != "dataset.edited":
        return [payload]
    return [{"changes": {field: change}} for field, change in payload.get("changes", {}).items()]


def _texts(kind: str, payload: dict[str, Any], techniques: Techniques) -> list[str]:
    match kind:
        case "dataset.registered":
            return [_registered(payload)]
        case "dataset.edited":
            return [_edited(field, change, techniques) for field, change in payload.get("changes", {}).items()]
        case "dataset.changed":
            return [text for text in (_changed(name, value) for name, value in payload.items()) if text]
        case "dataset.removed":
            return ["Removed."]
        case "validity.set":
            until = f" until {payload['end'][:10]}" if payload.get("end") else ""
            return [f"Proposed as {payload.get('purpose')} of the instrument from {payload['start'][:10]}{until}."]
        case _:
            return []


def _registered(payload: dict[str, Any]) -> str:
    files = payload.get("files", 1)
    counted = "1 file" if files == 1 else f"{files} files"
    if payload.get("job"):
        return f"Made by job {payload['job']}."
    if payload.get("in_session"):
        return f"Registered from a session with {payload.get('program', 'a program')}."
    if payload.get("mask_of"):
        return f"Drawn in the viewer on {payload['mask_of']}."
    if payload.get("replaces"):
        carried = ", with earlier edits kept" if payload.get("carried") else ""
        return f"Version {payload['version']} registered from {counted} that had changed{carried}."
    return f"Registered from {counted}."


def _edited(field: str, change: dict[str, Any], techniques: Techniques) -> str:
    if field == "state":
        return "Withdrawn." if change["new"] == "withdrawn" else "Withdrawal undone."
    old, new = (_words(field, change[side], techniques) for side in ("old", "new"))
    name = field.removeprefix(PARAMETER).replace("_", " ") if field.startswith(PARAMETER) else field
    name = name[:1].upper() + name[1:]
    if not change["new"]:
        return f"{name} removed; it was {old}."
    return f"{name} changed from {old} to {new}." if change["old"] else f"{name} set to {new}."


def _words(field: str, value: Any, techniques: Techniques) -> str:
    if field == "techniques":
        return ", ".join(map(techniques.label, value or [])) or "none"
    if isinstance(value, dict):  # a parameter
        number = value["value"]
        shown = f"{number:.12g}" if isinstance(number, float) else f"“{number}”"
        return f"{shown} {value['unit']}" if value.get("unit") else shown
    return f"“{value}”" if value else "nothing"


def _changed(name: str, value: Any) -> str | None:
    match name:
        case "replaced_by":
            return f"Its file changed: {value} is the newer version."
        case "moved":
            return f"Its file was moved; it is now {value}."
        case "attached":
            return f"{value} was attached."
        case "missing":
            return "Its files are missing on disk."
        case "returned":
            return "Its files are back on disk."
        case "reread":
            return f"Its file was read anew; changed: {', '.join(_REREAD.get(one, one) for one in value)}."
        case "state":
            return "The measurement was completed." if value == "complete" else "More was measured."
        case _:
            return None


def _shown(payload: dict[str, Any]) -> dict[str, Any]:
    """Old and new values, versions; nothing else of the log leaves the platform."""
    return {name: payload[name] for name in ("changes", "version", "carried") if name in payload}
