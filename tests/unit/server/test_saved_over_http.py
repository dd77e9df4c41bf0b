"""Saved searches, collections, preferences, exports and snippets over HTTP, with the real rooms behind the gate."""

from __future__ import annotations

import contextlib
import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

import pandaas
from pandaas.access import FACILITY
from pandaas.catalogue import SearchQuery
from pandaas.client.connection import Client
from pandaas.client.transport import Transport
from pandaas.db import Database
from pandaas.db.tables import CollectionReader, Notice
from pandaas.model import TeamRole
from pandaas.server import again, archives, snippets
from pandaas.server.routers import datasets, saved, search, sharing
from pandaas.testing.facility import Facility, make_facility

OPEN = "2020-01-01T00:00:00+00:00"
Browser = Callable[..., TestClient]
Serve = Callable[..., Browser]


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    made = make_facility(sqlite_database, tmp_path)
    for name, energy in (("a", 7), ("b", 9)):
        made.write(f"PUB-1/{name}.nxs", title=f"Open {name}", start=OPEN, parameters=[("photon_energy", energy, "keV")])
    made.write("SEC-2/c.nxs", title="Secret c", start=OPEN, parameters=[("photon_energy", 8, "keV")])
    made.ingest()
    return made


@pytest.fixture
def browser(serve: Serve) -> Browser:
    return serve(search, saved, datasets, sharing)


def pid_of(facility: Facility, title: str) -> str:
    (card,) = facility.catalogue.search(facility.principal("otto"), SearchQuery(f'title:"{title}"')).results
    return card.pid


def notices(facility: Facility, user: str) -> list[Notice]:
    with facility.database.read() as session:
        return [row for row in session.query(Notice) if row.person_id == facility.people[user]]


# --- saved searches -----------------------------------------------------------------------------------------------


def test_a_saved_search_is_kept_renamed_and_deleted_by_its_owner_only(browser: Browser) -> None:
    alice, bob = browser("alice"), browser("bob")
    body = {"name": "Energies", "q": "photon_energy:7..8keV", "selected": {"year": ["2020"]}, "alert": "page"}
    made = alice.post("/api/v1/saved-searches", json=body).json()
    assert {key: made[key] for key in body} == body
    assert alice.post("/api/v1/saved-searches", json=body).status_code == 409
    assert bob.get("/api/v1/saved-searches").json() == []
    address = f"/api/v1/saved-searches/{made['id']}"
    assert bob.patch(address, json={"name": "mine"}).status_code == 404
    assert bob.delete(address).status_code == 404
    assert alice.patch(address, json={"name": "Renamed", "alert": "none"}).json()["name"] == "Renamed"
    assert alice.delete(address).status_code == 204
    assert alice.get("/api/v1/saved-searches").json() == []
    assert browser().get("/api/v1/saved-searches").status_code == 401


def test_an_alert_tells_once_of_what_is_new_and_of_nothing_else(facility: Facility, browser: Browser) -> None:
    browser("alice").post("/api/v1/saved-searches", json={"name": "New", "q": "fresh", "alert": "page"})
    browser("bob").post("/api/v1/saved-searches", json={"name": "New too", "q": "fresh", "alert": "mail"})
    browser("carol").post("/api/v1/saved-searches", json={"name": "Quiet", "q": "fresh"})
    facility.clock.advance(minutes=1)
    assert facility.catalogue.saved.tell() == 0
    facility.clock.advance(minutes=1)
    facility.register("SEC-2/d.nxs", title="Fresh secret", start=OPEN)
    facility.clock.advance(minutes=1)
    assert facility.catalogue.saved.tell() == 1
    assert facility.catalogue.saved.tell() == 0
    assert notices(facility, "alice") == notices(facility, "carol") == []
    (told,) = notices(facility, "bob")
    assert told.text == "1 new dataset in “New too”: Fresh secret"
    assert told.mail == "1 new dataset in “New too”"


