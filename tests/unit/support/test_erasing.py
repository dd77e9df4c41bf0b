"""A person is erased: what becomes of requests for help that she made, answered or read."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from pandaas.db.tables import HelpPicture, Notice, Person
from pandaas.identity import Identity
from pandaas.model import NotFound
from pandaas.support import Asked, Fact, SentPicture, Support
from pandaas.testing.facility import Facility


def picture() -> SentPicture:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return SentPicture("screen.png", out.getvalue())


def erase(facility: Facility, user: str) -> None:
    Identity(facility.database, facility.settings).erase(facility.people[user])


def everything(facility: Facility) -> str:
    with facility.database.read() as session:
        tables = Person.metadata.sorted_tables
        help_tables = [one for one in tables if one.name.startswith(("help_", "notice"))]
        return "".join(str(row) for one in help_tables for row in session.execute(one.select())).lower()


def pictures(facility: Facility) -> int:
    with facility.database.read() as session:
        return len(list(session.scalars(select(HelpPicture.id))))


def ask(support: Support, facility: Facility, user: str, **more: Any) -> str:
    return support.ask(facility.principal(user), Asked(**{"subject": "No peaks", "text": "Why?", **more}))


def test_her_own_requests_go_with_all_that_was_said(facility: Facility, support: Support) -> None:
    pid = facility.register("PUB-1/a.nxs")
    facts, log = [Fact("Home", "/homes/alice")], "Alice's log"
    asked = ask(support, facility, "alice", datasets=[pid], facts=facts, log=log, pictures=[picture()], people=["bob"])
    support.reply(facility.principal("iris"), asked, "Dear Alice, choose the mask.", pictures=[picture()])
    erase(facility, "alice")
    for user in ("iris", "bob", "otto"):
        with pytest.raises(NotFound):
            support.request(facility.principal(user), asked)
    assert pictures(facility) == 0
    assert "alice" not in everything(facility)
    assert support.unread(facility.principal("iris")).inbox == 0


def test_what_she_said_to_others_stays_without_her_name_and_pictures(facility: Facility, support: Support) -> None:
    pid = facility.register("PUB-1/a.nxs")
    alice, iris = facility.principal("alice"), facility.principal("iris")
    asked = ask(support, facility, "alice", datasets=[pid], pictures=[picture()])
    support.reply(iris, asked, "Choose the mask. Yours, IRIS", pictures=[picture()])
    support.reply(alice, asked, "Thank you, Iris; an irisated lens?")
    erase(facility, "iris")
    seen = support.request(alice, asked)
    assert [one.author for one in seen.messages] == ["Alice", "An erased person", "Alice"]
    assert seen.messages[1].text == "Choose the mask. Yours, [erased]"
    assert seen.messages[2].text == "Thank you, [erased]; an irisated lens?"
    assert [len(one.pictures) for one in seen.messages] == [1, 0, 0]
    assert (seen.assigned, seen.row.state) == (None, "open")
    with facility.database.read() as session:
        assert not [text for text in session.scalars(select(Notice.text)) if "Iris" in text]


def test_requests_that_she_has_nothing_to_do_with_stay_as_they_are(facility: Facility, support: Support) -> None:
    asked = ask(support, facility, "alice", text="Bob said so.", log="bob: x")
    erase(facility, "bob")
    seen = support.request(facility.principal("alice"), asked)
    assert (seen.messages[0].text, seen.log) == ("Bob said so.", "bob: x")
