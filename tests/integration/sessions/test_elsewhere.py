"""Sessions that live elsewhere: offered, started, followed and stopped; a provider that is silent ends none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pandaas.config import SessionProviderSettings
from pandaas.db import Database
from pandaas.db.tables import Event, LinkedIdentity, Notice, Person, WorkSession
from pandaas.identity import Identity
from pandaas.model import Busy, Conflict, InvalidInput, Unavailable
from pandaas.runtime import Runtime
from pandaas.sessions import JupyterHubProvider, SessionRequest, SessionService, SessionView
from pandaas.sessions.elsewhere import Watched, life, providers
from pandaas.testing.facility import Facility, make_facility
from pandaas.testing.jupyterhub import TOKEN, FakeHub

pytestmark = pytest.mark.integration
PROGRAM = "hub.jupyterlab"
ISSUER = "https://login.example.org"


class Place:
    """The platform with a hub that knows alice."""

    def __init__(self, facility: Facility, hub: FakeHub, token: Path, **settings: Any) -> None:
        self.facility, self.hub = facility, hub
        token.write_text(TOKEN, "utf-8")
        told = {"id": "hub", "title": "The hub", "url": "https://hub.example.org", "token_file": token} | settings
        sessions = facility.settings.sessions.model_copy(
            update={"providers": (SessionProviderSettings.model_validate(told),)}
        )
        facility.settings = facility.settings.model_copy(update={"sessions": sessions})
        self.pid = facility.register("PUB-1/a.nxs", sample="ice", instrument="BL1")
        self.service = SessionService(
            facility.database,
            facility.settings,
            identity=Identity(facility.database, facility.settings),
            access=facility.access,
            runtime=Runtime(facility.settings, facility.database),
            catalogue=facility.catalogue,
        )
        self.watched = Watched()

    def start(self, user: str = "alice", **more: Any) -> str:
        request = SessionRequest(PROGRAM, [self.pid], **more)
        return self.service.start(self.facility.principal(user), request)

    def look(self, session_id: str) -> WorkSession:
        """The keeper's look in the background; what the session is then."""
        there, row = self.service._keeper._elsewhere, self._row(session_id)
        (there.start if row.state == "requested" else there.look)(row, self.watched)
        return self._row(session_id)

    def ready(self) -> str:
        session_id = self.start()
        for _ in range(9):
            if self.look(session_id).state == "ready":
                return session_id
        raise AssertionError(self._row(session_id).reason)

    def view(self, session_id: str, user: str = "alice") -> SessionView:
        return self.service.session(self.facility.principal(user), session_id)

    def told(self) -> list[str]:
        with self.facility.database.read() as session:
            return [row.text for row in session.query(Notice).order_by(Notice.id)]

    def _row(self, session_id: str) -> WorkSession:
        with self.facility.database.read() as session:
            return session.get_one(WorkSession, session_id)


@pytest.fixture
def hub() -> FakeHub:
    return FakeHub({"alice": {}})