def test_an_alert_tells_of_what_is_released(facility: Facility, browser: Browser) -> None:
    facility.register("PUB-3/e.nxs", title="Embargoed fresh", start="2026-04-01T00:00:00+00:00")
    pid = pid_of(facility, "Embargoed fresh")
    browser("alice").post("/api/v1/saved-searches", json={"name": "Later", "q": "embargoed", "alert": "page"})
    facility.clock.advance(days=1)
    assert facility.catalogue.saved.tell() == 0
    release = facility.catalogue.dataset(facility.principal("otto"), pid).release_time
    assert release is not None
    facility.clock.advance(seconds=(release - facility.clock()).total_seconds() + 60)
    assert facility.catalogue.saved.tell() == 1


def test_a_feed_shows_what_its_owner_may_see_until_it_is_closed(facility: Facility, browser: Browser) -> None:
    alice, anyone = browser("alice"), browser()
    made = alice.post("/api/v1/saved-searches", json={"name": "All <&>", "q": "photon_energy:1..20keV"}).json()
    path = alice.post(f"/api/v1/saved-searches/{made['id']}/feed").json()["path"]
    answer = anyone.get(path)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root = fromstring(answer.text)
    space = "{http://www.w3.org/2005/Atom}"
    assert root.findtext(f"{space}title") == "All <&>"
    titles = [entry.findtext(f"{space}title") for entry in root.findall(f"{space}entry")]
    assert sorted(titles, key=str) == ["Open a", "Open b"]
    newer = alice.post(f"/api/v1/saved-searches/{made['id']}/feed").json()["path"]
    assert anyone.get(path).status_code == 404
    assert alice.delete(f"/api/v1/saved-searches/{made['id']}/feed").status_code == 204
    assert anyone.get(newer).status_code == 404
    assert facility.catalogue.saved.all(facility.principal("alice"))[0].has_feed is False


# --- collections --------------------------------------------------------------------------------------------------


def test_a_collection_holds_what_its_owner_sees_and_opens_nothing(facility: Facility, browser: Browser) -> None:
    alice, bob = browser("alice"), browser("bob")
    a, c = pid_of(facility, "Open a"), pid_of(facility, "Secret c")
    assert alice.post("/api/v1/collections", json={"name": "X", "datasets": [a, c]}).status_code == 404
    made = alice.post("/api/v1/collections", json={"name": "Best", "datasets": [a, a]}).json()
    address = f"/api/v1/collections/{made['id']}"
    assert [card["pid"] for card in made["datasets"]] == [a]
    assert bob.get(address).status_code == 404
    b = pid_of(facility, "Open b")
    assert alice.post(f"{address}/datasets", json={"datasets": [b, a]}).json()["count"] == 2
    assert alice.post(f"{address}/removed", json={"datasets": [a]}).json()["count"] == 1
    shared = alice.post(f"{address}/shares", json={"user": "bob"}).json()
    assert shared["readers"] == ["bob"]
    (seen,) = bob.get("/api/v1/collections").json()
    assert (seen["name"], seen["mine"], seen["readers"]) == ("Best", False, [])
    assert bob.post(f"{address}/datasets", json={"datasets": [a]}).status_code == 404
    assert bob.delete(address).status_code == 204
    assert bob.get("/api/v1/collections").json() == []
    assert alice.get(address).json()["name"] == "Best"


def test_a_collection_comes_in_pages_of_what_its_reader_sees(facility: Facility, browser: Browser) -> None:
    bob, iris = browser("bob"), browser("iris")
    a, b, c = (pid_of(facility, title) for title in ("Open a", "Open b", "Secret c"))
    made = bob.post("/api/v1/collections", json={"name": "Three", "datasets": [c, b, a]}).json()
    address = f"/api/v1/collections/{made['id']}"
    second = bob.get(address, params={"limit": 1, "offset": 1}).json()
    assert ([card["pid"] for card in second["datasets"]], second["count"], second["opened"]) == ([b], 3, 2)
    assert bob.get(f"{address}/pids").json() == [c, b, a]
    assert iris.get(f"{address}/pids").status_code == 404
    with facility.database.session() as session:
        session.add(CollectionReader(collection_id=made["id"], person_id=facility.principal("carol").person_id))
    assert browser("carol").get(f"{address}/pids").json() == [b, a]
    assert browser("carol").get(address, params={"limit": 1}).json()["datasets"][0]["pid"] == b
    assert browser("carol").get("/api/v1/collections").json()[0]["count"] == 2


