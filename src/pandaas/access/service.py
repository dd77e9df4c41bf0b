"""The face of the room."""

from __future__ import annotations

from pandaas.access.audit import Audit
from pandaas.access.helping import Helping
from pandaas.access.instruments import Instruments
from pandaas.access.links import Links
from pandaas.access.reasons import Reasons
from pandaas.access.requests import Requests
from pandaas.access.rights import FACILITY
from pandaas.access.showing import Showing
from pandaas.config import Settings
from pandaas.db import Database

__all__ = ["FACILITY", "Access", "access_of"]


class Access(Requests, Reasons, Links, Instruments, Audit, Showing, Helping):
    """What they may see and do, and what that depends on: proposals with teams, instruments with staff, the data policy,
    shares, links and requests.

    Every question is answered from the tables and the clock; nothing is kept between requests.
    """


def access_of(database: Database, settings: Settings) -> Access:
    """The room as this facility configured it."""
    facility = settings.facility
    return Access(
        database, facility=facility.short_name, embargo_years=facility.embargo_years, licence=facility.licence
    )
