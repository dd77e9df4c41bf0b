"""Operators of sessions: what they say, stops and drains, and that a session never ends without a warning."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pandaas.config import SessionRule
from pandaas.db import Database, hold
from pandaas.db.tables import Event, Notice, SessionDataset, WorkSession
from pandaas.identity import Identity
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from pandaas.runtime import Observation, Runtime
from pandaas.sessions import SessionService, SessionView, life
from pandaas.sessions.keeper import _Seen, lost_in_sleep
from pandaas.sessions.kernels import OpenNotebook
from pandaas.sessions.life import Remembered
from pandaas.sessions.orders import drained, this_node
from pandaas.testing.facility import Facility, make_facility

ONE, TWO = "s-1", "s-2"


class Place:
    """Two sessions of alice that run on this computer, for 12 hours."""

    def __init__(self, facility: Facility) -> None:
        self.facility = facility
        self.service = self.again()
        pid = facility.register("PUB-1/a.nxs", sample="ice", instrument="BL1")
        now = facility.clock()
        with facility.database.session() as session:
            for name in (ONE, TWO):
                session.add(
                    WorkSession(
                        id=name, person_id=facility.people["alice"], program="silx-view", kind="desktop", title=name,
                        state="ready", attempt=1, phase="", engine="local", cores=1, memory_mb=512, lifetime_s=43200,
                        created=now, started=now, ready=now, last_active=now, expires=now + timedelta(hours=12),
                        cpu_s=0.0, notices=[], automatic=False, gathered=0, set_aside={}, node=this_node(),
                        datasets=[SessionDataset(session_id=name, dataset_pid=pid, position=0)],
                    )
                )  # fmt: skip

    def again(self) -> SessionService:
        """The service as another process, or one after a restart, has it."""
        return SessionService(
            self.facility.database,
            self.facility.settings,
            identity=Identity(self.facility.database, self.facility.settings),
            access=self.facility.access,
            runtime=Runtime(self.facility.settings, self.facility.database),
            catalogue=self.facility.catalogue,
        )

    def look(self, *, seen: Remembered | None = None, **span: float) -> WorkSession:
        """The keeper looks at the first session, after that time; what it is now."""
        self.facility.clock.advance(**span)
        with self.facility.database.read() as session:
            row, drains = session.get_one(WorkSession, ONE), drained(session, self.facility.database.clock())
        self.again()._keeper._life.look(row, seen or Remembered(), drains)
        with self.facility.database.read() as session:
            return session.get_one(WorkSession, ONE)

    def set(self, **values: Any) -> None:
        with self.facility.database.session() as session:
            for name, value in values.items():
                setattr(session.get_one(WorkSession, ONE), name, value)

    def view(self, user: str = "alice") -> SessionView:
        return self.service.session(self.facility.principal(user), ONE)

    def told(self, user: str = "alice") -> list[tuple[str, bool]]:
        """Notices, and whether they go by mail too."""
        with self.facility.database.read() as session:
            rows = session.query(Notice).filter_by(person_id=self.facility.people[user]).order_by(Notice.id)
            return [(row.text, row.mail is not None) for row in rows]

    def kinds(self) -> list[str]:
        with self.facility.database.read() as session:
            return [row.kind for row in session.query(Event).filter(Event.kind.like("session.%"))]


@pytest.fixture
def place(sqlite_database: Database, tmp_path: Path) -> Place:
    return Place(make_facility(sqlite_database, tmp_path))


def test_only_operators_stop_drain_and_speak(place: Place) -> None:
    for user in ("alice", "iris"):
        asker, operation = place.facility.principal(user), place.service.operation
        for act in (
            lambda: operation.nodes(asker),  # noqa: B023
            lambda: operation.say(asker, ONE, "hello"),  # noqa: B023
            lambda: operation.stop(asker, ONE, "why", 5),  # noqa: B023
            lambda: operation.drain(asker, this_node(), "why", 5),  # noqa: B023
        ):
            with pytest.raises(NotAllowed):
                act()


def test_a_stopped_session_hibernates_after_its_person_was_told_once(place: Place) -> None:
    otto = place.facility.principal("otto")
    place.service.operation.stop(otto, ONE, "It fills the disk.", 10)
    order = place.view().order
    assert order is not None
    assert order.why == "An operator stops it: It fills the disk."
    assert place.look().wish is None
    assert place.look(minutes=9).wish is None
    [(text, mailed)] = place.told()
    assert "hibernates in 10 minutes. An operator stops it: It fills the disk." in text
    assert mailed
    gone = place.look(minutes=2)
    assert (gone.wish, gone.reason) == ("hibernate", "An operator stops it: It fills the disk.")
    assert "session.stop_ordered" in place.kinds()


def test_an_order_taken_back_is_told_too_and_the_session_goes_on(place: Place) -> None:
    otto = place.facility.principal("otto")
    place.service.operation.stop(otto, ONE, "A test.", 10)
    place.look()
    place.service.operation.let_go_on(otto, ONE)
    assert place.look(minutes=20).wish is None
    assert "goes on" in place.told()[-1][0]


def test_a_drained_computer_starts_nothing_and_puts_what_runs_to_sleep(place: Place) -> None:
    otto, alice = place.facility.principal("otto"), place.facility.principal("alice")
    place.service.operation.drain(otto, this_node(), "New memory.", 30)
    with pytest.raises(Unavailable, match="New memory"):
        place.again()._need_room(alice, place.look())  # a restart of the platform changes nothing
    assert "New memory." in place.again().capacity(alice).words
    assert place.look(minutes=29).wish is None
    assert place.look(minutes=2).wish == "hibernate"


class Queue:
    """An engine in whose queue the session stands."""

    def of(self, _row: WorkSession) -> Queue:
        return self

    def poll(self, _handles: Any) -> list[Observation]:
        return [Observation("queued", detail="Waiting in Slurm")]


def test_one_that_waits_in_a_queue_is_told_of_the_drain_and_put_to_sleep_when_its_time_has_come(place: Place) -> None:
    place.set(state="starting", engine="slurm", ready=None, expires=None)
    place.service.operation.drain(place.facility.principal("otto"), this_node(), "New memory.", 30)
    order = place.view().order
    assert order is not None
    assert order.why == "The computer it waits for is taken out of service: New memory."
    keeper = place.again()._keeper
    keeper._engines = Queue()  # type: ignore[assignment]

    def advance() -> WorkSession:
        with place.facility.database.read() as session:
            row, keeper._drains = session.get_one(WorkSession, ONE), drained(session, place.facility.database.clock())
        keeper._advance(row, _Seen())
        return row

    assert advance().wish is None
    [(text, mailed)] = place.told()
    assert "hibernates in 30 minutes, started or not. The computer it waits for" in text
    assert mailed
    place.facility.clock.advance(minutes=31)
    assert advance().wish == "hibernate"
    assert len(place.told()) == 1


def test_one_whose_software_is_prepared_sleeps_instead_of_starting(place: Place) -> None:
    place.set(state="requested", node=None, environment=None, ready=None, expires=None)
    place.service.operation.drain(place.facility.principal("otto"), this_node(), "New memory.", 30)
    order = place.view().order
    assert order is not None
    with place.facility.database.read() as session:
        row = session.get_one(WorkSession, ONE)
    place.service._starting.start(row)
    assert row.state == "hibernated"
    assert row.reason == "No sessions start now, this computer is taken out of service: New memory."
    assert "was not started" in place.told()[0][0]


def test_one_that_waits_for_another_computer_is_told_of_that_ones_drain_alone(place: Place) -> None:
    """The process that is asked needn't be the one that starts sessions."""
    hold(place.facility.database, "sessions", "fast-2:17:ab")
    place.set(state="requested", node=None, ready=None, expires=None)
    otto = place.facility.principal("otto")
    place.service.operation.drain(otto, this_node(), "New fans.", 30)
    assert place.view().order is None
    assert place.service.capacity(otto).words == "Starts now."
    place.service.operation.drain(otto, "fast-2", "New memory.", 30)
    order = place.view().order
    assert order is not None
    assert order.why == "The computer it waits for is taken out of service: New memory."
    assert "New memory." in place.service.capacity(otto).words


