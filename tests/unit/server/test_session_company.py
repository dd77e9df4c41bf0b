"""Who is at a session, as pages hear of it: states, never queues."""

from __future__ import annotations

import asyncio

from pandaas.server.sessions.company import Company
from pandaas.sessions import Entry, Who


def entry(person: int, *, role: str = "member", session: str = "s-1") -> Entry:
    return Entry(session, Who(person), "full" if role == "owner" else "view", role, f"Person {person}")


def test_a_person_with_two_pages_is_here_once_and_the_owner_is_named_first() -> None:
    async def meet() -> None:
        company = Company()
        with company.present(entry(2), inside=False), company.present(entry(2), inside=True):
            with company.present(entry(3, role="owner"), inside=False):
                people = company.people("s-1")
                assert [(one["name"], one["inside"]) for one in people] == [("Person 3", False), ("Person 2", True)]
            assert len(company.people("s-1")) == 1
        assert company.people("s-1") == []

    asyncio.run(meet())


def test_a_slow_page_gets_the_latest_place_of_each_pointer_only() -> None:
    async def meet() -> None:
        company = Company()
        with company.present(entry(1), inside=False) as slow, company.present(entry(2), inside=False) as quick:
            list(slow.news())
            for place in range(1000):
                company.point(quick, (place, place))
            assert list(slow.news()) == [{"type": "pointer", "who": "p2", "at": (999, 999)}]
            assert list(slow.news()) == []

    asyncio.run(meet())


def test_sessions_hear_nothing_of_each_other() -> None:
    async def meet() -> None:
        company = Company()
        with (
            company.present(entry(1), inside=False) as here,
            company.present(entry(2, session="s-2"), inside=False) as there,
        ):
            list(here.news())
            company.point(there, (1, 1))
            assert list(here.news()) == []
            assert len(company.people("s-1")) == 1

    asyncio.run(meet())


def test_a_line_that_was_cut_for_a_moment_is_no_new_visit() -> None:
    async def meet() -> None:
        company = Company()
        assert company.newly_in(entry(1))
        with company.present(entry(1), inside=True):
            assert not company.newly_in(entry(1))
        assert not company.newly_in(entry(1))
        assert company.newly_in(entry(2))

    asyncio.run(meet())
