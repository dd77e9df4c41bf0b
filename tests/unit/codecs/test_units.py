"""Units as files write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.codecs import convert, to_si


@pytest.mark.parametrize(
    ("value", "unit", "expected", "si_unit"),
    [
        (8, "keV", 1.2817413e-15, "kg·m²/s²"),
        (8000, "eV", 1.2817413e-15, "kg·m²/s²"),
        (1.54, "Å", 1.54e-10, "m"),
        (1.54, "Angstroms", 1.54e-10, "m"),
        (1.54, "A", 1.54e-10, "m"),
        (0.6, "nm", 6e-10, "m"),
        (25, "degC", 298.15, "K"),
        (25, "C", 298.15, "K"),
        (4, "K", 4, "K"),
        (1, "mbar", 100, "kg/m/s²"),
        (1, "arcsec", 4.8481368e-6, "rad"),
        (180, "degree", 3.14159265, "rad"),
        (1, "1/Angstrom", 1e10, "1/m"),
        (1, "Å^-1", 1e10, "1/m"),
        (55, "micrometer", 55e-6, "m"),
        (172, "µm", 172e-6, "m"),
        (100, "millisecond", 0.1, "s"),
        (1, "uAh", 3.6e-3, "A·s"),
        (2, "metre", 2, "m"),
        (5, "mA", 5e-3, "A"),
    ],
)
def test_known_units(value: float, unit: str, expected: float, si_unit: str) -> None:
    found = to_si(value, unit)
    assert found is not None
    assert found[0] == pytest.approx(expected, rel=1e-6)
    assert found[1] == si_unit


@pytest.mark.parametrize(
    "unit", [None, "", "counts", "pixel", "secORcounts", "furlongs per nothing", "(", "__class__", "uA per"]
)
def test_unknown_units_stay_as_they_are(unit: str | None) -> None:
    assert to_si(1.0, unit) is None


@pytest.mark.parametrize(
    "unit", ["10**9**9", "m**999999", "9^9^9^9", "m^(9)^(9)^(9)", "2**2**2**2**2**2", "(((((((((((" * 3]
)
def test_units_that_would_take_for_ever(unit: str) -> None:
    started = time.monotonic()
    to_si(1.0, unit)
    assert time.monotonic() - started < 2


@given(st.text(max_size=30), st.floats())
def test_any_text_is_a_unit_or_none(unit: str, value: float) -> None:
    found = to_si(value, unit)
    assert found is None or len(found) == 2


def test_a_sign_for_two_units_is_told_by_its_quantity() -> None:
    assert to_si(1.0, "A") == (1e-10, "m")
    assert to_si(0.2, "A", "ring_current") == (0.2, "A")
    assert to_si(2.0, "C", "charge_on_sample") == (2.0, "A·s")
    assert (convert(0.2, "A", "mA"), convert(1.5, "A", "nm"), convert(20.0, "C", "K")) == (
        200.0,
        pytest.approx(0.15),
        293.15,
    )


def test_gauss_is_of_the_magnetic_field() -> None:
    assert to_si(5.0, "G") == to_si(0.5, "mT")
    assert convert(2.0, "kG", "T") == pytest.approx(0.2)