def test_who_led_and_crashed_starts_nothing_any_more(place: Place) -> None:
    hold(place.facility.database, "sessions", "fast-2:17:ab", seconds=-1)
    place.set(state="requested", node=None, ready=None, expires=None)
    otto = place.facility.principal("otto")
    place.service.operation.drain(otto, this_node(), "New fans.", 30)
    assert "New fans." in place.service.capacity(otto).words


def test_a_drain_is_undone_with_one_call(place: Place) -> None:
    otto = place.facility.principal("otto")
    place.service.operation.drain(otto, this_node(), "New memory.", 30)
    place.look()
    place.service.operation.undrain(otto, this_node())
    assert place.look(minutes=31).wish is None
    assert place.service.capacity(otto).words == "Starts now."
    [node] = place.service.operation.nodes(otto)
    assert (node.drain, node.running, node.promised_mb) == (None, 2, 1024)
    assert {"session.node_drained", "session.node_opened"} <= set(place.kinds())


def test_a_computer_that_nobody_knows_is_not_drained(place: Place) -> None:
    with pytest.raises(NotFound):
        place.service.operation.drain(place.facility.principal("otto"), "elsewhere", "why", 5)


def test_an_order_needs_words(place: Place) -> None:
    with pytest.raises(InvalidInput) as caught:
        place.service.operation.stop(place.facility.principal("otto"), ONE, "  \n ", 5)
    assert caught.value.field == "reason"


