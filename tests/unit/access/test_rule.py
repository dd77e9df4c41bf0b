"""The lines of the access rule, each by its own name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pandaas.access import FACILITY, Protected, is_open, may
from pandaas.model import (
    ANONYMOUS,
    Action,
    DatasetState,
    Principal,
    PrincipalKind,
    ProposalType,
    Role,
    Scope,
    TeamRole,
)
from pandaas.testing.clock import START as NOW

D, R, W, A, M = Action.DISCOVER, Action.READ, Action.WRITE, Action.ANALYSE, Action.MANAGE
EMBARGOED = Protected(proposal_id=1, proposal_type=ProposalType.PUBLIC_ACCESS, instrument_id=7, owner_id=30, pid="ds-1")
STRANGER = Principal(kind=PrincipalKind.PERSON, person_id=99, role=Role.VISITOR)
OPERATOR = Principal(kind=PrincipalKind.PERSON, person_id=1, role=Role.OPERATOR)


def in_team(role: TeamRole) -> Principal:
    return Principal(kind=PrincipalKind.PERSON, person_id=10, role=Role.VISITOR, teams={1: role})


STAFF = Principal(kind=PrincipalKind.PERSON, person_id=20, role=Role.INSTRUMENT_STAFF, instruments=frozenset({7}))
OWNER = Principal(kind=PrincipalKind.PERSON, person_id=30, role=Role.VISITOR)
SHARED = replace(STRANGER, linked_datasets=frozenset({"ds-1"}))
LINK = Principal(kind=PrincipalKind.LINK, linked_datasets=frozenset({"ds-1"}))


def rights(principal: Principal, resource: Protected) -> set[Action]:
    return {action for action in Action if may(principal, action, resource, NOW)}


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (in_team(TeamRole.PRINCIPAL_INVESTIGATOR), {D, R, W, A, M}),
        (in_team(TeamRole.MEMBER), {D, R, W, A}),
        (in_team(TeamRole.LOCAL_CONTACT), {D, R, W, A}),
        (in_team(TeamRole.READER), {D, R}),
        (STAFF, {D, R, W, A}),
        (OWNER, {D, R, W, A}),
        (SHARED, {D, R, A}),
        (LINK, {D, R}),
        (STRANGER, set()),
        (ANONYMOUS, set()),
        (OPERATOR, set(Action)),
        (FACILITY, set(Action)),
    ],
)
def test_embargoed_data(principal: Principal, expected: set[Action]) -> None:
    assert rights(principal, EMBARGOED) == expected


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (in_team(TeamRole.MEMBER), {D, R, W, A}),
        (STAFF, set()),
        (OWNER, set()),
        (SHARED, {D, R, A}),
        (STRANGER, set()),
        (ANONYMOUS, set()),
        (OPERATOR, set(Action)),
    ],
)
def test_proprietary_data_are_never_released(principal: Principal, expected: set[Action]) -> None:
    long_over = NOW - timedelta(days=4000)
    secret = replace(EMBARGOED, proposal_type=ProposalType.PROPRIETARY, release_time=long_over)
    assert rights(principal, secret) == expected


def test_a_persons_own_space_is_closed_even_to_instrument_staff() -> None:
    own = replace(EMBARGOED, proposal_type=ProposalType.PERSONAL, owner_id=None, release_time=NOW)
    assert rights(STAFF, own) == set()
    assert rights(STRANGER, own) == set()
    assert rights(in_team(TeamRole.PRINCIPAL_INVESTIGATOR), own) == {D, R, W, A, M}


@pytest.mark.parametrize(("minutes", "readable"), [(-1, True), (0, True), (1, False)])
def test_release_is_a_moment_in_time(minutes: int, readable: bool) -> None:
    resource = replace(EMBARGOED, release_time=NOW + timedelta(minutes=minutes))
    assert is_open(resource, NOW) is readable
    assert rights(ANONYMOUS, resource) == ({D, R} if readable else set())
    assert rights(STRANGER, resource) == ({D, R, A} if readable else set())


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (in_team(TeamRole.PRINCIPAL_INVESTIGATOR), {D, M}),
        (in_team(TeamRole.READER), {D}),
        (STAFF, {D}),
        (SHARED, set()),
        (STRANGER, set()),
        (OPERATOR, set(Action)),
    ],
)
def test_withdrawn_data_are_read_by_operators_only(principal: Principal, expected: set[Action]) -> None:
    withdrawn = replace(EMBARGOED, state=DatasetState.WITHDRAWN, release_time=NOW)
    assert rights(principal, withdrawn) == expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [(Scope.READ, {D, R}), (Scope.WRITE, {W, M}), (Scope.RUN, {A}), (Scope.ADMIN, set())],
)
def test_a_token_acts_within_its_scopes(scope: Scope, expected: set[Action]) -> None:
    token = replace(in_team(TeamRole.PRINCIPAL_INVESTIGATOR), kind=PrincipalKind.TOKEN, scopes=frozenset({scope}))
    assert rights(token, EMBARGOED) == expected


def test_an_operators_token_is_an_operator_only_with_the_scope_admin() -> None:
    token = replace(OPERATOR, kind=PrincipalKind.TOKEN, scopes=frozenset({Scope.READ}))
    assert rights(token, EMBARGOED) == set()
    token = replace(token, scopes=frozenset({Scope.READ, Scope.ADMIN}))
    assert rights(token, EMBARGOED) == {D, R, Action.OPERATE}


def test_a_result_is_never_more_visible_than_what_it_was_made_from() -> None:
    secret = Protected(proposal_id=2, proposal_type=ProposalType.PROPRIETARY, pid="ds-0")
    result = replace(EMBARGOED, ancestors=(secret,), release_time=NOW)
    member = in_team(TeamRole.MEMBER)
    assert rights(member, result) == set()
    assert rights(ANONYMOUS, result) == set()
    assert rights(replace(member, teams={1: TeamRole.MEMBER, 2: TeamRole.READER}), result) == {D, R, W, A}


def test_only_operators_operate_the_facility() -> None:
    assert may(OPERATOR, Action.OPERATE, None, NOW)
    assert not may(STAFF, Action.OPERATE, None, NOW)
    assert not may(ANONYMOUS, Action.OPERATE, None, NOW)
