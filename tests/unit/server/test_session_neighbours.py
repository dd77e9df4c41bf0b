"""What server processes tell each other of who is at a session: little, and only what others want to know."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable

from pandaas.server.sessions.company import Company
from pandaas.server.sessions.neighbours import Neighbours
from pandaas.sessions import Entry, Key, Presence, Present, Who


class Noted(Presence):
    """Keeps what is told instead of writing it; `others` is who is elsewhere."""

    def __init__(self) -> None:
        self.told: list[tuple[list[Present], list[Key]]] = []
        self.renewals = 0
        self.others: list[Present] = []

    def tell(self, process: str, here: Iterable[Present], gone: Collection[Key] = ()) -> None:
        self.told.append((list(here), list(gone)))

    def renew(self, process: str) -> None:
        self.renewals += 1

    def elsewhere(self, process: str, sessions: Collection[str]) -> list[Present]:
        return self.others


def entry(person: int) -> Entry:
    return Entry("s-1", Who(person), "full", "member", f"Person {person}")


BOB = Present("s-1", "p2", "Person 2", "full", "member", inside=False, at=(5, 6))


def test_a_pointer_is_written_only_where_somebody_elsewhere_sees_it_and_once_a_look() -> None:
    async def meet() -> None:
        company, presence = Company(), Noted()
        neighbours = Neighbours(company, presence)
        with company.present(entry(1), inside=False) as seat:
            await neighbours.exchange()
            company.point(seat, (1, 1))
            await neighbours.exchange()
            assert [len(told) for told, _gone in presence.told] == [1], "nobody is elsewhere"
            presence.others = [BOB]
            await neighbours.exchange()
            for place in range(1000):
                company.point(seat, (place, place))
            await neighbours.exchange()
            assert [one.at for told, _gone in presence.told[1:] for one in told] == [(999, 999)]
            await neighbours.exchange()
            assert len(presence.told) == 2, "nothing has changed"
        await neighbours.exchange()
        assert presence.told[-1] == ([], [("s-1", "p1")])
        assert presence.renewals == 1

    asyncio.run(meet())


def test_who_is_elsewhere_is_among_the_people_and_her_pointer_is_shown() -> None:
    async def meet() -> None:
        company = Company()
        with company.present(entry(1), inside=False) as seat:
            seat.people = False
            list(seat.news())
            company.hear([BOB])
            assert seat.people
            assert [one["who"] for one in company.people("s-1")] == ["p1", "p2"]
            assert list(seat.news()) == [{"type": "pointer", "who": "p2", "at": (5, 6)}]
            seat.people = False
            company.hear([BOB])
            assert (seat.people, list(seat.news())) == (False, []), "nothing new"
            company.hear([])
            assert list(seat.news()) == [{"type": "pointer", "who": "p2", "at": None}]
            assert [one["who"] for one in company.people("s-1")] == ["p1"]

    asyncio.run(meet())


def test_an_idle_process_asks_the_database_nothing() -> None:
    async def look() -> None:
        presence = Noted()
        presence.others = [BOB]
        company = Company()
        await Neighbours(company, presence).exchange()
        assert (presence.told, presence.renewals, company.shared) == ([], 0, set())

    asyncio.run(look())
