"""Downloads and uploads go on where they stopped, and what arrived is what was sent."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pytest

import pandaas
from pandaas.client import Client, transfer
from pandaas.model import InvalidInput, UnreadableFile
from pandaas.testing.service import FakeFile, FakeService

CONTENT = np.random.default_rng(1).bytes(100_000)


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(transfer, "_PIECE", 30_000)


@pytest.fixture
def service() -> FakeService:
    found = FakeService()
    found.add_array("ds-1", "/a", np.arange(3))
    return found


@pytest.fixture
def client(service: FakeService) -> Client:
    return pandaas.connect(transport=service.transport)


def downloads(service: FakeService) -> list[httpx.Request]:
    return [request for request in service.requests if request.url.path.endswith("/content")]


def test_files_arrive_whole_with_progress(client: Client, service: FakeService, tmp_path: Path) -> None:
    service.files["ds-1"] = [FakeFile("master.h5", CONTENT), FakeFile("data/one.h5", b"abc")]
    seen: list[tuple[int, int]] = []
    paths = client.dataset("ds-1").download(tmp_path / "out", progress=lambda *at: seen.append(at))
    assert [path.read_bytes() for path in paths] == [CONTENT, b"abc"]
    assert paths[1] == tmp_path / "out/data/one.h5"
    assert seen[-1] == (len(CONTENT) + 3, len(CONTENT) + 3)


def test_a_broken_download_goes_on(client: Client, service: FakeService, tmp_path: Path) -> None:
    service.files["ds-1"] = [FakeFile("master.h5", CONTENT)]
    service.cut_downloads_after = 40_000
    [path] = client.dataset("ds-1").download(tmp_path)
    assert path.read_bytes() == CONTENT
    assert [request.headers.get("Range") for request in downloads(service)] == [None, "bytes=40000-"]
    assert list(tmp_path.glob("*.part")) == []


def test_a_part_of_an_earlier_call_is_used(client: Client, service: FakeService, tmp_path: Path) -> None:
    service.files["ds-1"] = [FakeFile("master.h5", CONTENT)]
    (tmp_path / "master.h5.part").write_bytes(CONTENT[:99_999])
    [path] = client.dataset("ds-1").download(tmp_path)
    assert path.read_bytes() == CONTENT
    assert downloads(service)[0].headers["Range"] == "bytes=99999-"


def test_what_is_there_already_is_not_fetched(client: Client, service: FakeService, tmp_path: Path) -> None:
    service.files["ds-1"] = [FakeFile("master.h5", CONTENT)]
    (tmp_path / "master.h5").write_bytes(CONTENT)
    client.dataset("ds-1").download(tmp_path)
    assert downloads(service) == []


def test_a_wrong_checksum_leaves_nothing_behind(client: Client, service: FakeService, tmp_path: Path) -> None:
    service.files["ds-1"] = [FakeFile("master.h5", CONTENT, sha256="0" * 64)]
    with pytest.raises(UnreadableFile, match="another checksum"):
        client.dataset("ds-1").download(tmp_path)
    assert list(tmp_path.glob("master*")) == []


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", ""])
def test_a_name_cannot_leave_the_folder(client: Client, service: FakeService, tmp_path: Path, name: str) -> None:
    service.files["ds-1"] = [FakeFile(name, b"x")]
    with pytest.raises(UnreadableFile, match="would not stay"):
        client.dataset("ds-1").download(tmp_path / "out")
    assert not (tmp_path / "evil").exists()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "curve.dat"
    file.write_bytes(CONTENT)
    return file


def test_an_upload_arrives_in_pieces(client: Client, service: FakeService, source: Path) -> None:
    [dataset] = client.upload(source)
    assert dataset.pid == "ds-up-0"
    assert service.uploads["up-0"].content == CONTENT
    assert sum(request.method == "PATCH" for request in service.requests) == 4


class Stop(Exception):
    """Somebody pulled the plug."""


def _stop_at_once(_done: int, _total: int) -> None:
    raise Stop


def test_an_interrupted_upload_goes_on(client: Client, service: FakeService, source: Path) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done >= 60_000:
            raise Stop

    with pytest.raises(Stop):
        client.upload(source, progress=interrupt)
    service.requests.clear()
    client.upload(source)
    assert list(service.uploads) == ["up-0"]
    assert sum(request.method == "PATCH" for request in service.requests) == 2
    assert service.uploads["up-0"].content == CONTENT


def test_a_lost_answer_does_not_send_a_piece_twice(client: Client, service: FakeService, source: Path) -> None:
    service.add_array("ds-x", "/a", np.arange(1))
    original = FakeService._append
    lost = iter([True])

    def append_but_lose_the_answer(self: FakeService, request: httpx.Request, match: object) -> httpx.Response:
        answer = original(self, request, match)  # type: ignore[arg-type]
        if next(lost, False):
            raise httpx.ReadError("lost")
        return answer

    with pytest.MonkeyPatch.context() as patch:
        from pandaas.testing import service as module

        routes = [(m, p, append_but_lose_the_answer if h is original else h) for m, p, h in module._ROUTES]
        patch.setattr(module, "_ROUTES", tuple(routes))
        client.upload(source)
    assert service.uploads["up-0"].content == CONTENT


def test_files_of_a_folder_stay_together(client: Client, service: FakeService, source: Path) -> None:
    (source.parent / "more").mkdir()
    (source.parent / "more/other.dat").write_bytes(b"1 2\n")
    (source.parent / "more/last.dat").write_bytes(b"3 4\n")
    client.upload(source.parent / "more")
    assert {upload.name for upload in service.uploads.values()} == {"other.dat", "last.dat"}
    import json

    batches = {json.loads(r.content)["batch"] for r in service.requests if r.url.path == "/api/v1/uploads"}
    assert len(batches) == 1
    assert None not in batches


def test_nothing_to_upload_is_said(client: Client, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="neither a file nor a folder"):
        client.upload(tmp_path / "nothing")


def test_an_upload_that_the_service_forgot_starts_again(client: Client, service: FakeService, source: Path) -> None:
    with pytest.raises(Stop):
        client.upload(source, progress=_stop_at_once)
    service.uploads.clear()
    client.upload(source)
    assert service.uploads["up-0"].content == CONTENT
