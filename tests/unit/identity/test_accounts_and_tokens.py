"""Accounts, API tokens and principals."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as text_of

from pandaas.access import FACILITY, Access
from pandaas.db import Database, EventTail, Position
from pandaas.identity import Identity
from pandaas.model import (
    Conflict,
    DiskFull,
    InvalidInput,
    NotFound,
    NotSignedIn,
    PandaasError,
    PrincipalKind,
    Role,
    Scope,
    TeamRole,
)
from pandaas.testing.clock import ManualClock


@pytest.mark.parametrize("user", ["", "../etc", "a b", "-a", "ä", "a" * 56, "a/b", "a\nb"])
def test_odd_user_names_are_refused(identity: Identity, user: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        identity.create_person(user, "Somebody")
    assert caught.value.field == "user"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(user=st.text(max_size=70))
def test_any_user_name_is_taken_or_refused_with_a_reason(identity: Identity, user: str) -> None:
    field = None
    try:
        number = identity.create_person(user, "Somebody")
    except PandaasError as error:
        field = error.field
    assert field == "user" or identity.person_named(user).id == number


def test_a_user_name_is_given_once(identity: Identity, alice: int) -> None:
    with pytest.raises(Conflict):
        identity.create_person("ALICE", "Another Alice")


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
def test_passwords_have_a_sane_length(identity: Identity, password: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        identity.create_person("bob", "Bob", password=password)
    assert caught.value.field == "password"


def test_people_are_found_by_name_but_not_by_part_of_their_address(identity: Identity, alice: int) -> None:
    identity.create_person("bob", "Bob 100%", affiliation="Nordic", email="bob@example.org")
    assert [one.user for one in identity.find_people("MORE")] == ["alice"]
    assert [one.user for one in identity.find_people("nord")] == ["bob"]
    assert [one.user for one in identity.find_people("0%")] == ["bob"]
    assert [one.user for one in identity.find_people("_")] == []
    assert [one.user for one in identity.find_people("bob@example.org")] == ["bob"]
    assert [one.user for one in identity.find_people("@example")] == []
    identity.disable(identity.person_named("bob").id)
    assert identity.find_people("bob") == []


def test_a_token_says_who_and_what_for(identity: Identity, alice: int) -> None:
    _id, text = identity.create_token(alice, "script", ["read", "run"])
    principal = identity.principal_of_token(text)
    assert text.startswith("pandaas_")
    assert len(text) == 51
    assert principal.kind is PrincipalKind.TOKEN
    assert principal.person_id == alice
    assert principal.scopes == {Scope.READ, Scope.RUN}


def test_a_token_expires(identity: Identity, alice: int, clock: ManualClock) -> None:
    _id, text = identity.create_token(alice, "script", expires_in_days=1)
    _id, lasting = identity.create_token(alice, "for ever", expires_in_days=None)
    clock.advance(days=1)
    with pytest.raises(NotSignedIn):
        identity.principal_of_token(text)
    clock.advance(days=10_000)
    assert identity.principal_of_token(lasting)


@pytest.mark.parametrize("text", ["", "pandaas_", "pandaas_" + "x" * 43, "x" * 100_000, "pandaas_" + "é" * 43])
def test_a_made_up_token_is_refused(identity: Identity, alice: int, text: str) -> None:
    with pytest.raises(NotSignedIn):
        identity.principal_of_token(text)


def test_a_deleted_token_stops_at_once_and_only_its_owner_deletes_it(identity: Identity, alice: int) -> None:
    bob = identity.create_person("bob", "Bob")
    number, text = identity.create_token(alice, "script")
    with pytest.raises(NotFound):
        identity.delete_token(bob, number)
    assert identity.principal_of_token(text)
    identity.delete_token(alice, number)
    with pytest.raises(NotSignedIn):
        identity.principal_of_token(text)


def test_the_scope_admin_is_for_operators(identity: Identity, alice: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        identity.create_token(alice, "script", ["read", "admin"])
    assert caught.value.field == "scopes"
    identity.set_role(alice, Role.OPERATOR)
    _id, text = identity.create_token(alice, "script", ["read", "admin"])
    identity.set_role(alice, Role.VISITOR)
    assert identity.principal_of_token(text).scopes == {Scope.READ}


def test_the_use_of_a_token_is_noted_once_a_minute(identity: Identity, alice: int, clock: ManualClock) -> None:
    number, text = identity.create_token(alice, "script")
    first = clock()
    for seconds in (0, 59, 1):
        clock.advance(seconds=seconds)
        identity.principal_of_token(text)
        last = identity.tokens(alice)[0].last_used
        assert last == (first if clock() < first.replace(minute=1) else clock())
    assert identity.tokens(alice)[0].id == number


def test_a_token_works_while_the_database_is_locked_for_writing(
    identity: Identity, alice: int, sqlite_database: Database, clock: ManualClock
) -> None:
    _id, text = identity.create_token(alice, "script")
    with sqlite_database.session() as session:
        session.execute(text_of("SELECT 1"))
        assert identity.principal_of_token(text).person_id == alice
    assert identity.tokens(alice)[0].last_used is None
    clock.advance(seconds=1)
    identity.principal_of_token(text)
    assert identity.tokens(alice)[0].last_used is not None


def test_a_token_reads_while_the_disk_is_full(
    identity: Identity, alice: int, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _id, text = identity.create_token(alice, "script")

    def full(*, patient: bool = True) -> None:
        raise DiskFull("The storage is full.")

    monkeypatch.setattr(sqlite_database, "session", full)
    assert identity.principal_of_token(text).person_id == alice


def test_a_principal_carries_teams_instruments_and_shares_of_this_moment(
    identity: Identity, alice: int, sqlite_database: Database
) -> None:
    access = Access(sqlite_database)
    access.create_instrument(FACILITY, "BL1")
    proposal = access.create_proposal(FACILITY, "SC-1", "Test")
    access.set_member(FACILITY, "SC-1", alice, TeamRole.READER)
    access.set_staff(FACILITY, "BL1", alice)
    now = identity.principal_of_person(alice)
    assert now.teams == {proposal.id: TeamRole.READER}
    assert len(now.instruments) == 1
    access.remove_member(FACILITY, "SC-1", alice)
    access.set_staff(FACILITY, "BL1", alice, member=False)
    again = identity.principal_of_person(alice)
    assert (again.kind, again.teams, again.instruments) == (PrincipalKind.SERVICE, {}, frozenset())
    identity.disable(alice)
    with pytest.raises(NotFound):
        identity.principal_of_person(alice)


def test_a_foreign_identity_belongs_to_one_person(identity: Identity, alice: int) -> None:
    bob = identity.create_person("bob", "Bob")
    identity.link_identity(alice, "https://idp.example.org", "abc@example.org")
    with pytest.raises(Conflict):
        identity.link_identity(bob, "https://idp.example.org", "abc@example.org")
    identity.link_identity(bob, "https://other.example.org", "abc@example.org")
    found = identity.linked_person("https://idp.example.org", "abc@example.org")
    assert found is not None
    assert found.id == alice
    assert identity.linked_person("https://idp.example.org", "ABC@example.org") is None


def test_every_change_is_in_the_event_log_without_secrets(
    identity: Identity, alice: int, sqlite_database: Database
) -> None:
    number, text = identity.create_token(alice, "script")
    secret = identity.sign_in("alice", "correct horse", address="192.0.2.1")
    identity.sign_out(secret)
    identity.delete_token(alice, number)
    identity.set_password(alice, "battery staple")
    rows = EventTail(sqlite_database, Position()).batch()
    assert [row.kind for row in rows] == [
        "person.created",
        "token.created",
        "person.signed_in",
        "session.expired",
        "token.deleted",
        "session.expired",
        "person.changed",
    ]
    told = str([vars(row) for row in rows])
    assert not any(word in told for word in (text, secret, "battery", "correct"))


def test_details_of_an_account_are_changed_and_taken_away(identity: Identity, alice: int) -> None:
    identity.set_details(alice, email="alice@example.org", affiliation=" Institute ")
    found = identity.person(alice)
    assert (found.email, found.affiliation, found.name) == ("alice@example.org", "Institute", "Alice Moreau")
    identity.set_details(alice, email="", name="Alice M")
    found = identity.person(alice)
    assert (found.email, found.affiliation, found.name) == (None, "Institute", "Alice M")


@pytest.mark.parametrize("wrong", [{"email": "nowhere"}, {"orcid": "1"}, {"name": " "}])
def test_details_that_can_not_be_are_refused_by_name(identity: Identity, alice: int, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as error:
        identity.set_details(alice, affiliation="Institute", **wrong)
    assert error.value.field == next(iter(wrong))
    assert identity.person(alice).affiliation is None
