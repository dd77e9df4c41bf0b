"""Requests for help: who reads them, the thread, whom it tells, the limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.db.tables import Event, Notice
from pandaas.model import (
    ANONYMOUS,
    Busy,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    PrincipalKind,
    TeamRole,
    TooLarge,
)
from pandaas.support import Asked, Fact, Support
from pandaas.testing.facility import Facility


def told(facility: Facility, user: str) -> list[str]:
    with facility.database.read() as session:
        query = select(Notice.text).where(Notice.person_id == facility.people[user]).order_by(Notice.id)
        return list(session.scalars(query))


def ask(support: Support, principal: Principal, **more: Any) -> str:
    return support.ask(principal, Asked(**{"subject": "No peaks", "text": "The curve is flat.", **more}))


def test_staff_of_the_instrument_read_and_answer_and_the_person_sees_it(facility: Facility, support: Support) -> None:
    pid = facility.register("PUB-1/a.nxs", title="lysozyme")
    alice, iris = facility.principal("alice"), facility.principal("iris")
    asked = ask(support, alice, datasets=[pid], facts=[Fact("Program", "silx view")], log="line 1")
    assert told(facility, "iris") == ["Alice asks for help: No peaks"]
    assert told(facility, "otto") == []  # the instrument has staff
    assert support.unread(iris).inbox == 1
    seen = support.request(iris, asked)
    assert (seen.may_help, seen.is_mine, seen.datasets, seen.instrument) == (True, False, ((pid, "lysozyme"),), "BL1")
    support.reply(iris, asked, "Choose the **mask**.")
    again = support.request(alice, asked)
    assert (again.row.state, again.assigned, again.unread) == ("answered", "Iris", 1)
    assert [(one.author, one.as_staff) for one in again.messages] == [("Alice", False), ("Iris", True)]
    assert support.unread(alice).own == 1
    support.seen(alice, asked)
    assert support.unread(alice).own == 0
    assert told(facility, "alice") == ["Iris answers: No peaks"]


def test_strangers_find_nothing_and_count_nothing(facility: Facility, support: Support) -> None:
    asked = ask(support, facility.principal("alice"), datasets=[facility.register("PUB-1/a.nxs")])
    for stranger in (facility.principal("bob"), facility.principal("carol")):
        for attempt in (
            lambda who: support.request(who, asked),
            lambda who: support.reply(who, asked, "Hello"),
            lambda who: support.close(who, asked),
            lambda who: support.assign(who, asked, "bob"),
            lambda who: support.add_person(who, asked, "bob"),
            lambda who: support.picture(who, asked, "0" * 32),
            lambda who: support.seen(who, asked),
        ):
            with pytest.raises(NotFound, match="or you may not see it"):
                attempt(stranger)
        assert support.requests(stranger, "mine").total == support.requests(stranger, "inbox").total == 0
        unread = support.unread(stranger)
        assert (unread.own, unread.inbox, unread.helps) == (0, 0, False)
        assert not support.may_see(stranger, asked)
    with pytest.raises(NotFound):
        support.request(ANONYMOUS, asked)
    with pytest.raises(NotSignedIn):
        support.requests(ANONYMOUS)


def test_what_is_asked_of_proprietary_data_stays_with_contacts_and_operators(
    facility: Facility, support: Support
) -> None:
    pid = facility.register("SEC-2/s.nxs", title="anode 7")
    bob = facility.principal("bob")
    asked = ask(support, bob, datasets=[pid])
    assert support.goes_to([pid]) == (None, ["Otto"])
    with pytest.raises(NotFound):
        support.request(facility.principal("iris"), asked)
    assert support.requests(facility.principal("iris"), "inbox").total == 0
    assert told(facility, "otto") == ["Bob asks for help: No peaks"]
    facility.access.set_member(FACILITY, "SEC-2", facility.people["iris"], TeamRole.LOCAL_CONTACT)
    assert support.request(facility.principal("iris"), asked).datasets == ((pid, "anode 7"),)


def test_whom_she_names_reads_the_request_and_no_data(facility: Facility, support: Support) -> None:
    pid = facility.register("PUB-1/a.nxs", title="lysozyme")
    alice, carol = facility.principal("alice"), facility.principal("carol")
    asked = ask(support, alice, datasets=[pid], people=["carol"])
    seen = support.request(carol, asked)
    assert (seen.datasets, seen.hidden, seen.may_help, seen.people) == ((), 1, False, (("carol", "Carol"),))
    assert [one.pid for one in facility.catalogue.cards(carol, [pid])] == []
    support.reply(carol, asked, "I saw this too.")
    assert support.request(alice, asked).row.state == "open"
    with pytest.raises(NotAllowed):
        support.close(carol, asked)
    with pytest.raises(NotAllowed):
        support.add_person(carol, asked, "bob")
    support.remove_person(alice, asked, "carol")
    with pytest.raises(NotFound):
        support.request(carol, asked)


def test_the_log_names_no_dataset_to_who_may_not_see_it(facility: Facility, support: Support) -> None:
    pid = facility.register("PUB-1/a.nxs", title="lysozyme 7")
    log, facts = f"sample: lysozyme 7 ({pid}), 200 frames", [Fact("State", "failed: lysozyme 7 has no mask")]
    asked = ask(support, facility.principal("alice"), datasets=[pid], people=["carol"], log=log, facts=facts)
    assert support.request(facility.principal("iris"), asked).log == log
    seen = support.request(facility.principal("carol"), asked)
    assert seen.log == "sample: [a dataset] ([a dataset]), 200 frames"
    assert seen.facts == (Fact("State", "failed: [a dataset] has no mask"),)


def test_a_dataset_that_was_left_out_is_struck_from_the_log_too(facility: Facility, support: Support) -> None:
    sent, left_out = facility.register("PUB-1/a.nxs"), facility.register("PUB-1/b.nxs", title="lysozyme 8")
    log = f"background: lysozyme 8 ({left_out})"
    asked = ask(support, facility.principal("alice"), datasets=[sent], people=["carol"], log=log)
    assert support.request(facility.principal("alice"), asked).log == log
    assert support.request(facility.principal("carol"), asked).log == "background: [a dataset] ([a dataset])"


def test_one_names_only_datasets_that_one_may_see(facility: Facility, support: Support) -> None:
    hidden = facility.register("SEC-2/s.nxs")
    for pid in (hidden, "ds-none"):
        with pytest.raises(NotFound, match="or you may not see it") as caught:
            ask(support, facility.principal("alice"), datasets=[pid])
        assert caught.value.field == "datasets"


def test_staff_who_look_as_somebody_else_see_what_both_may_and_write_nothing(
    facility: Facility, support: Support
) -> None:
    asked = ask(support, facility.principal("bob"), datasets=[facility.register("SEC-2/s.nxs")])
    looking = replace(facility.principal("bob"), kind=PrincipalKind.VIEW, viewer=facility.principal("iris"))
    with pytest.raises(NotFound):
        support.request(looking, asked)
    operator = replace(looking, viewer=facility.principal("otto"))
    assert support.request(operator, asked).row.subject == "No peaks"
    with pytest.raises(NotAllowed):
        support.reply(operator, asked, "As Bob")


def test_a_question_back_waits_for_the_person_and_her_answer_opens_it(facility: Facility, support: Support) -> None:
    alice, otto = facility.principal("alice"), facility.principal("otto")
    asked = ask(support, alice)
    support.reply(otto, asked, "Which browser?", state="waiting")
    assert support.request(alice, asked).row.state == "waiting"
    support.reply(alice, asked, "Firefox.", state="answered")
    assert support.request(alice, asked).row.state == "open"
    support.close(alice, asked)
    with pytest.raises(Conflict):
        support.close(alice, asked)
    support.close(otto, asked, again=True)
    assert support.request(alice, asked).row.state == "open"


def test_staff_take_a_request_and_then_only_they_are_told(facility: Facility, support: Support) -> None:
    facility.access.set_staff(FACILITY, "BL1", facility.people["carol"])
    alice, iris = facility.principal("alice"), facility.principal("iris")
    asked = ask(support, alice, instrument="BL1")
    assert len(told(facility, "carol")) == len(told(facility, "iris")) == 1
    support.assign(iris, asked, "iris")
    support.reply(alice, asked, "More of it.")
    assert (len(told(facility, "carol")), len(told(facility, "iris"))) == (1, 2)
    assert support.requests(iris, "inbox", whose="mine").total == 1
    assert support.requests(iris, "inbox", whose="unassigned").total == 0
    assert support.unread(facility.principal("carol")).inbox == 0
    with pytest.raises(InvalidInput, match="not of the staff") as caught:
        support.assign(iris, asked, "bob")
    assert caught.value.field == "user"
    with pytest.raises(NotAllowed):
        support.assign(alice, asked, "alice")


def test_mail_waits_for_whom_it_concerns(facility: Facility, support: Support) -> None:
    ask(support, facility.principal("alice"), instrument="BL1")
    with facility.database.read() as session:
        [notice] = session.scalars(select(Notice))
    assert (notice.person_id, notice.mail) == (facility.people["iris"], "Alice asks for help: No peaks")
    assert str(notice.link).startswith("/support/h-")


def test_every_step_is_an_event_without_words(facility: Facility, support: Support) -> None:
    alice, iris = facility.principal("alice"), facility.principal("iris")
    asked = ask(support, alice, instrument="BL1", log="secret words")
    support.reply(iris, asked, "secret words")
    support.close(alice, asked)
    with facility.database.read() as session:
        events = list(session.scalars(select(Event).where(Event.subject == asked).order_by(Event.id)))
    assert [one.kind for one in events] == ["help.asked", "help.answered", "help.closed"]
    assert "secret" not in str([one.payload for one in events])


@pytest.mark.parametrize(
    ("more", "field", "kind"),
    [
        ({"subject": " "}, "subject", InvalidInput),
        ({"subject": "x" * 201}, "subject", TooLarge),
        ({"text": "\n"}, "text", InvalidInput),
        ({"text": "x" * 20_001}, "text", TooLarge),
        ({"log": "x" * 20_001}, "log", TooLarge),
        ({"facts": [Fact("a", "b")] * 17}, "facts", InvalidInput),
        ({"facts": [Fact("x" * 41, "b")]}, "facts", TooLarge),
        ({"people": ["nobody"]}, "people", NotFound),
        ({"instrument": "nowhere"}, "instrument", NotFound),
    ],
)
def test_what_cannot_be_used_names_its_field_and_keeps_nothing(
    facility: Facility, support: Support, more: dict[str, object], field: str, kind: type[InvalidInput]
) -> None:
    alice = facility.principal("alice")
    with pytest.raises(kind) as caught:
        ask(support, alice, **more)
    assert (caught.value.field, bool(caught.value.remedy)) == (field, True)
    assert support.requests(alice).total == 0


def test_requests_and_messages_of_one_person_are_limited(facility: Facility, support: Support) -> None:
    alice = facility.principal("alice")
    asked = [ask(support, alice) for _ in range(10)].pop()
    with pytest.raises(Busy, match="within an hour"):
        ask(support, alice)
    for _ in range(20):
        support.reply(alice, asked, "Hello?")
    with pytest.raises(Busy, match="ten minutes"):
        support.reply(alice, asked, "Hello?")
    facility.clock.advance(hours=2)
    support.reply(alice, asked, "Hello?")
    ask(support, alice)


def test_a_token_without_admin_makes_no_operator(facility: Facility, support: Support) -> None:
    asked = ask(support, facility.principal("alice"))
    otto = replace(facility.principal("otto"), kind=PrincipalKind.TOKEN, scopes=frozenset({"read"}))
    with pytest.raises(NotFound):
        support.request(otto, asked)


def test_staff_who_leave_the_instrument_read_nothing_any_more(facility: Facility, support: Support) -> None:
    asked = ask(support, facility.principal("alice"), instrument="BL1")
    support.assign(facility.principal("iris"), asked, "iris")
    facility.access.set_staff(FACILITY, "BL1", facility.people["iris"], member=False)
    with pytest.raises(NotFound):
        support.request(facility.principal("iris"), asked)
