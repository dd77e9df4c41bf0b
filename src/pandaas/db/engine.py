"""One database, SQLite (WAL, embedded) or PostgreSQL, behind one small class."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from pandaas.db.failures import understood
from pandaas.model import Clock, InvalidInput, utc_now

_BUSY_MS = 15_000
_PATIENCE_S = 0.2
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "fuse.sshfs", "afs", "ceph"}


class Database:
    """The engine, its sessions and the clock they write by.

    `with database.session() as session:` is one transaction: committed at the end, rolled back on an error. On SQLite
    `session()` takes the write lock with its first statement (BEGIN IMMEDIATE), `read()` never does. A full disk, a lock
    held too long and a lost server raise `DiskFull`, `Busy` and `Unavailable`.
    """

    def __init__(self, url: str, *, clock: Clock = utc_now) -> None:
        self.url = make_url(url)
        self.clock = clock
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            _refuse_network_file_system(Path(self.url.database))
        self.engine = _engine(self.url.render_as_string(hide_password=False), self.is_sqlite)
        self._write = sessionmaker(self.engine.execution_options(writes=True), expire_on_commit=False)
        impatient = self.engine.execution_options(writes=True, patient=False)
        self._impatient = sessionmaker(impatient, expire_on_commit=False)
        self._read = sessionmaker(self.engine, expire_on_commit=False)
        file = self.url.database if self.is_sqlite else None
        self._commits: _Commits | None = None
        if not self.is_sqlite:
            self._commits = _Snapshots(self.engine)
        elif file and file != ":memory:":
            self._commits = _CommitCounter(file)

    @contextmanager
    def session(self, *, patient: bool = True) -> Iterator[Session]:
        """One writing transaction. `patient=False` raises `Busy` at once when another one holds SQLite's write lock."""
        with understood(), (self._write if patient else self._impatient).begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with understood(), self._read() as session:
            yield session

    def version(self) -> int | str | None:
        """Something that changes with every commit of whatever process; None where the database has nothing like it."""
        return self._commits.read() if self._commits is not None else None

    @property
    def tells_version_at_once(self) -> bool:
        """Whether `version` needs no network."""
        return isinstance(self._commits, _CommitCounter)

    def dispose(self) -> None:
        self.engine.dispose()
        if self._commits is not None:
            self._commits.close()


class _Commits(Protocol):
    """What tells one state of a database from another; None while that can't be told."""

    def read(self) -> int | str | None: ...

    def close(self) -> None: ...


class _Snapshots:
    """PostgreSQL: which transactions a query would see (https://www.postgresql.org/docs/current/functions-info.html).

    Two equal snapshots see the same rows. Readers get no transaction number, so only writing changes it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None
        self._lock = threading.Lock()

    def read(self) -> str | None:
        if not self._lock.acquire(timeout=_PATIENCE_S):  # one hung connection is no reason for all to wait
            return None
        try:
            if self._connection is None:
                lent = self._engine.raw_connection()
                self._connection = lent.driver_connection
                lent.detach()
                self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_snapshot()::text")
                return str(cursor.fetchone()[0])
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):  # the query that follows says what is wrong
            self._drop()
            return None
        finally:
            self._lock.release()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        with self._lock:
            self._drop()


class _CommitCounter:
    """SQLite's own (https://www.sqlite.org/pragma.html#pragma_data_version), on a connection that never writes."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def read(self) -> int | None:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = sqlite3.connect(self._file, timeout=0.1, check_same_thread=False)
                (number,) = self._connection.execute("PRAGMA data_version").fetchone()
            except sqlite3.Error:
                return None
        return int(number)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _engine(url: str, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000}, pool_size=20)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are ours: see _begin
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if not options.get("patient", True):
            connection.exec_driver_sql("PRAGMA busy_timeout=0")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")
        finally:
            if not options.get("patient", True):
                connection.exec_driver_sql(f"PRAGMA busy_timeout={_BUSY_MS}")

    return engine


def _refuse_network_file_system(file: Path) -> None:
    """SQLite's locks don't hold on network file systems; say so instead of losing data."""
    kind = _file_system_of(file.absolute())
    if kind in _NETWORK_FILE_SYSTEMS:
        raise InvalidInput(
            f"The database {file} lies on a network file system ({kind}), where SQLite is not safe.",
            remedy="Put PANDAAS_HOME on a local disk, or set database.url to a PostgreSQL server.",
            field="database.url",
        )


def _file_system_of(path: Path) -> str | None:
    try:
        lines = Path("/proc/mounts").read_text("utf-8").splitlines()
    except OSError:
        return None
    best, kind = "", None
    for line in lines:
        _device, mount, name, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        if (str(path) + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
            best, kind = mount, name
    return kind
