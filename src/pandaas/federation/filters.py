"""The filter language of the PaNOSC search API, read from JSON into values.

Everything that can't be meant, is nested too deeply or is too much is refused with the place in the filter. Source:
https://github.com/panosc-eu/search-api (doc/query.md) and, for what that leaves open, LoopBack 3's own description of
filters.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, NoReturn

from pandaas.model import InvalidInput

OPERATORS = (
    "eq", "neq", "gt", "gte", "lt", "lte", "between", "inq", "nin", "like", "nlike", "ilike", "nilike", "regexp", "exists",
)  # fmt: skip
MOST = 1_000  # rows of one list that a single answer holds, and what `limit` may ask for
_DEEPEST = 12
_DEEPEST_INCLUDE = 3
_MOST_CONDITIONS = 200
_MOST_INCLUDES = 20
_MOST_VALUES = 1_000
_LONGEST = 20_000
_LONGEST_TEXT = 500
_LARGEST = 2**53
_QUANTITY = {"variable", "operator", "value", "unit"}
_NEGATIVE = {"neq": "eq", "nin": "inq", "nlike": "like", "nilike": "ilike"}

Value = str | float | int | bool | None


class FilterError(InvalidInput):
    """A filter that can't be used; `field` is the place in it."""

    status = 400
    title = "This filter can't be used"


@dataclass(frozen=True)
class Compare:
    """A property against values; `operator` is one of `OPERATORS`. `place` is for messages."""

    name: str
    operator: str
    values: tuple[Value, ...]
    place: str
    ignore_case: bool = False

    @property
    def positive(self) -> Compare:
        """The same without its negation: what a `neq` says is not so."""
        return Compare(self.name, _NEGATIVE[self.operator], self.values, self.place, self.ignore_case)

    @property
    def is_negative(self) -> bool:
        return self.operator in _NEGATIVE


@dataclass(frozen=True)
class Text:
    """Words that stand somewhere in the texts of a row."""

    words: str
    place: str


@dataclass(frozen=True)
class Quantity:
    """A parameter by name against a value with a unit."""

    name: str
    compare: Compare
    unit: str | None


@dataclass(frozen=True)
class Joined:
    """Conditions of which all (`and`), some (`or`) or none (`nor`) hold."""

    how: str
    parts: tuple[Condition, ...]


Condition = Compare | Text | Quantity | Joined
ALWAYS = Joined("and", ())


@dataclass(frozen=True)
class Order:
    name: str
    descending: bool
    place: str


@dataclass(frozen=True)
class Scope:
    """What is asked of one list of rows. `limit` None: as many as an answer holds."""

    where: Condition | None = None
    include: tuple[Include, ...] = ()
    limit: int | None = None
    skip: int = 0
    order: tuple[Order, ...] = ()
    fields: frozenset[str] | None = None  # None: all
    hidden: frozenset[str] = frozenset()
    query: str | None = None


@dataclass(frozen=True)
class Include:
    relation: str
    scope: Scope
    place: str

    @property
    def joins(self) -> bool:
        """Whether rows without a match are left out: the scope has conditions or includes of its own."""
        return self.scope.where is not None or bool(self.scope.include)


def read_filter(text: str | None) -> Scope:
    """The filter as it stands in the address; none at all is a filter that asks nothing."""
    return (
        Scope() if text is None or not text.strip() else _Reader().scope(_object(_json(text, "filter"), "filter"), "")
    )


def read_where(text: str | None) -> Condition | None:
    """The condition of a count."""
    if text is None or not text.strip():
        return None
    return _Reader().where(_json(text, "where"), "where", 0)


def _json(text: str, field: str) -> Any:
    if len(text) > _LONGEST:
        _refuse(field, f"This is longer than {_LONGEST:,} characters.", "Ask for less at once.")
    try:
        return json.loads(text, parse_constant=lambda name: _refuse(field, f"{name} is no number.", "Leave it out."))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InvalidInput):
            raise
        _refuse(field, f"This is no JSON: {str(error)[:200]}.", 'Send an object such as {"where": {"title": "…"}}.')


def _refuse(field: str, detail: str, remedy: str) -> NoReturn:
    raise FilterError(f"'{field}': {detail}", remedy=remedy, field=field)


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(place, "This has to be an object.", 'Write it in braces: {"…": …}.')
    return value


