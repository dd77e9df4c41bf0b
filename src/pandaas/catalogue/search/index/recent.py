"""What changed since the index was built: few rows, looked through one by one."""

from __future__ import annotations

from collections import defaultdict

from pyroaring import BitMap

from pandaas.catalogue.folding import mark
from pandaas.catalogue.search.index.rows import ParameterValue, Row
from pandaas.catalogue.search.language import Between, Words


class Recent:
    def __init__(self) -> None:
        self._texts: list[tuple[int, str]] = []
        self._parameters: defaultdict[str, list[tuple[int, ParameterValue]]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, rid: int, row: Row) -> None:
        self._texts.append((rid, row.search_text))
        for parameter in row.parameters:
            self._parameters[parameter.name].append((rid, parameter))

    def texts(self, rows: BitMap) -> list[str]:
        """The search texts of those of `rows` that changed."""
        return [text for rid, text in list(self._texts) if rid in rows]

    def parameters(self, name: str) -> list[tuple[int, ParameterValue]]:
        """(row, value) of every parameter of this name."""
        return list(self._parameters.get(name, ()))

    def names(self) -> list[str]:
        return list(self._parameters)

    def words(self, wanted: Words) -> BitMap:
        return BitMap([rid for rid, text in self._texts if holds(text, wanted)])

    def named(self, name: str) -> BitMap:
        return BitMap([rid for rid, _ in self._parameters.get(name, ())])

    def between(self, name: str, bounds: Between) -> BitMap:
        return BitMap([rid for rid, parameter in self._parameters.get(name, ()) if _lies(parameter, bounds)])

    def text(self, name: str, text: str) -> BitMap:
        return BitMap([rid for rid, one in self._parameters.get(name, ()) if text in (one.text or "")])


def holds(search_text: str, wanted: Words) -> bool:
    """Does a search text hold these words, in the line of their field where one is named?"""
    if wanted.field is None:
        return wanted.text in search_text
    start = search_text.find(mark(wanted.field))
    return start >= 0 and wanted.text in search_text[start : search_text.find("\n", start)]


def _lies(parameter: ParameterValue, bounds: Between) -> bool:
    value = parameter.value if bounds.si_unit is None else parameter.si_value
    if value is None or (bounds.si_unit is not None and parameter.si_unit != bounds.si_unit):
        return False
    if bounds.low is not None and (value <= bounds.low if bounds.low_open else value < bounds.low):
        return False
    return bounds.high is None or (value < bounds.high if bounds.high_open else value <= bounds.high)