def test_sharing_a_collection_shares_its_datasets_all_or_none(facility: Facility, browser: Browser) -> None:
    bob, carol = browser("bob"), browser("carol")
    a, c = pid_of(facility, "Open a"), pid_of(facility, "Secret c")
    made = bob.post("/api/v1/collections", json={"name": "Mine", "datasets": [a, c]}).json()
    assert carol.get(f"/api/v1/datasets/{c}").status_code == 404
    bob.post(f"/api/v1/collections/{made['id']}/shares", json={"user": "carol"})
    assert carol.get(f"/api/v1/datasets/{c}").status_code == 200
    assert [card["pid"] for card in carol.get(f"/api/v1/collections/{made['id']}").json()["datasets"]] == [a, c]
    alice = browser("alice")  # sees the secret by a share of hers, and may not hand it on
    bob.post(f"/api/v1/collections/{made['id']}/shares", json={"user": "alice"})
    hers = alice.post("/api/v1/collections", json={"name": "Hers", "datasets": [c]}).json()
    assert alice.post(f"/api/v1/collections/{hers['id']}/shares", json={"user": "iris"}).status_code == 403
    assert browser("iris").get("/api/v1/collections").json() == []


def test_a_shared_collection_is_taken_back_with_its_datasets(facility: Facility, browser: Browser) -> None:
    bob, carol = browser("bob"), browser("carol")
    facility.register("SEC-2/d.nxs", title="Secret d", start=OPEN)
    c, d = pid_of(facility, "Secret c"), pid_of(facility, "Secret d")
    both = bob.post("/api/v1/collections", json={"name": "Both", "datasets": [c, d]}).json()["id"]
    one = bob.post("/api/v1/collections", json={"name": "One", "datasets": [d]}).json()["id"]
    for collection in (both, one):
        bob.post(f"/api/v1/collections/{collection}/shares", json={"user": "carol"})
    assert carol.delete(f"/api/v1/collections/{both}/shares/carol").status_code == 404
    left = bob.delete(f"/api/v1/collections/{both}/shares/carol")
    assert (left.status_code, left.json()["readers"]) == (200, [])
    assert carol.get(f"/api/v1/collections/{both}").status_code == 404
    assert carol.get(f"/api/v1/datasets/{c}").status_code == 404
    assert carol.get(f"/api/v1/datasets/{d}").status_code == 200  # the other collection shares it still
    assert bob.delete(f"/api/v1/collections/{both}/shares/carol").status_code == 404
    bob.delete(f"/api/v1/collections/{one}/shares/carol")
    assert carol.get(f"/api/v1/datasets/{d}").status_code == 404


def test_a_collection_is_downloaded_as_one_archive(facility: Facility, browser: Browser) -> None:
    alice = browser("alice")
    pids = [pid_of(facility, title) for title in ("Open a", "Open b")]
    made = alice.post("/api/v1/collections", json={"name": "Bést", "datasets": pids}).json()
    (facility.root / "PUB-1/b.nxs").unlink()
    answer = alice.get(f"/api/v1/collections/{made['id']}/download")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as whole:
        assert whole.testzip() is None
        assert whole.namelist() == [f"Open a ({pids[0]})/a.nxs", "MISSING.txt"]
        assert whole.read(whole.namelist()[0]) == (facility.root / "PUB-1/a.nxs").read_bytes()
        assert b"b.nxs" in whole.read("MISSING.txt")
    assert browser("bob").get(f"/api/v1/collections/{made['id']}/download").status_code == 404


