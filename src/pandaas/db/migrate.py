"""The schema's state, and running its migrations: one transaction, never backwards."""

from __future__ import annotations

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


def schema_state(settings: Settings) -> SchemaState:
    """Where the schema stands; looks without changing anything."""
    if _is_missing(settings):
        return state_of(None)
    with understood(), schema_connection(settings.database_url, writes=False) as connection:
        return state_of(_revision_of(connection))


def require_current_schema(settings: Settings) -> None:
    """Return if database and program fit; else `Conflict` (newer) or `Unavailable` (older or empty)."""
    state = schema_state(settings)
    refuse_newer(state)
    if not state.is_current:
        found = "is empty" if state.current is None else f"has the schema {state.current}"
        raise Unavailable(
            f"The database {found}; this program needs {state.head}.", remedy="Run `pandaas db upgrade` first."
        )


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


def state_of(current: str | None) -> SchemaState:
    """How a revision stands to the program."""
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


def refuse_newer(state: SchemaState) -> None:
    if not state.is_known:
        raise Conflict(
            f"The database has the schema {state.current}, which is newer than this program (it knows {state.head}).",
            remedy="Install the newer program again, or restore the backup that was made before its upgrade.",
        )
