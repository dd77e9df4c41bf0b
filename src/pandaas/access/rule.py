"""The access rule. `RULE` is all of it; read it like a table.

A principal has *ties* to a row (team, owner, instrument staff, share, released …). Each tie grants actions on data in
use, fewer on withdrawn data, and reaches into some types of proposal only. Who has a tie that grants the action may act.

Five things hold besides:

1. A token acts only within its scopes (`SCOPE_OF`), and is an operator only with the scope `admin`.
2. Analysing needs a person: open data are analysed after signing in.
3. A result is never more visible than what it was made from: to discover it one must be allowed to discover every one
   of its ancestors, for any other action to read them.
4. Release is a moment in time, compared with the clock whenever the rule is asked.
5. A reviewer's link and who looks as somebody else only read; the latter nothing that the one who looks may not read.

`pandaas.access.clause` says the same in SQL, the catalogue's search on bitmaps, both from `pandaas.access.reach`; a
property test over random worlds holds the three equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pandaas.model import Action, DatasetState, Principal, PrincipalKind, ProposalType, Scope, TeamRole


class Tie(StrEnum):
    """What a principal can be to a row."""

    OPERATOR = "operator"
    PRINCIPAL_INVESTIGATOR = "principal investigator"
    MEMBER = "member"
    LOCAL_CONTACT = "local contact"
    READER = "reader"
    OWNER = "owner"
    STAFF = "instrument staff"
    SHARED = "shared with"
    RELEASED = "released"  # nobody in particular: the embargo is over
    ANNOUNCED = "announced"  # nobody in particular: a proposal whose title the policy makes known during the embargo


@dataclass(frozen=True)
class Grant:
    """One line of the rule."""

    tie: Tie
    actions: frozenset[Action]
    if_withdrawn: frozenset[Action]
    types: frozenset[ProposalType]

    def actions_in(self, state: str) -> frozenset[Action]:
        return self.if_withdrawn if state == DatasetState.WITHDRAWN else self.actions


_ALL = frozenset(Action)
_NONE: frozenset[Action] = frozenset()
_DISCOVER = frozenset({Action.DISCOVER})
_READ = _DISCOVER | {Action.READ}
_USE = _READ | {Action.ANALYSE}
_WORK = _USE | {Action.WRITE}
_LEAD = _WORK | {Action.MANAGE}

_EVERY_TYPE = frozenset(ProposalType)
_NOT_PROPRIETARY = _EVERY_TYPE - {ProposalType.PROPRIETARY}
EVERYONE_SEES = _NOT_PROPRIETARY - {ProposalType.PERSONAL}  # once released
_OF_THE_FACILITY = EVERYONE_SEES

RULE: tuple[Grant, ...] = (
    #     who                          may do                on withdrawn data             in proposals of type
    Grant(Tie.OPERATOR, _ALL, _ALL, _EVERY_TYPE),
    Grant(Tie.PRINCIPAL_INVESTIGATOR, _LEAD, _DISCOVER | {Action.MANAGE}, _EVERY_TYPE),
    Grant(Tie.MEMBER, _WORK, _DISCOVER, _EVERY_TYPE),
    Grant(Tie.LOCAL_CONTACT, _WORK, _DISCOVER, _EVERY_TYPE),
    Grant(Tie.READER, _READ, _DISCOVER, _EVERY_TYPE),
    Grant(Tie.OWNER, _WORK, _DISCOVER, _NOT_PROPRIETARY),
    Grant(Tie.STAFF, _WORK, _DISCOVER, _OF_THE_FACILITY),
    Grant(Tie.SHARED, _USE, _NONE, _EVERY_TYPE),
    Grant(Tie.RELEASED, _USE, _NONE, EVERYONE_SEES),
    Grant(Tie.ANNOUNCED, _DISCOVER, _NONE, EVERYONE_SEES),
)

TEAM_TIE: dict[TeamRole, Tie] = {
    TeamRole.PRINCIPAL_INVESTIGATOR: Tie.PRINCIPAL_INVESTIGATOR,
    TeamRole.MEMBER: Tie.MEMBER,
    TeamRole.LOCAL_CONTACT: Tie.LOCAL_CONTACT,
    TeamRole.READER: Tie.READER,
}

_ONLY_READ = frozenset({PrincipalKind.LINK, PrincipalKind.VIEW})

SCOPE_OF: dict[Action, Scope] = {
    Action.DISCOVER: Scope.READ,
    Action.READ: Scope.READ,
    Action.WRITE: Scope.WRITE,
    Action.MANAGE: Scope.WRITE,
    Action.ANALYSE: Scope.RUN,
    Action.OPERATE: Scope.ADMIN,
}


@dataclass(frozen=True)
class Protected:
    """What the rule looks at of one row: a dataset, or a proposal itself (`pid` None).

    `release_time` None = not released by time. `ancestors` = everything a result was made from. `announced` can be true of
    proposals only: datasets are never known of before they may be read.
    """

    proposal_id: int
    proposal_type: str
    owner_id: int | None = None
    instrument_id: int | None = None
    release_time: datetime | None = None
    state: str = DatasetState.COMPLETE
    pid: str | None = None
    ancestors: tuple[Protected, ...] = ()
    announced: bool = False


def may(principal: Principal, action: Action, resource: Protected | None, now: datetime) -> bool:
    """May `principal` do `action` to `resource` at the time `now`? `resource` None is the facility as a whole."""
    if not is_capable(principal, action):
        return False
    if principal.viewer is not None and not may(principal.viewer, action, resource, now):
        return False
    if resource is None:
        return is_operator(principal)
    return _granted(principal, action, resource, now) and all(
        _granted(principal, needed_of_ancestors(action), ancestor, now) for ancestor in resource.ancestors
    )


def is_open(resource: Protected, now: datetime) -> bool:
    """May anyone read it, signed in or not?"""
    return may(Principal(), Action.READ, resource, now)


def is_capable(principal: Principal, action: Action) -> bool:
    """Could this principal do this to anything at all? A token needs the scope, an analysis needs a person, who looks
    through a link or as somebody else only reads."""
    if principal.kind in _ONLY_READ and action not in _READ:
        return False
    if principal.kind is PrincipalKind.TOKEN and SCOPE_OF[action] not in principal.scopes:
        return False
    return action is not Action.ANALYSE or principal.signed_in or is_operator(principal)


def is_operator(principal: Principal) -> bool:
    return principal.is_operator and (principal.kind is not PrincipalKind.TOKEN or Scope.ADMIN in principal.scopes)


def needed_of_ancestors(action: Action) -> Action:
    return Action.DISCOVER if action is Action.DISCOVER else Action.READ


def _granted(principal: Principal, action: Action, resource: Protected, now: datetime) -> bool:
    return any(
        action in grant.actions_in(resource.state)
        and resource.proposal_type in grant.types
        and has_tie(principal, grant.tie, resource, now)
        for grant in RULE
    )


def has_tie(principal: Principal, tie: Tie, resource: Protected, now: datetime) -> bool:
    match tie:
        case Tie.OPERATOR:
            return is_operator(principal)
        case Tie.OWNER:
            return principal.person_id is not None and resource.owner_id == principal.person_id
        case Tie.STAFF:
            return resource.instrument_id in principal.instruments
        case Tie.SHARED:
            return resource.pid in principal.linked_datasets
        case Tie.RELEASED:
            return resource.release_time is not None and resource.release_time <= now
        case Tie.ANNOUNCED:
            return resource.announced
        case _:
            role = principal.teams.get(resource.proposal_id)
            return role is not None and TEAM_TIE[role] is tie
