"""The page, the help pages and the health board."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pandaas.model import NotFound
from pandaas.server import guide, page, problems
from pandaas.server.health import HealthBoard


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    built = tmp_path / "web"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>page</title>")
    (built / "assets" / "main-1.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    (built / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setattr(page, "bundled", lambda _name: built)
    app = FastAPI()
    problems.install(app)
    page.install(app)
    return TestClient(app)


@pytest.mark.parametrize("address", ["/", "/search", "/datasets/ds-1", "/jobs/job-1?tab=log"])
def test_every_address_of_the_page_gives_the_page(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert "<title>page</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


def test_built_files_are_kept_by_browsers_for_ever(client: TestClient) -> None:
    assert "immutable" in client.get("/assets/main-1.js").headers["cache-control"]


@pytest.mark.parametrize("address", ["/", "/assets/main-1.js"])
def test_the_page_travels_packed_to_who_takes_it(client: TestClient, address: str) -> None:
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    for answer in (packed, plain):
        assert "Accept-Encoding" in answer.headers["vary"]
        assert answer.headers["content-type"].startswith("text/")


def test_a_page_built_anew_is_not_answered_with_the_old_one(client: TestClient, tmp_path: Path) -> None:
    client.get("/")
    index = tmp_path / "web/index.html"
    index.write_text("<!doctype html><title>new</title>")
    os.utime(index, ns=(1, 1))
    assert "new" in client.get("/").text


def test_a_missing_built_file_is_not_answered_with_the_page(client: TestClient) -> None:
    assert client.get("/assets/main-0.js").status_code == 404


@pytest.mark.parametrize("address", ["/api/v1/unknown", "/h5grove/unknown/", "/metrics/x"])
def test_unknown_addresses_of_the_api_are_problems(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("address", ["/%2e%2e/secret.txt", "/..%2fsecret.txt", "/link.txt", "/a%00b"])
def test_nothing_outside_the_built_page_is_served(client: TestClient, address: str) -> None:
    assert "secret" not in client.get(address).text


def test_help_knows_its_first_tutorial() -> None:
    entry = next(entry for entry in guide.index() if entry.path == "tutorials/first-analysis")
    assert entry.section == "tutorials"
    assert guide.page(entry.path).markdown.startswith("# ")


def test_every_help_page_has_a_title_and_a_summary() -> None:
    assert [entry.path for entry in guide.index() if not entry.title or not entry.summary] == []


@pytest.mark.parametrize("path", ["../LICENSE", "tutorials/../../README", "/etc/passwd", "tutorials/none", "\x00"])
def test_no_other_file_is_help(path: str) -> None:
    with pytest.raises(NotFound):
        guide.page(path)


@pytest.mark.parametrize("path", ["../index.md", "/etc/passwd", "none.png", "\x00"])
def test_no_other_file_is_a_picture(path: str) -> None:
    with pytest.raises(NotFound):
        guide.image(path)


def test_health_is_ok_only_when_nothing_starts_or_fails() -> None:
    board = HealthBoard()
    board.set("database", "ok")
    assert board.report().status == "ok"
    board.set("demo data", "starting", "step 1")
    assert board.report().status == "starting"
    board.set("catalogue", "failed", "no disk")
    assert board.report().status == "failed"


def test_a_full_disk_is_told_and_leaves_the_service_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = HealthBoard()
    board.watch_disk(tmp_path)
    free = 10 * 1024**2
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))
    report = board.report()
    assert report.status == "ok"
    assert [(one.name, one.state) for one in report.components] == [("disk", "degraded")]
    assert "10 MB free" in report.components[0].detail
    free = 10 * 1024**3
    assert board.report().components[0].state == "ok"
