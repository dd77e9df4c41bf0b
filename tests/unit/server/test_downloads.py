"""Downloads: whole and in parts, never shown inside the page, never another file than was registered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from pandaas.catalogue import FileContent
from pandaas.model import PandaasError, Principal, Unavailable
from pandaas.server import again
from pandaas.server.again import Revoked, Watch
from pandaas.server.downloads import disposition, file_answer

DATA = bytes(range(256)) * 10_000


@pytest.fixture
def content(tmp_path: Path) -> FileContent:
    file = tmp_path.resolve() / "a.html"
    file.write_bytes(DATA)
    return FileContent(file, "a.html", len(DATA), datetime(2026, 1, 1, tzinfo=UTC), '"abc"')


@pytest.fixture
def client(content: FileContent) -> TestClient:
    app = FastAPI()
    app.state.content = content

    @app.exception_handler(PandaasError)
    def problem(_request: Request, error: PandaasError) -> Response:
        return Response(error.detail, status_code=error.status)

    @app.get("/")
    def download(request: Request) -> Response:
        return file_answer(app.state.content, request, "/_files", getattr(app.state, "watch", None))

    return TestClient(app)


def test_the_whole_file_comes_as_attachment_that_nothing_runs(client: TestClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-disposition"] == 'attachment; filename="a.html"'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["etag"] == '"abc"'


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-", 100, len(DATA)),
        ("bytes=-7", len(DATA) - 7, len(DATA)),
        ("bytes=5-10", 5, 11),
    ],
)
def test_a_part_of_it_comes_where_asked(client: TestClient, asked: str, start: int, end: int) -> None:
    answer = client.get("/", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"


@pytest.mark.parametrize("asked", ["bytes=2560000-", "bytes=9999999999999999999-", "bytes=-0", "bytes=7-3"])
def test_a_part_that_is_not_there_is_refused(client: TestClient, asked: str) -> None:
    answer = client.get("/", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize("asked", ["bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=a-b", "bytes=" + "9" * 500 + "-"])
def test_what_is_no_single_range_gives_the_whole_file(client: TestClient, asked: str) -> None:
    assert client.get("/", headers={"Range": asked}).content == DATA


def test_a_part_of_another_state_of_the_file_is_not_mixed_in(client: TestClient) -> None:
    assert client.get("/", headers={"Range": "bytes=5-10", "If-Range": '"old"'}).content == DATA
    assert client.get("/", headers={"Range": "bytes=5-10", "If-Range": '"abc"'}).content == DATA[5:11]


def test_what_is_known_is_not_sent_again(client: TestClient) -> None:
    answer = client.get("/", headers={"If-None-Match": '"x", "abc"'})
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_link_put_there_meanwhile_is_not_followed(client: TestClient, content: FileContent, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.html").write_bytes(DATA)
    (tmp_path / "link").symlink_to(other)
    for path in (tmp_path.resolve() / "link" / "a.html", tmp_path.resolve() / "gone"):
        client.app.state.content = replace(content, path=path)  # type: ignore[attr-defined]
        assert client.get("/").status_code == Unavailable.status


def test_an_empty_file_is_sent(client: TestClient, content: FileContent) -> None:
    content.path.write_bytes(b"")
    client.app.state.content = replace(content, size=0)  # type: ignore[attr-defined]
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("run 1.h5", 'attachment; filename="run 1.h5"'),
        ('a"; x=1.h5', "attachment; filename=\"a_; x=1.h5\"; filename*=UTF-8''a%22%3B%20x%3D1.h5"),
        ("a\r\nX: 1", "attachment; filename=\"a__X: 1\"; filename*=UTF-8''a%0D%0AX%3A%201"),
        ("ü.h5", "attachment; filename=\"_.h5\"; filename*=UTF-8''%C3%BC.h5"),
    ],
)
def test_names_break_no_header(name: str, header: str) -> None:
    assert disposition(name) == header


def test_nginx_is_told_where_the_file_is_and_nobody_else(client: TestClient, content: FileContent) -> None:
    told = client.get("/", headers={"X-PaNDAaS-nginx": "1"})
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["x-accel-redirect"] == f"/_files{content.path}"
    assert told.headers["content-disposition"] == 'attachment; filename="a.html"'
    assert "x-accel-redirect" not in client.get("/").headers
    content.path.unlink()
    assert client.get("/", headers={"X-PaNDAaS-nginx": "1"}).status_code == Unavailable.status


def test_a_right_that_ends_cuts_the_download_off(
    client: TestClient, content: FileContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Principal | None] = [Principal(), None]
    monkeypatch.setattr(again, "RECHECK_S", 0.0)
    client.app.state.watch = Watch(lambda: asked.pop(0), lambda _reader: None)  # type: ignore[attr-defined]
    with pytest.raises(Revoked):
        client.get("/")
    assert asked == []
