from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pandaas.jobs.progress import ProgressTail, parse


def line(**more: object) -> str:
    return json.dumps({"fraction": 0.5, "message": "half", **more}) + "\n"


def test_the_latest_line_is_given_once(tmp_path: Path) -> None:
    tail = ProgressTail(tmp_path)
    assert tail.read() is None
    (tmp_path / "progress.jsonl").write_text(line(message="a") + line(message="b"))
    found = tail.read()
    assert found is not None
    assert found.message == "b"
    assert tail.read() is None


def test_a_line_that_is_still_written_waits(tmp_path: Path) -> None:
    file = tmp_path / "progress.jsonl"
    tail = ProgressTail(tmp_path)
    text = line(message="whole")
    file.write_text(text[:10])
    assert tail.read() is None
    with file.open("a") as stream:
        stream.write(text[10:])
    found = tail.read()
    assert found is not None
    assert found.message == "whole"


def test_a_flood_is_skipped_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "progress.jsonl").open("w") as stream:
        stream.writelines(line(message="x" * 400, fraction=n / 10_000) for n in range(10_000))
    found = ProgressTail(tmp_path).read()
    assert found is not None
    assert found.fraction == 0.9999


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(line(message="secret"))
    for number, make in enumerate((lambda p: p.symlink_to(secret), os.mkfifo, lambda p: p.mkdir())):
        folder = tmp_path / str(number)
        folder.mkdir()
        make(folder / "progress.jsonl")
        assert ProgressTail(folder).read() is None


def test_curves_are_cleaned() -> None:
    found = parse(line(preview={"x": [0, 1], "y": [2.5, 3], "x_label": "q", "evil": "<script>"}).encode())
    assert found is not None
    assert found.preview == {"x": [0.0, 1.0], "y": [2.5, 3.0], "x_label": "q"}
    for bad in ({"x": [0], "y": [1, 2]}, {"x": ["a"], "y": ["b"]}, {"x": [0] * 3000, "y": [0] * 3000}, 7):
        found = parse(line(preview=bad).encode())
        assert found is not None
        assert found.preview is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
@given(
    st.binary()
    | st.fixed_dictionaries({"fraction": json_values, "message": json_values}).map(lambda t: json.dumps(t).encode())
)
def test_nothing_in_a_line_does_harm(text: bytes) -> None:
    found = parse(text)
    if found is not None:
        assert found.fraction is None or 0 <= found.fraction <= 1
        assert len(found.message) <= 500
