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


@pytest.fixture(autouse=True)
def _nothing_left_of_earlier_tests(request: pytest.FixtureRequest) -> None:
    """A test that needs the whole node must not wait for a job that an earlier one left behind."""
    marker = request.node.get_closest_marker("xdist_group")
    if marker and marker.args == ("slurm",) and not SlurmServer.missing():
        left = request.getfixturevalue("slurm").clear()
        if left:
            print(f"left of earlier tests:\n{left}")
