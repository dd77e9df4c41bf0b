"""Frames over HTTP as they are stored, for who decodes them; as values for everybody else."""

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
from pandaas.codecs import STORED_MEDIA_TYPES, decode_stored
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, Principal
from pandaas.server.routers import arrays
from pandaas.server.services import principal, services

pytestmark = pytest.mark.integration
FRAMES = np.random.default_rng(5).poisson(0.2, (3, 120, 133)).astype("<u4")
LZ4, ZSTD = STORED_MEDIA_TYPES["bitshuffle-lz4"], STORED_MEDIA_TYPES["bitshuffle-zstd"]


class _OneFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        return DatasetFiles(pid, 1, self.path, "", "/", frozenset({self.path}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("stored").resolve()
    path = folder / "frames.h5"
    with h5py.File(path, "w") as file:
        how = {"chunks": (1, *FRAMES.shape[1:])}
        file.create_dataset("bitshuffle-lz4", data=FRAMES, **how, **hdf5plugin.Bitshuffle())
        file.create_dataset("bitshuffle-zstd", data=FRAMES, **how, **hdf5plugin.Bitshuffle(cname="zstd"))
        file.create_dataset("shuffle-gzip", data=FRAMES, **how, compression="gzip", shuffle=True)
        file.create_dataset("lz4", data=FRAMES, **how, **hdf5plugin.LZ4())
        file.create_dataset("shuffle-zstd", data=FRAMES, **how, shuffle=True, **hdf5plugin.Zstd())
        file.create_dataset("shuffle", data=FRAMES, **how, shuffle=True)
        file.create_dataset("blosc", data=FRAMES, **how, **hdf5plugin.Blosc())
        file.create_dataset("big", data=FRAMES.astype(">u4"), **how, **hdf5plugin.Bitshuffle())
        file.create_dataset("gzip", data=FRAMES, **how, compression="gzip")
        broken = file.create_dataset("broken", data=FRAMES, **how, **hdf5plugin.Bitshuffle())
        at = broken.id.get_chunk_info(1).byte_offset
    with path.open("r+b") as stream:
        stream.seek(at + 12)
        stream.write(b"\xff" * 8)
    service = ArrayService(load_settings(home=folder / "home"), _OneFile(path), folders=[folder])
    app = FastAPI()
    app.include_router(arrays.router)
    app.dependency_overrides[services] = lambda: SimpleNamespace(arrays=service)
    app.dependency_overrides[principal] = lambda: ANONYMOUS
    with TestClient(app) as found:
        yield found
    service.close()


def get(client: TestClient, path: str, accept: str = f"{LZ4}, {ZSTD}", selection: str = "1,:,:", **more: str):
    wanted = {"path": path, "selection": selection, **more}
    return client.get("/api/v1/datasets/ds-1/data", params=wanted, headers={"Accept": accept})


@pytest.mark.parametrize(
    "name", ["bitshuffle-lz4", "bitshuffle-zstd", "gzip", "shuffle-gzip", "lz4", "shuffle-zstd", "shuffle"]
)
def test_a_whole_frame_comes_as_it_is_stored(client: TestClient, name: str) -> None:
    answer = get(client, f"/{name}", ", ".join([*STORED_MEDIA_TYPES.values(), "*/*"]), dtype="safe")
    assert answer.headers["content-type"] == STORED_MEDIA_TYPES[name]
    assert name == "shuffle" or len(answer.content) < FRAMES[1].nbytes / 2
    shape = tuple(map(int, answer.headers["x-shape"].strip("[]").split(",")))
    values = decode_stored(answer.content, shape, np.dtype(answer.headers["x-dtype"]), name)
    np.testing.assert_array_equal(values, FRAMES[1])


@pytest.mark.parametrize(
    ("path", "accept", "selection"),
    [
        ("/bitshuffle-lz4", "*/*", "1,:,:"),
        ("/bitshuffle-zstd", LZ4, "1,:,:"),
        ("/bitshuffle-lz4", LZ4, "1,:,::-1"),
        ("/bitshuffle-lz4", LZ4, "0:2,:,:"),
        ("/bitshuffle-lz4", LZ4, "1,:50,:"),
        ("/gzip", LZ4, "1,:,:"),
        ("/blosc", ", ".join(STORED_MEDIA_TYPES.values()), "1,:,:"),
    ],
)
def test_everything_else_comes_as_values(client: TestClient, path: str, accept: str, selection: str) -> None:
    answer = get(client, path, accept, selection)
    assert answer.headers["content-type"] == "application/octet-stream"
    parts = eval(f"np.s_[{selection}]")
    np.testing.assert_array_equal(np.frombuffer(answer.content, "<u4"), FRAMES[parts].ravel())


def test_a_browser_gets_no_stored_bytes_in_an_order_it_does_not_hold(client: TestClient) -> None:
    assert get(client, "/big", dtype="origin").headers["content-type"] == LZ4
    safe = get(client, "/big", dtype="safe")
    assert (safe.headers["content-type"], safe.headers["x-dtype"]) == ("application/octet-stream", "<u4")
    np.testing.assert_array_equal(np.frombuffer(safe.content, "<u4"), FRAMES[1].ravel())


def test_caches_keep_both_forms_apart(client: TestClient) -> None:
    stored, values = get(client, "/bitshuffle-lz4"), get(client, "/bitshuffle-lz4", "*/*")
    assert stored.headers["etag"] != values.headers["etag"]
    assert "Accept" in stored.headers["vary"]
    assert "Accept" in values.headers["vary"]


def test_a_damaged_chunk_is_said_and_not_sent(client: TestClient) -> None:
    from pandaas.model import UnreadableFile

    for accept in (LZ4, "*/*"):
        with pytest.raises(UnreadableFile, match="can't be decoded"):
            get(client, "/broken", accept)
    np.testing.assert_array_equal(
        np.frombuffer(get(client, "/broken", "*/*", "0,:,:").content, "<u4"), FRAMES[0].ravel()
    )