def test_what_operators_say_is_shown_until_it_was_read(place: Place) -> None:
    assert place.service.operation.say_to_all(place.facility.principal("otto"), this_node(), "Save\nyour work.") == 2
    assert place.view().announcements == ("Save your work.",)
    assert place.view("otto").announcements == ()
    assert place.told() == [
        ("The operators about your session “s-1”: Save your work.", False),
        ("The operators about your session “s-2”: Save your work.", False),
    ]
    place.service.glances.have_read(place.facility.principal("alice"), ONE)
    assert place.view().announcements == ()


def test_the_end_that_comes_near_is_told_by_mail(place: Place) -> None:
    place.set(last_active=place.facility.clock() + timedelta(hours=11))
    place.look(hours=11, minutes=29)
    assert place.told() == []
    place.look(minutes=2)
    [(text, mailed)] = place.told()
    assert "hibernates in 29 minutes, since its time is over then" in text
    assert mailed
    assert place.look(minutes=30).wish == "hibernate"


def test_an_end_that_passed_while_the_platform_was_down_is_told_first(place: Place) -> None:
    assert place.look(hours=20).wish is None
    assert "hibernates in 5 minutes" in place.told()[0][0]
    assert place.look(minutes=4).wish is None
    assert place.look(minutes=2).wish == "hibernate"


def test_other_times_hold_for_some_programs_and_roles(place: Place) -> None:
    rules = (
        SessionRule(programs=("silx-view",), idle_hours=1, longest_hours=24),
        SessionRule(roles=("operator",), longest_hours=500),
        SessionRule(roles=("visitor",), programs=("jupyterlab",), longest_hours=8),
    )
    limits = place.facility.settings.sessions.model_copy(update={"rules": rules})
    place.facility.settings = place.facility.settings.model_copy(update={"sessions": limits})
    assert (limits.times("visitor", "silx-view").longest_hours, limits.times("visitor", "pymca").longest_hours) == (
        24,
        168,
    )
    assert limits.times("operator", "silx-view").longest_hours == 500, "the later rule wins"
    assert limits.times("visitor", "jupyterlab").lifetime_hours == 8, "never more than the longest"
    place.service = place.again()
    assert place.view().latest_end == place.view().row.ready + timedelta(hours=24)
    assert place.look(minutes=50).wish is None
    assert "hibernates in 10 minutes, since nothing is done in it" in place.told()[0][0]
    assert place.look(minutes=15).wish == "hibernate"


