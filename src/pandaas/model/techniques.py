"""The experimental techniques the platform speaks of, as PaNET terms, and which NeXus definition means which.

Source: PaNET v1.3.0 (https://doi.org/10.5281/zenodo.4806026, CC-BY 4.0). Terms are keyed on their IRI, since labels change
between releases. `short` is what fits on a chip.
"""

from __future__ import annotations

from dataclasses import dataclass

PANET = "http://purl.org/pan-science/PaNET/"


@dataclass(frozen=True)
class Technique:
    """One PaNET term. `definitions` are the NeXus application definitions that mean it."""

    iri: str
    label: str
    short: str
    definitions: tuple[str, ...] = ()
    neutron: str | None = None  # the term for the same with neutrons, where the definition leaves the probe open
    xray: str | None = None


def _term(number: str, label: str, short: str, *definitions: str, neutron: str = "", xray: str = "") -> Technique:
    return Technique(
        PANET + "PaNET" + number,
        label,
        short,
        definitions,
        PANET + "PaNET" + neutron if neutron else None,
        PANET + "PaNET" + xray if xray else None,
    )


TECHNIQUES: tuple[Technique, ...] = (
    _term("01124", "small angle scattering", "SAS", "NXsas", "NXcanSAS", neutron="01189", xray="01188"),
    _term("01188", "small angle x-ray scattering", "SAXS"),
    _term("01189", "small angle neutron scattering", "SANS"),
    _term("01277", "time of flight small angle neutron scattering", "TOF-SANS", "NXsastof"),
    _term("01241", "ultra small angle x-ray scattering", "USAXS"),
    _term("01240", "ultra small angle neutron scattering", "USANS"),
    _term("01162", "grazing incidence small angle x-ray scattering", "GISAXS"),
    _term("01134", "wide angle scattering", "WAS", xray="01191"),
    _term("01191", "wide angle x-ray scattering", "WAXS"),
    _term("01316", "grazing incidence wide angle x-ray scattering", "GIWAXS"),
    _term("01030", "powder diffraction", "powder", "NXmonopd", "NXtofraw_powder", neutron="01100", xray="01101"),
    _term("01101", "x-ray powder diffraction", "XPD"),
    _term("01100", "neutron powder diffraction", "NPD", "NXtofnpd"),
    _term("01216", "x-ray diffraction", "XRD", "NXxrd"),
    _term("01217", "neutron diffraction", "ND"),
    _term("01022", "diffraction", "diffraction", neutron="01217", xray="01216"),
    _term("01029", "single crystal diffraction", "single crystal", "NXxbase", neutron="01236", xray="01102"),
    _term("01102", "x-ray single crystal diffraction", "SXRD", "NXxeuler", "NXxkappa", "NXxlaue", "NXxrot"),
    _term("01236", "neutron single crystal diffraction", "SND", "NXtofsingle", "NXxnb"),
    _term("01164", "macromolecular crystallography", "MX", "NXmx"),
    _term("01168", "serial femtosecond crystallography", "SFX"),
    _term("01169", "serial synchrotron crystallography", "SSX"),
    _term("01121", "reflectometry", "reflectometry", "NXrefscan", neutron="01239"),
    _term("01239", "neutron reflectometry", "NR", "NXreftof"),
    _term("01243", "polarized neutron reflectometry", "PNR"),
    _term("01129", "tomography", "tomography", "NXtomoproc", xray="01207"),
    _term("01207", "x-ray tomography", "CT", "NXtomo", "NXtomophase"),
    _term("01095", "x-ray fluorescence spectroscopy", "XRF spectroscopy"),
    _term("01096", "fluorescence tomography", "XRF tomography"),
    _term("01285", "x-ray imaging", "imaging"),
    _term("01177", "x-ray fluorescence", "XRF", "NXfluo"),
    _term("01113", "fluorescence microscopy", "micro-XRF"),
    _term("01196", "x-ray absorption spectroscopy", "XAS", "NXxas", "NXxasproc"),
    _term("01219", "scanning transmission x-ray microscopy", "STXM", "NXstxm"),
    _term("01212", "ptychography", "ptychography", "NXptycho", "NXcxi_ptycho"),
    _term("01174", "coherent diffraction imaging", "CDI"),
    _term("01205", "x-ray photon correlation spectroscopy", "XPCS", "NXxpcs"),
    _term("01089", "angle resolved photoemission spectroscopy", "ARPES", "NXarpes", "NXmpes_arpes"),
    _term("01202", "photoelectron spectroscopy", "PES", "NXmpes"),
    _term("01204", "x-ray photoelectron spectroscopy", "XPS", "NXxps"),
    _term("01182", "inelastic x-ray scattering", "IXS"),
    _term("01245", "inelastic neutron spectroscopy", "INS", "NXdirecttof", "NXindirecttof", "NXspe", "NXtas", "NXsqom"),
    _term("01001", "neutron time of flight technique", "TOF", "NXtofraw"),
    _term("01051", "muon spin resonance", "MuSR", "NXmuontd"),
)