class _Reader:
    """Counts while it reads, so that what is too much is refused before it is done."""

    def __init__(self) -> None:
        self._conditions = 0
        self._includes = 0

    def scope(self, value: dict[str, Any], place: str, depth: int = 0) -> Scope:
        at = f"{place}." if place else ""
        known = {"where", "include", "limit", "skip", "offset", "order", "fields", "query"}
        for key in value:
            if key not in known:
                _refuse(f"{at}{key}"[:200], "This is no part of a filter.", f"Parts are {', '.join(sorted(known))}.")
        where = value.get("where")
        skip = value.get("skip", value.get("offset"))
        shown, hidden = _fields(value.get("fields"), f"{at}fields")
        return Scope(
            where=None if where is None else self.where(where, f"{at}where", 0),
            include=self._include(value.get("include"), f"{at}include", depth),
            limit=_whole(value.get("limit"), f"{at}limit") or None,
            skip=_whole(skip, f"{at}skip") or 0,
            order=_order(value.get("order"), f"{at}order"),
            fields=shown,
            hidden=hidden,
            query=_query(value.get("query"), f"{at}query", top=depth == 0),
        )

    def where(self, value: Any, place: str, depth: int) -> Condition:
        if depth > _DEEPEST:
            _refuse(place[:200], f"This is nested deeper than {_DEEPEST} levels.", "Write the condition flatter.")
        parts = list(self._parts(_object(value, place), place, depth))
        return parts[0] if len(parts) == 1 else Joined("and", tuple(parts))

    def _parts(self, value: dict[str, Any], place: str, depth: int) -> Any:
        if "variable" in value or ({"operator", "name"} <= value.keys() and "value" in value):
            yield self._quantity(value, place)
            value = {key: inner for key, inner in value.items() if key not in _QUANTITY | {"name"}}
        for key, inner in value.items():
            at = f"{place}.{key}"[:200]
            self._count(at)
            if key in ("and", "or", "nor"):
                if not isinstance(inner, list):
                    _refuse(at, "This has to be a list of conditions.", f'Write "{key}": [{{…}}, {{…}}].')
                parts = [self.where(one, f"{at}[{number}]", depth + 1) for number, one in enumerate(inner)]
                yield Joined(key, tuple(parts))
            elif key == "text":
                yield Text(_words(inner, at), at)
            elif key == "query" and isinstance(inner, dict):
                yield self._quantity(inner, at)
            else:
                yield from self._compares(key, inner, at)

    def _quantity(self, value: dict[str, Any], place: str) -> Quantity:
        name = value.get("variable", value.get("name"))
        operator, unit = value.get("operator", "eq"), value.get("unit")
        if not isinstance(name, str) or not name:
            _refuse(f"{place}.variable", "This has to be the name of a parameter.", 'For example "photon_energy".')
        if operator not in OPERATORS or operator == "exists":
            _refuse(f"{place}.operator", "There is no such operator.", f"Operators are {', '.join(OPERATORS)}.")
        if unit is not None and not isinstance(unit, str):
            _refuse(f"{place}.unit", "A unit is a text.", 'For example "eV".')
        if "value" not in value:
            _refuse(f"{place}.value", "Say what to compare with.", 'For example "value": 300.')
        self._count(place)
        return Quantity(name, self._compare("value", operator, value["value"], f"{place}.value"), unit or None)

    def _compares(self, name: str, value: Any, place: str) -> Any:
        if isinstance(value, list):
            yield self._compare(name, "inq", value, place)
        elif not isinstance(value, dict):
            yield self._compare(name, "eq", value, place)
        else:
            options = value.get("options", "")
            if options not in ("", "i"):
                _refuse(f"{place}.options", "Options may be 'i' (capitals don't count).", "Leave them out.")
            operators = {key: inner for key, inner in value.items() if key != "options"}
            if not operators:
                _refuse(place, "This holds no operator.", f"Operators are {', '.join(OPERATORS)}.")
            for operator, inner in operators.items():
                if operator not in OPERATORS:
                    remedy = f"Operators are {', '.join(OPERATORS)}."
                    _refuse(f"{place}.{operator}"[:200], "There is no such operator.", remedy)
                self._count(place)
                yield self._compare(name, operator, inner, f"{place}.{operator}", ignore_case=options == "i")

    def _compare(self, name: str, operator: str, value: Any, place: str, *, ignore_case: bool = False) -> Compare:
        place = place[:200]
        if operator in ("inq", "nin", "between"):
            if not isinstance(value, list):
                _refuse(place, "This has to be a list of values.", f'Write "{operator}": [1, 2].')
            if operator == "between" and len(value) != 2:
                _refuse(place, "'between' takes two values.", 'Write "between": [880, 990].')
            if len(value) > _MOST_VALUES:
                _refuse(place, f"This list has more than {_MOST_VALUES:,} values.", "Ask several times.")
            values = tuple(_value(one, place) for one in value)
        elif operator == "exists":
            if value not in (True, False, "true", "false"):
                _refuse(place, "'exists' is true or false.", 'Write "exists": true.')
            values = (value in (True, "true"),)
        else:
            values = (_value(value, place),)
            if operator in ("like", "nlike", "ilike", "nilike", "regexp") and not isinstance(values[0], str):
                _refuse(place, f"'{operator}' compares texts.", f'Write "{operator}": "…".')
        return Compare(name[:100], operator, values, place, ignore_case)

    def _include(self, value: Any, place: str, depth: int) -> tuple[Include, ...]:
        if value is None:
            return ()
        if depth >= _DEEPEST_INCLUDE:
            _refuse(place, f"Includes reach {_DEEPEST_INCLUDE} levels deep.", "Ask for the inner ones separately.")
        items = value if isinstance(value, list) else [value]
        made = []
        for number, item in enumerate(items):
            at = f"{place}[{number}]"
            self._includes += 1
            if self._includes > _MOST_INCLUDES:
                _refuse(at, f"More than {_MOST_INCLUDES} includes are too many.", "Ask several times.")
            if isinstance(item, str):
                made.append(Include(item[:100], Scope(), at))
                continue
            found = _object(item, at)
            if found and not found.keys() & {"relation", "scope"}:
                made += [
                    self._shorthand(relation, inner, f"{at}.{relation}"[:200], depth)
                    for relation, inner in found.items()
                ]
                continue
            relation = found.get("relation")
            if not isinstance(relation, str) or found.keys() - {"relation", "scope"}:
                _refuse(at, "An include names a relation.", 'Write {"relation": "files", "scope": {"where": {…}}}.')
            scope = found.get("scope")
            inner = Scope() if scope is None else self.scope(_object(scope, f"{at}.scope"), f"{at}.scope", depth + 1)
            made.append(Include(relation[:100], inner, at))
        return tuple(made)

    def _shorthand(self, relation: str, inner: Any, place: str, depth: int) -> Include:
        """`{"documents": "members"}`: a relation and what is included below it."""
        if not isinstance(inner, (str, list, dict)):
            _refuse(place, "An include names a relation.", 'Write {"relation": "files", "scope": {"where": {…}}}.')
        return Include(relation[:100], Scope(include=self._include(inner, place, depth + 1)), place)

    def _count(self, place: str) -> None:
        self._conditions += 1
        if self._conditions > _MOST_CONDITIONS:
            _refuse(place, f"More than {_MOST_CONDITIONS} conditions are too many.", "Ask several times.")


