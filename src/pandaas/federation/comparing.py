"""One property against values, as SQL on SQLite and PostgreSQL alike.

Every clause is true or false, never NULL. A value that is missing differs from everything: it fulfils `neq`, `nin`,
`nlike` and no comparison.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import re2
from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true

from pandaas.codecs import meanings, to_si
from pandaas.federation.filters import Compare, FilterError, Value
from pandaas.federation.sources import Kind, Number, Property

_NEAR = 1e-9  # what was stored in eV and asked for in keV meets a bound exactly
_LONGEST_PATTERN = 200
_FLAGGED = re.compile(r"/(?P<pattern>.*)/(?P<flags>[a-z]*)", re.DOTALL)
REGEXP = "pandaas_regexp"  # function of a SQLite connection, see `match`
LOWER = "pandaas_lower"


class Comparing:
    def __init__(self, *, is_sqlite: bool) -> None:
        self._is_sqlite = is_sqlite

    def clause(self, prop: Property, asked: Compare) -> ColumnElement[bool]:
        """`prop` as `asked` says; `FilterError` where a value is of another kind than the property."""
        if asked.is_negative:
            return not_(self.clause(prop, asked.positive))
        if asked.operator == "exists":
            there: ColumnElement[bool] = prop.expression.is_not(None)
            return there if asked.values[0] else not_(there)
        if asked.operator in ("like", "ilike", "regexp"):
            return self._pattern(prop, asked)
        if prop.named is not None and asked.operator in ("eq", "inq"):
            return _never_null(prop.named([str(value) for value in asked.values if value is not None]))
        values = [_coerced(value, prop.kind, asked) for value in asked.values]
        return self._ordered(prop.expression, asked.operator, values, text=prop.kind is Kind.TEXT)

    def number(self, number: Number, asked: Compare, unit: str | None) -> ColumnElement[bool]:
        """The value of a parameter: a number, in SI where `unit` is one, or a text."""
        if unit is not None and len(meanings(unit)) > 1:
            return or_(*(self.number(number, asked, one) for one in meanings(unit)))
        if asked.is_negative:
            return and_(self.measured_in(number, unit), not_(self.number(number, asked.positive, unit)))
        if asked.operator in ("like", "ilike", "regexp"):
            return self._pattern(Property(number.text), asked)
        if asked.operator == "exists":
            there = or_(number.value.is_not(None), number.text.is_not(None))
            return there if asked.values[0] else not_(there)
        if asked.operator == "between":
            low, high = (self._one_number(number, sign, value, unit, asked) for sign, value in _ends(asked))
            return and_(low, high)
        sign = "eq" if asked.operator == "inq" else asked.operator
        return or_(false(), *(self._one_number(number, sign, value, unit, asked) for value in asked.values))

    def measured_in(self, number: Number, unit: str | None) -> ColumnElement[bool]:
        """Whether a value can be said in `unit`: it is of the same dimension, or has this very unit."""
        if unit is None:
            return true()
        if len(meanings(unit)) > 1:
            return or_(*(self.measured_in(number, one) for one in meanings(unit)))
        base = to_si(1.0, unit)
        if base is None:
            return and_(number.unit.is_not(None), number.unit == unit) if unit else func.coalesce(number.unit, "") == ""
        return and_(number.si_unit.is_not(None), number.si_unit == base[1])

    def _one_number(
        self, number: Number, sign: str, value: Value, unit: str | None, asked: Compare
    ) -> ColumnElement[bool]:
        if value is None:
            missing = and_(number.value.is_(None), number.text.is_(None))
            return missing if sign == "eq" else false()
        as_number = _as_number(value)
        texts: list[ColumnElement[bool]] = []
        if isinstance(value, str):
            texts = [and_(self.measured_in(number, unit), self._ordered(number.text, sign, [value], text=True))]
        if as_number is None:
            if isinstance(value, bool):
                _refuse(asked, "A parameter is a number or a text.", "Compare with one of these.")
            return texts[0] if texts else false()
        in_si = to_si(as_number, unit) if unit else None
        if in_si is None:
            found = and_(self.measured_in(number, unit), _near(number.value, sign, as_number, exact=True))
        else:
            found = and_(self.measured_in(number, unit), _near(number.si_value, sign, in_si[0]))
        return or_(found, *texts)

    def contains(self, expression: Any, words: str) -> ColumnElement[bool]:
        """`words` stand in a text, capitals don't count."""
        find = func.instr if self._is_sqlite else func.strpos
        return _never_null(find(self.lowered(expression, words), words.lower()) > 0)

    def lowered(self, expression: Any, words: str) -> Any:
        """SQLite's own `lower` knows ASCII only, which is enough when the words are."""
        return getattr(func, LOWER)(expression) if self._is_sqlite and not words.isascii() else func.lower(expression)

    def sortable(self, prop: Property) -> Any:
        """Texts sort by code points on every database."""
        is_text = prop.kind is Kind.TEXT and not self._is_sqlite
        return prop.expression.collate("C") if is_text else prop.expression

    def _ordered(self, expression: Any, operator: str, values: Sequence[Any], *, text: bool) -> ColumnElement[bool]:
        ordered = expression.collate("C") if text and not self._is_sqlite else expression
        match operator:
            case "eq" | "inq":
                known = [value for value in values if value is not None]
                parts = [expression.is_(None)] if len(known) < len(values) else []
                if known:
                    parts.append(and_(expression.is_not(None), expression.in_(known)))
                return or_(false(), *parts)
            case "between":
                if None in values:
                    return false()
                return and_(expression.is_not(None), ordered >= values[0], ordered <= values[1])
            case _:
                return _compared(ordered, operator, values[0])

    def _pattern(self, prop: Property, asked: Compare) -> ColumnElement[bool]:
        if prop.kind not in (Kind.TEXT, Kind.IDENTIFIER, Kind.VALUE):
            _refuse(asked, f"'{asked.operator}' compares texts; this is a {prop.kind.value}.", "Use eq, gt, between …")
        pattern = str(asked.values[0])
        if asked.operator == "regexp":
            return self._regexp(prop.expression, asked)
        ignore_case = asked.operator == "ilike" or asked.ignore_case
        expression = self.lowered(prop.expression, pattern) if ignore_case else prop.expression
        pattern = pattern.lower() if ignore_case else pattern
        if "%" not in pattern and "_" not in pattern:
            find = func.instr if self._is_sqlite else func.strpos
            return _never_null(find(expression, pattern) > 0)
        whole = pattern if "%" in pattern else f"%{pattern}%"
        if not self._is_sqlite:
            return _never_null(expression.like(whole.replace("\\", "\\\\")))
        return _never_null(expression.op("GLOB")(_glob(whole)))  # SQLite's LIKE doesn't tell capitals apart

    def _regexp(self, expression: Any, asked: Compare) -> ColumnElement[bool]:
        pattern, ignore_case = read_pattern(asked)
        if self._is_sqlite:
            marked = f"(?i){pattern}" if ignore_case else pattern
            return _never_null(getattr(func, REGEXP)(expression, marked) == 1)
        in_postgres = re.sub(r"(?<!\\)((?:\\\\)*)\\b", r"\1\\y", pattern)
        return _never_null(expression.op("~*" if ignore_case else "~")(in_postgres))


