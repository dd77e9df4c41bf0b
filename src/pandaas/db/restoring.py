"""Restore: an archive becomes the database and the home again, all of it or nothing.

1. The archive is unpacked below the home (`.restore-<stamp>`), checked against its manifest and written to the disk.
2. A journal is written: which renames make it the home, which put aside what is there (to `replaced-<stamp>`).
3. PostgreSQL only: schema and rows are loaded in one transaction, together with an event that names the stamp.
4. The renames are done.

Killed before the journal is written (PostgreSQL: before the transaction commits) nothing has changed, and the next
`restore`, `upgrade` or `backup` clears up; killed later, they finish the renames first (`finish_restore`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, make_url, text

from pandaas.config import Settings
from pandaas.db.archive import Progress, extract, read_header, sync_file, sync_folder, sync_tree
from pandaas.db.backups import HOME, entries_of
from pandaas.db.dump import SQLITE_MEMBER, check_sqlite, load_postgres
from pandaas.db.failures import understood
from pandaas.db.locks import exclusive, not_serving
from pandaas.db.migrate import migrate_connection, migrate_to, refuse_newer, schema_connection, state_of
from pandaas.model import Conflict, InvalidInput, utc_now

_STAGING = ".restore-"
_JOURNAL = "journal.json"
_KEPT = "pandaas.toml"  # the configuration that is there decides


@dataclass(frozen=True)
class RestoreReport:
    """`kept_aside`: where what was there before lies now, if anything was. `moved`: the home had another path then."""

    revision: str
    created: str
    kept_aside: list[str]
    moved: str | None


def restore(
    settings: Settings, archive: Path, *, replace: bool = False, progress: Progress | None = None
) -> RestoreReport:
    """Restore `archive` into an empty home and database; `replace` keeps what is there aside and takes its place.

    An archive of an older schema is brought up to the program afterwards. `Conflict` when the home or the database is
    not empty, when the platform is running there or the archive's schema is newer than the program; `UnreadableFile`
    when the archive is damaged or hostile. On any error nothing has changed.
    """
    say = progress or (lambda _text: None)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with understood(), exclusive(settings.home), not_serving(settings.home):
        finish_restore(settings)
        header = read_header(archive)
        _check_header(settings, header)
        _check_empty(settings, header, replace=replace)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        staging = settings.home / f"{_STAGING}{stamp}"
        staging.mkdir(mode=0o700)
        try:
            say("Reading the archive")
            extract(archive, staging, wanted=lambda name: name.startswith(("database/", HOME)))
            if header["database"] == "sqlite":
                check_sqlite(staging / SQLITE_MEMBER)
            (staging / "home").mkdir(exist_ok=True)
            say("Writing to disk")
            sync_tree(staging)
            moves = list(_moves(settings, staging, stamp, with_files=bool(header["files"])))
            in_database = header["database"] == "postgresql"
            _write_journal(staging, {"stamp": stamp, "in_database": in_database, "moves": moves})
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        if in_database:
            say("Filling the database")
            _load(settings.database_url, staging, header, stamp)
        aside = sorted({*_aside(moves, stamp), *_schema_aside(settings, stamp)})
        finish_restore(settings)
        migrate_to(settings.database_url, "head")
        home = str(header["home"])
        moved = home if home != str(settings.home) else None
        return RestoreReport(str(header["revision"]), str(header["created"]), aside, moved)


def finish_restore(settings: Settings) -> None:
    """Finish or clear up what a killed restore left. The caller holds the home's lock."""
    for staging in sorted(settings.home.glob(f"{_STAGING}*")):
        journal = _read_journal(staging)
        if journal is not None and (not journal["in_database"] or _was_loaded(settings, journal["stamp"])):
            for source, target in journal["moves"]:
                _move(Path(source), Path(target))
        shutil.rmtree(staging)


def _check_header(settings: Settings, header: dict[str, Any]) -> None:
    refuse_newer(state_of(str(header.get("revision"))))
    kind = make_url(settings.database_url).get_backend_name()
    if header.get("database") != kind:
        raise InvalidInput(
            f"The archive holds a {header.get('database')} database, the configuration says {kind}.",
            remedy="Set database.url to one of the same kind.",
            field="database.url",
        )


