"""Records: what is shown to whom, edits with their history, files, and the resolver's two questions."""

from __future__ import annotations

import pytest

from pandaas.access import FACILITY
from pandaas.model import ANONYMOUS, Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn, TeamRole, Unavailable
from pandaas.testing.facility import SAXS, XAS, Facility

OPEN = "2020-01-01T00:00:00+00:00"


def test_what_may_not_be_seen_is_not_found(facility: Facility) -> None:
    pid = facility.register("SEC-2/a.nxs")
    for who in (ANONYMOUS, facility.principal("alice"), facility.principal("iris")):
        for call in (
            facility.catalogue.dataset,
            facility.catalogue.files,
            facility.catalogue.history,
            facility.catalogue.provenance,
            facility.catalogue.thumbnail,
            facility.catalogue.file_list,
        ):
            with pytest.raises(NotFound, match="may not see it"):
                call(who, pid)
        assert facility.catalogue.cards(who, [pid]) == []
    assert facility.catalogue.dataset(facility.principal("bob"), pid).may_write


def test_identifiers_that_are_none_are_refused(facility: Facility) -> None:
    for pid in ("../etc", "a b", "", "x" * 65, "nothing\0"):
        with pytest.raises(InvalidInput):
            facility.catalogue.dataset(FACILITY, pid)


def test_rights_are_told_with_the_record(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", start=OPEN)
    assert facility.catalogue.dataset(facility.principal("carol"), pid).may_write is False
    assert facility.catalogue.dataset(facility.principal("carol"), pid).may_analyse is True
    assert facility.catalogue.dataset(ANONYMOUS, pid).may_analyse is False
    assert facility.catalogue.card(ANONYMOUS, pid).open is True


def test_an_edit_is_kept_with_old_and_new_and_told_in_words(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", title="old", instrument="BL1", start=OPEN)
    alice = facility.principal("alice")
    record = facility.catalogue.edit(alice, pid, {"title": "new", "sample": "ice", "techniques": [XAS]})
    assert (record.card.title, record.card.sample, record.card.techniques) == ("new", "ice", (XAS,))
    lines = facility.catalogue.history(alice, pid)
    assert [line.text for line in lines] == [
        "Title changed from “old” to “new”.",
        "Sample set to “ice”.",
        "Techniques changed from small angle x-ray scattering to x-ray absorption spectroscopy.",
        "Registered from 1 file.",
    ]
    assert lines[0].actor == "Alice"
    assert lines[0].payload["changes"]["title"] == {"old": "old", "new": "new"}
    assert facility.catalogue.history(ANONYMOUS, pid)[0].actor is None


def test_an_edit_that_changes_nothing_leaves_no_trace(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", title="same")
    facility.catalogue.edit(FACILITY, pid, {"title": "same", "sample": None})
    assert len(facility.catalogue.history(FACILITY, pid)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"techniques": ["http://example.org/dance"]}, "techniques"),
        ({"state": "growing"}, "state"),
        ({"pid": "mine"}, "pid"),
    ],
)
def test_a_wrong_edit_names_the_field(facility: Facility, changes: dict[str, object], field: str) -> None:
    pid = facility.register("PUB-1/a.nxs")
    with pytest.raises(InvalidInput) as caught:
        facility.catalogue.edit(FACILITY, pid, changes)
    assert caught.value.field == field


