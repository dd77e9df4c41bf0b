"""The database: engine and sessions, all tables, migrations, the event log and leases."""

from pandaas.db import tables
from pandaas.db.backups import BackupReport, backup
from pandaas.db.base import AccessColumns, Base
from pandaas.db.engine import Database
from pandaas.db.events import EventTail, Position, append
from pandaas.db.failures import disk_full, is_disk_full, understood
from pandaas.db.leases import LEASE_S, hold, holders, release
from pandaas.db.locks import serving
from pandaas.db.memo import Memo
from pandaas.db.migrate import (
    SchemaState,
    alembic_config,
    migrate_connection,
    require_current_schema,
    schema_connection,
    schema_state,
)
from pandaas.db.notices import leave_notice
from pandaas.db.restoring import RestoreReport, restore
from pandaas.db.upgrading import UpgradeReport, upgrade

__all__ = [
    "LEASE_S",
    "AccessColumns",
    "BackupReport",
    "Base",
    "Database",
    "EventTail",
    "Memo",
    "Position",
    "RestoreReport",
    "SchemaState",
    "UpgradeReport",
    "alembic_config",
    "append",
    "backup",
    "disk_full",
    "hold",
    "holders",
    "is_disk_full",
    "leave_notice",
    "migrate_connection",
    "release",
    "require_current_schema",
    "restore",
    "schema_connection",
    "schema_state",
    "serving",
    "tables",
    "understood",
    "upgrade",
]