def _check_empty(settings: Settings, header: dict[str, Any], *, replace: bool) -> None:
    if replace:
        return
    found = [entry.name for entry in entries_of(settings) if entry.name != _KEPT] if header["files"] else []
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        found += [str(file) for file in _sqlite_files(settings) if file.exists()]
    else:
        with schema_connection(settings.database_url) as connection:
            found += inspect(connection).get_table_names()
    if found:
        raise Conflict(
            f"{settings.home} is not empty: it holds {', '.join(found[:5])}.",
            remedy="Restore into an empty home, or use --replace, which keeps what is there aside.",
        )


def _sqlite_files(settings: Settings) -> list[Path]:
    file = Path(make_url(settings.database_url).database or "")
    return [file.with_name(file.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]


def _moves(settings: Settings, staging: Path, stamp: str, *, with_files: bool) -> Iterator[tuple[str, str]]:
    """The renames, in order: first everything old aside, then everything new into place."""
    aside = settings.home / f"replaced-{stamp}"
    is_sqlite = make_url(settings.database_url).get_backend_name() == "sqlite"
    for file in _sqlite_files(settings) if is_sqlite else ():
        if file.exists():
            beside = file.parent != settings.home
            yield str(file), str(file.with_name(f"{file.name}.replaced-{stamp}") if beside else aside / file.name)
    new = sorted((staging / "home").iterdir()) if with_files else []
    keep = (settings.home / _KEPT).exists()
    if with_files:
        yield from ((str(old), str(aside / old.name)) for old in entries_of(settings) if old.name != _KEPT)
    if is_sqlite:
        file = _sqlite_files(settings)[0]
        staged = file.with_name(f".{file.name}.restore-{stamp}")
        if file.parent != settings.home:  # perhaps another file system: bring it there before the renames
            shutil.copyfile(staging / SQLITE_MEMBER, staged)
            sync_file(staged)
            yield str(staged), str(file)
        else:
            yield str(staging / SQLITE_MEMBER), str(file)
    for entry in new:
        target = aside / f"{_KEPT}.restored" if entry.name == _KEPT and keep else settings.home / entry.name
        yield str(entry), str(target)


def _move(source: Path, target: Path) -> None:
    """Rename, unless an interrupted round has done so already."""
    if not os.path.lexists(source) or os.path.lexists(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source.rename(target)
    sync_folder(target.parent)
    sync_folder(source.parent)


def _aside(moves: list[tuple[str, str]], stamp: str) -> Iterator[str]:
    for _source, target in moves:
        if f"replaced-{stamp}" in target:
            yield target


def _write_journal(staging: Path, journal: dict[str, Any]) -> None:
    draft = staging / "journal.draft"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(journal, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(staging / _JOURNAL)
    sync_folder(staging)
    sync_folder(staging.parent)


def _read_journal(staging: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((staging / _JOURNAL).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return found


def _load(url: str, staging: Path, header: dict[str, Any], stamp: str) -> None:
    """Schema, rows and the mark of this restore in one transaction; an old schema is renamed, not dropped."""
    with schema_connection(url) as connection:
        if inspect(connection).get_table_names():
            schema = connection.scalar(text("SELECT current_schema()"))
            connection.execute(text(f'ALTER SCHEMA "{schema}" RENAME TO "{_schema_name(stamp)}"'))
            connection.execute(text(f'CREATE SCHEMA "{schema}"'))
        migrate_connection(connection, str(header["revision"]))
        load_postgres(connection, staging)
        connection.execute(
            text(
                "INSERT INTO event (transaction, time, kind, subject, payload) "
                "VALUES (0, :now, 'platform.restored', :stamp, '{}')"
            ),
            {"now": utc_now(), "stamp": stamp},
        )


def _was_loaded(settings: Settings, stamp: str) -> bool:
    with schema_connection(settings.database_url) as connection:
        return _has_mark(connection, stamp)


def _has_mark(connection: Connection, stamp: str) -> bool:
    if "event" not in inspect(connection).get_table_names():
        return False
    found = text("SELECT 1 FROM event WHERE kind = 'platform.restored' AND subject = :stamp")
    return connection.scalar(found, {"stamp": stamp}) is not None


def _schema_name(stamp: str) -> str:
    return f"replaced_{stamp.lower()}"


def _schema_aside(settings: Settings, stamp: str) -> list[str]:
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        return []
    with schema_connection(settings.database_url) as connection:
        name = _schema_name(stamp)
        return [f"schema {name}"] if name in inspect(connection).get_schema_names() else []
