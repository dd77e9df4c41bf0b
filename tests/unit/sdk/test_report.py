"""What a recipe tells arrives, but never floods."""

from __future__ import annotations

import errno
import io
import json
from pathlib import Path

import numpy as np
import pytest

from pandaas.sdk import RecipeError
from pandaas.sdk.errors import explain
from pandaas.sdk.journal import Journal
from pandaas.sdk.report import Reporter, clean_preview


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]


def test_fast_progress_is_merged_and_the_last_line_kept(tmp_path: Path) -> None:
    reporter = Reporter(str(tmp_path), interval_s=60)
    for step in range(500):
        reporter.progress(step / 1000, f"step {step}")
    reporter.flush()
    assert [line["message"] for line in lines(tmp_path)] == ["step 0", "step 499"]


def test_the_end_is_written_at_once(tmp_path: Path) -> None:
    reporter = Reporter(str(tmp_path), interval_s=60)
    reporter.progress(0.1, "begin")
    reporter.progress(1, "done")
    assert lines(tmp_path)[-1]["fraction"] == 1.0


def test_a_preview_waits_for_the_next_line(tmp_path: Path) -> None:
    reporter = Reporter(str(tmp_path), interval_s=60)
    reporter.progress(0.1, "begin")
    reporter.progress(0.2, "with curve", {"x": [1], "y": [2]})
    reporter.progress(0.3, "without")
    reporter.flush()
    assert lines(tmp_path)[-1]["preview"] == {"x": [1.0], "y": [2.0]}


@pytest.mark.parametrize(("given", "written"), [(None, None), (-3, 0.0), (7, 1.0), (float("nan"), None)])
def test_fractions_are_between_zero_and_one(tmp_path: Path, given: float | None, written: float | None) -> None:
    Reporter(str(tmp_path)).progress(given, "")
    assert lines(tmp_path)[0]["fraction"] == written


def test_previews_are_finite_and_small() -> None:
    x = np.arange(5000.0)
    y = np.where(x % 7 == 0, np.nan, x)
    cleaned = clean_preview({"x": x, "y": y, "x_label": "q"})
    assert len(cleaned["x"]) == len(cleaned["y"]) <= 500
    assert np.isfinite(cleaned["y"]).all()
    assert cleaned["x_label"] == "q"
    json.dumps(cleaned, allow_nan=False)


def test_warnings_are_kept_once(tmp_path: Path) -> None:
    reporter = Reporter(str(tmp_path))
    for text in ("first", "second", "first"):
        reporter.warn(text)
    assert json.loads((tmp_path / "warnings.json").read_text()) == ["first", "second"]


def test_a_failure_says_what_remedy_and_field(tmp_path: Path) -> None:
    Reporter(str(tmp_path)).fail(RecipeError("No geometry.", "Choose a calibration.", "distance"))
    assert json.loads((tmp_path / "failure.json").read_text()) == {
        "what": "No geometry.",
        "remedy": "Choose a calibration.",
        "field": "distance",
    }


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), "memory"),
        (OSError(errno.ENOSPC, "No space left"), "disk is full"),
        (FileNotFoundError(2, "No such file", "/data/x.h5"), "/data/x.h5"),
        (ValueError("first line\nsecond line"), "ValueError: first line"),
    ],
)
def test_any_error_becomes_a_sentence(error: Exception, expected: str) -> None:
    explained = explain(error)
    assert expected in explained.what
    assert explained.remedy
    assert "second line" not in explained.what
    assert "Traceback" not in explained.what


def test_the_log_tells_new_phases_and_otherwise_little(tmp_path: Path) -> None:
    stream = io.StringIO()
    reporter = Reporter(str(tmp_path), journal=Journal(stream))
    reporter.progress(0.0, "Opening the data")
    for step in range(500):
        reporter.progress(step / 500, f"{step} of 500 frames, {step * 1.7} per second")
    reporter.warn("The beam\n was off.")
    for step in range(500):
        reporter.progress(0.9, "this" if step % 2 else "that")
    told = stream.getvalue().splitlines()
    assert [line.partition(" s] ")[2] for line in told[:3]] == [
        "Opening the data",
        "0 of 500 frames, 0.0 per second",
        "Warning: The beam was off.",
    ]
    assert len(told) < 40