def test_a_reviewers_link_opens_a_collection_as_it_is_now(facility: Facility, browser: Browser) -> None:
    bob = browser("bob")
    a, b, c = (pid_of(facility, title) for title in ("Open a", "Open b", "Secret c"))
    made = bob.post("/api/v1/collections", json={"name": "Paper", "datasets": [a, c]}).json()
    address = f"/api/v1/collections/{made['id']}/links"
    link = bob.post(
        address, json={"label": "Referee", "days": 7}
    ).json()  # Bob leads SEC-2; what is open needs no leave
    assert set(link["datasets"]) == {a, c}
    bob.post(f"/api/v1/collections/{made['id']}/datasets", json={"datasets": [b]})
    reviewer = browser()
    reviewer.post("/api/v1/lens/review", json={"secret": link["path"].partition("#")[2]})
    answer = reviewer.get("/api/v1/lens/download")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as whole:
        assert {name.rpartition("/")[2] for name in whole.namelist()} == {"a.nxs", "c.nxs"}
    bob.post(f"/api/v1/collections/{made['id']}/shares", json={"user": "alice"})
    hers = browser("alice").post("/api/v1/collections", json={"name": "Hers", "datasets": [c]}).json()
    assert browser("alice").post(f"/api/v1/collections/{hers['id']}/links", json={"label": "x"}).status_code == 403
    assert browser("alice").post(address, json={"label": "x"}).status_code == 404


def test_a_collection_is_asked_to_be_released_whole_or_not_at_all(facility: Facility, browser: Browser) -> None:
    alice = browser("alice")
    a, c = pid_of(facility, "Open a"), pid_of(facility, "Secret c")
    own = facility.register("PUB-1/new.nxs", start="2026-03-01T00:00:00+00:00")
    made = alice.post("/api/v1/collections", json={"name": "Paper", "datasets": [a, own]}).json()
    address = f"/api/v1/collections/{made['id']}/release-requests"
    body = {"release_time": "2027-01-01T00:00:00Z", "reason": "The paper is out."}
    assert alice.post(address, json=body).json() == {"asked": 1, "open": 1, "waiting": 0}
    assert alice.post(address, json=body).json() == {"asked": 0, "open": 1, "waiting": 1}
    [asked] = facility.access.release_requests(facility.principal("otto"))
    facility.access.decide_release(facility.principal("otto"), asked.row.id, approve=True)
    assert facility.catalogue.dataset(facility.principal("alice"), own).release_time.year == 2027
    browser("bob").post("/api/v1/shares", json={"datasets": [c], "user": "alice"})
    other = facility.register("PUB-1/late.nxs", start="2026-03-01T00:00:00+00:00")
    mixed = alice.post("/api/v1/collections", json={"name": "Mixed", "datasets": [other, c]}).json()
    assert alice.post(f"/api/v1/collections/{mixed['id']}/release-requests", json=body).status_code == 403
    assert len(facility.access.release_requests(facility.principal("otto"))) == 1


