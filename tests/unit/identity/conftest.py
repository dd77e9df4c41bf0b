from __future__ import annotations

from pathlib import Path

import pytest

from pandaas.config import Settings, load_settings
from pandaas.db import Database
from pandaas.identity import Identity
from pandaas.testing.clock import ManualClock


@pytest.fixture
def clock(sqlite_database: Database) -> ManualClock:
    sqlite_database.clock = ManualClock()
    return sqlite_database.clock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


@pytest.fixture
def identity(sqlite_database: Database, settings: Settings, clock: ManualClock, quick_passwords: None) -> Identity:
    return Identity(sqlite_database, settings)


@pytest.fixture
def alice(identity: Identity) -> int:
    return identity.create_person("alice", "Alice Moreau", password="correct horse")
