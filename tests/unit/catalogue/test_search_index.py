"""The index of the search: kept right, on disk, in several processes, and what happens when it is damaged."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event as Flag
from threading import Thread

import pytest
from sqlalchemy import func, select, update

from pandaas.access import FACILITY
from pandaas.catalogue import IndexSearch, SearchQuery, check_index
from pandaas.catalogue.search.index import index_folder, keeping, snapshot
from pandaas.catalogue.search.index.building import build
from pandaas.catalogue.search.index.following import Follower
from pandaas.catalogue.search.index.keeping import Keeper
from pandaas.catalogue.search.index.lexicon import Lexicon
from pandaas.catalogue.search.index.maps import Releases
from pandaas.catalogue.search.index.words import WordCollection
from pandaas.db import append
from pandaas.db.tables import Dataset, Event, Proposal
from pandaas.model import ANONYMOUS, Principal, Unavailable
from pandaas.testing.facility import Facility

Found = Callable[..., list[str]]


@pytest.fixture
def search(facility: Facility) -> IndexSearch:
    """An index that was built with one dataset; SQL is not there to help."""
    facility.register("PUB-1/first.nxs", title="First", start="2020-05-01T00:00:00+00:00")
    search = IndexSearch(
        facility.database, facility.access, facility.catalogue.vocabulary, index_folder(facility.settings)
    )
    search.keeper.load()
    search._sql.search = None  # type: ignore[assignment, method-assign]
    return search


def titles(search: IndexSearch, text: str = "", who: Principal = FACILITY) -> list[str]:
    return [card.title for card in search.search(who, SearchQuery(text, sort="newest")).results]


def test_a_query_sees_what_was_written_before_it(facility: Facility, search: IndexSearch) -> None:
    pid = facility.register("PUB-1/second.nxs", title="Second lysozyme", start="2021-05-01T00:00:00+00:00")
    assert titles(search) == ["Second lysozyme", "First"]
    assert titles(search, "ysozym") == ["Second lysozyme"]
    facility.catalogue.edit(facility.principal("alice"), pid, {"title": "Zeolite"})
    assert titles(search, "ysozym") == []
    assert titles(search, "zeolite") == ["Zeolite"]


def test_the_name_of_a_proposal_in_a_facet_is_the_one_it_has_now(facility: Facility, search: IndexSearch) -> None:
    def label() -> str:
        return search.search(FACILITY, SearchQuery()).facets["proposal"][0].label

    before = label()
    with facility.database.session() as session:
        session.execute(update(Proposal).where(Proposal.name == "PUB-1").values(title="Renamed"))
    assert label() == "PUB-1 – Renamed" != before


def test_what_could_not_be_taken_over_is_taken_over_later(
    facility: Facility, search: IndexSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    facility.register("PUB-1/second.nxs", title="Second", start="2021-05-01T00:00:00+00:00")

    def lost(*_: object) -> None:
        raise Unavailable("The database can't be reached.")

    with monkeypatch.context() as broken:
        broken.setattr(Follower, "_releases", lost)
        with pytest.raises(Unavailable):
            titles(search)
    assert titles(search) == ["Second", "First"]


def test_the_end_of_an_embargo_comes_by_the_clock(facility: Facility, search: IndexSearch) -> None:
    pid = facility.register("PUB-3/embargoed.nxs", title="Embargoed", start="2026-05-01T00:00:00+00:00")
    released = facility.catalogue.dataset(FACILITY, pid).release_time
    assert released is not None
    facility.clock.now = released - timedelta(microseconds=1)
    assert titles(search, "", ANONYMOUS) == ["First"]
    facility.clock.now = released
    assert titles(search, "", ANONYMOUS) == ["Embargoed", "First"]
    facility.access.set_release(FACILITY, "PUB-3", released + timedelta(days=1))
    assert titles(search, "", ANONYMOUS) == ["First"]


def test_a_team_is_as_it_is_now(facility: Facility, search: IndexSearch) -> None:
    facility.register("SEC-2/secret.nxs", title="Secret")
    assert titles(search, "secret", facility.principal("alice")) == []
    facility.access.set_member(FACILITY, "SEC-2", facility.people["alice"], "reader")
    assert titles(search, "secret", facility.principal("alice")) == ["Secret"]


def test_phrases_that_were_asked_before_stay_right(facility: Facility, search: IndexSearch) -> None:
    assert titles(search, '"frozen in argon"') == []
    pid = facility.register("PUB-1/argon.nxs", title="Ice frozen in argon")
    assert titles(search, '"frozen in argon"') == ["Ice frozen in argon"]
    facility.catalogue.edit(facility.principal("alice"), pid, {"title": "Ice frozen in xenon"})
    assert titles(search, '"frozen in argon"') == []


def test_a_second_process_takes_the_snapshot_and_what_came_after(facility: Facility, search: IndexSearch) -> None:
    facility.register("PUB-1/second.nxs", title="Second")
    place = snapshot.newest(index_folder(facility.settings))
    other = IndexSearch(
        facility.database, facility.access, facility.catalogue.vocabulary, index_folder(facility.settings)
    )
    other.keeper.load()
    assert snapshot.newest(index_folder(facility.settings)) == place
    assert sorted(titles(other)) == ["First", "Second"]


@pytest.mark.parametrize("file", ["header.json", "words-bytes.npy", "maps.bitmaps"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_snapshot_is_built_anew(facility: Facility, search: IndexSearch, file: str, damage: str) -> None:
    place = snapshot.newest(index_folder(facility.settings))
    assert place is not None
    data = (place / file).read_bytes()
    (place / file).unlink()
    if damage != "gone":
        (place / file).write_bytes(data[: len(data) // 2] if damage == "cut" else data[:-1] + b"\x7f")
    other = IndexSearch(
        facility.database, facility.access, facility.catalogue.vocabulary, index_folder(facility.settings)
    )
    other.keeper.load()
    assert snapshot.newest(index_folder(facility.settings)) != place
    assert titles(other) == ["First"]


def test_the_snapshot_of_another_database_is_not_taken(facility: Facility, search: IndexSearch) -> None:
    """A database that was put back from a backup has other events at the same place."""
    with facility.database.session() as session:
        session.execute(update(Event).values(subject="other"))
    other = IndexSearch(
        facility.database, facility.access, facility.catalogue.vocabulary, index_folder(facility.settings)
    )
    place = snapshot.newest(index_folder(facility.settings))
    other.keeper.load()
    assert snapshot.newest(index_folder(facility.settings)) != place


def test_a_check_finds_what_was_changed_behind_its_back(facility: Facility, search: IndexSearch) -> None:
    assert check_index(facility.database, facility.settings).differences == ()
    with facility.database.session() as session:
        session.execute(update(Dataset).values(kind="mask"))
    found = check_index(facility.database, facility.settings)
    assert found.differences == ("Dataset 1: kind mask is missing.", "1 datasets have kind raw, not 0.")
    assert check_index(facility.database, facility.settings, rebuild=True).differences == ()
    with facility.database.session() as session:
        session.execute(update(Dataset).values(search_text=func.replace(Dataset.search_text, "first", "other")))
    assert "Words(text='other'" in check_index(facility.database, facility.settings).differences[0]


def test_while_it_lags_far_behind_sql_answers(
    facility: Facility, search: IndexSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Follower, "catch_up", lambda self, most: False)
    facility.register("PUB-1/second.nxs", title="Second")
    search._sql = type(search._sql)(facility.database, facility.access, facility.catalogue.vocabulary)
    assert len(titles(search)) == 2


def test_a_running_server_takes_over_what_another_process_built(facility: Facility, search: IndexSearch) -> None:
    stop = Flag()
    follower = Thread(target=search.keeper.run, args=(stop,))
    follower.start()
    before = search.keeper.current()
    check_index(facility.database, facility.settings, rebuild=True)
    try:
        for _ in range(100):
            if search.keeper.current() is not before:
                break
            stop.wait(0.05)
        assert search.keeper.current() is not before
        assert titles(search) == ["First"]
    finally:
        stop.set()
        follower.join()


@pytest.mark.parametrize(
    ("text", "wanted"), [("zo", {1, 2}), ("oz", {1, 3}), ("z", {1, 2, 3}), ("zoz", {1}), ("é", {4}), ("yy", set())]
)
def test_parts_of_words_of_any_length_are_found_wherever_in_the_word_they_stand(text: str, wanted: set[int]) -> None:
    words = WordCollection()
    for rid, word in ((1, "zoz"), (2, "zozo"[2:]), (3, "xoz"), (4, "é")):
        words.add(0, word, rid)
    found = Lexicon(words.arrays(1, by_letters=True)).containing(text.encode())
    assert set(found) == wanted


def test_who_waited_for_a_build_takes_it_instead_of_building_again(
    facility: Facility, search: IndexSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = index_folder(facility.settings)
    other = Keeper(facility.database, folder)
    built = Flag()
    monkeypatch.setattr(other, "_build", built.set)
    handle = os.open(folder / "lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    waiting = Thread(target=other.rebuild)
    waiting.start()
    try:
        waiting.join(0.3)
        assert waiting.is_alive()
        place = snapshot.write(build(facility.database), folder)
    finally:
        os.close(handle)
        waiting.join(20)
    assert not built.is_set()
    assert other._held is not None
    assert other._held[2] == place


def test_what_is_released_is_not_gathered_anew_because_two_ask_at_once(
    facility: Facility, search: IndexSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles(search, "", ANONYMOUS)
    started: list[int] = []
    real = Releases._start
    monkeypatch.setattr(Releases, "_start", lambda self, now: (started.append(now), real(self, now)))
    waiting = Thread(target=titles, args=(search, "", ANONYMOUS))
    with search.keeper.lock:
        waiting.start()
        waiting.join(0.3)  # it is at the lock, with whatever time it has taken before
        facility.clock.now += timedelta(seconds=1)
        titles(search, "", ANONYMOUS)
    waiting.join(20)
    assert started == []


def test_announced_releases_are_nothing_to_take_over(
    facility: Facility, search: IndexSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    facility.register("PUB-3/soon.nxs", title="Soon", start="2026-05-01T00:00:00+00:00")
    pid = facility.catalogue.search(FACILITY, SearchQuery("soon")).results[0].pid
    released = facility.catalogue.dataset(FACILITY, pid).release_time
    assert released is not None
    assert titles(search) == ["Soon", "First"]
    taken: list[set[int]] = []
    real = Follower._proposals
    monkeypatch.setattr(
        Follower, "_proposals", lambda self, session, ids: (taken.append(set(ids)), real(self, session, ids))[1]
    )
    facility.clock.now = released
    assert facility.access.remind_of_releases() > 0
    assert titles(search, "", ANONYMOUS) == ["Soon", "First"]
    assert set().union(*taken) == set()


def test_two_changes_of_a_proposal_in_one_look_are_both_taken_over(facility: Facility, search: IndexSearch) -> None:
    pid = facility.register("PUB-3/later.nxs", title="Later", start="2026-05-01T00:00:00+00:00")
    assert titles(search, "", ANONYMOUS) == ["First"]
    facility.access.set_release(FACILITY, "PUB-3", facility.clock.now - timedelta(days=1))
    with facility.database.session() as session:
        proposal = session.scalars(select(Dataset.proposal_id).where(Dataset.pid == pid)).one()
        append(session, "proposal.changed", "PUB-3", proposal_id=proposal, payload={"opened": "now"})
    assert titles(search, "", ANONYMOUS) == ["Later", "First"]


def test_an_index_that_is_far_behind_its_log_is_built_anew(
    facility: Facility, search: IndexSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_OLD", 3)
    before = snapshot.newest(index_folder(facility.settings))
    for number in range(5):
        facility.register(f"PUB-1/more{number}.nxs", title=f"More {number}", start="2020-05-01T00:00:00+00:00")
    stop = Flag()
    keeper = Thread(target=search.keeper.run, args=(stop,))
    keeper.start()
    try:
        for _ in range(100):
            if snapshot.newest(index_folder(facility.settings)) != before:
                break
            time.sleep(0.1)
        assert snapshot.newest(index_folder(facility.settings)) != before
    finally:
        stop.set()
        keeper.join()
