"""Each of these recipes is offered on the measured files it is for, and on no other of ../shared/data."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from pandaas.arrays import ArrayService
from pandaas.config import bundled, load_settings
from pandaas.model import ArrayInfo, DatasetFiles, NotFound, Principal, RecipeManifest, ScannedDataset
from pandaas.recipes import DatasetSummary, assign, parse_manifest

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = [pytest.mark.recipe, pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent")]

# recipe → the files that it must be offered on; on all others it must not be.
FITS: dict[str, tuple[str, ...]] = {
    "dawn-processing": (
        "neutron_event/*.nxs",
        "neutron_refl/INTER*",
        "neutron_refl/PLP*",
        "neutron_sans/LOQ*",
        "neutron_sans/PSI*",
        "powder/lambda/*.nxs",
        "saxs/APS_9ID*",
        "saxs/DLS_I15*",
        "xrf/DLS_I18*",
        "xrf/DLS_testfluo2*",
    ),
    "mantid-sans": ("neutron_event/EQSANS*", "neutron_sans/LOQ*", "neutron_sans/PSI*"),
    "reflectivity": ("neutron_refl/NIST*", "neutron_refl/e361r.txt"),
    "rietveld": ("neutron_powder/dmc01.h5", "neutron_powder/*.xye", "powder/*.xy"),
    # Columns without a technique could be I(Q): the reflectivity in text is one of them.
    "sas-fit": ("biosaxs/*.dat", "biosaxs/clean_BSA*", "neutron_refl/e361r.txt"),
    "tomo-reconstruct": ("tomo/tooth.h5",),
    "fel-index": ("fel/cspad_*.cbf",),
    "mx-gridscan": ("mx/thau*",),
    "mx-scale": ("mx/*.expt",),
    "biosaxs": ("biosaxs/*.dat", "biosaxs/clean_BSA*", "neutron_sans/PSI*"),
    "powder-calibrate": ("biosaxs/*.tiff", "mx/thau*", "powder/*.tif", "powder/map/*", "saxs/*.edf"),
    "saxs-integrate": (
        "biosaxs/*.tiff",
        "biosaxs/vac*",
        "mx/thau*",
        "neutron_sans/PSI*",
        "powder/*.tif",
        "powder/lambda/*.nxs",
        "powder/map/*",
        "saxs/*",
    ),
    "fel-events": ("fel/flash/*.h5",),
    "fel-pulses": (),
    "laser-propagate": (),
    "laser-pulse": ("lasers/pypret_frog*",),
    "plasma-view": ("lasers/*.h5", "lasers/fbpic*/*.h5"),
    "sans-reduce": ("neutron_sans/LOQ*", "neutron_sans/PSI*"),
    "xas-reduce": ("xas/*.dat", "xas/*.xdi"),
    "xrf-map": ("xrf/DLS_I18*", "xrf/DLS_testfluo2*"),
}


class _NoFiles:
    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        raise NotFound(pid)

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[ScannedDataset, ...]]]:
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    service = ArrayService(settings, _NoFiles(), folders=[DATA.resolve()])
    yield {str(found.path.relative_to(DATA)): found.datasets for found in service.scan([DATA], roots=[DATA])}
    service.close()


@pytest.mark.parametrize("recipe", FITS)
def test_it_is_offered_exactly_where_it_fits(recipe: str, scanned: dict[str, tuple[ScannedDataset, ...]]) -> None:
    manifest: RecipeManifest = parse_manifest(bundled("recipes") / recipe)
    offered = {name for name, datasets in scanned.items() for one in datasets if assign(manifest, [_summary(one)])}
    wanted = {name for name in scanned if any(fnmatch.fnmatchcase(name, pattern) for pattern in FITS[recipe])}
    assert offered == {name for name in wanted if scanned[name]}
    assert offered or not FITS[recipe]  # of some there is no file in the shared data


@pytest.mark.parametrize(
    ("recipe", "pattern", "count"),
    [
        ("biosaxs", "biosaxs/GI2_A9_19_001_*.dat", 10),
        ("mx-gridscan", "mx/thau*", 19),
        ("fel-index", "fel/cspad_*.cbf", 3),
    ],
)
def test_a_series_of_files_is_one_job(
    recipe: str, pattern: str, count: int, scanned: dict[str, tuple[ScannedDataset, ...]]
) -> None:
    names = sorted(name for name in scanned if fnmatch.fnmatchcase(name, pattern))
    chosen = [replace(_summary(one), pid=name) for name in names for one in scanned[name]]
    found = assign(parse_manifest(bundled("recipes") / recipe), chosen)
    assert found is not None
    ((inputs,),) = (job.values() for job in found.jobs)
    assert len(inputs) == count


def _summary(found: ScannedDataset) -> DatasetSummary:
    arrays: tuple[ArrayInfo, ...] = found.arrays
    parameters = {parameter.name: parameter for parameter in found.parameters}
    return DatasetSummary(
        1, "ds-1", found.title, found.kind, found.format, found.techniques, found.definitions, arrays, parameters
    )


def test_a_run_folder_of_the_european_xfel_is_one_dataset_with_its_recipe(tmp_path: Path) -> None:
    for number in range(16):
        with h5py.File(tmp_path / f"CORR-R0238-AGIPD{number:02}-S00000.h5", "w") as file:
            file["METADATA/dataSourceId"] = [0]
            file[f"INSTRUMENT/SPB_DET_AGIPD1M-1/DET/{number}CH0:xtdf/image/data"] = np.zeros((3, 8, 4), dtype="f4")
    service = ArrayService(load_settings(home=tmp_path / "home"), _NoFiles(), folders=[tmp_path])
    try:
        (found,) = (one for scan in service.scan([tmp_path], roots=[tmp_path]) for one in scan.datasets)
    finally:
        service.close()
    assert len(found.files) == 16
    assert assign(parse_manifest(bundled("recipes") / "fel-pulses"), [_summary(found)])
    assert not assign(parse_manifest(bundled("recipes") / "fel-events"), [_summary(found)])
    assert not assign(parse_manifest(bundled("recipes") / "saxs-integrate"), [_summary(found)])
