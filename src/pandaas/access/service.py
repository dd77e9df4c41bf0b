"""The face of the room."""

from __future__ import annotations

from pandaas.access.instruments import Instruments
from pandaas.access.proposals import Proposals
from pandaas.access.rights import FACILITY
from pandaas.access.shares import Shares

__all__ = ["FACILITY", "Access"]


class Access(Proposals, Instruments, Shares):
    """What they may see and do, and what that depends on: proposals with teams, instruments with staff, shares.

    Every question is answered from the tables and the clock; nothing is kept between requests.
    """
