"""The schema's history: one line, the same as the tables, never backwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import pandaas.db.migrate
from pandaas.config import Settings, load_settings
from pandaas.db import Base, Database, require_current_schema, schema_state, upgrade
from pandaas.db.migrate import alembic_config, schema_connection
from pandaas.model import Conflict, Unavailable


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


def set_revision(settings: Settings, revision: str) -> None:
    with schema_connection(settings.database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_the_history_is_one_line() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert all(not revision.is_merge_point for revision in script.walk_revisions())


def test_migrations_make_the_tables_that_the_program_knows(sqlite_database: Database) -> None:
    with sqlite_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_empty_home_is_set_up_without_a_backup(settings: Settings) -> None:
    before = schema_state(settings)
    assert (before.current, before.is_current) == (None, False)
    assert not settings.home.exists()
    done = upgrade(settings)
    assert (done.before, done.backup) == (None, None)
    assert schema_state(settings).is_current
    assert settings.home.stat().st_mode & 0o777 == 0o700
    require_current_schema(settings)


def test_a_current_schema_is_left_alone(settings: Settings) -> None:
    upgrade(settings)
    assert upgrade(settings).backup is None
    assert not (settings.home / "backups").exists()


def test_an_empty_or_older_schema_is_not_served(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="is empty") as caught:
        require_current_schema(settings)
    assert "pandaas db upgrade" in str(caught.value.remedy)


def test_a_newer_schema_is_refused(settings: Settings) -> None:
    upgrade(settings)
    set_revision(settings, "7777")
    for action in (upgrade, require_current_schema):
        with pytest.raises(Conflict, match="newer than this program"):
            action(settings)
    assert schema_state(settings).current == "7777"


def test_tables_without_a_revision_are_not_ours(settings: Settings) -> None:
    upgrade(settings)
    with schema_connection(settings.database_url) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(Conflict, match="no schema revision"):
        upgrade(settings)


def with_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A program that knows one more revision."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    folder = tmp_path / "migrations"
    shutil.copytree(pandaas.db.migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions/r9999_next.py").write_text(
        f"from alembic import op\nrevision = '9999'\ndown_revision = {head!r}\ndef upgrade():\n    {body}\n"
    )
    monkeypatch.setattr(pandaas.db.migrate, "MIGRATIONS", folder)


def test_an_upgrade_backs_up_first(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(settings)
    old = schema_state(settings).head
    with_revision(tmp_path, monkeypatch, "op.execute('DELETE FROM lease')")
    done = upgrade(settings)
    assert (done.before, done.after) == (old, "9999")
    assert done.backup is not None
    assert done.backup.parent == settings.home / "backups"
    assert done.backup.stat().st_mode & 0o777 == 0o600


def test_an_upgrade_that_fails_changes_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(settings)
    old = schema_state(settings).head
    with_revision(tmp_path, monkeypatch, "op.execute('DROP TABLE lease'); raise RuntimeError('half way')")
    with pytest.raises(RuntimeError, match="half way"):
        upgrade(settings)
    assert schema_state(settings).current == old
    with schema_connection(settings.database_url) as connection:
        assert connection.execute(text("SELECT * FROM lease")).all() == []


def test_a_migration_that_breaks_references_is_refused(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(settings)
    broken = "INSERT INTO token VALUES (1, 99, 'x', 'x', '[]', '2026-01-01', NULL, NULL)"
    with_revision(tmp_path, monkeypatch, f'op.execute("{broken}")')
    with pytest.raises(Conflict, match="broken references"):
        upgrade(settings)
    assert schema_state(settings).current != "9999"
