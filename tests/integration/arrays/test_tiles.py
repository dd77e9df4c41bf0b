"""Tiles, bricks and previews over HTTP: from the values of the file, without what its mask says, and only for who may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import h5py
import hdf5plugin
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pandaas.arrays import ArrayService
from pandaas.codecs import STORED_MEDIA_TYPES, decode_chunk
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, Principal
from pandaas.server import problems
from pandaas.server.routers import arrays, tiles
from pandaas.server.services import principal, services

pytestmark = pytest.mark.integration
FRAMES = np.random.default_rng(5).poisson(3, (3, 600, 533)).astype("<u4")
MASK = np.zeros(FRAMES.shape[1:], "u4")
MASK[100:200, :64] = 2
VALID = np.where(MASK != 0, np.nan, FRAMES.astype("f4"))


class _Folder:
    """`open` are the files besides the dataset's own that may be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: set[Path] = set()

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        return DatasetFiles(pid, 1, self.folder / pid, "", "/", frozenset({self.folder / pid}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return path in self.open


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> _Folder:
    found = _Folder(tmp_path_factory.mktemp("tiles").resolve())
    with h5py.File(found.folder / "mask.h5", "w") as file:
        file["mask"] = MASK
    for name, how in (("a.h5", {}), ("blosc2.h5", hdf5plugin.Blosc2())):
        with h5py.File(found.folder / name, "w") as file:
            detector = file.create_group("entry/detector")
            detector.attrs["NX_class"] = "NXdetector"
            file["entry"].attrs["NX_class"] = "NXentry"
            chunks = {"chunks": (1, *FRAMES.shape[1:])} if how else {}
            detector.create_dataset("data", data=FRAMES, **chunks, **how)
            detector["pixel_mask"] = MASK
    with h5py.File(found.folder / "linked.h5", "w") as file:
        detector = file.create_group("entry/detector")
        detector.attrs["NX_class"] = "NXdetector"
        detector["data"] = FRAMES
        detector["pixel_mask"] = h5py.ExternalLink("mask.h5", "/mask")
        file["frames"] = h5py.ExternalLink("a.h5", "/entry/detector/data")
    return found


@pytest.fixture(scope="module")
def service(folder: _Folder) -> Iterator[ArrayService]:
    found = ArrayService(load_settings(home=folder.folder / "home"), folder, folders=[folder.folder])
    yield found
    found.close()


@pytest.fixture(scope="module")
def client(service: ArrayService) -> Iterator[TestClient]:
    app = FastAPI()
    problems.install(app)
    for module in (arrays, tiles):
        app.include_router(module.router)
    app.dependency_overrides[services] = lambda: SimpleNamespace(arrays=service)
    app.dependency_overrides[principal] = lambda: ANONYMOUS
    with TestClient(app) as found:
        yield found


def get(client: TestClient, kind: str, file: str = "a.h5", accept: str = "*/*", **query: object):
    wanted = {"path": "/entry/detector/data", **query}
    return client.get(f"/api/v1/datasets/{file}/{kind}", params=wanted, headers={"Accept": accept})


def values(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    shape = tuple(map(int, answer.headers["x-shape"].strip("[]").split(",")))
    return np.frombuffer(answer.content, answer.headers["x-dtype"]).reshape(shape)


def largest(image: np.ndarray, factor: int) -> np.ndarray:
    padded = np.pad(image, [(0, -n % factor) for n in image.shape], constant_values=np.nan)
    rows, columns = (n // factor for n in padded.shape)
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        return np.nanmax(padded.reshape(rows, factor, columns, factor), axis=(1, 3))


@pytest.mark.parametrize("file", ["a.h5", "blosc2.h5"])
def test_tiles_are_those_of_the_pyramid(client: TestClient, file: str) -> None:
    levels = get(client, "pyramid", file).json()["images"]
    assert [level["cells"] for level in levels] == [[3, 3], [2, 2], [1, 1]]
    top = values(get(client, "tile", file, frame="2", level=2))
    np.testing.assert_array_equal(top, largest(VALID[2], 4))
    corner = values(get(client, "tile", file, frame="2", level=1, row=1, column=1))
    np.testing.assert_array_equal(corner, largest(VALID[2], 2)[256:, 256:])


def test_bricks_are_parts_of_the_volume(client: TestClient) -> None:
    levels = get(client, "pyramid").json()["volumes"]
    assert levels[0]["cells"] == [1, 10, 9]
    np.testing.assert_array_equal(
        values(get(client, "brick", level=0, z=0, y=9, x=8)), VALID[:, 576:, 512:].astype("f4")
    )
    mean = values(get(client, "brick", level=levels[-1]["level"], method="mean"))
    factor = levels[-1]["factor"]
    assert np.isclose(mean[0, -1, -1], np.nanmean(VALID[:, -(600 % factor or factor) :, -(533 % factor or factor) :]))


def test_windows_and_chunks(client: TestClient) -> None:
    plain = values(get(client, "tile", frame="0", level=1))
    small = values(get(client, "tile", frame="0", level=1, low=0, high=20))
    assert small.dtype == np.uint8
    assert ((small == 0) == np.isnan(plain)).all()
    packed = get(client, "tile", accept=STORED_MEDIA_TYPES["bitshuffle-lz4"], frame="0", level=1, low=0, high=20)
    assert packed.headers["content-type"] == STORED_MEDIA_TYPES["bitshuffle-lz4"]
    assert len(packed.content) < small.nbytes
    np.testing.assert_array_equal(decode_chunk(packed.content, small.shape, small.dtype, "lz4"), small)
    preview = values(get(client, "preview", selection="0", max_size=300))
    np.testing.assert_array_equal(preview, largest(VALID[0], 2))


def test_an_answer_that_is_there_already_costs_nothing(client: TestClient) -> None:
    first = get(client, "tile", frame="0", level=1)
    again = client.get(first.request.url, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert get(client, "tile", frame="0", level=2).headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("kind", "query", "status"),
    [
        ("tile", {}, 422),
        ("tile", {"frame": "0", "level": 9}, 404),
        ("tile", {"frame": "a"}, 422),
        ("tile", {"frame": "0", "low": 1}, 422),
        ("tile", {"frame": "0", "method": "stride"}, 422),
        ("brick", {"frame": "0"}, 422),
        ("pyramid", {"path": "/entry"}, 422),
        ("tile", {"path": "/nothing"}, 404),
    ],
)
def test_wrong_questions(client: TestClient, kind: str, query: dict[str, object], status: int) -> None:
    assert get(client, kind, **query).status_code == status


@pytest.mark.parametrize("kind", ["tile", "brick", "pyramid", "preview", "stats"])
def test_what_a_link_leads_to_is_only_for_who_may_read_it(client: TestClient, folder: _Folder, kind: str) -> None:
    query = {"path": "/frames"} | ({"frame": "0"} if kind == "tile" else {"selection": "0"})
    folder.open.add(folder.folder / "a.h5")
    assert get(client, kind, "linked.h5", **query).status_code == 200
    folder.open.clear()
    assert get(client, kind, "linked.h5", **query).status_code == 404


def test_a_mask_elsewhere_is_applied_for_who_may_read_it(client: TestClient, folder: _Folder) -> None:
    without = get(client, "tile", "linked.h5", frame="0")
    assert not np.isnan(values(without)).any()
    folder.open.add(folder.folder / "mask.h5")
    masked = get(client, "tile", "linked.h5", frame="0")
    assert np.isnan(values(masked)[150, 10])
    folder.open.clear()
    assert masked.headers["etag"] != without.headers["etag"]
    assert not np.isnan(values(get(client, "tile", "linked.h5", frame="0"))).any()