def test_only_who_may_write_edits(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", start=OPEN)
    facility.access.set_member(FACILITY, "PUB-1", facility.people["bob"], TeamRole.READER)
    for user in ("bob", "carol"):
        with pytest.raises(NotAllowed):
            facility.catalogue.edit(facility.principal(user), pid, {"title": "mine"})
    with pytest.raises(NotSignedIn):
        facility.catalogue.edit(ANONYMOUS, pid, {"title": "mine"})


def test_withdrawn_data_keep_their_metadata_for_the_team_only(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", start=OPEN)
    alice = facility.principal("alice")
    assert facility.catalogue.edit(alice, pid, {"state": "withdrawn"}).card.state == "withdrawn"
    with pytest.raises(NotAllowed):
        facility.catalogue.files(alice, pid)
    with pytest.raises(NotFound):
        facility.catalogue.dataset(ANONYMOUS, pid)
    facility.catalogue.edit(alice, pid, {"state": "complete"})
    assert facility.catalogue.card(ANONYMOUS, pid).open


def test_a_file_is_sent_as_it_was_registered_or_not_at_all(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    (file,) = facility.catalogue.file_list(FACILITY, pid)
    content = facility.catalogue.file(FACILITY, pid, file.id)
    assert content.path.read_bytes().startswith(b"{")
    assert file.sha256[:32] in content.etag
    facility.write("PUB-1/a.nxs", title="changed")
    with pytest.raises(Conflict, match="changed on disk"):
        facility.catalogue.file(FACILITY, pid, file.id)
    content.path.unlink()
    with pytest.raises(Unavailable):
        facility.catalogue.file(FACILITY, pid, file.id)


def test_a_link_put_in_a_files_place_is_not_followed(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    secret = facility.write("SEC-2/a.nxs")
    (file,) = facility.catalogue.file_list(FACILITY, pid)
    (facility.root / "PUB-1/a.nxs").unlink()
    (facility.root / "PUB-1/a.nxs").symlink_to(secret)
    with pytest.raises(Unavailable):
        facility.catalogue.file(facility.principal("alice"), pid, file.id)


def test_a_file_of_another_dataset_is_not_found(facility: Facility) -> None:
    mine = facility.register("PUB-1/a.nxs")
    other = facility.register("SEC-2/b.nxs")
    (file,) = facility.catalogue.file_list(FACILITY, other)
    with pytest.raises(NotFound):
        facility.catalogue.file(facility.principal("alice"), mine, file.id)


def test_a_path_is_readable_to_those_who_may_read_all_its_datasets(facility: Facility) -> None:
    facility.register("PUB-1/a.nxs")
    facility.register("SEC-2/b.nxs")
    alice, bob = facility.principal("alice"), facility.principal("bob")
    public, secret = facility.root / "PUB-1/a.nxs", facility.root / "SEC-2/b.nxs"
    may = facility.catalogue.may_read_path
    assert may(alice, public)
    assert not may(alice, secret)
    assert may(bob, secret)
    assert not may(bob, public)
    assert not may(FACILITY, facility.root / "PUB-1")
    assert not may(FACILITY, facility.write("PUB-1/unregistered.nxs"))
    link = facility.root / "PUB-1" / "link.nxs"
    link.symlink_to(secret)
    assert not may(alice, link)
    assert may(bob, link)


def test_a_file_that_two_teams_share_is_readable_to_neither_alone(facility: Facility) -> None:
    facility.ingest(
        facility.write(
            "loose/m.nxs", entries=[{"entry": "/a", "proposal": "PUB-1"}, {"entry": "/b", "proposal": "SEC-2"}]
        )
    )
    path = facility.root / "loose/m.nxs"
    assert not facility.catalogue.may_read_path(facility.principal("alice"), path)
    assert not facility.catalogue.may_read_path(facility.principal("bob"), path)
    assert facility.catalogue.may_read_path(FACILITY, path)


def test_lists_show_what_may_be_seen(facility: Facility) -> None:
    public = facility.register("PUB-1/a.nxs", instrument="BL1")
    facility.clock.advance(minutes=1)
    secret = facility.register("SEC-2/b.nxs", instrument="BL1")
    alice, bob = facility.principal("alice"), facility.principal("bob")
    assert [card.pid for card in facility.catalogue.latest(alice)] == [public]
    assert [card.pid for card in facility.catalogue.latest(FACILITY)] == [secret, public]
    ids = list(bob.teams)
    contents = facility.catalogue.contents(bob, ids)[ids[0]]
    assert (contents.count, contents.techniques, contents.last and contents.last.pid) == (1, (SAXS,), secret)
    assert facility.catalogue.count_in_proposal(alice, ids[0]) == 0


def test_the_path_on_the_users_own_machine_is_told(facility: Facility) -> None:
    pid = facility.register("PUB-1/sub/a.nxs")
    assert facility.catalogue.dataset(FACILITY, pid).client_path is None
