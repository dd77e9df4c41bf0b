"""A real PostgreSQL for tests: started by the test session, unprivileged, on a unix socket, gone afterwards.

`tests/conftest.py` loads this module as a pytest plug-in. Its fixtures:

- `postgres_server` (one per session): `server.new_database()` gives the address of a fresh, empty database.
- `database_url`: the address of a fresh database with the current schema, once on SQLite and once on PostgreSQL.
- `database`: a `pandaas.db.Database` on it, likewise twice. A test that wants to hold time still sets `database.clock`.
- `sqlite_database`, `postgres_database`: on one of them only; unit tests, which open no sockets, take the first.

Tests that take the PostgreSQL half carry the mark `postgres`. Where PostgreSQL is not installed they skip and say so
(under `CI=true` `pandaas.testing.skips` turns that into a failure).
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pandaas.db import Database
from pandaas.db.migrate import migrate_to

_START_S = 60.0
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "autovacuum": "off",
}


class PostgresServer:
    """One server process with its data in a temporary folder."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="pandaas-postgres-"))
        self._numbers = count(1)
        self._template: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster and start it; raises `RuntimeError` with the server's log when it doesn't come up."""
        as_somebody = _unprivileged(self._folder)
        data, log = self._folder / "data", self._folder / "log"
        making: list[str | Path] = [
            *as_somebody,
            self._programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
        ]
        subprocess.run(
            [*making, "--no-sync", "--encoding=UTF8", "--no-locale"], check=True, capture_output=True, cwd=self._folder
        )
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*as_somebody, self._programs / "postgres", "-D", data, "-k", self._folder, *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
            )
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text('utf-8', 'replace')}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server at once, without the checkpoint that nobody will read, and remove its files."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self, *, template: str = "template0") -> str:
        """The SQLAlchemy address of a new database, empty or like `template`."""
        name = f"pandaas_{next(self._numbers)}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self._url(name)

    def new_database_with_schema(self) -> str:
        """The same with the current schema in it, which is migrated once and copied afterwards."""
        if self._template is None:
            url = self.new_database()
            migrate_to(url, "head")
            self._template = _name_in(url)
        return self.new_database(template=self._template)

    def drop(self, url: str) -> None:
        name = _name_in(url)
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self._folder}"

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self._folder), user="postgres", dbname="postgres", autocommit=True)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True


def _name_in(url: str) -> str:
    return url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]


def find_programs() -> Path | None:
    """The folder with `initdb` and `postgres`: on the path, or Debian's, newest version first."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def _unprivileged(folder: Path) -> list[str | Path]:
    """PostgreSQL refuses to run as root: run it as `postgres` or `nobody` then. It ends when the tests are killed."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    os.chown(folder, account.pw_uid, account.pw_gid)
    return [
        *("setpriv", "--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups"),
        *("--pdeathsig", "QUIT"),
    ]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian package `postgresql`)")
    server = PostgresServer(programs)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the current schema, copied for each test."""
    file = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    migrate_to(f"sqlite:///{file}", "head")
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.integration])])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with the current schema."""
    if request.param == "sqlite":
        yield _sqlite_url(request, tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.new_database_with_schema()
    yield url
    server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the current schema, once on SQLite and once on PostgreSQL."""
    made = Database(database_url)
    yield made
    made.dispose()


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[Database]:
    """A database with the current schema on PostgreSQL (mark the test `postgres` and `integration`)."""
    url = postgres_server.new_database_with_schema()
    made = Database(url)
    yield made
    made.dispose()
    postgres_server.drop(url)


@pytest.fixture
def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with the current schema on SQLite."""
    made = Database(_sqlite_url(request, tmp_path))
    yield made
    made.dispose()


def _sqlite_url(request: pytest.FixtureRequest, folder: Path) -> str:
    template: Path = request.getfixturevalue("sqlite_template")
    return f"sqlite:///{shutil.copyfile(template, folder / 'pandaas.sqlite')}"
