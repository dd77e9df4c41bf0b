"""The database: engine and sessions, all tables, migrations, the event log and leases."""

from pandaas.db import tables
from pandaas.db.base import AccessColumns, Base
from pandaas.db.engine import Database
from pandaas.db.events import EventTail, Position, append
from pandaas.db.leases import hold, holders, release

__all__ = [
    "AccessColumns",
    "Base",
    "Database",
    "EventTail",
    "Position",
    "append",
    "hold",
    "holders",
    "release",
    "tables",
]
