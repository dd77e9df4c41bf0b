"""The catalogue on PostgreSQL: the same answers as on SQLite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from pandaas.access import FACILITY
from pandaas.catalogue import Catalogue, SearchQuery, check_index
from pandaas.db import Database
from pandaas.model import ANONYMOUS
from pandaas.testing.facility import XAS, Facility, make_facility

pytestmark = [pytest.mark.integration, pytest.mark.postgres]
QUERIES = (
    "",
    "lysozyme",
    "muller 100%",
    'title:"in buffer"',
    "photon_energy:7..8keV",
    "-photon_energy:>8keV",
    "temperature:<=300K mode:step",
    "year:2020..2021",
    "has:plot",
    "-has:plot",
    "has:unread",
    "has:thumbnail has:image has:sample",
    "has:results",
    "state:open",
    "state:embargoed",
    "state:missing",
    "technique:XAS",
    "format:NEXUS kind:raw",
    "a\0b ' \" % _ \\",
    "\ud800",
)


def fill(facility: Facility) -> Facility:
    facility.write(
        "PUB-1/a.nxs",
        title="Lysozyme in buffer",
        sample="lysozyme",
        instrument="BL1",
        start="2020-05-01T00:00:00+00:00",
        parameters=[("photon_energy", 7.5, "keV"), ("temperature", 300, "K"), ("mode", "Step", None)],
    )
    facility.write("PUB-1/b.nxs", title="Müller 100%", techniques=[XAS], start="2021-05-01T00:00:00+00:00")
    facility.write("SEC-2/c.nxs", title="Secret", start="2021-05-01T00:00:00+00:00")
    facility.write("PUB-3/d.nxs", title="Embargoed", start="2026-05-01T00:00:00+00:00")
    (facility.root / "PUB-1/README").write_text("notes")
    (facility.root / "PUB-3/bad.nxs").write_text("no json")
    facility.ingest()
    return facility


def answers(facility: Facility) -> list[object]:
    found: list[object] = []
    for who in (ANONYMOUS, facility.principal("bob"), facility.principal("carol"), FACILITY):
        for query in QUERIES:
            for selected in ({}, {"year": ("2021",), "proposal": ("PUB-1", "SEC-2")}, {"technique": (XAS,)}):
                result = facility.catalogue.search(who, SearchQuery(query, selected, sort="title"))
                titles = [card.title for card in result.results]
                facets = {name: [(v.value, v.count) for v in values] for name, values in result.facets.items()}
                found.append((query, selected, result.total, titles, facets, result.suggestion))
    return found


def test_every_query_answers_as_on_sqlite(
    postgres_database: Database, sqlite_database: Database, tmp_path: Path
) -> None:
    places = []
    for name, database in (("postgres", postgres_database), ("sqlite", sqlite_database)):
        folder = tmp_path / name
        folder.mkdir()
        places.append(answers(fill(make_facility(database, folder))))
    assert places[0] == places[1]


def test_the_index_answers_as_sql(postgres_database: Database, tmp_path: Path) -> None:
    facility = make_facility(postgres_database, tmp_path)
    facility.catalogue.load_search_index()
    fill(facility)  # comes by the event log
    by_sql = make_sql(facility)
    assert answers(facility) == answers(by_sql)
    facility.catalogue.load_search_index()
    assert answers(facility) == answers(by_sql)
    assert check_index(postgres_database, facility.settings, rebuild=True).differences == ()


def test_the_index_sees_what_was_written_while_an_older_transaction_runs(
    postgres_database: Database, tmp_path: Path
) -> None:
    facility = make_facility(postgres_database, tmp_path)
    facility.catalogue.load_search_index()
    with postgres_database.session() as session:
        session.execute(text("SELECT pg_current_xact_id()"))
        facility.register("PUB-1/a.nxs", title="Early")
        assert facility.catalogue.search(FACILITY, SearchQuery("early")).total == 1
    facility.register("PUB-1/b.nxs", title="Early too")
    assert facility.catalogue.search(FACILITY, SearchQuery("early")).total == 2


def make_sql(facility: Facility) -> Facility:
    """The same facility, whose catalogue has no index."""
    catalogue = Catalogue(facility.database, facility.settings, facility.access, facility.scanner)
    return replace(facility, catalogue=catalogue)


def test_versions_growing_and_attachments(postgres_database: Database, tmp_path: Path) -> None:
    facility = fill(make_facility(postgres_database, tmp_path))
    assert {one.outcome for one in facility.ingest().datasets} == {"unchanged"}
    facility.write("PUB-1/b.nxs", title="Müller anew")
    new = next(one for one in facility.ingest().datasets if one.outcome == "new_version")
    record = facility.catalogue.dataset(FACILITY, new.pid)
    assert [one.role for one in record.files] == ["data", "attachment"]
    assert [one.version for one in record.versions] == [1, 2]
    assert [line.text for line in facility.catalogue.history(FACILITY, new.pid)] == [
        "Version 2 registered from 1 file that had changed."
    ]
    (facility.root / "PUB-1/b.nxs").rename(facility.root / "PUB-1/e.nxs")
    assert facility.catalogue.check_files().moved == ["b.nxs"]
    (entry,) = facility.catalogue.quarantined(facility.principal("carol"))
    assert facility.catalogue.retry(FACILITY, entry.id).quarantined


def test_uploads_masks_and_provenance(postgres_database: Database, tmp_path: Path) -> None:
    facility = fill(make_facility(postgres_database, tmp_path))
    alice = facility.principal("alice")
    started = facility.catalogue.start_upload(alice, "x.nxs", 2, proposal="PUB-1", batch="b")
    with facility.catalogue.append_upload(alice, started.id, 0) as sink:
        sink.write(b"{}")
    (pid,) = facility.catalogue.complete_upload(alice, started.id).datasets
    mask = facility.catalogue.save_mask(alice, pid, path="/entry/data", title="Mask", shape=[3, 4], runs=[12])
    assert {node.id for node in facility.catalogue.provenance(alice, pid).nodes} == {pid, mask.pid}
