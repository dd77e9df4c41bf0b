"""A quick password hash, so that tests that sign in many people don't spend their time on a slow one."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `Identity` made in the test uses argon2 with the smallest cost; its strength is the library's business."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("pandaas.identity.credentials.PasswordHasher", lambda: quick)
