"""The query language of the search box: `lysozyme "frozen in" instrument:BM29 -technique:SANS photon_energy:7..8keV`.

All terms must match. Words are substrings of the folded text of a dataset; `"…"` keeps words together; `field:value`
looks in one field; `-` negates. A name that is no field is a parameter: compared in SI units where the value is a
number (`>300K`, `7..8keV`, `8.05keV` = what rounds to 8.05), else as text. A term that can't be understood carries a
problem and takes no part; parsing never fails.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pandaas.catalogue.folding import fold, storable
from pandaas.catalogue.values import UnderstoodTerm
from pandaas.catalogue.vocabulary import Techniques, built_in
from pandaas.codecs import parse_unit, to_si
from pandaas.model import DatasetKind, DatasetState

MOST_TERMS = 40
TEXT_FIELDS = {
    "title": "title",
    "sample": "sample",
    "description": "description",
    "facility": "facility",
    "instrument": "instrument",
    "beamline": "instrument",
    "proposal": "proposal",
    "file": "file",
    "definition": "definition",
}
KINDS = {kind.value: kind.value for kind in DatasetKind} | {"result": "derived", "results": "derived"}
STATES = {*(state.value for state in DatasetState), "open", "embargoed", "missing", "quarantined"}
HAS = {"thumbnail", "plot", "description", "sample", "results", "attachment", "technique", "job", "unread"}
ARRAY_KINDS = {"curve", "image", "image_stack", "volume", "spectra_map", "events", "table"}

# A name may begin with a digit ("2theta") but holds a letter: "12:30" is a time.
_TOKEN = re.compile(r'(?P<sign>-?)(?:(?P<field>[\d.]*[^\W\d][\w.\-]*):)?(?P<value>"[^"]*"?|\S*)')
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?"
_SIDE = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>\S.*)?")
_BOUND = re.compile(r"(?P<sign><=|>=|<|>|≤|≥|=)\s*(?P<side>.+)")
_NUMERIC = re.compile(rf"(?:[<>=≤≥]|\.\.)?\s*{_NUMBER}.*|[<>≤≥].*")
_LONE_UNIT = re.compile(r"[a-zA-ZÅå°µ%][\w/^\-°µÅ]{0,11}")
_LAST_YEAR = 9998
_DATES = "A date looks like 2025-06-01, 2025-06, 2025-06-01..2025-06-07 or >2025-06."
_NEAR = 1e-9  # of a bound: what was typed in keV and stored in eV must meet it exactly


@dataclass(frozen=True)
class Words:
    """`text` (folded) stands somewhere in the dataset's text, or in the line of `field`."""

    text: str
    field: str | None = None


@dataclass(frozen=True)
class OneOf:
    """The column `field` (kind, state, format, pid, technique) has one of these values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Years:
    first: int
    last: int


@dataclass(frozen=True)
class During:
    """Measured at `start` or later and before `end` (UTC; None = no bound)."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class Has:
    """The dataset has one of `HAS`, an array of a kind, or a parameter of this name."""

    what: str


@dataclass(frozen=True)
class Between:
    """The parameter `name` lies between the bounds (None = no bound): in `si_unit`, or as stored where that is None."""

    name: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    si_unit: str | None = None


@dataclass(frozen=True)
class ParameterText:
    name: str
    text: str


Condition = Words | OneOf | Years | During | Has | Between | ParameterText


@dataclass(frozen=True)
class Term:
    """One term: how it is shown, and what it asks for (None when it has a problem)."""

    shown: UnderstoodTerm
    condition: Condition | None

    @property
    def negated(self) -> bool:
        return self.shown.negated


class _Problem(ValueError):
    """Why a term can't be understood; shown at the term."""


def parse(text: str, techniques: Techniques | None = None) -> list[Term]:
    """The terms of a query, in order; never raises. More than `MOST_TERMS` are shown as too many.

    `technique:` finds a term of `techniques` by any of its names, and whatever is narrower.
    """
    return list(_parsed(text, techniques or built_in()))