# What well-known instruments measure, for files that name the instrument but no application definition. A facility's own
# instruments are told in the configuration, which wins.
KNOWN_INSTRUMENTS: dict[str, str] = {
    "loq": "TOF-SANS",
    "sans2d": "TOF-SANS",
    "eqsans": "TOF-SANS",
    "eq-sans": "TOF-SANS",
    "larmor": "TOF-SANS",
    "sans at sinq": "SANS",
    "d11": "SANS",
    "d22": "SANS",
    "d33": "SANS",
    "inter": "NR",
    "surf": "NR",
    "offspec": "NR",
    "crisp": "NR",
    "ref_l": "NR",
    "platypus": "NR",
    "figaro": "NR",
    "polref": "PNR",
    "ref_m": "PNR",
    "pbr": "PNR",
    "magik": "PNR",
    "dmc at sinq": "NPD",
    "dmc": "NPD",
    "hrpt": "NPD",
    "wish": "NPD",
    "gem": "NPD",
    "polaris": "NPD",
    "powgen": "NPD",
    "d2b": "NPD",
    "d20": "NPD",
}

BY_IRI: dict[str, Technique] = {term.iri: term for term in TECHNIQUES}
_BY_DEFINITION = {name.lower(): term for term in TECHNIQUES for name in term.definitions}
_BY_SHORT = {term.short.lower(): term for term in TECHNIQUES}


def technique(name: str) -> Technique | None:
    """The term with this IRI, `PaNETnnnnn` number, short label or label, or None."""
    if name in BY_IRI:
        return BY_IRI[name]
    if PANET + name in BY_IRI:
        return BY_IRI[PANET + name]
    wanted = name.strip().lower()
    return _BY_SHORT.get(wanted) or next((term for term in TECHNIQUES if term.label == wanted), None)


def iri_of(short: str) -> str:
    """The IRI of the term with this short label; `KeyError` when the platform doesn't speak of it."""
    return _BY_SHORT[short.lower()].iri


def technique_of_instrument(name: str | None) -> str | None:
    """IRI of what a well-known instrument measures, or None."""
    short = KNOWN_INSTRUMENTS.get((name or "").strip().lower())
    return iri_of(short) if short else None


def techniques_of(definitions: tuple[str, ...], *, probe: str | None = None) -> tuple[str, ...]:
    """PaNET IRIs of NeXus application definitions, in order, without repeats.

    `probe` ('neutron', 'x-ray' or None, as NXsource says) chooses SANS or SAXS for a definition that serves both.
    """
    found: list[str] = []
    for name in definitions:
        term = _BY_DEFINITION.get(name.strip().lower())
        if term is None:
            continue
        iri = {"neutron": term.neutron, "x-ray": term.xray}.get(probe or "") or term.iri
        if iri not in found:
            found.append(iri)
    return tuple(found)
