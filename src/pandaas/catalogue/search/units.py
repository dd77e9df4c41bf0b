"""Units that measure the same: what is offered after a number, and what a person may prefer."""

from __future__ import annotations

from functools import lru_cache

from pandaas.codecs import to_si

# What photon and neutron people write, the commonest of each dimension first.
UNITS = (
    "keV", "eV", "meV", "MeV", "J",
    "Å", "nm", "µm", "mm", "cm", "m",
    "1/Å", "1/nm", "1/m",
    "K", "°C", "mK",
    "mbar", "bar", "Pa", "kPa", "MPa", "GPa", "atm", "torr",
    "s", "ms", "µs", "ns", "ps", "fs", "min", "h",
    "deg", "mrad", "µrad", "rad", "arcsec", "arcmin",
    "T", "mT",
    "mA", "µA", "nA",
    "V", "mV", "kV",
    "W", "mW", "kW",
    "Hz", "kHz", "MHz", "GHz",
    "g", "mg", "µg", "kg",
    "l", "ml", "µl",
    "mol/l", "mmol/l",
    "N", "mN", "kN",
    "%",
)  # fmt: skip


@lru_cache(maxsize=256)
def units_for(si_unit: str | None, stored: str | None = None) -> tuple[str, ...]:
    """Units whose numbers are compared in `si_unit`; the one it is stored in comes first."""
    if si_unit is None:
        return ()
    first = (stored,) if stored and _si(stored) == si_unit else ()
    return tuple(dict.fromkeys((*first, *(unit for unit in UNITS if _si(unit) == si_unit))))


def dimensions() -> dict[str, tuple[str, ...]]:
    """The choices of a person: units that measure the same, by the SI unit in which they are compared."""
    found: dict[str, list[str]] = {}
    for unit in UNITS:
        si_unit = _si(unit)
        if si_unit:
            found.setdefault(si_unit, []).append(unit)
    return {si_unit: tuple(units) for si_unit, units in found.items()}


def dimension_of(unit: str | None) -> str | None:
    """The SI unit in which numbers of this unit are compared: what two units have in common."""
    return _si(unit) if unit else None


@lru_cache(maxsize=1024)
def scale(si_unit: str, unit: str) -> tuple[float, float] | None:
    """(factor, offset) with `value in unit = factor * si_value + offset`; None where the two don't measure the same."""
    if _si(unit) != si_unit:
        return None
    zero, one = to_si(0.0, unit), to_si(1.0, unit)
    if zero is None or one is None or one[0] == zero[0]:
        return None
    step = one[0] - zero[0]
    return 1 / step, -zero[0] / step


@lru_cache(maxsize=1024)
def _si(unit: str) -> str | None:
    found = to_si(1.0, unit)
    return found[1] if found else None