def read_pattern(asked: Compare) -> tuple[str, bool]:
    """(pattern, capitals don't count) of `pattern` or `/pattern/flags`; only what needs time linear in the text."""
    text = str(asked.values[0])
    flagged = _FLAGGED.fullmatch(text)
    pattern, flags = (flagged["pattern"], flagged["flags"]) if flagged else (text, "")
    if len(pattern) > _LONGEST_PATTERN or set(flags) - set("gimsu"):
        _refuse(asked, f"This pattern has more than {_LONGEST_PATTERN} characters or unknown flags.", "Shorten it.")
    if not compiles(pattern):
        _refuse(asked, "This is no regular expression that can be used.", "Leave out lookarounds and back references.")
    return pattern, asked.ignore_case or "i" in flags


def compiles(pattern: str) -> bool:
    try:
        re2.compile(pattern, _options())
    except re2.error:
        return False
    return True


def match(text: str | None, pattern: str) -> int:
    """1 where `pattern` (RE2, linear time) is found in `text`."""
    return int(text is not None and re2.compile(pattern, _options()).search(text) is not None)


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return options


def lower(text: str | None) -> str | None:
    return text.lower() if isinstance(text, str) else text


def _never_null(clause: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = func.coalesce(clause, false())
    return found


def _compared(expression: Any, operator: str, value: Any) -> ColumnElement[bool]:
    if value is None:
        return false()
    compared = {
        "gt": expression > value,
        "gte": expression >= value,
        "lt": expression < value,
        "lte": expression <= value,
    }[operator]
    return and_(expression.is_not(None), compared)


def _near(expression: Any, sign: str, value: float, *, exact: bool = False) -> ColumnElement[bool]:
    margin = 0.0 if exact else abs(value) * _NEAR
    if sign == "eq":
        return and_(expression.is_not(None), expression >= value - margin, expression <= value + margin)
    edge = value + (margin if sign in ("gt", "lte") else -margin)
    return _compared(expression, sign, edge)


def _ends(asked: Compare) -> tuple[tuple[str, Value], tuple[str, Value]]:
    low, high = asked.values
    return ("gte", low), ("lte", high)


def _as_number(value: Value) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124 - neither NaN nor inf


def _coerced(value: Value, kind: Kind, asked: Compare) -> Any:
    """The value as the property has it; texts that say a number, a time or a truth are taken."""
    if value is None:
        return None
    match kind:
        case Kind.TEXT | Kind.IDENTIFIER:
            return value if isinstance(value, str) else _plain(value)
        case Kind.NUMBER:
            return _number(value, asked)
        case Kind.BOOLEAN:
            return _truth(value, asked)
        case Kind.TIME:
            return _time(value, asked)
    return _refuse(asked, "This can't be compared.", "Compare another property.")


def _number(value: Value, asked: Compare) -> float | int:
    number = _as_number(value)
    if number is None:
        return _refuse(asked, "This is compared with a number.", "Give a number, for example 1000.")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _truth(value: Value, asked: Compare) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    return _refuse(asked, "This is true or false.", "Compare with true or false.")


def _plain(value: float | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:.15g}"


def _time(value: Value, asked: Compare) -> datetime:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            found = None
        if found is not None:
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found
    return _refuse(asked, "This is compared with a time.", 'Give a date or time such as "2020-05-05T15:01:02.341Z".')


def _glob(like: str) -> str:
    replaced = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(replaced.get(character, character) for character in like)


def _refuse(asked: Compare, detail: str, remedy: str) -> NoReturn:
    raise FilterError(f"'{asked.place}': {detail}", remedy=remedy, field=asked.place)


__all__ = ["LOWER", "REGEXP", "Comparing", "lower", "match", "read_pattern"]