@lru_cache(maxsize=256)  # one question is read by whoever guides it and by the engine, and again for its histograms
def _parsed(text: str, known: Techniques) -> tuple[Term, ...]:
    text = storable(text)
    terms: list[Term] = []
    for token in tokens(text):
        if len(terms) == MOST_TERMS:
            terms.append(_problem_term(text[token.start :], f"Only the first {MOST_TERMS} terms are used."))
            break
        terms.append(_term(text[token.start : token.end], token.field, token.value, known, negated=token.negated))
    return tuple(term for term in terms if term.shown.value or term.shown.problem)


@dataclass(frozen=True)
class Token:
    """A term as it stands in the box, whether or not it can be understood: `text[start:end]`."""

    start: int
    end: int
    negated: bool
    field: str | None
    value: str


def tokens(text: str) -> list[Token]:
    """The terms of a query by their places, in order. `text` is taken as it is: see `storable`."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(text, position)
        end = match.end() if match and match.end() > position else position + 1
        field, value = (match["field"], match["value"]) if match else (None, "")
        if field and field.lower() not in _READERS and not value.startswith('"'):
            end = _with_unit(text, value, end)
            value = text[match.start("value") : end] if match else value
        sign = bool(match and match["sign"] and (field or value))
        found.append(Token(position, end, sign, field, value))
        position = end
    return found


def is_field(name: str) -> bool:
    """Whether this is a field of the language; every other name is a parameter."""
    return name.lower() in _READERS


def _with_unit(text: str, value: str, end: int) -> int:
    """Where the term ends when a unit stands apart: `photon_energy:7..8 keV`."""
    if not re.fullmatch(rf"(?:[<>=≤≥]{{1,2}})?(?:{_NUMBER})?(?:\.\.)?(?:{_NUMBER})?", value) or not value:
        return end
    after = re.compile(r"\s+(\S+)").match(text, end)
    if after and _LONE_UNIT.fullmatch(after[1]) and parse_unit(after[1]) is not None:
        return after.end()
    return end


def _term(text: str, field: str | None, value: str, techniques: Techniques, *, negated: bool) -> Term:
    bare = value[1:].removesuffix('"') if value.startswith('"') else value
    if field is not None and bare.startswith("//"):  # an address, not a field
        field, bare = None, f"{field}:{bare}"
    if field is None:
        words = fold(bare)
        shown = UnderstoodTerm(None, words, ("not " if negated else "") + f"“{bare.strip()}”", text, negated)
        return Term(shown, Words(words) if words else None)
    name = field.lower()
    try:
        if not fold(bare):
            raise _Problem(f"Say what to look for after '{field}:'.")
        if name == "technique":
            label, condition = _technique(bare, techniques)
        elif name in _READERS:
            label, condition = _READERS[name](name, bare)
        else:
            label, condition = _parameter(field, bare)
    except _Problem as problem:
        return Term(UnderstoodTerm(field, bare, text, text, negated, str(problem)), None)
    told = name if name in _READERS else field
    return Term(UnderstoodTerm(told, bare, ("not " if negated else "") + label, text, negated), condition)


def _problem_term(text: str, problem: str) -> Term:
    return Term(UnderstoodTerm(None, text[:80], text[:80], text, problem=problem), None)


# --- fields -------------------------------------------------------------------------------------------------------


def _text(name: str, value: str) -> tuple[str, Condition]:
    return f"{name}: {value}", Words(fold(value), TEXT_FIELDS[name])


def _technique(value: str, techniques: Techniques) -> tuple[str, Condition]:
    found = techniques.named(value)
    if not found:
        return f"technique: {value}", Words(fold(value), "technique")
    labels = " or ".join(dict.fromkeys(techniques.label(iri) for iri in found))
    return f"technique: {labels}", OneOf("technique", tuple(sorted(techniques.narrower_of(found))))


def _kind(name: str, value: str) -> tuple[str, Condition]:
    if value.lower() not in KINDS:
        raise _Problem(f"There is no kind '{value}'; kinds are {', '.join(sorted({*KINDS.values()}))}.")
    return f"kind: {value.lower()}", OneOf("kind", (KINDS[value.lower()],))


def _state(name: str, value: str) -> tuple[str, Condition]:
    if value.lower() not in STATES:
        raise _Problem(f"There is no state '{value}'; states are {', '.join(sorted(STATES))}.")
    return f"state: {value.lower()}", OneOf("state", (value.lower(),))


def _exact(name: str, value: str) -> tuple[str, Condition]:
    return f"{name}: {value}", OneOf(name, (value,))


def _year(name: str, value: str) -> tuple[str, Condition]:
    match = re.fullmatch(r"(?P<bound><=|>=|<|>)?(?P<first>\d{4})?(?P<range>\.\.)?(?P<last>\d{4})?", value)
    if match is None or not (match["first"] or match["last"]):
        raise _Problem("A year looks like 2024, 2020..2024 or >2020.")
    first, last = (int(match[side]) if match[side] else None for side in ("first", "last"))
    if match["bound"]:
        if first is None or match["range"]:
            raise _Problem("A year looks like 2024, 2020..2024 or >2020.")
        limits = {"<": (0, first - 1), "<=": (0, first), ">": (first + 1, 9999), ">=": (first, 9999)}
        return f"year {match['bound']} {first}", Years(*limits[match["bound"]])
    if not match["range"]:
        if first is None or last is not None:
            raise _Problem("A year looks like 2024, 2020..2024 or >2020.")
        return f"year: {first}", Years(first, first)
    return f"year: {first or ''}–{last or ''}", Years(first or 0, last or 9999)


def _date(name: str, value: str) -> tuple[str, Condition]:
    """Days (`2025-06-01`), months (`2025-06`) or years, from … to …, or before and after one."""
    bound = re.fullmatch(r"(<=|>=|<|>)(.+)", value)
    if bound:
        first, last = _days(bound[2])
        limits = {"<": (None, first), "<=": (None, last), ">": (last, None), ">=": (first, None)}
        return f"measured {bound[1]} {bound[2]}", During(*limits[bound[1]])
    left, dots, right = value.partition("..")
    if not dots:
        return f"measured: {value}", During(*_days(value))
    if not left and not right:
        raise _Problem(_DATES)
    start = _days(left)[0] if left else None
    end = _days(right)[1] if right else None
    return f"measured: {left or '…'} – {right or '…'}", During(start, end)


def _days(text: str) -> tuple[datetime, datetime]:
    """The first moment of a day, month or year, and the first moment after it."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", text.strip(), re.ASCII)
    if not match or not 1 <= int(match[1]) <= _LAST_YEAR:
        raise _Problem(_DATES)
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    try:
        start = datetime(year, month, day, tzinfo=UTC)
    except ValueError as error:
        raise _Problem(f"There is no day {text.strip()}.") from error
    if match[3]:
        return start, start + timedelta(days=1)
    if match[2]:
        return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return start, datetime(year + 1, 1, 1, tzinfo=UTC)


