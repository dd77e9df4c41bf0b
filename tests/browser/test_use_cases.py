"""Every use case as its scientist meets it: the recipe is offered on the measurement, and its figure is drawn and named.

Slow, so `make test-full` only; the numbers are held by the recipes' own tests. With PANDAAS_SCREENSHOTS the figures are kept.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import pandaas
from pandaas.config import bundled
from pandaas.testing.platform import RunningPlatform
from pandaas.testing.recipes import _runtime

DATA = Path(__file__).parents[3] / "shared" / "data"
PROPOSAL = "SC-2026-0203"
DIALS = shutil.which("dials.version") is not None
Q = "Scattering vector Q (Å⁻¹)"

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent"),
]


@dataclass(frozen=True)
class Row:
    """`files`: of the shared data, in order, or a dataset of the demo by its title; `slot` takes them, `others` have slots of their own.

    `axes`: what a curve is drawn over, and what it is, with units; None: an image. `says` stands above the figure.
    """

    recipe: str
    files: str
    slot: str
    axes: tuple[str, str] | None
    says: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    dials: bool = False
    stand_in: bool = False  # what is declared as an installed program is one that plays its part


LBCO = {
    "space_group": "P m -3 m",
    "a": 3.88,
    "wavelength": 1.494,
    "zero": 0.6,
    "two_theta_min": 5,
    "two_theta_max": 165,
    "refine_zero": True,
    "refine_profile": True,
    "refine_displacement": True,
    "background_points": 5,
    "u": 0.1,
    "v": -0.1,
    "w": 0.1,
    "lorentz_y": 0.1,
    "atoms": [
        {"label": "La", "element": "La", "wyckoff": "a", "occupancy": 0.5},
        {"label": "Ba", "element": "Ba", "wyckoff": "a", "occupancy": 0.5},
        {"label": "Co", "element": "Co", "x": 0.5, "y": 0.5, "z": 0.5, "wyckoff": "b"},
        {"label": "O", "element": "O", "x": 0, "y": 0.5, "z": 0.5, "wyckoff": "c"},
    ],
}
CEO2 = {
    "calibrant": "CeO2",
    "wavelength": 0.4066,
    "distance": 210.7,
    "beam_center_x": 492.3,
    "beam_center_y": 507.5,
    "pixel_size_x": 172.0,
    "rings": 8,
    "orientation": "flip_vertical",
    "maximum_counts": 5e5,
}
FILM_IN_D2O = {
    "layers": [
        {"name": "oxide", "thickness": 15.0, "sld": 3.47},
        {"name": "film", "thickness": 215.0, "sld": 1.0, "fit_sld": True},
    ],
    "fronting_sld": 2.07,
    "backing_sld": 6.36,
    "fit_backing_sld": True,
    "fit_resolution": True,
    "steps": 40,
}
# As far as single scattering can describe this sample: docs/use-cases/saxs.md.
CHARGED_SPHERES = {
    "structure_factor": "hayter_msa",
    "fit": [
        {"name": "radius", "value": 150, "minimum": 100, "maximum": 220},
        {"name": "radius_pd", "value": 0.1, "minimum": 0, "maximum": 0.4},
        {"name": "volfraction", "value": 0.2, "minimum": 0.01, "maximum": 0.5},
        {"name": "charge", "value": 30, "minimum": 1, "maximum": 200},
        {"name": "scale", "value": 0.01, "minimum": 1e-6, "maximum": 10},
        {"name": "background", "value": 0.3, "minimum": 0, "maximum": 2},
    ],
}
ROWS = [
    Row(
        "saxs-integrate",
        "demo:Growing silica spheres",
        "sample",
        ("Scattering vector q (nm⁻¹)", "Intensity (a.u.)"),
        parameters={"fill": True},  # with the instrument's mask of the beam stop, as the page's form has it
    ),
    Row(
        "ewoks-run",
        "demo:Geometry from silver behenate",
        "image",
        ("Scattering vector q (nm⁻¹)", "Intensity (counts)"),
        parameters={"fill": True},
    ),
    Row(
        "cwl",
        "demo:Geometry from silver behenate",
        "series",
        ("Scattering vector q (nm⁻¹)", "Intensity (counts)"),
        parameters={"fill": True},
    ),
    Row("series-overview", "demo:Growing silica spheres", "series", ("Frame", "Counts in the frame (counts)")),
    Row(
        "mantid-sans",
        "neutron_sans/PSI*.hdf",
        "sample",
        ("Momentum transfer Q (Å⁻¹)", "Intensity, not absolute"),
        stand_in=True,
    ),
    Row(
        "powder-calibrate",
        "powder/CeO2_Pilatus1M.tif",
        "image",
        ("Scattering angle 2θ (°)", "Intensity (counts)"),
        r"points within 0\.0\d+° of the rings",
        CEO2,
    ),
    Row(
        "biosaxs",
        "biosaxs/clean_BSA_001.hdf5",
        "sample",
        ("Scattering vector q (Å⁻¹)", "Intensity"),
        r"the curve that p\(r\) gives",
    ),
    Row("mx-gridscan", "mx/thau_*.cbf.bz2", "images", ("Image", "Spots"), r"Spots per image", dials=True),
    Row(
        "mx-scale",
        "mx/lcys*.expt",
        "experiments",
        ("1/d, to the shell's high end (Å⁻¹)", "CC½"),
        "CC½ by resolution",
        others={"reflections": "mx/lcys*.refl"},
        dials=True,
    ),
    Row("tomo-reconstruct", "tomo/tooth.h5", "projections", None, "Reconstructed volume"),
    Row(
        "xrf-map",
        "xrf/DLS_testfluo2*.nxs",
        "map",
        None,
        "Ca: counts in its lines",
        {"photon_energy": 11.0},
    ),
    Row(
        "xas-reduce", "xas/feo_exafs*.dat", "scan", ("Energy (eV)", "Normalised µ, flattened"), r"E0 = 712[23]\.\d+ eV"
    ),
    Row(
        "fel-pulses",
        "simulated:fel-pulses",
        "run",
        ("Scattering vector q (nm⁻¹)", "Intensity (a.u.)"),
        r"Average of 24 pulses",
        parameters={"distance": 200.0, "photon_energy": 9.3, "quadrants": "-525,625; -550,-10; 520,-160; 542.5,475"},
    ),
    Row(
        "fel-index",
        "fel/cspad_*.cbf",
        "stills",
        ("Still", "Spots"),
        r"\d of \d indexed",
        parameters={"unit_cell": "92.9, 92.9, 130.4, 90, 90, 120", "space_group": "P6122"},
        dials=True,
    ),
    Row("fel-events", "fel/flash/sxp*.h5", "events", None, "2088 events"),
    Row(
        "laser-pulse",
        "lasers/pypret*.hdf5",
        "trace",
        ("Time (fs)", "Intensity"),
        r"Pulse of \d+\.\d+ fs \(FWHM\), trace error (< )?0\.0\d+",
        # pypret's own file names neither axis: 64 steps of 5 fs around 800 nm.
        {"delay_step": 5.0, "centre_frequency": 2e3 * 299.792458 / 800, "frequency_step": 1e3 / (64 * 5)},
    ),
    Row(
        "laser-propagate",
        "simulated:laser",
        "beam",
        ("Distance from where the beam is given (mm)", "Radius wx (µm)"),
        "Beam radius",
        parameters={"points": 97, "time_points": 13, "planes": 9},
    ),
    Row("plasma-view", "lasers/fbpic_lwfa_sim/*300.h5", "simulation", None, "in the plane"),
    Row(
        "sans-reduce",
        "neutron_sans/PSI*.hdf",
        "sample",
        (Q, "Intensity, not absolute"),
        r"I\(Q\) of",
        {"pixel_size": 7.5, "transmission_value": 0.8},  # which this file doesn't say
    ),
    Row(
        "sas-fit",
        "demo:Ludox silica in water",
        "curve",
        (Q, "Intensity (cm⁻¹)"),
        r"reduced χ² = [3-9]\d\d",
        CHARGED_SPHERES,
    ),
    Row(
        "reflectivity",
        "neutron_refl/e361r.txt",
        "curve",
        ("Momentum transfer Q (Å⁻¹)", "Reflectivity"),
        r"reduced χ² = [12]\.",
        FILM_IN_D2O,
    ),
    Row(
        "neutron-events",
        "neutron_event/EQSANS*.nxs",
        "events",
        ("Time of flight (µs)", "Counts"),
        "20400 of 20422 events",
    ),
    Row(
        "rietveld",
        "neutron_powder/hrpt_lbco.xye",
        "pattern",
        ("Scattering angle 2θ (°)", "Observed (counts)"),
        r"reduced χ² = 1\.[0-4]",
        parameters=LBCO,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.recipe)
def test_it_is_offered_and_shows_its_figure(
    row: Row, demo: RunningPlatform, sign_in: Callable[..., Page], screenshot: Callable[[Page, str], None]
) -> None:
    if row.dials and not DIALS:
        pytest.skip("DIALS absent")
    token = demo.token("carol")
    with pandaas.connect(demo.url, token=token) as client:
        if row.stand_in:
            put_stand_in(demo, row.recipe)
        recipe = client.recipe(row.recipe)
        install(demo, recipe["environment"])
        pids = registered(demo, row.files, recipe, token)
        others = {slot: registered(demo, files, recipe, token) for slot, files in row.others.items()}
        title = recipe["title"]
        page = sign_in("carol", "/analyse?" + "&".join(f"dataset={pid}" for pid in pids))
        alone = page.get_by_role("heading", name=title, exact=True)  # where one recipe fits it opens at once
        expect(page.get_by_role("button", name=f"Use {title}").or_(alone).first).to_be_visible(timeout=60_000)
        job = client.run(row.recipe, **{row.slot: pids}, **others, **row.parameters)
        result = job.wait(timeout=1000).result
    page.goto(f"{demo.url}/datasets/{result.pid}")
    if row.files.startswith(("simulated:", "demo:Grow", "demo:Geom")):
        expect(page.get_by_text("Simulated", exact=True).first).to_be_visible()
    plot = page.locator("[data-testid=plot][data-ready]")
    expect(plot).to_be_visible(timeout=60_000)
    named = "Image of" if row.axes is None else f"{row.axes[1]} against {row.axes[0]}, "
    expect(plot).to_have_attribute("aria-label", re.compile(f"^{re.escape(named)}"))
    if row.says:
        expect(page.get_by_role("region", name=re.compile("^Viewer of"))).to_contain_text(re.compile(row.says))
    page.wait_for_timeout(1500)  # the canvas draws after it has its numbers
    screenshot(page, f"use-case-{row.recipe}")
    assert drawn(plot.locator("canvas").first.screenshot()) > 0.001


def install(demo: RunningPlatform, environment: str) -> None:
    """What the operator does once: a recipe is offered when its software is there."""
    command = [*demo.program, "env", "build", environment]
    subprocess.run(command, env=demo.environment, check=True, capture_output=True, timeout=1000)


def put_stand_in(demo: RunningPlatform, recipe: str) -> None:
    """The recipe as the facility changes it: its program is at another place. It replaces the one that came along."""
    target = demo.home / "published-recipes" / recipe
    shutil.copytree(bundled("recipes") / recipe, target, dirs_exist_ok=True)
    program = target / "tests/stand-in.sh"
    manifest = target / "recipe.toml"
    text = manifest.read_text("utf-8")
    text = re.sub(r"^find = .*$", f'find = ["{program}"]', text, flags=re.MULTILINE)
    manifest.write_text(re.sub(r"^folders = .*$", f'folders = ["{program.parent}"]', text, flags=re.MULTILINE), "utf-8")


def registered(demo: RunningPlatform, files: str, recipe: dict[str, Any], token: str) -> list[str]:
    """The identifiers of a row's datasets; what isn't there yet is copied into the demo's storage and registered.

    The demo's reflectometer is where all of it goes; so the technique, elsewhere the instrument's, is said by hand.
    """
    kind, _, name = files.partition(":")
    if kind == "demo":
        with pandaas.connect(demo.url, token=token) as client:
            return [next(one.pid for one in client.search(name) if one.title.startswith(name))]
    target = demo.home / "data" / PROPOSAL / "use-cases" / re.sub(r"\W", "-", files)
    if not target.is_dir():
        target.mkdir(parents=True)
        fill(target, files)
    made = ["--simulated"] if kind == "simulated" else []
    said = demo.command("ingest", str(target), "--json", "--proposal", PROPOSAL, *made).stdout
    found = sorted(json.loads(said[said.index("{") :])["datasets"], key=lambda one: str(one["title"]))
    for one in found:
        techniques = [technique["iri"] for technique in recipe["techniques"][-1:]]
        address = f"{demo.url}/api/v1/datasets/{one['pid']}"
        headers = {"authorization": f"Bearer {token}"}
        httpx.patch(address, json={"techniques": techniques}, headers=headers).raise_for_status()
    return [str(one["pid"]) for one in found]


def fill(target: Path, files: str) -> None:
    kind, _, name = files.partition(":")
    if kind != "simulated":
        for path in sorted(DATA.glob(files)):
            shutil.copy(path, target)
            for beside in path.parent.glob(f"{path.name.split('.')[0]}.poni"):
                shutil.copy(beside, target)
    elif name == "laser":
        near_field(target / "near_field.nxs")
    else:
        with pytest.MonkeyPatch.context() as clean:
            clean.delenv("PANDAAS_SCREENSHOTS", raising=False)  # which is no setting of the platform
            python = str(_runtime().environments.ensure("fel").python)
        script = bundled("recipes") / name / "tests/simulate.py"
        subprocess.run([python, str(script), str(target / "r0238"), "--trains", "4", "--pulses", "6"], check=True)


def near_field(path: Path) -> None:
    """A Gaussian beam of 2 mm as a camera sees it."""
    sys.path.insert(0, str(bundled("recipes") / "laser-propagate/tests"))
    try:
        import test_laser_propagate as laser  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    laser.write(path, laser.image(noise=0.001))


def drawn(picture: bytes) -> float:
    """The share of the picture that isn't of its most frequent colour."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).reshape(-1, 3)
    _, counts = np.unique(pixels, axis=0, return_counts=True)
    return float(1 - counts.max() / counts.sum())
