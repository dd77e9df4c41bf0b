"""The database: engine and sessions, all tables, migrations, the event log and leases."""

from pandaas.db import tables
from pandaas.db.base import AccessColumns, Base
from pandaas.db.engine import Database
from pandaas.db.events import EventTail, Position, append
from pandaas.db.failures import disk_full, is_disk_full, understood
from pandaas.db.leases import hold, holders, release
from pandaas.db.migrate import SchemaState, UpgradeReport, require_current_schema, schema_state, upgrade

__all__ = [
    "AccessColumns",
    "Base",
    "Database",
    "EventTail",
    "Position",
    "SchemaState",
    "UpgradeReport",
    "append",
    "disk_full",
    "hold",
    "holders",
    "is_disk_full",
    "release",
    "require_current_schema",
    "schema_state",
    "tables",
    "understood",
    "upgrade",
]