def _has(name: str, value: str) -> tuple[str, Condition]:
    known = value.lower() in HAS or value.lower() in ARRAY_KINDS
    return f"has {value}", Has(value.lower() if known else value)


# --- parameters ---------------------------------------------------------------------------------------------------


def _parameter(name: str, value: str) -> tuple[str, Condition]:
    if _NUMERIC.fullmatch(value):
        return _quantity(name, value.strip())
    return f"{name}: {value}", ParameterText(name, fold(value))


def _quantity(name: str, value: str) -> tuple[str, Condition]:
    bound = _BOUND.fullmatch(value)
    if ".." in value:
        if bound:
            raise _Problem("Give either a range (7..8keV) or a bound (>7keV), not both.")
        return _range(name, value)
    if bound is None or bound["sign"] == "=":
        return _rounded(name, bound["side"] if bound else value)
    number, unit = _side(bound["side"])
    (edge,), si_unit = _convert((number,), unit, name)
    label = f"{name} {bound['sign']} {_show(number, unit)}"
    if bound["sign"] in "<≤<=":
        return label, Between(name, high=_widen(edge, 1), high_open=bound["sign"] == "<", si_unit=si_unit)
    return label, Between(name, low=_widen(edge, -1), low_open=bound["sign"] == ">", si_unit=si_unit)


