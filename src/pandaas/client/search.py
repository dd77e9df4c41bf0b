"""Search results: fetched page by page while they are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from pandaas.client.datasets import Dataset
from pandaas.client.transport import Transport
from pandaas.model import InvalidInput

_PAGE = 100
_FORMS = ("csv", "json", "parquet")


class Results(Sequence[Dataset]):
    """The datasets that a query found. `len()` is the exact number; pages of 100 come as they are needed.

    `facets` maps facet → value → count; `understood` says how each term was read, `notes` what was made of mistyped ones; `suggestion` which one to drop when
    nothing was found.
    """

    def __init__(self, transport: Transport, query: str, parameters: dict[str, Any]) -> None:
        self._transport = transport
        self._parameters = parameters
        self.query = query
        self._rows: dict[int, Dataset] = {}
        first = self._page(0)
        self._total: int = first["total"]
        self.took_ms: float = first["took_ms"]
        self.facets: dict[str, dict[str, int]] = {
            name: {value["value"]: value["count"] for value in values} for name, values in first["facets"].items()
        }
        self.understood: list[str] = [term["label"] for term in first["understood"]]
        self.notes: list[str] = [term["note"] for term in first["understood"] if term.get("note")]
        self.suggestion: str | None = first.get("suggestion")

    def __len__(self) -> int:
        return self._total

    @overload
    def __getitem__(self, index: int) -> Dataset: ...
    @overload
    def __getitem__(self, index: slice) -> list[Dataset]: ...
    def __getitem__(self, index: int | slice) -> Dataset | list[Dataset]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"result {index} of {len(self)}")
        if at not in self._rows:
            self._page(at // _PAGE * _PAGE)
        if at not in self._rows:
            raise IndexError(f"result {index} is gone: the catalogue changed since the search; search again")
        return self._rows[at]

    def __iter__(self) -> Iterator[Dataset]:
        for i in range(len(self)):
            try:
                yield self[i]
            except IndexError:
                return

    def save(self, path: str | Path, *, columns: Sequence[str] = ()) -> Path:
        """Save all results as a file: CSV, JSON or Parquet, by the ending of `path`.

        `columns` are parameters by their names; each gives a value and a unit. `InvalidInput` for more than 200,000.
        """
        target = Path(path)
        form = target.suffix.lower().removeprefix(".")
        if form not in _FORMS:
            raise InvalidInput(
                f"'{target.name}' says no format.", remedy=f"End it with .{', .'.join(_FORMS)}.", field="path"
            )
        asked = {**self._parameters, "q": self.query, "format": form, "column": list(columns)}
        part = target.with_name(target.name + ".part")
        with self._transport.stream("/search/export", {}, **asked) as answer, part.open("wb") as file:
            for block in answer.iter_bytes():
                file.write(block)
        return part.replace(target)

    def __repr__(self) -> str:
        return f"<Results of '{self.query}': {len(self)} datasets>"

    def _page(self, offset: int) -> dict[str, Any]:
        answer: dict[str, Any] = self._transport.json(
            "GET", "/search", q=self.query, limit=_PAGE, offset=offset, **self._parameters
        )
        for i, card in enumerate(answer["results"]):
            self._rows[offset + i] = Dataset(self._transport, card)
        return answer
