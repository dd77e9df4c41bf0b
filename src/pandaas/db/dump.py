"""A consistent picture of the database while others go on writing, and the way back.

SQLite: a copy by its online backup interface. PostgreSQL: every table by COPY in one repeatable-read transaction, which
needs no client programs and fits any server version; the schema itself is the migrations' business.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, MetaData, Table, create_engine, text

from pandaas.db.archive import ArchiveWriter
from pandaas.db.failures import disk_full
from pandaas.model import UnreadableFile

SQLITE_MEMBER = "database/pandaas.sqlite"
TABLES_MEMBER = "database/tables.json"


def dump_sqlite(file: Path, writer: ArchiveWriter) -> None:
    """Add a copy of the SQLite database to the archive."""
    copy = writer.scratch / "pandaas.sqlite"
    try:
        with closing(sqlite3.connect(file, timeout=15)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            raise disk_full() from error
        raise
    writer.add_file(SQLITE_MEMBER, copy)
    copy.unlink()


def check_sqlite(file: Path) -> None:
    """`UnreadableFile` when this is no sound SQLite database."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as connection:
            [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise UnreadableFile(f"The database in the archive can't be read: {error}.") from error
    if found != "ok":
        raise UnreadableFile(f"The database in the archive is damaged: {found}.")


def dump_postgres(url: str, writer: ArchiveWriter) -> None:
    """Add all tables of the schema to the archive, parents before children."""
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            tables = _tables(connection)
            described = [{"table": one.name, "columns": [column.name for column in one.columns]} for one in tables]
            writer.add_json(TABLES_MEMBER, described)
            for number, table in enumerate(described):
                file = writer.scratch / "table"
                _copy_out(_raw(connection), table, file)
                writer.add_file(_member(number), file)
                file.unlink()
    finally:
        engine.dispose()


def load_postgres(connection: Connection, folder: Path) -> None:
    """Fill the empty tables of this connection's schema from an unpacked archive; numbering goes on behind the rows."""
    try:
        described = json.loads((folder / TABLES_MEMBER).read_text("utf-8"))
        wanted = [(str(one["table"]), [str(column) for column in one["columns"]]) for one in described]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFile("The list of tables in the archive can't be read.") from error
    known = {table.name: {column.name for column in table.columns} for table in _tables(connection)}
    for number, (name, columns) in enumerate(wanted):
        if not set(columns) <= known.get(name, set()):
            raise UnreadableFile(f"The archive holds a table '{name[:64]}' that its schema doesn't have.")
        _copy_in(_raw(connection), name, columns, folder / _member(number))
    for table in _tables(connection):
        _continue_numbering(connection, table)
    # Transaction numbers of another server mean nothing here: all of it is settled and older than anything to come.
    connection.execute(text("UPDATE event SET transaction = 0"))


def _tables(connection: Connection) -> list[Table]:
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def _member(number: int) -> str:
    return f"database/{number:03}.copy"


def _raw(connection: Connection) -> psycopg.Connection[Any]:
    raw = connection.connection.driver_connection
    if not isinstance(raw, psycopg.Connection):
        raise TypeError("PostgreSQL is reached through psycopg")
    return raw


def _copy_out(raw: psycopg.Connection[Any], table: dict[str, Any], file: Path) -> None:
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table["table"]), _names(table["columns"]))
    with raw.cursor() as cursor, cursor.copy(statement) as copy, file.open("wb") as target:
        for block in copy:
            target.write(block)


def _copy_in(raw: psycopg.Connection[Any], name: str, columns: list[str], file: Path) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(name), _names(columns))
    with raw.cursor() as cursor, cursor.copy(statement) as copy, file.open("rb") as source:
        while block := source.read(1 << 20):
            copy.write(block)


def _names(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)


def _continue_numbering(connection: Connection, table: Table) -> None:
    for column in table.primary_key.columns:
        parameters = {"table": table.name, "column": column.name}
        sequence = connection.scalar(text("SELECT pg_get_serial_sequence(quote_ident(:table), :column)"), parameters)
        if sequence is not None:
            last = connection.scalar(text(f'SELECT max("{column.name}") FROM "{table.name}"'))  # noqa: S608 - reflected
            connection.execute(
                text("SELECT setval(:sequence, :value, :called)"),
                {"sequence": sequence, "value": last or 1, "called": last is not None},
            )
