"""The schema's state, and bringing it up to the program: backup first, one transaction, never backwards.

An upgrade that is killed or fails leaves the old schema as it was; the backup lies in `backups` of the home.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, event, inspect, make_url, text

from pandaas.config import Settings
from pandaas.db.failures import understood
from pandaas.model import Conflict, Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_KEY = 7203190  # of PostgreSQL's advisory lock: two servers that start at once upgrade one after the other


@dataclass(frozen=True)
class SchemaState:
    """`current` is the database's revision (None: empty), `head` the program's."""

    current: str | None
    head: str
    is_known: bool

    @property
    def is_current(self) -> bool:
        return self.current == self.head


@dataclass(frozen=True)
class UpgradeReport:
    before: str | None
    after: str
    backup: Path | None


def schema_state(settings: Settings) -> SchemaState:
    """Where the schema stands; looks without changing anything."""
    if _is_missing(settings):
        return _state(None)
    with understood(), schema_connection(settings.database_url, writes=False) as connection:
        return _state(_revision_of(connection))


def require_current_schema(settings: Settings) -> None:
    """Return if database and program fit; else `Conflict` (newer) or `Unavailable` (older or empty)."""
    state = schema_state(settings)
    _refuse_newer(state)
    if not state.is_current:
        found = "is empty" if state.current is None else f"has the schema {state.current}"
        raise Unavailable(
            f"The database {found}; this program needs {state.head}.", remedy="Run `pandaas db upgrade` first."
        )


def upgrade(settings: Settings, *, backup: bool = True) -> UpgradeReport:
    """Bring the schema up to the program. A database that holds anything is backed up first.

    `Conflict` when the schema is newer than the program, `DiskFull` when there is no room for the backup.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _one_upgrade(settings.home):
        state = schema_state(settings)
        _refuse_newer(state)
        saved = None
        if state.is_current:
            return UpgradeReport(state.current, state.head, None)
        if backup and state.current is not None:
            saved = _back_up(settings, state.current)
        migrate_to(settings.database_url, "head")
        return UpgradeReport(state.current, state.head, saved)


def migrate_to(url: str, revision: str) -> None:
    """Run the migrations up to `revision` in one transaction."""
    with understood(), schema_connection(url) as connection:
        migrate_connection(connection, revision)


def migrate_connection(connection: Connection, revision: str) -> None:
    """The same in a transaction of the caller."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_KEY})
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise Conflict(f"The migration would leave '{broken[0]}' with broken references; nothing was changed.")


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def schema_connection(url: str, *, writes: bool = True) -> Iterator[Connection]:
    """A connection of its own in one transaction, where SQLite doesn't enforce foreign keys: rebuilding a table
    would else delete what refers to it. (They are checked before the transaction ends.)"""
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _ours(connection: object, _record: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]  # transactions are ours
            connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
            connection.execute("PRAGMA busy_timeout=15000")  # type: ignore[attr-defined]

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _is_missing(settings: Settings) -> bool:
    url = make_url(settings.database_url)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def _state(current: str | None) -> SchemaState:
    script = ScriptDirectory.from_config(alembic_config())
    head = script.get_current_head()
    if head is None:
        raise AssertionError("the program carries no migrations")
    known = {revision.revision for revision in script.walk_revisions()}
    return SchemaState(current, head, current is None or current in known)


def _revision_of(connection: Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None and "person" in inspect(connection).get_table_names():
        raise Conflict(
            "The database holds tables but no schema revision.",
            remedy="It was not made by `pandaas db upgrade`; use another.",
        )
    return found


def _refuse_newer(state: SchemaState) -> None:
    if not state.is_known:
        raise Conflict(
            f"The database has the schema {state.current}, which is newer than this program (it knows {state.head}).",
            remedy="Install the newer program again, or restore the backup that was made before its upgrade.",
        )


def _back_up(settings: Settings, revision: str) -> Path:
    raise NotImplementedError


@contextmanager
def _one_upgrade(home: Path) -> Iterator[None]:
    """One upgrade of a home at a time; a second one waits."""
    descriptor = os.open(home / ".upgrade.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
