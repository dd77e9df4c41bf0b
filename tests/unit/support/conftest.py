"""Fixtures of the tests of help requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pandaas.db import Database
from pandaas.identity import Identity
from pandaas.support import Support
from pandaas.testing.facility import Facility, make_facility


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def support(facility: Facility) -> Support:
    return Support(facility.database, Identity(facility.database, facility.settings), facility.access)
