"""The repository's own checks see what they are for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import check_rooms  # noqa: E402 - scripts of tools/, not a package
import check_text  # noqa: E402
import licences  # noqa: E402
import run_tests  # noqa: E402
import setup as setup_tool  # noqa: E402


def test_a_registry_is_seen_in_any_address() -> None:
    host = ".".join(("files", "python" + "hosted", "org"))
    assert list(check_text.registries_in(f'"https://{host}/packages/x.whl"'.encode())) == [host]
    assert list(check_text.registries_in(b"https://docs.python.org and numpy.org, v1.2.3")) == []


def test_a_lock_with_addresses_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "package-lock.json"
    lock.write_text('{"packages": {"node_modules/a": {"resolved": "https://example.org/a.tgz"}}}')
    assert any("download addresses" in problem for problem in check_text.problems_of(lock))


def test_a_long_module_is_refused_unless_it_only_declares(tmp_path: Path) -> None:
    module = tmp_path / "long.py"
    module.write_text("x = 1\n" * 501)
    assert list(check_text.problems_of(module)) == []
    module.write_text("def f(): ...\n" * 501)
    assert len(list(check_text.problems_of(module))) == 1


def test_a_room_is_entered_by_its_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = check_rooms.PACKAGE / "jobs" / "imagined.py"
    text = "from pandaas.runtime.files import read_json\nfrom pandaas.model import Action\nfrom pandaas.db.tables import x\n"
    monkeypatch.setattr(Path, "read_text", lambda _self, _encoding: text)
    assert [problem.split(": ")[1] for problem in check_rooms.problems_of(module)] == [
        "imports pandaas.runtime.files; use what pandaas.runtime offers"
    ]


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("BSD-3-Clause", True),
        ("LGPL-3.0-only", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("(MIT OR GPL-3.0-or-later)", True),
        ("GPL-3.0-only", False),
        ("GNU General Public License v2 (GPLv2)", False),
        ("AGPL-3.0", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_which_licences_may_ship(licence: str, allowed: bool) -> None:
    assert (licences.Package("x", "1", licence, "Python").problem is None) is allowed


def test_results_of_a_stage_are_added_up(tmp_path: Path) -> None:
    report = tmp_path / "unit.xml"
    report.write_text('<testsuites><testsuite tests="10" failures="1" errors="1" skipped="2"/></testsuites>')
    count = run_tests._read(report, 1, "unit")
    assert (count.passed, count.failed, count.skipped) == (6, 2, 2)


def test_a_run_that_ends_badly_is_a_failure_even_without_a_failed_test(tmp_path: Path) -> None:
    assert run_tests._read(tmp_path / "none.xml", 124, "unit").failed == 1
    assert run_tests._read(tmp_path / "none.xml", 0, "unit").failed == 0


def test_set_up_steps_are_remembered_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_tool, "CACHE", tmp_path)
    steps = setup_tool.Steps()
    with steps.running("page", "f1", "the page"):
        pass
    assert setup_tool.Steps().fresh("page", "f1")
    with pytest.raises(RuntimeError), setup_tool.Steps().running("page", "f2", "the page"):
        raise RuntimeError
    assert not setup_tool.Steps().fresh("page", "f1")
    assert not setup_tool.Steps().fresh("page", "f2")


def test_the_locks_name_versions_and_hashes_only() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        for line in lock.read_text("utf-8").splitlines():
            assert not line.startswith("-"), f"{lock.name}: {line}"
            assert "://" not in line, f"{lock.name}: {line}"
