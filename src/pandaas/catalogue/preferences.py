"""What a person prefers: units to be shown numbers in, and which columns her lists have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from pandaas.catalogue.folding import storable
from pandaas.catalogue.search.units import dimension_of
from pandaas.db import Database
from pandaas.db.tables import Preference
from pandaas.model import InvalidInput, NotSignedIn, Principal

_UNITS, _COLUMNS = "units", "columns"
_MOST_UNITS = 60
_MOST_SETS = 20
_MOST_COLUMNS = 12


@dataclass(frozen=True)
class ColumnSet:
    """Parameters that stand as columns beside the results, by their stored or dotted names."""

    name: str
    columns: tuple[str, ...]


class Preferences:
    """Kept per person; nobody else's are ever read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def units(self, principal: Principal) -> dict[str, str]:
        """SI unit → preferred unit; empty for who isn't signed in."""
        return {str(key): str(unit) for key, unit in self._get(principal, _UNITS).items()}

    def set_units(self, principal: Principal, units: Sequence[str]) -> dict[str, str]:
        """One unit for each dimension; `InvalidInput` names what is no unit, or has the dimension of another."""
        chosen: dict[str, str] = {}
        for unit in units[: _MOST_UNITS + 1]:
            si_unit = dimension_of(unit)
            if si_unit is None:
                raise InvalidInput(f"'{unit[:40]}' is no unit that numbers can be shown in.", field="units")
            if si_unit in chosen:
                raise InvalidInput(f"'{chosen[si_unit]}' and '{unit[:40]}' measure the same.", field="units")
            chosen[si_unit] = storable(unit)[:40]
        if len(units) > _MOST_UNITS:
            raise InvalidInput(f"At most {_MOST_UNITS} units.", field="units")
        self._set(principal, _UNITS, chosen)
        return chosen

    def column_sets(self, principal: Principal) -> list[ColumnSet]:
        sets = self._get(principal, _COLUMNS)
        return [ColumnSet(str(name), tuple(map(str, columns))) for name, columns in sorted(sets.items())]

    def set_column_sets(self, principal: Principal, sets: Sequence[ColumnSet]) -> list[ColumnSet]:
        """All sets at once, by name."""
        if len(sets) > _MOST_SETS:
            raise InvalidInput(f"At most {_MOST_SETS} sets of columns.", field="sets")
        kept: dict[str, list[str]] = {}
        for one in sets:
            name = " ".join(storable(one.name).split())[:60]
            columns = [storable(column)[:200] for column in dict.fromkeys(one.columns) if column.strip()]
            if not name or name in kept:
                raise InvalidInput("Every set of columns needs a name of its own.", field="sets")
            if not 1 <= len(columns) <= _MOST_COLUMNS:
                raise InvalidInput(f"A set has 1 to {_MOST_COLUMNS} columns.", field="sets")
            kept[name] = columns
        self._set(principal, _COLUMNS, kept)
        return self.column_sets(principal)

    def _get(self, principal: Principal, name: str) -> dict[str, Any]:
        if principal.person_id is None:
            return {}
        with self._database.read() as session:
            row = session.get(Preference, (principal.person_id, name))
            return dict(row.value) if row else {}

    def _set(self, principal: Principal, name: str, value: Mapping[str, Any]) -> None:
        if principal.person_id is None:
            raise NotSignedIn("Only a person has preferences.", remedy="Sign in.")
        with self._database.session() as session:
            _put(session, principal.person_id, name, dict(value))


def _put(session: Session, person_id: int, name: str, value: dict[str, Any]) -> None:
    row = session.get(Preference, (person_id, name))
    if row is None:
        session.add(Preference(person_id=person_id, name=name, value=value))
    else:
        row.value = value
