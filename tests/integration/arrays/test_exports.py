"""Answers in parts, of any size and several at once; and which of them browsers keep."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import h5py
import hdf5plugin
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from pandaas.arrays import ArrayService, export
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, NotFound, Principal
from pandaas.server import problems
from pandaas.server.routers import arrays
from pandaas.server.services import principal, services

pytestmark = pytest.mark.integration
DATA = "/api/v1/datasets/ds-1/data"
EXPORT = "/api/v1/datasets/ds-1/export"
BATCH = "/api/v1/datasets/ds-1/batch"
STACK = np.random.default_rng(3).integers(0, 1000, (9, 40, 33)).astype("<u4")


class _OneFile:
    """Grows until it is said to be finished, and may be taken away."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.growing = False
        self.hidden = False

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        if self.hidden:
            raise NotFound(f"There is no dataset {pid}.")
        return DatasetFiles(pid, 3, self.path, "", "/", frozenset({self.path}), self.growing)

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> _OneFile:
    path = tmp_path_factory.mktemp("exports").resolve() / "stack.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("packed", data=STACK, chunks=(1, 40, 33), **hdf5plugin.Bitshuffle())
        file["plain"] = STACK.astype(">f8")
        file["one"] = np.float32(4.5)
        file["none"] = np.empty((0, 3))
        file["text"] = ["a", "b"]
    return _OneFile(path)


@pytest.fixture(scope="module")
def service(source: _OneFile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArrayService]:
    home = tmp_path_factory.mktemp("home")
    made = ArrayService(load_settings(home=home, server={"max_response_mb": 1}), source, folders=[source.path.parent])
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(service: ArrayService) -> Iterator[TestClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(arrays.router)
    app.dependency_overrides[services] = lambda: SimpleNamespace(arrays=service)
    app.dependency_overrides[principal] = lambda: ANONYMOUS
    with TestClient(app) as found:
        yield found


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BLOCK_BYTES", 2000)


@pytest.mark.parametrize("path", ["/packed", "/plain", "/one", "/none"])
@pytest.mark.usefixtures("small_blocks")
def test_an_export_is_a_numpy_file(client: TestClient, path: str) -> None:
    answer = client.get(EXPORT, params={"path": path})
    found = np.load(io.BytesIO(answer.content), allow_pickle=False)
    expected = {"/packed": STACK, "/plain": STACK.astype(">f8"), "/one": np.float32(4.5), "/none": np.empty((0, 3))}[
        path
    ]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    assert int(answer.headers["content-length"]) == len(answer.content)


_ITEMS = st.tuples(
    st.sampled_from([np.s_[:], np.s_[2], np.s_[::-2], np.s_[3:8], np.s_[8:3:-1], np.s_[4:4]]),
    st.sampled_from([np.s_[:], np.s_[5], np.s_[::3], np.s_[39::-5]]),
    st.sampled_from([np.s_[:], np.s_[0], np.s_[7:20:4]]),
)


@settings(max_examples=25, deadline=None)
@given(items=_ITEMS, block=st.sampled_from([100, 2000, 10**6]), cut=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_any_part_of_an_export_is_that_part_of_its_bytes(
    client: TestClient, items: tuple[slice | int, ...], block: int, cut: tuple[float, float]
) -> None:
    expected = np.ascontiguousarray(STACK[items]).tobytes()
    text = ",".join(
        str(item)
        if isinstance(item, int)
        else ":".join("" if n is None else str(n) for n in (item.start, item.stop, item.step))
        for item in items
    )
    start, stop = sorted(int(share * len(expected)) for share in cut)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "BLOCK_BYTES", block)
        asked = {"path": "/packed", "selection": text, "format": "bin"}
        assert client.get(EXPORT, params=asked).content == expected
        part = client.get(EXPORT, params=asked, headers={"Range": f"bytes={start}-{stop - 1}"})
    if stop > start:
        assert (part.status_code, part.content) == (206, expected[start:stop])


def test_what_is_too_large_for_one_answer_is_exported(client: TestClient, source: _OneFile) -> None:
    with h5py.File(source.path, "a") as file:
        file.create_dataset("large", (30, 200, 200), "<f8", fillvalue=2.5, chunks=(1, 200, 200))
    refused = client.get(DATA, params={"path": "/large"})
    assert refused.status_code == 413
    assert "export" in refused.json()["remedy"]
    exported = np.load(io.BytesIO(client.get(EXPORT, params={"path": "/large"}).content))
    assert exported.shape == (30, 200, 200)
    assert (exported == 2.5).all()


def test_text_is_not_exported(client: TestClient) -> None:
    answer = client.get(EXPORT, params={"path": "/text"})
    assert (answer.status_code, answer.json()["field"]) == (422, "path")


@pytest.mark.usefixtures("small_blocks")
def test_an_export_ends_when_the_right_to_it_does(service: ArrayService, source: _OneFile) -> None:
    found = service.exports.export(ANONYMOUS, "ds-1", "/packed")
    pieces = found.pieces(0, found.nbytes)
    next(pieces)
    source.hidden = True
    try:
        with pytest.raises(NotFound):
            list(pieces)
    finally:
        source.hidden = False


def test_a_part_of_an_answer(client: TestClient) -> None:
    asked = {"path": "/packed", "selection": "2,:,:"}
    part = client.get(DATA, params=asked, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, STACK[2].tobytes()[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{STACK[2].nbytes}"


def test_several_selections_in_one_answer(client: TestClient) -> None:
    wanted = [("/packed", "0,1,:"), ("/plain", "3,:,4"), ("/one", "")]
    query = [pair for path, part in wanted for pair in (("path", path), ("selection", part))]
    answer = client.get(BATCH, params=query)
    found = np.load(io.BytesIO(answer.content), allow_pickle=False)
    np.testing.assert_array_equal(found["0"], STACK[0, 1])
    np.testing.assert_array_equal(found["1"], STACK[3, :, 4])
    assert found["2"] == 4.5
    assert client.get(BATCH, params=query, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    one = client.get(BATCH, params=[("path", "/packed"), ("selection", "0"), ("selection", "8")])
    np.testing.assert_array_equal(np.load(io.BytesIO(one.content))["1"], STACK[8])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ([("path", "/packed"), ("path", "/plain"), ("selection", "0")], 422),
        ([("path", "/packed"), ("path", "/nothing")], 404),
        ([("path", "/text")], 422),
        ([("path", "/plain")] * 12, 413),
        ([("path", "/one")] * 257, 422),
    ],
)
def test_batches_that_cannot_be(client: TestClient, query: list[tuple[str, str]], status: int) -> None:
    assert client.get(BATCH, params=query).status_code == status


def test_browsers_keep_the_finished_version_that_they_named(client: TestClient, source: _OneFile) -> None:
    def kept(**more: int) -> str:
        answer = client.get(DATA, params={"path": "/packed", "selection": "1,:,:", **more})
        return str(answer.headers.get("cache-control", ""))

    assert "immutable" in kept(version=3)
    assert kept() == kept(version=2) == ""
    source.growing = True
    try:
        assert kept(version=3) == ""
    finally:
        source.growing = False
