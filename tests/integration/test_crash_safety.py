"""`kill -9` in the middle of a backup, a restore or an upgrade loses nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text

import pandaas.db.migrate
from pandaas.config import Settings, load_settings
from pandaas.db import Database, append, backup, restore, schema_state, upgrade
from pandaas.db.archive import extract
from pandaas.db.tables import Event
from pandaas.testing.crash import points
from pandaas.testing.postgres import PostgresServer

pytestmark = pytest.mark.integration

NewSettings = Callable[[Path], Settings]


def step_of(settings: Settings) -> int:
    """Every place on SQLite; on the slower PostgreSQL every seventh in `make test-full`, else every fiftieth."""
    if settings.database.url is None:
        return 1
    return 7 if os.environ.get("PANDAAS_TEST_FULL") else 50


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def new_settings(request: pytest.FixtureRequest) -> NewSettings:
    """Makes settings for a home, whose database has the current schema and no rows."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")

        def on_sqlite(home: Path) -> Settings:
            settings = load_settings(home=home)
            home.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(template, settings.database_url.removeprefix("sqlite:///"))
            return settings

        return on_sqlite
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return lambda home: load_settings(home=home, database={"url": server.new_database_with_schema()})


def fill(settings: Settings, word: str) -> None:
    """A small home whose database and files all say `word`."""
    upgrade(settings)
    database = Database(settings.database_url)
    with database.session() as session:
        for _ in range(3):
            append(session, "test.word", word)
    database.dispose()
    for name in ("uploads/a.dat", "jobs/j-1/output/result.nxs"):
        file = settings.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(word)


def words(settings: Settings) -> set[str]:
    """What database and files say; one word when they fit together."""
    database = Database(settings.database_url)
    with database.read() as session:
        found = set(session.scalars(select(Event.subject).where(Event.kind == "test.word")))
    database.dispose()
    return found | {(settings.home / name).read_text() for name in ("uploads/a.dat", "jobs/j-1/output/result.nxs")}


def test_backup_killed_anywhere_leaves_a_whole_archive_or_none(new_settings: NewSettings, tmp_path: Path) -> None:
    settings = new_settings(tmp_path / "home")
    fill(settings, "old")
    target = tmp_path / "backup.tar"
    outcomes = set()
    for point in points(lambda: backup(settings, target), step=step_of(settings)):
        outcomes.add(target.exists())
        if target.exists():
            out = tmp_path / "out"
            extract(target, out, wanted=lambda name: True)
            assert (out / "home/uploads/a.dat").read_text() == "old", point
            shutil.rmtree(out)
            target.unlink()
        assert words(settings) == {"old"}, point
    assert outcomes == {True, False}


def test_restore_killed_anywhere_leaves_the_old_or_the_new(new_settings: NewSettings, tmp_path: Path) -> None:
    source = new_settings(tmp_path / "source")
    fill(source, "new")
    archive = tmp_path / "backup.tar"
    backup(source, archive)
    outcomes: set[str] = set()
    homes = [new_settings(tmp_path / "home0")]
    fill(homes[0], "old")
    for point in points(lambda: restore(homes[-1], archive, replace=True), step=step_of(homes[0])):
        settings = homes[-1]
        upgrade(settings)  # what the next start does
        [word] = words(settings)
        outcomes.add(word)
        asides = [*settings.home.glob("replaced-*/uploads/a.dat")]
        assert word == "old" or [aside.read_text() for aside in asides] == ["old"], point
        assert not list(settings.home.glob(".restore-*")), point
        homes.append(new_settings(tmp_path / f"home{point + 1}"))
        fill(homes[-1], "old")
    assert outcomes == {"old", "new"}


def test_upgrade_killed_anywhere_keeps_all_rows(
    new_settings: NewSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = new_settings(tmp_path / "home")
    fill(settings, "old")
    head = schema_state(settings).head
    newer = tmp_path / "migrations"
    shutil.copytree(pandaas.db.migrate.MIGRATIONS, newer, ignore=shutil.ignore_patterns("__pycache__"))
    (newer / "versions/r9999_next.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision = '9999'\ndown_revision = {head!r}\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('event') as batch:\n"
        "        batch.add_column(sa.Column('colour', sa.String(8), server_default='red'))\n"
        "    with op.batch_alter_table('person') as batch:\n"
        "        batch.alter_column('name', type_=sa.String(300))\n"
    )
    monkeypatch.setattr(pandaas.db.migrate, "MIGRATIONS", newer)
    outcomes = set()
    for point in points(lambda: upgrade(settings), step=step_of(settings)):
        state = schema_state(settings)
        assert state.current in {head, "9999"}, point
        outcomes.add(state.current)
        assert words(settings) == {"old"}, point
        shutil.rmtree(settings.home / "backups", ignore_errors=True)
        if state.is_current and point:
            break
    upgrade(settings)
    with pandaas.db.migrate.schema_connection(settings.database_url) as connection:
        assert set(connection.scalars(text("SELECT colour FROM event WHERE kind = 'test.word'"))) == {"red"}
    assert head in outcomes