def test_each_notebook_whose_kernel_was_stopped_is_named() -> None:
    busy, idle = OpenNotebook("runs/fit.ipynb", "busy", None), OpenNotebook("scan.ipynb", "idle", None)
    lost = lost_in_sleep("jupyter", [busy, idle])
    assert lost[0] == "“fit.ipynb”: its kernel was stopped while it computed; its variables are gone."
    assert lost[1] == "“scan.ipynb”: its kernel was stopped; its variables are gone."
    assert "come back" in lost[-1]
    assert len(lost_in_sleep("jupyter", [])) == 2


def test_a_kernel_that_is_busy_is_no_idleness_even_when_it_only_waits(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Door:
        def close(self) -> None:
            """Nothing is open."""

    class Thread:
        def __init__(self, target: Any, **_: Any) -> None:
            self.start = target

    monkeypatch.setattr(life.threading, "Thread", Thread)
    monkeypatch.setattr(life, "last_computed", lambda _door, now: now)
    monkeypatch.setattr("pandaas.sessions.keeper.Keeper.door", lambda _self, _row: Door())
    place.set(kind="jupyter")
    assert place.look(hours=5).last_active == place.facility.clock()
    assert place.told() == []


def test_more_time_than_the_rules_give_is_asked_of_staff_who_give_it(place: Place) -> None:
    alice, otto, time = place.facility.principal("alice"), place.facility.principal("otto"), place.service.more_time
    with pytest.raises(Conflict, match="yourself"):
        time.ask(alice, ONE, 1, "A long fit.")
    time.ask(alice, ONE, 200, "A long fit.")
    with pytest.raises(Conflict, match="already"):
        time.ask(alice, ONE, 200, "Please.")
    assert place.told("otto") == [("Alice asks for 200 hours more for “s-1”: A long fit.", True)]
    assert time.waiting(alice) == []
    [request] = time.waiting(otto)
    time.decide(otto, request.row.id, grant=True, answer="Fine.")
    view = place.view()
    assert view.row.expires == view.latest_end == place.facility.clock() + timedelta(hours=212)
    assert place.told()[-1] == ("Your session “s-1” gets 200 hours more. Fine.", True)
    with pytest.raises(Conflict):
        time.decide(otto, request.row.id, grant=False)


def test_a_refused_request_changes_nothing_and_its_person_is_told(place: Place) -> None:
    alice, otto, time = place.facility.principal("alice"), place.facility.principal("otto"), place.service.more_time
    asked = time.ask(alice, ONE, 200, "A long fit.")
    with pytest.raises(NotFound):
        time.decide(alice, asked.row.id, grant=True)
    time.decide(otto, asked.row.id, grant=False, answer="Use a job.")
    assert place.view().row.expires == place.facility.clock() + timedelta(hours=12)
    assert place.told()[-1][0] == "Your session “s-1” does not get more time. Use a job."
    assert place.view().asked is not None


def test_more_than_staff_may_give_is_refused_with_the_limit(place: Place) -> None:
    with pytest.raises(InvalidInput, match="720 hours"):
        place.service.more_time.ask(place.facility.principal("alice"), ONE, 1000, "For ever.")


def test_operators_look_only_where_the_person_allows_it(place: Place) -> None:
    assert place.view().may_look
    assert not place.view("otto").may_look
    with pytest.raises(NotAllowed):
        place.service.glances.picture(place.facility.principal("otto"), ONE)
    with pytest.raises(NotAllowed):
        place.service.glances.allow_operators(place.facility.principal("otto"), ONE, True)
    place.service.glances.allow_operators(place.facility.principal("alice"), ONE, True)
    assert place.view("otto").may_look
