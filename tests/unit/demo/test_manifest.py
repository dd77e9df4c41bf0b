"""The demo's manifest is consistent in itself and with the pinned packages."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from pandaas.config import bundled
from pandaas.model import DatasetKind, ProposalType, TeamRole, technique

FOLDER = bundled("demo")
MANIFEST: dict[str, Any] = tomllib.loads((FOLDER / "manifest.toml").read_text("utf-8"))
DATASETS: list[dict[str, Any]] = MANIFEST["datasets"]


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry["file"])
def test_every_file_belongs_somewhere_and_says_its_origin(entry: dict[str, Any]) -> None:
    assert entry["proposal"] in {one["name"] for one in MANIFEST["proposals"]}
    assert entry["instrument"] in {one["name"] for one in MANIFEST["instruments"]}
    assert entry["file"].startswith(entry["proposal"] + "/")
    assert technique(entry["technique"]) is not None
    assert entry["kind"] in {*DatasetKind, "attachment"}
    assert entry["data"] in {"measured", "simulated"}
    assert entry["source"]
    assert entry["licence"]
    assert ("package" in entry) == (entry["data"] == "measured")


def test_files_are_named_once() -> None:
    names = [entry["file"] for entry in DATASETS]
    assert len(names) == len(set(names)) >= 25


def test_packages_are_pinned_by_hash() -> None:
    lock = (FOLDER / "data-packages.lock").read_text("utf-8")
    pinned = dict(re.findall(r"^(\w+)==(\S+) \\$", lock, re.MULTILINE))
    for entry in DATASETS:
        if "package" in entry:
            version = pinned[entry["package"].lower()]
            assert entry["source"] == f"{entry['package']} {version}"
    assert lock.count("--hash=sha256:") >= 3


def test_one_proposal_is_released_one_proprietary_one_under_embargo() -> None:
    kinds = [(ProposalType(one["type"]), one.get("release_time")) for one in MANIFEST["proposals"]]
    assert ProposalType.PROPRIETARY in [kind for kind, _ in kinds]
    releases = sorted(time.year for kind, time in kinds if kind == ProposalType.PUBLIC_ACCESS)
    assert releases == [2026, 2029]


def test_teams_differ_and_have_leaders() -> None:
    teams = [frozenset(member["user"] for member in one["team"]) for one in MANIFEST["proposals"]]
    assert len(set(teams)) == len(teams)
    for one in MANIFEST["proposals"]:
        assert TeamRole.PRINCIPAL_INVESTIGATOR in [TeamRole(member["role"]) for member in one["team"]]


def test_the_series_of_200_frames_is_there() -> None:
    series = [entry for entry in DATASETS if entry.get("simulation") == "series"]
    assert [entry["frames"] for entry in series] == [200]
