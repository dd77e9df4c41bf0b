"""The short way and FastAPI's way to the same routes give the same answers."""

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
from starlette.types import ASGIApp, Receive, Scope, Send

from pandaas.arrays import ArrayService
from pandaas.codecs import STORED_MEDIA_TYPES
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, NotFound, Principal
from pandaas.server import problems
from pandaas.server import shortcut as module
from pandaas.server.routers import arrays, h5grove
from pandaas.server.shortcut import Shortcut

pytestmark = pytest.mark.integration
FRAMES = np.random.default_rng(5).poisson(0.2, (3, 40, 33)).astype("<u4")


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        if pid == "broken":
            raise ZeroDivisionError
        if pid != "a.h5":
            raise NotFound(f"There is no dataset {pid}.")
        return DatasetFiles(pid, 1, self.folder / pid, "", "/", frozenset({self.folder / pid}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


class _Door:
    """Says who asks, as the platform's door does."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(principal=ANONYMOUS, request_id="1")
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, TestClient]]:
    folder = tmp_path_factory.mktemp("short").resolve()
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("d", data=FRAMES, chunks=(1, 40, 33), **hdf5plugin.Bitshuffle())
        file["d"].attrs.update(units="counts", other=2)
        file["text"] = "text"
    service = ArrayService(load_settings(home=folder / "home"), _Folder(folder), folders=[folder])
    clients = []
    for short in (True, False):
        app = FastAPI()
        problems.install(app)
        app.state.services = SimpleNamespace(arrays=service)
        for router in (arrays.router, h5grove.router):
            app.include_router(router)
        if short:
            app.add_middleware(Shortcut)
        app.add_middleware(_Door)
        clients.append(TestClient(app, raise_server_exceptions=False))
    yield clients[0], clients[1]
    service.close()


QUERIES = [
    "/h5grove/attr/?file=a.h5&path=/d",
    "/h5grove/attr?file=a.h5&path=/d&attr_keys=other&attr_keys=units",
    "/h5grove/attr/?file=a.h5&path=/d&attr_keys=nothing",
    "/h5grove/attr/?file=a.h5",
    "/h5grove/attr/",
    "/h5grove/attr/?file=a.h5&file=b.h5",
    "/h5grove/meta/?file=a.h5&path=%2Fd",
    "/h5grove/meta/?file=a.h5&path=/nothing",
    "/h5grove/meta/?file=other.h5&path=/d",
    "/h5grove/meta/?file=a.h5&resolve_links=maybe",
    "/h5grove/data/?file=a.h5&path=/d&selection=1,2,:",
    "/h5grove/data/?file=a.h5&path=/d&selection=1,2,:&format=bin&dtype=safe",
    "/h5grove/data/?file=a.h5&path=/d&selection=1,2,:&format=npy&flatten=true",
    "/h5grove/data/?file=a.h5&path=/d&format=strange",
    "/h5grove/data/?file=a.h5&path=/d&selection=9,9",
    "/h5grove/data/?file=a.h5&path=/text&selection=",
    "/h5grove/data/?file=a.h5&path=/d&unknown=1",
    "/api/v1/datasets/a.h5/data?path=/d&selection=1,:,:",
    "/api/v1/datasets/a.h5/data?path=/d&selection=1,:,:&format=tiff&dtype=safe",
    "/api/v1/datasets/a.h5/data?path=/d&format=strange",
    "/api/v1/datasets/a.h5/data?path=/d&dtype=strange",
    "/api/v1/datasets/a.h5/data",
    "/api/v1/datasets//data?path=/d",
    "/api/v1/datasets/other/data?path=/d",
    "/api/v1/datasets/broken/data?path=/d",
    "/api/v1/datasets/a.h5/data?path=/d&path=/e",
    "/api/v1/datasets/a.h5/data?path=%FF%20+d",
    "/api/v1/datasets/a.h5/data?path=/d&version=1795696318123456789",
    "/api/v1/datasets/a.h5/data?path=/d&version=1",
    "/api/v1/datasets/a.h5/data?path=/d&version=one",
]


@pytest.mark.parametrize("address", QUERIES)
@pytest.mark.parametrize("accept", ["*/*", STORED_MEDIA_TYPES["bitshuffle-lz4"]])
def test_both_ways_answer_alike(both: tuple[TestClient, TestClient], address: str, accept: str) -> None:
    short, long = (client.get(address, headers={"Accept": accept}) for client in both)
    assert short.status_code == long.status_code
    assert short.content == long.content
    assert short.headers == long.headers
    if "etag" in long.headers:
        again = [
            client.get(address, headers={"Accept": accept, "If-None-Match": long.headers["etag"]}) for client in both
        ]
        assert [one.status_code for one in again] == [304, 304]


def test_what_is_plainly_asked_goes_the_short_way(
    both: tuple[TestClient, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    real = module._answer
    monkeypatch.setattr(
        module, "_answer", lambda request, way, more: (called.append(way.template), real(request, way, more))[1]
    )
    for address in (
        "/h5grove/attr/?file=a.h5",
        "/h5grove/data/?file=a.h5&path=/d",
        "/api/v1/datasets/a.h5/data?path=/d",
    ):
        assert both[0].get(address).status_code == 200
    assert both[0].post("/h5grove/attr/?file=a.h5").status_code == 405
    assert called == ["/h5grove/attr/", "/h5grove/data/", "/api/v1/datasets/{pid:path}/data"]
