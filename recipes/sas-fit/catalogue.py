"""The models on offer, by what they describe. Names are those of sasmodels; the list is the part that people ask for."""

from __future__ import annotations

MODELS: dict[str, str] = {
    "sphere": "Sphere",
    "core_shell_sphere": "Sphere with a shell",
    "fuzzy_sphere": "Sphere with a soft surface",
    "vesicle": "Vesicle",
    "ellipsoid": "Ellipsoid of revolution",
    "core_shell_ellipsoid": "Ellipsoid with a shell",
    "cylinder": "Cylinder",
    "core_shell_cylinder": "Cylinder with a shell",
    "hollow_cylinder": "Tube",
    "flexible_cylinder": "Worm-like cylinder",
    "parallelepiped": "Rectangular block",
    "lamellar": "Lamellae",
    "lamellar_stack_caille": "Stack of lamellae (Caillé)",
    "fractal": "Fractal aggregate of spheres",
    "mass_fractal": "Mass fractal",
    "guinier": "Guinier",
    "guinier_porod": "Guinier-Porod",
    "power_law": "Power law",
    "porod": "Porod",
    "two_power_law": "Two power laws",
    "gaussian_peak": "Gaussian peak",
    "peak_lorentz": "Lorentzian peak",
    "broad_peak": "Broad peak on a power law",
    "lorentz": "Ornstein-Zernike",
    "correlation_length": "Correlation length",
    "dab": "Debye-Anderson-Brumberger",
    "teubner_strey": "Teubner-Strey (microemulsion)",
    "mono_gauss_coil": "Gaussian coil",
    "poly_gauss_coil": "Gaussian coil, polydisperse",
    "polymer_excl_volume": "Polymer with excluded volume",
    "star_polymer": "Star polymer",
}

STRUCTURE_FACTORS: dict[str, str] = {
    "none": "None (dilute)",
    "hardsphere": "Hard spheres (Percus-Yevick)",
    "stickyhardsphere": "Sticky hard spheres",
    "squarewell": "Square well",
    "hayter_msa": "Charged spheres (Hayter-MSA)",
}

# Structure factors describe how compact particles hinder each other; for these models they have a meaning.
PARTICLES = frozenset(
    {
        "sphere",
        "core_shell_sphere",
        "fuzzy_sphere",
        "vesicle",
        "ellipsoid",
        "core_shell_ellipsoid",
        "cylinder",
        "core_shell_cylinder",
        "hollow_cylinder",
        "parallelepiped",
    }
)