def _value(value: Any, place: str) -> Value:
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            _refuse(place, f"This text has more than {_LONGEST_TEXT} characters.", "Compare with a shorter one.")
        if "\0" in value:
            _refuse(place, "This text holds a NUL.", "Leave it out.")
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        if abs(value) > 1e300 or not math.isfinite(value):
            _refuse(place, "This number is too large.", "Use one below 1e300.")
        return float(value) if abs(value) > _LARGEST else value
    _refuse(place, "This has to be a text, a number, true, false or null.", "Objects and lists can't be compared.")


def _words(value: Any, place: str) -> str:
    if not isinstance(value, str):
        _refuse(place, "This has to be a text.", 'Write "text": "copper".')
    found = _value(value, place)
    return str(found)


def _query(value: Any, place: str, *, top: bool) -> str | None:
    if value is None:
        return None
    if not top:
        _refuse(place, "'query' stands beside the outermost 'where'.", "Use 'text' in a scope.")
    return _words(value, place)


def _whole(value: Any, place: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1 or not 0 <= value < 2**31:
        _refuse(place, "This has to be a whole number, 0 or larger.", "Leave it out to get everything.")
    return int(value)


def _order(value: Any, place: str) -> tuple[Order, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if len(items) > 10:
        _refuse(place, "More than 10 orders are too many.", "Name the first ones.")
    made = []
    for item in items:
        words = item.split() if isinstance(item, str) else []
        if len(words) not in (1, 2) or (len(words) == 2 and words[1].upper() not in ("ASC", "DESC")):
            _refuse(place, "This is no order.", 'Write "title ASC" or ["creationDate DESC", "pid ASC"].')
        made.append(Order(words[0][:100], len(words) == 2 and words[1].upper() == "DESC", place))
    return tuple(made)


def _fields(value: Any, place: str) -> tuple[frozenset[str] | None, frozenset[str]]:
    """(shown, hidden): {"pid": true} and ["pid"] show only these, {"pid": false} hides."""
    if value is None:
        return None, frozenset()
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return (frozenset(value) or None), frozenset()
    if isinstance(value, dict) and all(one in (True, False, "true", "false") for one in value.values()):
        shown = frozenset(name for name, wanted in value.items() if wanted in (True, "true"))
        return (shown or None), frozenset(value) - shown
    _refuse(place, "This names no fields.", 'Write ["pid", "title"] or {"title": false}.')
