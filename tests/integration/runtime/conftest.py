"""A Slurm of the test session's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pandaas.testing.slurm import SlurmServer


@pytest.fixture(scope="session")
def slurm() -> Iterator[SlurmServer]:
    reason = SlurmServer.missing()
    if reason:
        pytest.skip(reason)
    server = SlurmServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()