def _range(name: str, value: str) -> tuple[str, Condition]:
    left, _, right = value.partition("..")
    if not left.strip() and not right.strip():
        raise _Problem("A range needs at least one end: 7..8keV, 7keV.. or ..8keV.")
    low, low_unit = _side(left) if left.strip() else (None, None)
    high, high_unit = _side(right) if right.strip() else (None, None)
    low_unit, high_unit = low_unit or high_unit, high_unit or low_unit
    low_edge, low_si = _convert_one(low, low_unit, name)
    high_edge, high_si = _convert_one(high, high_unit, name)
    if low_si and high_si and low_si != high_si:
        raise _Problem(f"'{low_unit}' and '{high_unit}' don't measure the same.")
    if low_edge is not None and high_edge is not None and low_edge > high_edge:
        low_edge, high_edge, low, high = high_edge, low_edge, high, low
    label = f"{name} {_show(low)}–{_show(high, high_unit)}"
    si_unit = low_si or high_si
    return label, Between(name, _widen(low_edge, -1), _widen(high_edge, 1), si_unit=si_unit)


def _rounded(name: str, value: str) -> tuple[str, Condition]:
    """A plain number means what rounds to it: `8.05keV` is 8.045 … 8.055 keV."""
    match = _SIDE.fullmatch(value.strip())
    number, unit = _side(value)
    digits = re.match(r"[-+]?\d*(?:\.(\d+))?(?:[eE]([-+]?\d+))?", match["number"] if match else "")
    decimals = len(digits[1] or "") - int(digits[2] or 0) if digits else 0
    half = 0.5 * 10.0**-decimals if abs(decimals) < 300 else 0.0
    edges, si_unit = _convert((number - half, number + half), unit, name)
    return f"{name} {_show(number, unit)}", Between(name, min(edges), max(edges), si_unit=si_unit)


def _side(text: str) -> tuple[float, str | None]:
    match = _SIDE.fullmatch(text.strip())
    if match is None:
        raise _Problem(f"'{text.strip()[:40]}' is not a number with a unit.")
    number = float(match["number"])
    if not math.isfinite(number):
        raise _Problem(f"'{match['number']}' is too large.")
    return number, match["unit"]


def _convert_one(number: float | None, unit: str | None, name: str) -> tuple[float | None, str | None]:
    if number is None:
        return None, None
    (edge,), si_unit = _convert((number,), unit, name)
    return edge, si_unit


def _convert(numbers: tuple[float, ...], unit: str | None, name: str) -> tuple[tuple[float, ...], str | None]:
    if unit is None:
        return numbers, None
    found = [to_si(number, unit, name) for number in numbers]
    converted = [one for one in found if one is not None]
    if len(converted) != len(numbers):
        raise _Problem(f"'{unit[:40]}' is not a unit that can be compared.")
    return tuple(value for value, _ in converted), converted[0][1]


def _widen(edge: float | None, direction: int) -> float | None:
    return None if edge is None else edge + direction * abs(edge) * _NEAR


def _show(number: float | None, unit: str | None = None) -> str:
    if number is None:
        return "…" if unit is None else f"… {unit}"
    return f"{number:g}" + (f" {unit}" if unit else "")


_READERS = {
    **dict.fromkeys(TEXT_FIELDS, _text),
    "technique": _text,
    "kind": _kind,
    "state": _state,
    "format": _exact,
    "pid": _exact,
    "year": _year,
    "date": _date,
    "has": _has,
}