@pytest.fixture
def make(database: Database, tmp_path: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> Any:
    def speaker(settings: SessionProviderSettings) -> JupyterHubProvider:
        return JupyterHubProvider(settings, transport=hub.transport)

    monkeypatch.setitem(providers._BUILT_IN, "jupyterhub", speaker)
    return lambda **settings: Place(make_facility(database, tmp_path), hub, tmp_path / "token", **settings)


@pytest.fixture
def place(make: Any) -> Place:
    found: Place = make()
    return found


def test_it_is_offered_with_the_others_and_needs_no_room_here(place: Place) -> None:
    alice = place.facility.principal("alice")
    [offered] = [one for one in place.service.offers(alice, [place.pid]) if one.provider == "hub"]
    assert (offered.id, offered.title, offered.problem) == (PROGRAM, "JupyterLab at The hub", None)
    place.ready()
    room = place.service.capacity(alice)
    assert (room.running, room.own) == (0, 1)


def test_from_request_to_ready_with_its_address_for_its_person_only(place: Place) -> None:
    session_id = place.start()
    assert place.look(session_id).state == "starting"
    place.hub.looks = 2
    assert place.look(session_id).phase == "The hub: Pulling the image (40 %)"
    place.hub.looks = 0
    row = place.look(session_id)
    assert (row.state, row.engine, row.kind, row.phase, row.automatic) == ("ready", "hub", "elsewhere", "", False)
    assert row.expires is not None
    view = place.view(session_id)
    assert (view.provider, view.address) == ("The hub", f"https://hub.example.org/user/alice/{session_id}/lab")
    assert view.missing
    operator = place.view(session_id, "otto")
    assert (operator.provider, operator.address) == ("The hub", None)


def test_it_sleeps_and_goes_on_under_the_same_name(place: Place) -> None:
    session_id = place.ready()
    alice = place.facility.principal("alice")
    place.service.hibernate(alice, session_id)
    row = place.look(session_id)
    assert (row.state, place.hub.users["alice"]) == ("hibernated", {})
    assert "kept" in row.notices[0]
    place.service.resume(alice, session_id)
    place.look(session_id)
    place.look(session_id)
    assert place.look(session_id).state == "ready"
    place.service.end(alice, session_id)
    assert (place.look(session_id).state, place.hub.users["alice"]) == ("ended", {})


def test_a_hub_that_is_silent_is_said_and_ends_nothing(place: Place) -> None:
    session_id = place.ready()
    place.hub.down = True
    row = place.look(session_id)
    assert (row.state, row.phase) == (
        "ready",
        "The hub does not answer (ConnectError). This is how it was last seen.",
    )
    place.hub.down = False
    assert place.look(session_id).phase == ""


def test_a_silent_hub_is_asked_again_before_a_start_fails(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.hub.down = True
    session_id = place.start()
    row = place.look(session_id)
    assert (row.state, row.phase) == ("requested", "The hub does not answer (ConnectError).")
    now = life.time.monotonic()
    monkeypatch.setattr(life.time, "monotonic", lambda: now + 1000)
    row = place.look(session_id)
    assert (row.state, row.remedy) == ("failed", "Start it again later.")


def test_what_cant_be_stopped_is_not_kept_for_ever(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = place.ready()
    place.service.end(place.facility.principal("alice"), session_id)
    place.hub.down = True
    assert place.look(session_id).state == "ready"
    now = life.time.monotonic()
    monkeypatch.setattr(life.time, "monotonic", lambda: now + 1000)
    row = place.look(session_id)
    assert row.state == "lost"
    assert "isn't known" in (row.reason or "")


def test_what_was_stopped_there_sleeps_here(place: Place) -> None:
    session_id = place.ready()
    place.hub.users["alice"].clear()
    row = place.look(session_id)
    assert (row.state, row.reason) == ("hibernated", "It was stopped at The hub: by you, or by its rules.")


def test_a_start_that_failed_there_fails_here_in_its_words(place: Place) -> None:
    session_id = place.start()
    place.look(session_id)
    place.hub.users["alice"].clear()
    place.hub.failed[f"alice/{session_id}"] = "Spawn failed: no node is free"
    row = place.look(session_id)
    assert (row.state, row.reason) == ("failed", "The hub could not start it: Spawn failed: no node is free")
    assert row.reason in place.told()[-1]


def test_who_has_no_account_there_is_told_to_sign_in_there_once(place: Place) -> None:
    place.hub.users.clear()
    row = place.look(place.start())
    assert row.state == "failed"
    assert "Open https://hub.example.org once" in (row.remedy or "")


def test_one_that_is_never_ready_is_stopped_and_failed(place: Place) -> None:
    place.hub.looks = 1000
    session_id = place.start()
    place.look(session_id)
    place.facility.clock.advance(hours=1)
    place.look(session_id)
    row = place.look(session_id)
    assert (row.state, row.reason) == ("failed", "It was not usable after 180 seconds.")
    assert place.hub.users["alice"] == {}


def test_activity_there_counts(place: Place) -> None:
    session_id = place.ready()
    place.hub.active = place.facility.clock.advance(hours=3)
    assert place.look(session_id).last_active == place.hub.active


def test_nothing_is_written_where_nothing_changed(place: Place) -> None:
    session_id = place.ready()
    with place.facility.database.read() as session:
        before = session.query(Event).count()
    place.look(session_id)
    with place.facility.database.read() as session:
        assert session.query(Event).count() == before


def test_nobody_is_led_into_it_from_here(place: Place) -> None:
    session_id = place.ready()
    alice = place.facility.principal("alice")
    with pytest.raises(Conflict, match="shared"):
        place.service.members.share(alice, session_id, "bob", "view")
    with pytest.raises(Conflict, match="shared"):
        place.service.invitations.invite(alice, session_id, "Bob")
    with pytest.raises(Conflict, match="elsewhere"):
        place.service.ticket(alice, session_id)
    with pytest.raises(Unavailable):
        place.service.open_door(session_id)


def test_the_providers_own_sizes_hold(place: Place) -> None:
    with pytest.raises(InvalidInput) as wrong:
        place.start(memory_mb=100_000)
    assert wrong.value.field == "memory_mb"
    with pytest.raises(InvalidInput):
        place.start(engine="slurm")


def test_nobody_has_more_than_her_number(place: Place) -> None:
    for _ in range(place.facility.settings.sessions.most_of_one):
        place.start()
    with pytest.raises(Busy):
        place.start()


@pytest.mark.parametrize(("user_name", "name"), [("posix_account", "al01"), ("subject", "sub-1")])
def test_people_are_called_as_the_hub_calls_them(make: Any, hub: FakeHub, user_name: str, name: str) -> None:
    place: Place = make(user_name=user_name, issuer=ISSUER)
    hub.users = {name: {}}
    first = place.start()
    assert place.look(first).state == "failed", "not known yet"
    alice, now = place.facility.people["alice"], place.facility.clock()
    with place.facility.database.session() as session:
        session.get_one(Person, alice).posix_account = "al01"
        session.add(LinkedIdentity(person_id=alice, issuer=ISSUER, subject="Sub-1", created=now))
        session.add(LinkedIdentity(person_id=alice, issuer="https://other.example", subject="x", created=now))
    place.look(place.start())
    assert len(hub.users[name]) == 1


def test_a_broken_provider_disables_itself(make: Any) -> None:
    place: Place = make(kind="unheard-of")
    alice = place.facility.principal("alice")
    [offered] = [one for one in place.service.offers(alice, []) if one.provider == "hub"]
    assert offered.problem == "nothing here speaks with a 'unheard-of'."
    with pytest.raises(Unavailable):
        place.start()


def test_one_whose_provider_was_taken_away_can_be_ended(make: Any) -> None:
    place: Place = make()
    session_id = place.ready()
    place.service._providers._found = {}  # type: ignore[misc]
    assert "not offered any more" in place.look(session_id).phase
    assert place.view(session_id).provider == "hub"
