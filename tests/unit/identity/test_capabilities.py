"""Addresses with a key: for one dataset, for some hours, as the person may at that moment."""

from __future__ import annotations

import pytest

from pandaas.identity import Identity
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, PrincipalKind, Role, Scope
from pandaas.testing.clock import ManualClock


def test_it_stands_for_its_maker_and_for_reading_alone(identity: Identity, alice: int) -> None:
    made, text = identity.create_capability(alice, "ds-1")
    found = identity.principal_of_capability(text, "ds-1")
    assert (found.person_id, found.kind, found.scopes) == (alice, PrincipalKind.TOKEN, {Scope.READ})
    assert [one.id for one in identity.capabilities(alice, "ds-1")] == [made.id]
    assert text not in made.secret_hash


def test_an_operators_address_leads_where_she_may_read(identity: Identity) -> None:
    otto = identity.create_person("otto", "Otto", Role.OPERATOR, "correct horse")
    _, text = identity.create_capability(otto, "ds-1")
    assert identity.principal_of_capability(text, "ds-1").scopes == {Scope.READ, Scope.ADMIN}


@pytest.mark.parametrize("pid", ["ds-2", "", "ds-1 ", "DS-1"])
def test_it_is_of_one_dataset(identity: Identity, alice: int, pid: str) -> None:
    _, text = identity.create_capability(alice, "ds-1")
    with pytest.raises(NotAllowed):
        identity.principal_of_capability(text, pid)


@pytest.mark.parametrize("text", ["", "x", "A" * 43, "A" * 5000, "ä" * 43, "%00"])
def test_other_texts_are_none(identity: Identity, alice: int, text: str) -> None:
    identity.create_capability(alice, "ds-1")
    with pytest.raises(NotAllowed):
        identity.principal_of_capability(text, "ds-1")


def test_it_ends_with_its_time(identity: Identity, alice: int, clock: ManualClock) -> None:
    _, text = identity.create_capability(alice, "ds-1", hours=2)
    clock.advance(hours=2, seconds=-1)
    identity.principal_of_capability(text, "ds-1")
    clock.advance(seconds=1)
    with pytest.raises(NotAllowed, match="expired"):
        identity.principal_of_capability(text, "ds-1")
    assert identity.capabilities(alice, "ds-1") == []


def test_it_ends_when_taken_back_by_its_maker_only(identity: Identity, alice: int) -> None:
    bob = identity.create_person("bob", "Bob", password="correct horse")
    made, text = identity.create_capability(alice, "ds-1")
    for person, pid in ((bob, "ds-1"), (alice, "ds-2")):
        with pytest.raises(NotFound):
            identity.delete_capability(person, pid, made.id)
    identity.principal_of_capability(text, "ds-1")
    identity.delete_capability(alice, "ds-1", made.id)
    with pytest.raises(NotAllowed):
        identity.principal_of_capability(text, "ds-1")


def test_it_ends_with_the_account(identity: Identity, alice: int) -> None:
    _, text = identity.create_capability(alice, "ds-1")
    identity.disable(alice)
    with pytest.raises(NotAllowed):
        identity.principal_of_capability(text, "ds-1")


def test_time_and_number_are_bounded(identity: Identity, alice: int, clock: ManualClock) -> None:
    for hours in (0, -1, 24.1, float("nan")):
        with pytest.raises(InvalidInput):
            identity.create_capability(alice, "ds-1", hours)
    for _ in range(100):
        identity.create_capability(alice, "ds-1", 1)
    with pytest.raises(Conflict):
        identity.create_capability(alice, "ds-2", 1)
    clock.advance(hours=1)
    identity.create_capability(alice, "ds-2", 1)
