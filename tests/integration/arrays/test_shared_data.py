"""What the readers say of measured files of every technique: ../shared/data beside the checkout.

The table holds, per file: format, techniques (short labels), instrument, facility. Where a file names no technique or
instrument, neither do we: `DEFAULT` marks what the storage root, the instrument's default or the person must say.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pandaas.arrays import ArrayService, ScanResult
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, BY_IRI, ArrayKind, DatasetFiles, Principal, ScannedDataset

DATA = Path(__file__).parents[4] / "shared" / "data"
DEFAULT: tuple[str, ...] = ()
NAMED_BY_USER = None

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the folder of measured data {DATA} is absent"),
]

# glob: (format, techniques, instrument, facility)
TABLE: dict[str, tuple[str, tuple[str, ...], str | None, str | None]] = {
    "biosaxs/GI2_A9_19": ("spec", DEFAULT, NAMED_BY_USER, None),
    "biosaxs/*.dat": ("text", ("SAXS",), NAMED_BY_USER, None),
    "biosaxs/*.tiff": ("tiff", DEFAULT, NAMED_BY_USER, None),
    "biosaxs/clean_BSA_001.hdf5": ("raw-series", ("SAXS",), NAMED_BY_USER, None),
    "biosaxs/vac_007_data_000001.h5": ("eiger", DEFAULT, NAMED_BY_USER, None),
    "fel/cspad_*.cbf": ("cbf", DEFAULT, "LCLS CXI Endstation", "LCLS"),
    "fel/flash/*.h5": ("hdf5", DEFAULT, NAMED_BY_USER, None),
    "lasers/pypret*": ("hdf5", DEFAULT, NAMED_BY_USER, None),
    "lasers/*.h5": ("openpmd", DEFAULT, NAMED_BY_USER, None),
    "lasers/fbpic*/*.h5": ("openpmd", DEFAULT, NAMED_BY_USER, None),
    "mx/thau*.cbf.bz2": ("cbf", DEFAULT, NAMED_BY_USER, None),
    "mx/lcys*": ("dials", ("single crystal",), NAMED_BY_USER, None),
    "neutron_event/EQSANS*": ("nexus", ("TOF-SANS",), "EQ-SANS", "SNS"),
    "neutron_event/REF_L*": ("nexus", ("NR",), "REF_L", "SNS"),
    "neutron_powder/dmc01.h5": ("nexus", ("NPD",), "DMC at SINQ", "SINQ"),
    "neutron_powder/*.xye": ("text", ("powder",), NAMED_BY_USER, None),
    "neutron_refl/INTER*": ("nexus", ("NR",), "INTER", "ISIS"),
    "neutron_refl/NIST*": ("nexus", ("NR",), "NCNR PBR", "NCNR"),
    "neutron_refl/PLP*": ("nexus", DEFAULT, NAMED_BY_USER, None),
    "neutron_refl/e361r.txt": ("text", DEFAULT, NAMED_BY_USER, None),
    "neutron_sans/LOQ*": ("nexus", ("TOF-SANS",), "LOQ", "ISIS"),
    "neutron_sans/PSI*": ("nexus", ("SANS",), "SANS at SINQ", "SINQ"),
    "neutron_sans/SANS2D*": ("nexus", ("TOF-SANS",), "SANS2D", "ISIS"),
    "powder/CeO2_Pilatus1M.xy": ("text", ("XPD",), NAMED_BY_USER, None),
    "powder/*.tif": ("tiff", DEFAULT, NAMED_BY_USER, None),
    "powder/map/*.tif": ("tiff", DEFAULT, NAMED_BY_USER, None),
    "powder/lambda/*.nxs": ("nexus", DEFAULT, NAMED_BY_USER, "PETRA III"),
    "saxs/APS*": ("nexus", ("SAXS",), "APS 9-ID-C USAXS pinSAXS", "APS"),
    "saxs/DLS*": ("nexus", DEFAULT, NAMED_BY_USER, "Diamond"),
    "saxs/*.edf": ("edf", DEFAULT, NAMED_BY_USER, None),
    "tomo/tooth.h5": ("dxchange", ("CT",), NAMED_BY_USER, None),
    "xas/*.xdi": ("xdi", ("XAS",), NAMED_BY_USER, None),
    "xas/*.dat": ("text", ("XAS",), NAMED_BY_USER, None),
    "xas/*.mca": ("mca", ("XRF",), NAMED_BY_USER, None),
    "xrf/DLS_I18*": ("nexus", ("XRF", "STXM", "XRD"), NAMED_BY_USER, "Diamond"),
    "xrf/DLS_testfluo2*": ("nexus", ("XRF",), NAMED_BY_USER, None),
    "xrf/Steel.spe": ("spe", DEFAULT, NAMED_BY_USER, None),
    "xrf/XRFSpectrum.mca": ("mca", ("XRF",), NAMED_BY_USER, None),
}
ATTACHMENTS = ("*.md", "*.MD", "*README*", "*.poni", "*.cfg", "*.yaml")
WITHOUT_ARRAYS = ("fel/cspad_*.cbf", "mx/lcys*")  # need DIALS
# The array a person wants to see first: (path, kind, shape).
DEFAULT_ARRAYS: dict[str, tuple[str, ArrayKind, tuple[int, ...]]] = {
    "biosaxs/glucose_isomerase.dat": ("/entry/data/I(Q)", ArrayKind.CURVE, (474,)),
    "biosaxs/vac_007_data_000001.h5": ("/entry/data/data", ArrayKind.IMAGE_STACK, (2, 3262, 3108)),
    "mx/thau_3_2_0001.cbf.bz2": ("/entry/data/data", ArrayKind.IMAGE, (2527, 2463)),
    "neutron_event/REF_L_70977_event.nxs": ("/entry/bank1/data_x_y", ArrayKind.IMAGE, (304, 256)),
    "neutron_powder/dmc01.h5": ("/entry1/data1/counts", ArrayKind.CURVE, (400,)),
    "neutron_refl/INTER00013460.nxs": ("/raw_data_1/detector_1/counts", ArrayKind.SPECTRA_MAP, (1, 2, 1000)),
    "neutron_sans/PSI_SANS_2009n012333.hdf": ("/entry1/data1/counts", ArrayKind.IMAGE, (128, 128)),
    "powder/CeO2_Pilatus1M.tif": ("/entry/data/data", ArrayKind.IMAGE, (1043, 981)),
    "saxs/APS_9ID_pinSAXS_IN625_10frames_NXsas.hdf5": ("/entry/data/frames", ArrayKind.IMAGE_STACK, (10, 195, 487)),
    "saxs/pilatus300k.edf": ("/entry/data/data", ArrayKind.IMAGE, (195, 1475)),
    "tomo/tooth.h5": ("/exchange/data", ArrayKind.IMAGE_STACK, (181, 2, 640)),
    "xas/srm1832.mca": ("/entry/data/counts", ArrayKind.SPECTRA_MAP, (4, 2048)),
    "xrf/DLS_testfluo2_18x18_map.nxs": ("/entry1/fluo_entry/data/data", ArrayKind.SPECTRA_MAP, (18, 18, 512)),
}


class _Files:
    """Knows every file by its path below the folder."""

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        path = (DATA / pid).resolve()
        return DatasetFiles(pid, 1, path, "", "/", frozenset({path}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArrayService]:
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    made = ArrayService(settings, _Files(), folders=[DATA.resolve()])
    yield made
    made.close()


@pytest.fixture(scope="module")
def results(service: ArrayService) -> dict[str, ScanResult]:
    found = service.scan([DATA], roots=[DATA])
    return {str(result.path.relative_to(DATA)): result for result in found}


def _all_files() -> list[str]:
    if not DATA.is_dir():
        return []
    return sorted(str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file())


def _is_attachment(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in ATTACHMENTS)


def _row(name: str) -> tuple[str, tuple[str, ...], str | None, str | None]:
    return next(row for pattern, row in TABLE.items() if fnmatch.fnmatchcase(name, pattern))


DATASETS = [name for name in _all_files() if not _is_attachment(name)]


def _datasets(results: dict[str, ScanResult], name: str) -> tuple[ScannedDataset, ...]:
    result = results[name]
    assert result.error is None, str(result.error)
    assert not result.attachment
    assert result.datasets
    return result.datasets


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", DATASETS)
def test_format_technique_instrument_and_facility(results: dict[str, ScanResult], name: str) -> None:
    kind, techniques, instrument, facility = _row(name)
    for dataset in _datasets(results, name):
        assert dataset.format == kind
        assert {BY_IRI[iri].short for iri in dataset.techniques} == set(techniques)
        assert dataset.instrument == instrument
        assert dataset.facility == facility


@pytest.mark.parametrize("name", DATASETS)
def test_there_is_something_to_see(results: dict[str, ScanResult], name: str) -> None:
    for dataset in _datasets(results, name):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in WITHOUT_ARRAYS):
            assert any("needs DIALS" in note for note in dataset.unread)
            assert not dataset.arrays
            continue
        assert dataset.plot is not None
        default = [array for array in dataset.arrays if array.is_default]
        assert [array.path for array in default] == [dataset.plot.signal]
        assert dataset.title


@pytest.mark.parametrize("name", [name for name in _all_files() if _is_attachment(name)])
def test_readme_configuration_and_poni_are_attachments(results: dict[str, ScanResult], name: str) -> None:
    assert results[name].attachment
    assert not results[name].datasets


@pytest.mark.parametrize(("name", "wanted"), DEFAULT_ARRAYS.items())
def test_default_array(
    results: dict[str, ScanResult], name: str, wanted: tuple[str, ArrayKind, tuple[int, ...]]
) -> None:
    dataset = _datasets(results, name)[0]
    default = next(array for array in dataset.arrays if array.is_default)
    assert (default.path, default.kind, default.shape) == wanted


@pytest.mark.parametrize(
    "name", [n for n in DATASETS if not any(fnmatch.fnmatchcase(n, p) for p in WITHOUT_ARRAYS)][::3]
)
def test_the_default_array_can_be_read(service: ArrayService, results: dict[str, ScanResult], name: str) -> None:
    dataset = _datasets(results, name)[0]
    default = next(array for array in dataset.arrays if array.is_default)
    selection = ",".join(["0"] * max(0, len(default.shape) - 2) + ["..."])
    values = service.read(ANONYMOUS, name, default.path, selection)
    assert values.shape == default.shape[max(0, len(default.shape) - 2) :]
    assert np.isfinite(values).any()
    stats = service.stats(ANONYMOUS, name, default.path, selection)
    assert stats.count + stats.masked == values.size


def test_a_thumbnail_of_each_kind(service: ArrayService, results: dict[str, ScanResult]) -> None:
    for name in ("saxs/pilatus300k.edf", "biosaxs/glucose_isomerase.dat", "xrf/DLS_testfluo2_18x18_map.nxs"):
        picture = service.thumbnail(_datasets(results, name)[0])
        assert picture is not None
        assert picture.startswith(b"\x89PNG")


def test_geometry_of_files_that_tell_it(service: ArrayService) -> None:
    nexus = service.geometry(ANONYMOUS, "saxs/APS_9ID_pinSAXS_IN625_10frames_NXsas.hdf5", "/entry/data/frames")
    cbf = service.geometry(ANONYMOUS, "mx/thau_3_2_0001.cbf.bz2", "/entry/data/data")
    assert nexus is not None
    assert cbf is not None
    assert (nexus.distance, nexus.pixel_size_x) == pytest.approx((0.5408, 172e-6))
    assert (nexus.beam_center_x, nexus.beam_center_y) == pytest.approx((99.95, -5.65), abs=0.01)
    assert nexus.wavelength == pytest.approx(0.5904022421801379e-10)
    assert (cbf.distance, cbf.beam_center_x, cbf.wavelength) == pytest.approx((0.351, 1261.61, 0.96859e-10))


def test_sentinels_of_an_eiger_are_left_out(service: ArrayService) -> None:
    stats = service.stats(ANONYMOUS, "biosaxs/vac_007_data_000001.h5", "/entry/data/data", "0")
    assert stats.sentinel == 2**32 - 1
    assert stats.maximum is not None
    assert stats.maximum < 2**31
    assert stats.masked > 0
