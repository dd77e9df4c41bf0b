"""Stored paths in queries."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_

from pandaas.db import Database
from pandaas.db.tables import DatasetFile


def lies_below(database: Database, folder: str) -> ColumnElement[bool]:
    """The files below `folder` (as stored), at any depth."""
    start = folder.rstrip("/") + "/"
    if database.is_sqlite:  # a range that the index serves: '0' follows '/'
        return and_(DatasetFile.path >= start, DatasetFile.path < start[:-1] + "0")
    return DatasetFile.path.startswith(start, autoescape=True)
