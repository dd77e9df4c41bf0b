"""An ontology as the CSV from which ROBOT makes it (https://robot.obolibrary.org/template): PaNET's own source.

The second row says what each column is: `ID`, `A rdfs:label` (an annotation), `TYPE`, `SC %` (subclass of), `EC %`
(equivalent to; the columns of one row together), `SP %` (sub-property of), `DOMAIN`.

PaNET gives techniques and the specifiers they are defined by, which come later, the same labels. After `some` and in the
rows of specifiers a label means the specifier, anywhere else the technique.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from pandaas.catalogue.vocabulary.naming import Named, tidy
from pandaas.catalogue.vocabulary.reasoning import All, Axioms, Expression, Some
from pandaas.catalogue.vocabulary.terms import is_technique
from pandaas.model import PANET, InvalidInput

_TOKEN = re.compile(r"\s*(?:(\()|(\))|'((?:[^'\\]|\\.)*)'|<([^>]*)>|([^\s()']+))")
_DEEPEST = 50
_REMEDY = "Give the CSV source of PaNET as it is published."


def read_robot(text: str) -> tuple[list[Named], Axioms, str | None]:
    """Classes with their names, and axioms; `InvalidInput` names the row and column that can't be used."""
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise InvalidInput(f"This is no readable CSV: {error}.", remedy=_REMEDY, field="file") from error
    columns = [cell.strip() for cell in rows[1]] if len(rows) > 1 else []
    if "ID" not in columns or not any(_annotates(column, "label") for column in columns):
        raise InvalidInput(
            "The second row of this CSV is no ROBOT template with the columns ID and A rdfs:label.",
            remedy=_REMEDY,
            field="file",
        )
    return *_Table(columns, rows[2:]).read(), None


class _Table:
    def __init__(self, columns: list[str], rows: list[list[str]]) -> None:
        self._columns = columns
        id_column = columns.index("ID")
        self._rows = [
            (number, row) for number, row in enumerate(rows, start=3) if len(row) > id_column and row[id_column].strip()
        ]
        self._by_label: dict[str, str] = {}
        self._fillers: dict[str, str] = {}
        for _, row in self._rows:
            for label in self._values(row, "label"):
                self._by_label.setdefault(label, self._iri(row))
                self._fillers[label] = self._iri(row)

    def read(self) -> tuple[list[Named], Axioms]:
        named, axioms = [], Axioms()
        for number, row in self._rows:
            iri = self._iri(row)
            if "Property" in "".join(self._cells(row, "TYPE")):
                axioms.sub_roles += [(iri, self._resolve(cell, number)) for cell in self._cells(row, "SP")]
                axioms.domains += [(iri, self._resolve(cell, number)) for cell in self._cells(row, "DOMAIN")]
                continue
            named.append(
                Named(
                    iri,
                    next(self._values(row, "label"), ""),
                    tuple(self._values(row, "altLabel")),
                    next(self._values(row, "IAO:0000115"), None),
                )
            )
            self._class_axioms(iri, row, number, axioms)
        return named, axioms

    def _class_axioms(self, iri: str, row: list[str], number: int, axioms: Axioms) -> None:
        specifier = iri.startswith(PANET) and not is_technique(iri)
        for cell in self._cells(row, "SC"):
            axioms.subclass(iri, self._expression(cell, number, filler=specifier))
        same = [self._expression(cell, number, filler=specifier) for cell in self._cells(row, "EC")]
        if same:
            axioms.equivalent(iri, same[0] if len(same) == 1 else All(tuple(same)))

    def _iri(self, row: list[str]) -> str:
        return _full(row[self._columns.index("ID")].strip())

    def _cells(self, row: list[str], kind: str) -> Iterator[str]:
        for column, cell in zip(self._columns, row, strict=False):
            name, _, rest = column.partition(" ")
            if name != kind or not tidy(cell):
                continue
            split = re.search(r"SPLIT=(\S+)", rest)
            yield from (tidy(part) for part in (cell.split(split[1]) if split else [cell]) if tidy(part))

    def _values(self, row: list[str], annotation: str) -> Iterator[str]:
        for column, cell in zip(self._columns, row, strict=False):
            if _annotates(column, annotation) and tidy(cell):
                yield tidy(cell)

    def _resolve(self, name: str, number: int, *, filler: bool = False) -> str:
        labels = self._fillers if filler else self._by_label
        if name in labels:
            return labels[name]
        if re.fullmatch(r"[A-Za-z][\w.+\-]*:\S+", name):
            return _full(name)
        raise InvalidInput(f"Row {number} names '{name[:80]}', which no row defines.", remedy=_REMEDY, field="file")

    def _expression(self, cell: str, number: int, *, filler: bool) -> Expression:
        """A whole cell is a name, or an expression in Manchester syntax with `and`, `some` and brackets."""
        if cell in self._by_label or not re.search(r"['()]", cell):
            return self._resolve(cell, number, filler=filler)
        tokens = [match.groups() for match in _TOKEN.finditer(cell)]
        expression, rest = self._conjunction(tokens, number, 0)
        if rest:
            raise _not_understood(number, cell)
        return expression

    def _conjunction(self, tokens: list[_Groups], number: int, depth: int) -> tuple[Expression, list[_Groups]]:
        first, rest = self._primary(tokens, number, depth)
        parts = [first]
        while rest and rest[0][4] == "and":
            part, rest = self._primary(rest[1:], number, depth)
            parts.append(part)
        return (first if len(parts) == 1 else All(tuple(parts))), rest

    def _primary(
        self, tokens: list[_Groups], number: int, depth: int, *, filler: bool = False
    ) -> tuple[Expression, list[_Groups]]:
        if not tokens or depth > _DEEPEST:
            raise _not_understood(number, "")
        opening, closing, quoted, iri, word = tokens[0]
        if opening:
            inner, rest = self._conjunction(tokens[1:], number, depth + 1)
            if not rest or not rest[0][1]:
                raise _not_understood(number, "")
            return inner, rest[1:]
        if closing or word in ("and", "some", "or", "not", "only"):
            raise _not_understood(number, closing or word or "")
        name = iri or self._resolve(tidy(quoted or word), number, filler=filler)
        if len(tokens) > 1 and tokens[1][4] == "some":
            related, rest = self._primary(tokens[2:], number, depth + 1, filler=True)
            return Some(name, related), rest
        return name, tokens[1:]


_Groups = tuple[str | None, ...]


def _annotates(column: str, annotation: str) -> bool:
    return column.startswith("A ") and re.search(rf"(?:^A |[:#/]){re.escape(annotation)}(?:\s|$)", column) is not None


def _full(name: str) -> str:
    """A name with the prefix PaNET: as an IRI; others stay as they are."""
    return PANET + name.removeprefix("PaNET:") if name.startswith("PaNET:") else name


def _not_understood(number: int, cell: str) -> InvalidInput:
    what = f"'{cell[:80]}'" if cell else "an expression"
    return InvalidInput(f"Row {number} holds {what}, which can't be understood.", remedy=_REMEDY, field="file")
