"""Which tests may skip. Under CI=true a skip for any other reason is a failure: a green run must mean that it ran.

A pytest plugin (`tests/conftest.py` loads it). Tests marked `full` run only with PANDAAS_TEST_FULL=1.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

ALLOWED = ("no gpu", "no cgroup v2", "marked full", "shared data absent", "dials absent")


def skip_is_allowed(reason: str) -> bool:
    """May a test skip in CI for this reason? The reason holds one of the phrases of `ALLOWED`."""
    return any(phrase in reason.lower() for phrase in ALLOWED)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("PANDAAS_TEST_FULL"):
        return
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="marked full: run by `make test-full`"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    report = yield
    _refuse(report)
    return report


def _refuse(report: Any) -> None:
    """Turn a skip that CI doesn't allow into a failure that names the reason."""
    if not report.skipped or hasattr(report, "wasxfail") or not in_ci():
        return
    reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
    if not skip_is_allowed(reason):
        report.outcome = "failed"
        report.longrepr = f"Skipped under CI=true, which is not allowed for this reason: {reason}"
