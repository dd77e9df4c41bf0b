"""Fixtures of the catalogue's unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pandaas.db import Database
from pandaas.testing.facility import Facility, make_facility


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)
