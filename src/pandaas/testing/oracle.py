"""The access rule once more, from its page of documentation, by brute force over the description of a random world.

It shares no line with `pandaas.access`: neither the table, nor ties, nor principals. Slow and plain on purpose.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pandaas.model import Action, DatasetState, ProposalType, Role, Scope, TeamRole

if TYPE_CHECKING:
    from pandaas.testing.worlds import Asker, World

READING = {Action.DISCOVER, Action.READ}


def may_dataset(world: World, asker: Asker, action: Action, index: int, now: datetime) -> bool:
    """May `asker` do `action` to the dataset `index` of `world`?"""
    if not _is_able(world, asker, action):
        return False
    if asker.kind == "view" and not may_dataset(world, asker.viewer_as_person(), action, index, now):
        return False
    wanted = Action.DISCOVER if action is Action.DISCOVER else Action.READ
    return _alone(world, asker, action, index, now) and all(
        _alone(world, asker, wanted, one, now) for one in _all_inputs(world, index)
    )


def may_proposal(world: World, asker: Asker, action: Action, index: int, now: datetime) -> bool:
    """May `asker` do `action` to the proposal `index` itself?"""
    if not _is_able(world, asker, action):
        return False
    if asker.kind == "view" and not may_proposal(world, asker.viewer_as_person(), action, index, now):
        return False
    if _operates(world, asker):
        return True
    kind = world.types[index]
    public = kind not in {ProposalType.PROPRIETARY, ProposalType.PERSONAL}
    if _by_team(world, asker, action, index, withdrawn=False):
        return True
    if (
        public
        and _is_staff(world, asker, world.instruments[index])
        and action in READING | {Action.ANALYSE, Action.WRITE}
    ):
        return True
    released = world.releases[index] is not None and world.releases[index] <= now  # type: ignore[operator]
    if public and released and action in READING | {Action.ANALYSE}:
        return True
    return public and world.announced[index] and action is Action.DISCOVER


def _alone(world: World, asker: Asker, action: Action, index: int, now: datetime) -> bool:
    """The same without looking at what the dataset was made from."""
    if _operates(world, asker):
        return True
    spec = world.datasets[index]
    withdrawn = spec.state is DatasetState.WITHDRAWN
    kind = world.types[spec.proposal]
    work = {Action.DISCOVER} if withdrawn else READING | {Action.ANALYSE, Action.WRITE}
    use = set() if withdrawn else READING | {Action.ANALYSE}
    if _by_team(world, asker, action, spec.proposal, withdrawn=withdrawn):
        return True
    mine = asker.person is not None and spec.owner == asker.person
    if mine and kind is not ProposalType.PROPRIETARY and action in work:
        return True
    public = kind not in {ProposalType.PROPRIETARY, ProposalType.PERSONAL}
    if public and _is_staff(world, asker, spec.instrument) and action in work:
        return True
    if _is_shared(world, asker, index, now) and action in use:
        return True
    released = spec.release is not None and spec.release <= now
    return public and released and action in use


def _is_able(world: World, asker: Asker, action: Action) -> bool:
    if asker.kind in {"view", "link"}:
        return action in READING
    if asker.kind == "token":
        scope = {
            Action.DISCOVER: Scope.READ, Action.READ: Scope.READ, Action.WRITE: Scope.WRITE, Action.MANAGE: Scope.WRITE,
            Action.ANALYSE: Scope.RUN, Action.OPERATE: Scope.ADMIN,
        }[action]  # fmt: skip
        if scope not in _scopes(world, asker):
            return False
    return action is not Action.ANALYSE or asker.person is not None or asker.kind == "facility"


def _scopes(world: World, asker: Asker) -> set[Scope]:
    """What the token says, of what its person may do at all."""
    assert asker.person is not None
    most = set(Scope) if world.roles[asker.person] is Role.OPERATOR else set(Scope) - {Scope.ADMIN, Scope.SESSIONS}
    return set(world.scopes[asker.person]) & most


def _operates(world: World, asker: Asker) -> bool:
    if asker.kind == "facility":
        return True
    if asker.person is None or world.roles[asker.person] is not Role.OPERATOR:
        return False
    return asker.kind != "token" or Scope.ADMIN in _scopes(world, asker)


def _by_team(world: World, asker: Asker, action: Action, proposal: int, *, withdrawn: bool) -> bool:
    role = world.teams.get((proposal, asker.person)) if asker.person is not None else None
    if role is None:
        return False
    if withdrawn:
        return action is Action.DISCOVER or (action is Action.MANAGE and role is TeamRole.PRINCIPAL_INVESTIGATOR)
    if action in READING:
        return True
    if action in {Action.ANALYSE, Action.WRITE}:
        return role is not TeamRole.READER
    return action is Action.MANAGE and role is TeamRole.PRINCIPAL_INVESTIGATOR


def _is_staff(world: World, asker: Asker, instrument: int | None) -> bool:
    return instrument is not None and asker.person is not None and (instrument, asker.person) in world.staff


def _is_shared(world: World, asker: Asker, index: int, now: datetime) -> bool:
    if asker.kind == "link":
        return index in world.linked
    if asker.person is None or (index, asker.person) not in world.shares:
        return False
    expires = world.shares[index, asker.person]
    return expires is None or expires > now


def _all_inputs(world: World, index: int) -> set[int]:
    found: set[int] = set()
    waiting = list(world.datasets[index].made_from)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(world.datasets[one].made_from)
    return found
