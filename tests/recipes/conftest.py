"""Recipes run in the environments that the tests of the page use as well, so that each is built once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("PANDAAS_TEST_CACHE", Path(__file__).parents[2] / ".cache"))


@pytest.fixture(scope="package", autouse=True)
def _shared_environments() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if "PANDAAS_RUNTIME__ENVIRONMENT_FOLDER" not in os.environ:
            patch.setenv("PANDAAS_RUNTIME__ENVIRONMENT_FOLDER", str(CACHE / "environments"))
        yield
