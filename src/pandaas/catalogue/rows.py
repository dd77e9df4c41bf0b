"""All hits of a query, one after the other, with any parameters as columns: for tables and for files.

Walks by row number, so that nothing is held in memory and a dataset that comes in between neither repeats nor shifts any.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.catalogue.cards import cards_of
from pandaas.catalogue.search import Finder
from pandaas.catalogue.search.units import scale
from pandaas.catalogue.values import Card, SearchQuery
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetParameter
from pandaas.model import InvalidInput, NotSignedIn, Parameter, Principal

MOST_ROWS = 200_000
_PAGE = 500


@dataclass(frozen=True)
class Row:
    """A hit with the parameters that were asked for, by the names under which they were asked for."""

    card: Card
    values: Mapping[str, Parameter]


class Rows:
    def __init__(self, database: Database, finder: Finder) -> None:
        self._database = database
        self._finder = finder

    def all(
        self,
        principal: Principal,
        query: SearchQuery,
        columns: Sequence[str] = (),
        units: Mapping[str, str] | None = None,
        who: Callable[[], Principal | None] | None = None,
    ) -> Iterator[list[Row]]:
        """Pages of hits, the latest registered first. `InvalidInput` at once for more than 200,000.

        `who` says for each page who asks by now; None ends the list with `NotSignedIn`.

        `columns` are names as in the search; numbers come in `units` (SI unit → unit) where these are given.
        """
        meant = self._finder.guide.meant(principal, query)
        with self._database.read() as session:
            total = self._finder.hits(session, principal, meant).total()
        if total > MOST_ROWS:
            raise InvalidInput(
                f"{total:,} datasets are more than the {MOST_ROWS:,} that one file may hold.",
                remedy="Narrow the search, for example to a year.",
                field="q",
            )
        return self._pages(who or (lambda: principal), meant, columns, units or {})

    def values(
        self,
        principal: Principal,
        cards: Sequence[Card],
        columns: Sequence[str],
        units: Mapping[str, str] | None = None,
    ) -> list[Row]:
        """These cards, which this person was given by a search, with columns."""
        with self._database.read() as session:
            ids = dict(
                session.execute(select(Dataset.pid, Dataset.id).where(Dataset.pid.in_([c.pid for c in cards]))).all()
            )
            names = self._names(session, principal, columns)
            found = _values(session, list(ids.values()), names, units or {})
        return [Row(card, found.get(ids.get(card.pid, 0), {})) for card in cards]

    def _pages(
        self, who: Callable[[], Principal | None], query: SearchQuery, columns: Sequence[str], units: Mapping[str, str]
    ) -> Iterator[list[Row]]:
        last: int | None = None
        while True:
            principal = who()
            if principal is None:
                raise NotSignedIn("The sign-in ended while the list was sent.", remedy="Sign in and ask again.")
            with self._database.read() as session:
                hits = self._finder.hits(session, principal, query)  # asked anew for each page: rights may have ended
                names = self._names(session, principal, columns)
                ids = hits.last_registered(_PAGE, last)
                cards = cards_of(session, ids, self._database.clock())
                values = _values(session, ids, names, units)
            if ids:
                yield [Row(cards[one], values.get(one, {})) for one in ids]
            if len(ids) < _PAGE:
                return
            last = ids[-1]

    def _names(self, session: Session, principal: Principal, columns: Sequence[str]) -> dict[str, str]:
        """Stored name → the name it was asked by; only of what this person may see."""
        known = self._finder.known
        seen = known.to(session, principal)
        found: dict[str, str] = {}
        for column in columns:
            for name in known.named(session, seen, column, 1):
                found.setdefault(name, column)
        return found


def _values(
    session: Session, ids: Sequence[int], names: Mapping[str, str], units: Mapping[str, str]
) -> dict[int, dict[str, Parameter]]:
    found: dict[int, dict[str, Parameter]] = defaultdict(dict)
    if not names or not ids:
        return found
    query = select(DatasetParameter).where(
        DatasetParameter.dataset_id.in_(ids), DatasetParameter.name.in_(sorted(names))
    )
    for row in session.scalars(query):
        found[row.dataset_id][names[row.name]] = in_unit(_parameter(row), units)
    return found


def in_unit(parameter: Parameter, units: Mapping[str, str]) -> Parameter:
    """The parameter in the preferred unit of its dimension (SI unit → unit), as stored where there is none."""
    wanted = units.get(parameter.si_unit) if parameter.si_unit else None
    by = scale(parameter.si_unit, wanted) if parameter.si_unit and wanted else None
    if by is None or parameter.si_value is None:
        return parameter
    value = float(f"{by[0] * parameter.si_value + by[1]:.12g}")  # less than the conversion rounds
    return replace(parameter, value=value, unit=wanted)


def _parameter(row: DatasetParameter) -> Parameter:
    value = row.value if row.value is not None else (row.text or "")
    return Parameter(row.name, value, row.unit, row.si_value, row.si_unit, row.source)
