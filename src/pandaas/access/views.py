"""What this room tells about proposals."""

from __future__ import annotations

from dataclasses import dataclass

from pandaas.db.tables import Person, Proposal
from pandaas.model import TeamRole


@dataclass(frozen=True)
class MemberView:
    person: Person
    role: TeamRole


@dataclass(frozen=True)
class ProposalView:
    """A proposal as one principal sees it. `members` is empty for those who don't work on it.

    `is_open`: released, anyone may read.
    """

    proposal: Proposal
    instrument: str | None
    my_role: TeamRole | None
    may_write: bool
    may_manage: bool
    is_open: bool
    members: tuple[MemberView, ...]
