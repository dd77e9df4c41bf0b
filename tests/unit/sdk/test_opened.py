"""A notebook finds its datasets, in a session as in a job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from pandaas.sdk import RecipeError, opened
from pandaas.sdk.datasets import SESSION
from pandaas.sdk.inputs import forget_files


@pytest.fixture(autouse=True)
def _closed_files() -> Iterator[None]:
    yield
    forget_files()


def test_a_sessions_datasets_are_read_as_with_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/data/data"] = np.arange(6).reshape(2, 3)
    described = [
        {"pid": "d-0", "title": "Only a text", "files": [], "master": ""},
        {"pid": "d-1", "title": "A", "files": [str(tmp_path / "a.h5")], "master": str(tmp_path / "a.h5")},
    ]
    (tmp_path / "session.json").write_text(json.dumps({"datasets": described}))
    monkeypatch.setenv(SESSION, str(tmp_path / "session.json"))
    [dataset] = opened()
    assert dataset.pid == "d-1"
    np.testing.assert_array_equal(dataset["/entry/data/data"][1], [3, 4, 5])
    with pytest.raises(KeyError):
        dataset["/entry/nothing"]


def test_elsewhere_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SESSION, raising=False)
    with pytest.raises(RecipeError, match="No session and no job"):
        opened()
