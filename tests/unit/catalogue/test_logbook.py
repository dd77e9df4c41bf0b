"""Logbooks: who reads and writes them, links, changes that keep what was said, pictures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.access import FACILITY
from pandaas.catalogue import Logbook
from pandaas.catalogue.logbook.text import difference, named_datasets
from pandaas.model import ANONYMOUS, InvalidInput, NotAllowed, NotFound, TeamRole, TooLarge
from pandaas.testing.facility import PNG, Facility

OPEN = "2020-01-01T00:00:00+00:00"


@pytest.fixture
def logbook(facility: Facility) -> Logbook:
    return Logbook(facility.database, facility.access)


def test_an_entry_is_read_by_the_team_and_links_the_datasets_it_names(facility: Facility, logbook: Logbook) -> None:
    pid = facility.register("PUB-1/a.nxs", title="frozen run")
    entry = logbook.write(facility.principal("alice"), "PUB-1", f"Beam is back, see [it](/datasets/{pid}).")
    assert [card.title for card in entry.datasets] == ["frozen run"]
    for who in ("alice", "iris", "otto"):
        page = logbook.entries(facility.principal(who), "PUB-1")
        assert [(one.author, one.text[:7]) for one in page.entries] == [("Alice", "Beam is")]


def test_a_logbook_is_not_released_with_the_data(facility: Facility, logbook: Logbook) -> None:
    pid = facility.register("PUB-1/a.nxs", start=OPEN)
    facility.access.set_release(FACILITY, "PUB-1", facility.clock())
    logbook.note(facility.principal("alice"), pid, "Not for everybody.")
    for stranger in (ANONYMOUS, facility.principal("carol")):
        with pytest.raises(NotFound):
            logbook.entries(stranger, "PUB-1")
        assert facility.catalogue.card(stranger, pid).open
        assert logbook.notes(stranger, pid).entries == ()


def test_what_may_not_be_seen_is_neither_linked_nor_told(facility: Facility, logbook: Logbook) -> None:
    secret = facility.register("SEC-2/s.nxs")
    alice = facility.principal("alice")
    assert logbook.write(alice, "PUB-1", f"Look at /datasets/{secret}").datasets == ()
    with pytest.raises(NotFound, match="may not see it") as caught:
        logbook.write(alice, "PUB-1", "Look at this", [secret])
    assert caught.value.field == "datasets"
    with pytest.raises(NotFound):
        logbook.entries(alice, "SEC-2")


def test_a_reader_of_the_team_reads_and_does_not_write(facility: Facility, logbook: Logbook) -> None:
    facility.access.set_member(FACILITY, "PUB-1", facility.people["bob"], TeamRole.READER)
    logbook.write(facility.principal("alice"), "PUB-1", "Hello")
    bob = facility.principal("bob")
    assert logbook.entries(bob, "PUB-1").may_write is False
    with pytest.raises(NotAllowed):
        logbook.write(bob, "PUB-1", "Me too")


def test_a_change_keeps_what_was_said_before(facility: Facility, logbook: Logbook) -> None:
    alice = facility.principal("alice")
    entry = logbook.write(alice, "PUB-1", "one\ntwo\nthree")
    changed = logbook.edit(alice, "PUB-1", entry.id, "one\n2\nthree")
    assert (changed.text, changed.revisions) == ("one\n2\nthree", 1)
    [revision] = logbook.revisions(alice, "PUB-1", entry.id)
    assert [(part.what, part.text) for part in revision.difference] == [
        ("kept", "one"),
        ("removed", "two"),
        ("added", "2"),
        ("kept", "three"),
    ]


def test_links_made_by_hand_outlive_a_change_of_the_text(facility: Facility, logbook: Logbook) -> None:
    first, second = facility.register("PUB-1/a.nxs"), facility.register("PUB-1/b.nxs")
    alice = facility.principal("alice")
    entry = logbook.write(alice, "PUB-1", f"see /datasets/{second}", [first])
    assert {card.pid for card in entry.datasets} == {first, second}
    assert [card.pid for card in logbook.edit(alice, "PUB-1", entry.id, "see nothing").datasets] == [first]


def test_only_the_author_and_the_leader_change_an_entry(facility: Facility, logbook: Logbook) -> None:
    facility.access.set_member(FACILITY, "PUB-1", facility.people["bob"], TeamRole.MEMBER)
    bob, alice, iris = (facility.principal(name) for name in ("bob", "alice", "iris"))
    entry = logbook.write(bob, "PUB-1", "mine")
    with pytest.raises(NotAllowed):
        logbook.edit(iris, "PUB-1", entry.id, "hers")
    assert logbook.edit(alice, "PUB-1", entry.id, "the leader's").text == "the leader's"


def test_a_removed_entry_is_hidden_from_others_and_comes_back(facility: Facility, logbook: Logbook) -> None:
    alice, iris = facility.principal("alice"), facility.principal("iris")
    entry = logbook.write(alice, "PUB-1", "a slip")
    logbook.remove(alice, "PUB-1", entry.id)
    assert logbook.entries(iris, "PUB-1").total == 0
    with pytest.raises(NotFound):
        logbook.revisions(iris, "PUB-1", entry.id)
    assert logbook.entries(alice, "PUB-1").entries[0].removed is not None
    logbook.remove(alice, "PUB-1", entry.id, restore=True)
    assert logbook.entries(iris, "PUB-1").total == 1


def test_words_are_found_whatever_their_case_and_accents(facility: Facility, logbook: Logbook) -> None:
    alice = facility.principal("alice")
    for text in ("Détecteur refroidi", "Beam lost", "100 % of _it_"):
        logbook.write(alice, "PUB-1", text)
    found = {q: logbook.entries(alice, "PUB-1", words=q).total for q in ("detecteur", "BEAM lost", "100 %", "_", "x")}
    assert found == {"detecteur": 1, "BEAM lost": 1, "100 %": 1, "_": 1, "x": 0}


def test_pages_follow_each_other_without_gap(facility: Facility, logbook: Logbook) -> None:
    alice = facility.principal("alice")
    for number in range(7):
        logbook.write(alice, "PUB-1", str(number))
    seen: list[str] = []
    before: int | None = None
    while True:
        page = logbook.entries(alice, "PUB-1", before=before, limit=3)
        seen += [entry.text for entry in page.entries]
        before = page.before
        if before is None:
            break
    assert seen == [str(number) for number in reversed(range(7))]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 50_001])
def test_empty_and_endless_texts_are_refused(facility: Facility, logbook: Logbook, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        logbook.write(facility.principal("alice"), "PUB-1", text)
    assert caught.value.field == "text"


def test_pictures_are_kept_as_they_are_and_belong_to_the_logbook(facility: Facility, logbook: Logbook) -> None:
    alice = facility.principal("alice")
    image = logbook.add_image(alice, "PUB-1", PNG)
    assert (logbook.image(alice, "PUB-1", image).content, logbook.image(alice, "PUB-1", image).media_type) == (
        PNG,
        "image/png",
    )
    with pytest.raises(NotFound):
        logbook.image(facility.principal("carol"), "PUB-1", image)
    with pytest.raises(NotFound):
        logbook.image(facility.principal("carol"), "PUB-3", image)


@pytest.mark.parametrize("content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF8", b"", b"RIFF0000WAVE"])
def test_what_is_no_picture_is_refused(facility: Facility, logbook: Logbook, content: bytes) -> None:
    with pytest.raises(InvalidInput, match="no picture"):
        logbook.add_image(facility.principal("alice"), "PUB-1", content)


def test_a_picture_has_a_largest_size(facility: Facility, logbook: Logbook) -> None:
    with pytest.raises(TooLarge):
        logbook.add_image(facility.principal("alice"), "PUB-1", PNG + bytes(8 * 1024 * 1024))


def test_members_are_told_of_changes_and_strangers_are_not(facility: Facility, logbook: Logbook) -> None:
    number = next(one for one in facility.principal("alice").teams)
    assert logbook.may_see(facility.principal("alice"), number)
    assert not logbook.may_see(facility.principal("bob"), number)


_LINES = st.lists(st.sampled_from(["a", "b", "", "c d"]), max_size=8).map("\n".join)


@given(_LINES, _LINES)
def test_a_difference_holds_both_texts(old: str, new: str) -> None:
    parts = difference(old, new)
    assert "\n".join(part.text for part in parts if part.what != "removed") == new
    assert "\n".join(part.text for part in parts if part.what != "added") == old


def test_links_in_a_text_end_where_an_identifier_does() -> None:
    text = "See /datasets/ab-1. And (/datasets/cd_2) and https://host/datasets/ef?path=x, /datasets/ab-1"
    assert named_datasets(text) == ["ab-1", "cd_2", "ef"]
