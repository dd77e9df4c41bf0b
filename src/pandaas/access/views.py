"""What this room tells about proposals."""

from __future__ import annotations

from dataclasses import dataclass

from pandaas.access.policy import Policy
from pandaas.db.tables import Person, Proposal
from pandaas.model import TeamRole


@dataclass(frozen=True)
class MemberView:
    person: Person
    role: TeamRole


@dataclass(frozen=True)
class ProposalView:
    """A proposal as one principal sees it. `members` is empty for those who don't work on it.

    `is_open`: released, anyone may read. `may_read` is false of one that is only announced. `may_decide`: she decides on
    requests to change its release.
    """

    proposal: Proposal
    instrument: str | None
    my_role: TeamRole | None
    may_write: bool
    may_manage: bool
    is_open: bool
    may_read: bool
    may_decide: bool
    policy: Policy
    members: tuple[MemberView, ...]
