"""Units in which geometry is written in files, as factors to SI. An unknown unit is an error, never a guess."""

from __future__ import annotations

_LENGTHS = {
    "m": 1.0, "meter": 1.0, "metre": 1.0, "meters": 1.0,
    "cm": 1e-2,
    "mm": 1e-3, "millimeter": 1e-3, "millimetre": 1e-3,
    "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "micron": 1e-6, "microns": 1e-6, "micrometer": 1e-6,
    "nm": 1e-9, "nanometer": 1e-9,
    "a": 1e-10, "å": 1e-10, "angstrom": 1e-10, "angstroms": 1e-10, "ang": 1e-10,
    "pm": 1e-12,
}  # fmt: skip
_ENERGIES = {"ev": 1.0, "kev": 1e3, "mev": 1e-3, "j": 1 / 1.602176634e-19}  # to eV; MeV isn't used for photons here
_PIXELS = {"", "px", "pixel", "pixels", "dimensionless"}

HC_EV_M = 1.239841984332e-6  # Planck constant times speed of light, CODATA 2018 (both exact)


def to_metres(value: float, unit: str | None) -> float:
    """A length in metres; without a unit it is in metres, as NeXus says. Raises KeyError for an unknown unit."""
    return value * _LENGTHS[(unit or "m").strip().lower()]


def energy_to_wavelength(value: float, unit: str | None) -> float:
    """Photon energy (default unit keV) to wavelength in metres, λ = hc/E. Raises KeyError for an unknown unit."""
    return HC_EV_M / (value * _ENERGIES[(unit or "keV").strip().lower()])


def is_pixel(unit: str | None) -> bool:
    return (unit or "").strip().lower() in _PIXELS
