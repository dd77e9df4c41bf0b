"""What an array of Slurm believes of a leading task that was ended from outside; the real Slurm is in the integration tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from pandaas.runtime.engines.slurm.arrays import Arrays
from pandaas.runtime.engines.slurm.driver import SlurmDriver
from pandaas.runtime.engines.slurm.member import is_final
from pandaas.runtime.engines.spec import never_ran

ENDED_FROM_OUTSIDE = never_ran() | {"reason": "cancelled", "signal": 15}
FAILED = never_ran() | {"reason": "exit", "code": 2}


def leave(folder: Path, record: dict[str, Any], **slurm: Any) -> None:
    (folder / "slurm.json").write_text(json.dumps({"tasks": 2, "name": "job", **slurm}))
    (folder / "exit.json").write_text(json.dumps(record))


@pytest.fixture
def arrays() -> Arrays:
    return Arrays(cast("SlurmDriver", None))  # nothing is asked of Slurm here


def test_a_record_that_a_lost_node_left_is_set_aside(tmp_path: Path, arrays: Arrays) -> None:
    leave(tmp_path, ENDED_FROM_OUTSIDE)
    assert arrays.outlives(tmp_path, "NODE_FAIL")
    assert not (tmp_path / "exit.json").exists()


@pytest.mark.parametrize(
    ("state", "slurm"), [("NODE_FAIL", {"former": ["7"]}), ("CANCELLED", {}), ("NODE_FAIL", {"tasks": 1})]
)
def test_it_stands_where_nobody_leads_again(tmp_path: Path, arrays: Arrays, state: str, slurm: dict[str, Any]) -> None:
    leave(tmp_path, ENDED_FROM_OUTSIDE, **slurm)
    assert not arrays.outlives(tmp_path, state)
    assert json.loads((tmp_path / "exit.json").read_text()) == ENDED_FROM_OUTSIDE


def test_results_of_parts_are_kept_while_somebody_may_lead_again(tmp_path: Path) -> None:
    leave(tmp_path, ENDED_FROM_OUTSIDE)
    assert not is_final(tmp_path)
    (tmp_path / "cancel").touch()
    assert is_final(tmp_path)


def test_what_failed_by_itself_is_final(tmp_path: Path) -> None:
    assert not is_final(tmp_path)
    leave(tmp_path, FAILED)
    assert is_final(tmp_path)
