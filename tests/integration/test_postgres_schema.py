"""Schema, backup and restore on a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from pandaas.access import FACILITY, Access
from pandaas.config import load_settings
from pandaas.db import Base, Database, EventTail, Position, append, backup, restore, upgrade
from pandaas.db.tables import Event, Token
from pandaas.identity import Identity
from pandaas.model import Conflict, Unavailable
from pandaas.testing.postgres import PostgresServer

pytestmark = [pytest.mark.integration, pytest.mark.postgres]


def test_migrations_make_the_tables_that_the_program_knows(postgres_database: Database) -> None:
    with postgres_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_backup_comes_back_with_all_types_and_goes_on_numbering(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    source = load_settings(home=tmp_path / "one", database={"url": postgres_server.new_database()})
    upgrade(source)
    database = Database(source.database_url)
    identity = Identity(database, source)
    alice = identity.create_person("alice", "Ælice\tTab\\N\nNewline", password="correct horse")
    _id, token = identity.create_token(alice, "script", ["read", "run"])
    Access(database).create_proposal(FACILITY, "SC-1", "Title")
    backup(source, tmp_path / "b.tar.gz")
    database.dispose()

    target = load_settings(home=tmp_path / "two", database={"url": postgres_server.new_database()})
    restore(target, tmp_path / "b.tar.gz")
    restored = Database(target.database_url)
    again = Identity(restored, target)
    assert again.principal_of_token(token).name == "Ælice Tab\\N Newline"
    assert again.create_person("bob", "Bob") == alice + 1
    with restored.read() as session:
        assert session.scalars(select(Token.scopes)).one() == ["read", "run"]
    tail = EventTail(restored, Position())
    assert [row.kind for row in tail.batch()][-1] == "person.created"
    restored.dispose()


def test_what_was_there_is_kept_in_a_schema_of_its_own(postgres_server: PostgresServer, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "one", database={"url": postgres_server.new_database()})
    upgrade(settings)
    backup(settings, tmp_path / "b.tar")
    database = Database(settings.database_url)
    Identity(database, settings).create_person("late", "Late")
    database.dispose()
    with pytest.raises(Conflict, match="not empty"):
        restore(settings, tmp_path / "b.tar")
    report = restore(settings, tmp_path / "b.tar", replace=True)
    [kept] = report.kept_aside
    name = kept.removeprefix("schema ")
    with database.read() as session:
        assert session.scalars(text('SELECT "user" FROM person')).all() == []
        assert session.scalars(text(f'SELECT "user" FROM "{name}".person')).all() == ["late"]
        assert name in inspect(session.connection()).get_schema_names()
    database.dispose()


def test_events_of_a_database_moved_by_hand_are_seen(postgres_database: Database, tmp_path: Path) -> None:
    """pg_restore into another server brings transaction numbers that are yet to come there."""
    with postgres_database.session() as session:
        append(session, "test.word", "moved")
        session.flush()
        session.execute(text("UPDATE event SET transaction = 900000000000"))
    assert EventTail(postgres_database, Position()).batch() == []
    url = postgres_database.url.render_as_string(hide_password=False)
    upgrade(load_settings(home=tmp_path, database={"url": url}))
    tail = EventTail(postgres_database)
    with postgres_database.session() as session:
        append(session, "test.word", "next")
    assert [row.subject for row in tail.batch()] == ["next"]
    with postgres_database.read() as session:
        assert session.scalar(select(Event.transaction).where(Event.subject == "moved")) == 0


def test_a_server_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    with pytest.raises(Unavailable), database.read() as session:
        session.execute(text("SELECT 1"))
