"""Bringing the schema up to the program: backup first, one transaction, never backwards.

An upgrade that is killed or fails leaves the old schema as it was; its backup lies in `backups` of the home.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from pandaas.config import Settings
from pandaas.db.backups import backup as write_backup
from pandaas.db.failures import understood
from pandaas.db.locks import exclusive
from pandaas.db.migrate import migrate_to, refuse_newer, schema_connection, schema_state
from pandaas.db.restoring import finish_restore


@dataclass(frozen=True)
class UpgradeReport:
    """Revisions before and after, and the backup that was made in between (`pandaas restore --replace` undoes)."""

    before: str | None
    after: str
    backup: Path | None


def upgrade(settings: Settings, *, backup: bool = True) -> UpgradeReport:
    """Bring the schema up to the program. A database that holds anything is backed up first.

    `Conflict` when the schema is newer than the program, `DiskFull` when there is no room for the backup.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with understood(), exclusive(settings.home):
        finish_restore(settings)
        state = schema_state(settings)
        refuse_newer(state)
        saved = None
        if not state.is_current:
            if backup and state.current is not None:
                stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
                saved = settings.home / "backups" / f"before-upgrade-of-{state.current}-{stamp}.tar"
                write_backup(settings, saved, files=False)
            migrate_to(settings.database_url, "head")
        _settle_events(settings.database_url)
        return UpgradeReport(state.current, state.head, saved)


def _settle_events(url: str) -> None:
    """A PostgreSQL database that an operator moved to another server carries transaction numbers that are yet to come
    there; such events would stay unseen until then. All that is here now is settled."""
    with schema_connection(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                text(
                    "UPDATE event SET transaction = 0 "
                    "WHERE transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
                )
            )
