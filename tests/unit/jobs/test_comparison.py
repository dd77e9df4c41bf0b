from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.jobs.comparison import _difference, compare


def write(path: Path, values: object, *, date: str = "2026", unit: str = "nm", extra: str | None = None) -> str:
    with h5py.File(path, "w") as file:
        file["entry/data/I"] = values
        file["entry/data/I"].attrs["units"] = unit
        file["entry/process/date"] = date
        file["entry/title"] = "A"
        if extra:
            file[extra] = 1
    return str(path)


VALUES = np.array([1.0, -2.5, np.nan, 1e-30, np.inf])


def test_the_same_numbers_are_bit_equal_whatever_the_date(tmp_path: Path) -> None:
    found = compare(write(tmp_path / "a", VALUES), write(tmp_path / "b", VALUES, date="2027"), 0.0)
    assert (found["equal"], found["bit_equal"], found["differences"]) == (True, True, [])


@pytest.mark.parametrize("tolerance", [1e-6, 1e-9])
@pytest.mark.parametrize("index", [0, 1])
def test_ten_times_the_tolerance_is_seen_and_a_tenth_is_not(tmp_path: Path, tolerance: float, index: int) -> None:
    first = write(tmp_path / "a", VALUES)
    for factor, equal in ((10, False), (0.1, True)):
        changed = VALUES.copy()
        changed[index] *= 1 + factor * tolerance
        found = compare(first, write(tmp_path / "b", changed), tolerance)
        assert found["equal"] is equal
        assert found["bit_equal"] is False
        assert found["largest_relative_difference"] == pytest.approx(factor * tolerance, rel=1e-3)


def test_the_last_bit_is_seen_without_tolerance(tmp_path: Path) -> None:
    changed = VALUES.copy()
    changed[0] = np.nextafter(changed[0], 2)
    assert not compare(write(tmp_path / "a", VALUES), write(tmp_path / "b", changed), 0.0)["equal"]


@pytest.mark.parametrize("value", [0.0, np.inf, np.nan])
def test_a_number_that_became_something_else_is_seen(tmp_path: Path, value: float) -> None:
    changed = VALUES.copy()
    changed[1] = value
    assert not compare(write(tmp_path / "a", VALUES), write(tmp_path / "b", changed), 1e-3)["equal"]


def test_the_columns_of_a_table_are_compared_like_arrays(tmp_path: Path) -> None:
    table = np.array(
        [(b"radius", 17.4, np.nan), (b"scale", 0.1, 0.02)], [("name", "S8"), ("value", "f8"), ("sigma", "f8")]
    )
    first = write(tmp_path / "a", table)
    assert compare(first, write(tmp_path / "b", table), 0.0)["bit_equal"]
    for column, value, equal in (
        ("value", 17.4 * (1 + 1e-7), True),
        ("value", 17.4 * (1 + 1e-5), False),
        ("name", b"x", False),
    ):
        changed = table.copy()
        changed[column][0] = value
        assert compare(first, write(tmp_path / "b", changed), 1e-6)["equal"] is equal


def test_units_names_shapes_and_types_count(tmp_path: Path) -> None:
    first = write(tmp_path / "a", VALUES)
    others = {
        "units": write(tmp_path / "u", VALUES, unit="m"),
        "is new": write(tmp_path / "n", VALUES, extra="entry/more"),
        "(4,)": write(tmp_path / "s", VALUES[:4]),
        "float32": write(tmp_path / "t", VALUES.astype("f4")),
    }
    for words, other in others.items():
        found = compare(first, other, 1e-6)
        assert not found["equal"]
        assert any(words in text for text in found["differences"])


def test_integers_and_complex_numbers_are_compared(tmp_path: Path) -> None:
    for values in (np.arange(5), np.arange(5) * 1j, np.array([True, False])):
        other = values.copy()
        assert compare(write(tmp_path / "a", values), write(tmp_path / "b", other), 0.0)["bit_equal"]
        other[1] = 0 if values.dtype.kind != "b" else True
        assert not compare(write(tmp_path / "a", values), write(tmp_path / "b", other), 1e-6)["equal"]


@given(st.floats(-1e100, 1e100).filter(lambda x: abs(x) > 1e-100), st.floats(1e-12, 0.1))
def test_the_relative_difference_of_one_number(value: float, relative: float) -> None:
    x = np.array([value])
    found = _difference(x, x * (1 + relative), abs(value))
    assert found == pytest.approx(relative / (1 + relative), rel=1e-3)
