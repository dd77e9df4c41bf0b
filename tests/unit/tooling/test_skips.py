"""Which skips a CI run forgives."""

from __future__ import annotations

import pytest

from pandaas.testing.skips import skip_is_allowed

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("reason", ["no GPU here", "Skipped: no cgroup v2", "marked full: …", "shared data absent"])
def test_what_a_machine_cannot_have_may_skip(reason: str) -> None:
    assert skip_is_allowed(reason)


@pytest.mark.parametrize("reason", ["chromium is not installed", "flaky", "needs PostgreSQL"])
def test_nothing_else_may_skip(reason: str) -> None:
    assert not skip_is_allowed(reason)


SKIPPING = """
import pytest

@pytest.mark.skip(reason="{reason}")
def test_one():
    pass
"""


@pytest.mark.parametrize(
    ("ci", "reason", "outcome"),
    [
        ("true", "no browser", "errors"),
        ("true", "no GPU", "skipped"),
        ("", "no browser", "skipped"),
    ],
)
def test_a_run_under_ci_fails_for_a_skip_it_does_not_forgive(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, reason: str, outcome: str
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makepyfile(SKIPPING.format(reason=reason))
    result = pytester.runpytest_inprocess("-p", "pandaas.testing.skips")
    result.assert_outcomes(**{outcome: 1})


def test_slow_tests_run_only_on_demand(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makeini("[pytest]\nmarkers = full: slow")
    pytester.makepyfile("import pytest\n@pytest.mark.full\ndef test_one(): pass")
    monkeypatch.delenv("PANDAAS_TEST_FULL", raising=False)
    monkeypatch.setenv("CI", "true")
    pytester.runpytest_inprocess("-p", "pandaas.testing.skips").assert_outcomes(skipped=1)
    monkeypatch.setenv("PANDAAS_TEST_FULL", "1")
    pytester.runpytest_inprocess("-p", "pandaas.testing.skips").assert_outcomes(passed=1)
