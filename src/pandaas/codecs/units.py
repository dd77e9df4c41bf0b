"""Units as files write them, and values in SI base units, through pint."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pint

_SPELLINGS = {
    "a": "angstrom",
    "å": "angstrom",
    "ang": "angstrom",
    "angs": "angstrom",
    "angstrom": "angstrom",
    "angstroms": "angstrom",
    "angstroem": "angstrom",
    "ångström": "angstrom",
    "1/a": "1/angstrom",
    "1/å": "1/angstrom",
    "1/angstrom": "1/angstrom",
    "inv_a": "1/angstrom",
    "a^-1": "1/angstrom",
    "å^-1": "1/angstrom",
    "invangstrom": "1/angstrom",
    "1/nm": "1/nanometer",
    "nm^-1": "1/nanometer",
    "kev": "keV",
    "ev": "eV",
    "gev": "GeV",
    "c": "degC",
    "°c": "degC",
    "celsius": "degC",
    "deg": "degree",
    "deg.": "degree",
    "°": "degree",
    "degrees": "degree",
    "arcsec": "arcsecond",
    "arcmin": "arcminute",
    "micron": "micrometer",
    "microns": "micrometer",
    "um": "micrometer",
    "µm": "micrometer",
    "metre": "meter",
    "metres": "meter",
    "meters": "meter",
    "sec": "second",
    "secs": "second",
    "seconds": "second",
    "microseconds": "microsecond",
    "us": "microsecond",
    "µs": "microsecond",
    "uah": "microampere_hour",
    "uamps": "microampere",
    "gauss": "field_gauss",
    "tesla": "tesla",
    "mbar": "millibar",
    "%": "percent",
    "counts": "count",
    "kelvin": "kelvin",
}
# Where capitals matter: K is not k, MeV not meV, C the temperature. A is ampere only beside a prefix (mA).
_EXACT = {
    "K": "kelvin",
    "C": "degC",
    "A": "angstrom",
    "MeV": "MeV",
    "meV": "meV",
    "Hz": "hertz",
    "T": "tesla",
    "S": "siemens",
}
# The same sign for two units: which one is meant is told by the quantity.
_MEANINGS = {"A": ("angstrom", "ampere"), "C": ("degC", "coulomb")}
_OF_QUANTITY = {"A": ("current", "ampere"), "C": ("charge", "coulomb")}
_PLAUSIBLE = re.compile(r"[^\W_][\w./*^()°%µÅ +-]{0,38}|[°%µÅ][\w./*^() -]{0,20}")
# Powers of numbers could be made to take forever; exponents of units are one digit.
_COSTLY = re.compile(r"[0-9]{4,}|[0-9)]\s*(?:\^|\*\*)|(?:\^|\*\*)\s*\(|(?:\^|\*\*)\s*[-+]?\s*[0-9]{2,}")
_COUNTED = frozenset({"count", "pixel"})


def to_si(value: float, unit: str | None, of: str | None = None) -> tuple[float, str] | None:
    """`value` in SI base units and the name of these, e.g. (8, 'keV') → (1.28e-15, 'kg·m²/s²').

    `of` names the quantity where that is known: A is ampere of a current, else ångström; C coulomb of a charge, else °C.
    None where the unit isn't known, has no dimension worth converting (counts, pixels) or the result isn't finite.
    """
    if unit is None or not math.isfinite(value):
        return None
    sign = unit.strip()
    word, meant = _OF_QUANTITY.get(sign, ("", sign))
    parsed = parse_unit(meant if of is not None and word in of.lower() else unit)
    if parsed is None:
        return None
    try:
        base = _registry().Quantity(value, parsed).to_base_units()
        found = float(base.magnitude)
    except (ArithmeticError, ValueError, TypeError, AttributeError):  # pint's own errors are among these
        return None
    if str(base.units) in _COUNTED:
        return None
    return (found, f"{base.units:~P}") if math.isfinite(found) else None


def warm_units() -> None:
    """Have pint loaded, which takes a second, before anybody waits for it."""
    to_si(1.0, "keV")


def convert(value: float, unit: str, target: str, *, photon: bool = False) -> float | None:
    """`value` in the unit `target`; None where that is impossible or a unit isn't known.

    With `photon`, energy, wavelength, frequency and wavenumber of a photon are one quantity (8 keV = 1.55 Å).
    """
    for own in meanings(unit):
        for wanted in meanings(target):
            found = _convert(value, own, wanted, photon=photon)
            if found is not None:
                return found
    return None


def meanings(unit: str) -> tuple[str, ...]:
    """What a sign may stand for: A ångström or ampere, C °C or coulomb, every other one itself."""
    return _MEANINGS.get(unit.strip(), (unit,))


def _convert(value: float, unit: str, target: str, *, photon: bool) -> float | None:
    import pint

    own, wanted = parse_unit(unit), parse_unit(target)
    if own is None or wanted is None:
        return None
    try:
        found = float(_registry().Quantity(value, own).to(wanted, *(["sp"] if photon else [])).magnitude)
    except (pint.errors.PintError, ArithmeticError):
        return None
    return found if math.isfinite(found) else None


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> pint.Unit | None:
    """The unit that `text` means, or None when it is not understood."""
    cleaned = text.strip().replace("μ", "µ").replace("Å", "Å")
    if not _PLAUSIBLE.fullmatch(cleaned) or _COSTLY.search(cleaned):
        return None
    name = _EXACT.get(cleaned) or _SPELLINGS.get(cleaned.lower()) or cleaned
    try:
        return _registry().Unit(name)
    except Exception:  # noqa: BLE001 - text out of a file makes pint's parser raise all kinds of errors; it is no unit
        return None


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Any]:
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, on_redefinition="ignore")
    registry.define("field_gauss = 1e-4 * tesla = G")  # as instruments mean it; pint's gauss is that of CGS
    registry.define("microampere_hour = 1e-6 * ampere * hour = uAh")
    return registry