def test_what_is_being_sent_stops_when_the_right_to_it_ends(
    facility: Facility, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = pid_of(facility, "Secret c")
    [card] = facility.catalogue.cards(facility.principal("bob"), [c])
    monkeypatch.setattr(archives, "_BLOCK", 10)
    files = archives.contents(facility.catalogue, facility.principal("bob"), [card, card])
    counted: list[tuple[str, str]] = []
    body = archives.archive(
        facility.catalogue,
        lambda: facility.principal("bob"),
        files,
        lambda _who, pid, door, _size: counted.append((pid, door)),
    )
    next(body)
    facility.access.set_member(FACILITY, "SEC-2", facility.people["alice"], TeamRole.PRINCIPAL_INVESTIGATOR)
    facility.access.remove_member(FACILITY, "SEC-2", facility.people["bob"])
    next(body)  # seconds may pass before it is felt
    monkeypatch.setattr(again, "RECHECK_S", 0.0)
    with pytest.raises(again.Revoked, match="right"):
        next(body)
    assert counted == [(c, "download")]


# --- preferences and columns --------------------------------------------------------------------------------------


def test_numbers_come_in_preferred_units(facility: Facility, browser: Browser) -> None:
    alice = browser("alice")
    chosen = alice.patch("/api/v1/preferences", json={"units": ["eV", "°C"]}).json()["units"]
    assert {one["chosen"] for one in chosen} == {"eV", "°C", None}
    query = {"q": "title:open", "column": ["photon_energy"], "sort": "title"}
    values = [card["values"]["photon_energy"] for card in alice.get("/api/v1/search", params=query).json()["results"]]
    assert values == [{"value": 7000.0, "unit": "eV"}, {"value": 9000.0, "unit": "eV"}]
    matched = {"q": "photon_energy:6..8keV"}
    assert alice.get("/api/v1/search", params=matched).json()["results"][0]["snippet"] == "photon_energy: 7000 eV"
    assert browser().get("/api/v1/search", params=matched).json()["results"][0]["snippet"] == "photon_energy: 7 keV"
    (energy,) = alice.get("/api/v1/search/histograms").json()
    assert (energy["unit"], energy["edges"][0]) == ("eV", pytest.approx(7000))
    (shown,) = alice.get(f"/api/v1/datasets/{pid_of(facility, 'Open a')}").json()["parameters"]
    assert (shown["value"], shown["unit"]) == (7000.0, "eV")
    anyone = browser().get("/api/v1/search", params=query).json()["results"]
    assert anyone[0]["values"]["photon_energy"] == {"value": 7.0, "unit": "keV"}
    assert alice.patch("/api/v1/preferences", json={"units": ["eV", "keV"]}).status_code == 422
    assert alice.patch("/api/v1/preferences", json={"units": ["parsnips"]}).status_code == 422


def test_sets_of_columns_are_kept_per_person(browser: Browser) -> None:
    alice = browser("alice")
    sets = [{"name": "Beam", "columns": ["photon_energy", "a.b.c"]}]
    assert alice.patch("/api/v1/preferences", json={"columns": sets}).json()["columns"] == sets
    assert browser("bob").get("/api/v1/preferences").json()["columns"] == []
    assert browser().patch("/api/v1/preferences", json={"columns": sets}).status_code == 401


# --- files and code -----------------------------------------------------------------------------------------------


def test_results_as_files_hold_what_one_may_see(facility: Facility, browser: Browser) -> None:
    facility.register("PUB-1/f.nxs", title="=HYPERLINK(1)", start=OPEN)
    query = {"q": "year:2020", "column": ["photon_energy"]}
    alice = browser("alice")
    text = alice.get("/api/v1/search/export", params=query).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sorted(row["title"] for row in rows) == ["'=HYPERLINK(1)", "Open a", "Open b"]
    assert {(row["photon_energy"], row["photon_energy unit"]) for row in rows} == {
        ("7.0", "keV"),
        ("9.0", "keV"),
        ("", ""),
    }
    found = alice.get("/api/v1/search/export", params={**query, "format": "json"}).json()
    assert len(found) == 3
    answer = alice.get("/api/v1/search/export", params={**query, "format": "parquet"})
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.num_rows == 3
    assert sorted(value for value in table["photon_energy"].to_pylist() if value) == [7.0, 9.0]
    assert alice.get("/api/v1/search/export", params={"q": "nonsense", "format": "json"}).json() == []
    assert alice.get("/api/v1/search/export", params={"format": "xls"}).status_code == 422


def test_the_snippet_runs_and_finds_the_same(
    facility: Facility, browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inside = browser("alice")

    def connect(url: str | None = None) -> Client:
        transport = Transport(url, None)
        transport._http = inside
        return Client(transport)

    monkeypatch.setattr(pandaas, "connect", connect)
    query = {"q": 'title:"open a" -ice', "year": ["2020"], "sort": "newest"}
    code = inside.get("/api/v1/search/snippet", params=query).json()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code["python"], "snippet", "exec"), {})
    assert "1 datasets\n" in printed.getvalue()
    assert "Open a 7.0 keV" in printed.getvalue()
    assert code["command"].endswith("""-- 'title:"open a" -ice'""")
    assert inside.get(code["api"]).json()["total"] == 1
    saved_as = (
        connect("http://127.0.0.1:8000").search("title:open").save(tmp_path / "found.csv", columns=["photon_energy"])
    )
    assert len(saved_as.read_text().splitlines()) == 3
    book = inside.get("/api/v1/search/notebook", params=query).json()
    code_cells = [cell["source"] for cell in book["cells"] if cell["cell_type"] == "code"]
    assert "\n\n".join(code_cells) + "\n" == code["python"]


def test_a_hostile_query_stays_a_text_in_the_snippet() -> None:
    query = SearchQuery("'''\"); import os; os.system('x') #\n`$(id)`")
    compile(snippets.python(query, 'http://x/"'), "snippet", "exec")
    assert f"client.search({query.text!r})" in snippets.python(query, "http://x")
    assert "'\"'\"'" in snippets.command(query, "http://x")
