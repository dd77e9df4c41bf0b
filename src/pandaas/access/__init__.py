"""What they may see and do: one rule, asked in Python (`may`) and in SQL (`visible`); proposals, teams, shares."""

from pandaas.access.audit import AuditCheck, AuditLine
from pandaas.access.clause import visible
from pandaas.access.helping import Helpers
from pandaas.access.links import LinkView
from pandaas.access.office import Change, FileSource, Office, OfficeRunView, OfficeSource, source_of
from pandaas.access.policy import Policy, ReleaseChange, follow_inputs
from pandaas.access.reach import Line, Reach, reach
from pandaas.access.reads import ReadCounter
from pandaas.access.reasons import Answer, Seer
from pandaas.access.releases import ReleaseRequestView, ReleaseSet
from pandaas.access.requests import AccessRequestView
from pandaas.access.rights import not_found
from pandaas.access.rule import EVERYONE_SEES, RULE, SCOPE_OF, Grant, Protected, Tie, is_open, may
from pandaas.access.service import FACILITY, Access, access_of
from pandaas.access.shares import MOST_AT_ONCE
from pandaas.access.views import MemberView, ProposalView

__all__ = [
    "EVERYONE_SEES",
    "FACILITY",
    "MOST_AT_ONCE",
    "RULE",
    "SCOPE_OF",
    "Access",
    "AccessRequestView",
    "Answer",
    "AuditCheck",
    "AuditLine",
    "Change",
    "FileSource",
    "Grant",
    "Helpers",
    "Line",
    "LinkView",
    "MemberView",
    "Office",
    "OfficeRunView",
    "OfficeSource",
    "Policy",
    "ProposalView",
    "Protected",
    "Reach",
    "ReadCounter",
    "ReleaseChange",
    "ReleaseRequestView",
    "ReleaseSet",
    "Seer",
    "Tie",
    "access_of",
    "follow_inputs",
    "is_open",
    "may",
    "not_found",
    "reach",
    "source_of",
    "visible",
]
