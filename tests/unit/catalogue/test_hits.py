"""What is counted over all hits, by the tables and by the bitmaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.catalogue import IndexSearch, SearchQuery, SqlSearch
from pandaas.catalogue.search.hits import Hits, TablesHits
from pandaas.catalogue.search.index import index_folder
from pandaas.db import append
from pandaas.db.tables import Dataset, DatasetParameter
from pandaas.model import NESTED
from pandaas.testing.facility import Facility

Put = Callable[..., None]


@pytest.fixture
def put(facility: Facility) -> Put:
    """Registers a dataset with numbers: name → (value, unit, source)."""

    def one(name: str, **numbers: tuple[float, str | None, str | None]) -> None:
        pid = facility.register(f"PUB-1/{name}.nxs", title=name, start="2020-05-01T00:00:00+00:00")
        with facility.database.session() as session:
            row = session.scalars(select(Dataset).where(Dataset.pid == pid)).one()
            row.parameters = [
                DatasetParameter(name=key, value=value, unit=unit, si_value=value * 1000 if unit == "keV" else None,
                                 si_unit="eV" if unit == "keV" else None, source=source)
                for key, (value, unit, source) in numbers.items()
            ]  # fmt: skip
            append(session, "dataset.edited", pid, proposal_id=row.proposal_id)

    return one


@pytest.fixture(params=["tables", "bitmaps", "changed since the snapshot"])
def hits(request: pytest.FixtureRequest, facility: Facility, put: Put) -> Iterator[Hits]:
    search = IndexSearch(
        facility.database, facility.access, facility.catalogue.vocabulary, index_folder(facility.settings)
    )
    if request.param == "changed since the snapshot":
        search.keeper.load()
    put(
        "one",
        energy=(7.0, "keV", None),
        deep=(1.0, None, f"{NESTED}a"),
        turns=(1.0, "turn", None),
        same=(3.0, None, None),
    )
    put(
        "two",
        energy=(8.0, "keV", None),
        deep=(2.0, None, f"{NESTED}a"),
        turns=(2.0, "turn", None),
        same=(3.0, None, None),
    )
    put("three", energy=(9.0, None, None), deep=(3.0, None, f"{NESTED}a"))
    with facility.database.read() as session:
        if request.param == "tables":
            sql = SqlSearch(facility.database, facility.access, facility.catalogue.vocabulary)
            yield TablesHits(session, sql.hits(FACILITY, SearchQuery()), is_sqlite=True)
        else:
            search.keeper.load()
            found = search.hits(session, FACILITY, SearchQuery())
            assert found is not None
            yield found


def test_parameters_that_repeat_nested_metadata_get_no_histogram_unasked(hits: Hits) -> None:
    assert hits.differing(8, lambda _: False) == ["energy", "turns"]


def test_numbers_count_in_their_commonest_unit(hits: Hits) -> None:
    measured = hits.measured("energy")
    assert measured is not None
    assert (measured.si_unit, measured.unit, measured.datasets) == ("eV", "keV", 2)
    assert (measured.low, measured.high) == (7000.0, 8000.0)


def test_numbers_of_a_unit_that_nobody_knows_count_as_stored(hits: Hits) -> None:
    measured = hits.measured("turns")
    assert measured is not None
    assert (measured.si_unit, measured.unit, measured.low, measured.high) == (None, "turn", 1.0, 2.0)


def test_a_value_on_an_edge_counts_to_its_right(hits: Hits) -> None:
    measured = hits.measured("energy")
    assert measured is not None
    assert hits.counts(measured, [7000.0, 7500.0, 8000.0]) == [0, 1, 0, 1]


def test_a_name_without_numbers_has_no_histogram(hits: Hits) -> None:
    assert hits.measured("nothing") is None
