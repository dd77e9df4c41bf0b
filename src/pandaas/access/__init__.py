"""What they may see and do: one rule, asked in Python (`may`) and in SQL (`visible`); proposals, teams, shares."""

from pandaas.access.clause import visible
from pandaas.access.rights import not_found
from pandaas.access.rule import EVERYONE_SEES, RULE, SCOPE_OF, Grant, Protected, Tie, is_open, may
from pandaas.access.service import FACILITY, Access
from pandaas.access.views import MemberView, ProposalView

__all__ = [
    "EVERYONE_SEES",
    "FACILITY",
    "RULE",
    "SCOPE_OF",
    "Access",
    "Grant",
    "MemberView",
    "ProposalView",
    "Protected",
    "Tie",
    "is_open",
    "may",
    "not_found",
    "visible",
]
