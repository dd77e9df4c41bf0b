"""Energies that can't be: no photon of the sample has more energy than the beam. Which of the two is wrong, and by how much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from model import prepare
from parameters import Parameters
from spectra import Spectra

from pandaas.sdk import RecipeError, warn

_ABOVE = 0.2  # more than this share of counts above the beam can't be pile-up
_STRONG = 0.1  # of the highest channel


def scaled(spectra: Spectra, parameters: Parameters) -> Spectra:
    """The spectra with the energies that are fitted: the file's, times what is asked for or what the scattered beam says."""
    if parameters.energy_factor is not None:
        return replace(spectra, energy=spectra.energy * parameters.energy_factor)
    beam = parameters.photon_energy
    above = float(spectra.total[spectra.energy > 1.1 * beam].sum() / spectra.total.sum())
    if above < _ABOVE:
        return spectra
    peak = _scattered(spectra)
    candidate = replace(spectra, energy=spectra.energy * beam / peak)
    found = f"{above:.0%} of the counts lie above the beam's {beam:.4g} keV, where none can be"
    if prepare(spectra, parameters, peak).distance <= prepare(candidate, parameters, beam).distance:
        raise RecipeError(
            f"{found}. The spectrum ends with a peak at {peak:.4g} keV.",
            "Correct the energy of the beam; or give the factor that makes the file's energies right.",
            "photon_energy",
        )
    warn(
        f"{found}: the file's energies were taken times {beam / peak:.4g}, which puts the last strong peak, the scattered"
        " beam, there. Make sure, and give the factor of the energies if it's another."
    )
    return candidate


def _scattered(spectra: Spectra) -> float:
    """Energy of the last strong peak, in keV."""
    last = int(np.flatnonzero(spectra.total > _STRONG * spectra.total.max())[-1])
    first = int(0.95 * last)
    return float(spectra.energy[first + int(np.argmax(spectra.total[first : last + 1]))])
