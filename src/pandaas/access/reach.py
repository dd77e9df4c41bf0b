"""The access rule for one principal and one action, as terms over the access columns: what SQL clauses and the search's
bitmaps are both made from, so that `RULE` is read in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pandaas.access.rule import RULE, TEAM_TIE, Grant, Tie, is_capable, is_operator, needed_of_ancestors
from pandaas.model import Action, Principal, ProposalType

_OF_EVERYBODY = (Tie.RELEASED, Tie.ANNOUNCED)


@dataclass(frozen=True)
class Line:
    """One line of the rule, as far as it lets this principal in.

    `among` are the values of the tie's column: ids of proposals (team ties), of the owner or of instruments, pids of
    shared datasets; None for RELEASED, which is compared with the clock, ANNOUNCED, which proposals say of themselves, and
    OPERATOR, which is every row. `types` None means every type of proposal. `withdrawn`: True = withdrawn rows only,
    False = all others, None = whatever the state.
    """

    tie: Tie
    among: frozenset[Any] | None
    types: frozenset[ProposalType] | None
    withdrawn: bool | None


@dataclass(frozen=True)
class Reach:
    """The rows that a principal may act on: those that fulfil one of `lines`, and whose every ancestor fulfils one of
    `of_ancestors`; all rows if `everything`. `also`, where there is one, has to let the principal in as well: she looks as
    somebody else."""

    everything: bool
    lines: tuple[Line, ...] = ()
    of_ancestors: tuple[Line, ...] = ()
    also: Reach | None = None


def reach(principal: Principal, action: Action) -> Reach:
    """What `principal` may do `action` to. Release is left to whoever asks: it is a moment in time."""
    if not is_capable(principal, action):
        return Reach(everything=False)
    also = reach(principal.viewer, action) if principal.viewer is not None else None
    if is_operator(principal):
        return Reach(everything=True, also=also)
    ties = _ties(principal)
    return Reach(False, _lines(ties, action), _lines(ties, needed_of_ancestors(action)), also)


def _lines(ties: Mapping[Tie, frozenset[Any]], action: Action) -> tuple[Line, ...]:
    found = []
    for grant in RULE:
        among = ties.get(grant.tie)
        if action in grant.actions | grant.if_withdrawn and (grant.tie in _OF_EVERYBODY or among):
            types = None if grant.types == frozenset(ProposalType) else grant.types
            found.append(Line(grant.tie, among, types, _withdrawn(grant, action)))
    return tuple(found)


def _withdrawn(grant: Grant, action: Action) -> bool | None:
    if action not in grant.if_withdrawn:
        return False
    return None if action in grant.actions else True


def _ties(principal: Principal) -> dict[Tie, frozenset[Any]]:
    """The values of each tie's column that let this principal in; ties that no column tells of are left out."""
    proposals: dict[Tie, set[int]] = {tie: set() for tie in TEAM_TIE.values()}
    for proposal, role in principal.teams.items():
        proposals[TEAM_TIE[role]].add(proposal)
    owner = frozenset() if principal.person_id is None else frozenset({principal.person_id})
    return {
        **{tie: frozenset(ids) for tie, ids in proposals.items()},
        Tie.OWNER: owner,
        Tie.STAFF: principal.instruments,
        Tie.SHARED: principal.linked_datasets,
    }
