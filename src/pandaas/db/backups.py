"""Backup: the database and the home in one archive that fits together, while the platform runs.

The database is pictured first. What it names is on the disk by then (results are registered after they are written), so
every file it knows is in the archive; files that come later are in it or not, and harm nobody. Environments, logs and
earlier backups are left out: they can be made again, or are kept elsewhere. Links are left out and counted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from pandaas import __version__
from pandaas.config import Settings
from pandaas.db.archive import HEADER, ArchiveWriter, Progress, writing
from pandaas.db.dump import dump_postgres, dump_sqlite
from pandaas.db.migrate import schema_state
from pandaas.model import InvalidInput, utc_now

LEFT_OUT = frozenset({"environments", "logs", "backups", "cache", "tmp"})
HOME = "home/"


@dataclass(frozen=True)
class BackupReport:
    """`skipped`: links, sockets and files that vanished meanwhile."""

    archive: Path
    size: int
    files: int
    skipped: int
    revision: str


def backup(settings: Settings, target: Path, *, files: bool = True, progress: Progress | None = None) -> BackupReport:
    """Write the archive `target` (`.tar`, or `.tar.gz` to compress); `files=False` takes the database alone.

    `Conflict` when the target exists, `InvalidInput` when there is nothing to back up, `DiskFull` without a trace of it.
    Killed at any moment it leaves either the whole archive or none.
    """
    state = schema_state(settings)
    if state.current is None:
        raise InvalidInput(f"There is no database to back up at {_shown(settings)}.")
    say = progress or (lambda _text: None)
    counted = _Count()
    with writing(target) as writer:
        url = make_url(settings.database_url)
        kind = url.get_backend_name()
        writer.add_json(
            HEADER,
            {
                "format": 1,
                "program": __version__,
                "created": utc_now().isoformat(),
                "revision": state.current,
                "database": kind,
                "home": str(settings.home),
                "files": files,
            },
        )
        say("Database")
        if kind == "sqlite":
            dump_sqlite(Path(url.database or ""), writer)
        else:
            dump_postgres(settings.database_url, writer)
        if files:
            _add_home(settings, target.absolute(), writer, counted, say)
    return BackupReport(target, target.stat().st_size, counted.files, counted.skipped, state.current)


@dataclass
class _Count:
    files: int = 0
    skipped: int = 0


def entries_of(settings: Settings) -> list[Path]:
    """What belongs to a backup at the top of the home: neither the database's files nor what can be made again."""
    database = make_url(settings.database_url)
    ours = {Path(database.database or "").name} if database.get_backend_name() == "sqlite" else set()
    without = LEFT_OUT | {name + suffix for name in ours for suffix in ("", "-wal", "-shm", "-journal")}
    if settings.runtime.environment_folder and settings.runtime.environment_folder.parent == settings.home:
        without |= {settings.runtime.environment_folder.name}
    return sorted(
        entry
        for entry in settings.home.iterdir()
        if entry.name not in without
        and not entry.name.startswith((".restore-", "replaced-"))
        and entry.suffix not in {".lock", ".part", ".scratch"}
    )


def _add_home(settings: Settings, target: Path, writer: ArchiveWriter, counted: _Count, say: Progress) -> None:
    for entry in entries_of(settings):
        say(entry.name)
        for path in _files_below(entry):
            if path.parent == target.parent and path.name.startswith(f".{target.name}."):
                continue  # the archive itself, growing
            name = HOME + entry.name if path == entry else f"{HOME}{entry.name}/{path.relative_to(entry).as_posix()}"
            if writer.add_file(name, path):
                counted.files += 1
            else:
                counted.skipped += 1


def _files_below(entry: Path) -> Iterator[Path]:
    """All files of an entry of the home. A linked folder at the top is followed: operators put big ones elsewhere."""
    if not entry.is_dir():
        yield entry
        return
    for place, folders, files in os.walk(entry):
        folders.sort()
        yield from (Path(place, name) for name in sorted(files))
        yield from (Path(place, name) for name in folders if Path(place, name).is_symlink())


def _shown(settings: Settings) -> str:
    return make_url(settings.database_url).render_as_string(hide_password=True)
