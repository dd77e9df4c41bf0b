"""What all tests share: which may skip (and which only run on demand)."""

from __future__ import annotations

pytest_plugins = ["pandaas.testing.skips", "pandaas.testing.postgres", "pandaas.testing.passwords"]
