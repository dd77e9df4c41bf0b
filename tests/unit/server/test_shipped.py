"""Files of a session's software are answered for it, those alone, and never another file of the computer."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from pandaas.server.sessions.shipped import Shipped, is_shipped

MAIN = "main.efd36b46f3b45eb8.js"
VIEWER = "919.0ec79f27c9411f207130.js"


class Software:
    """What the door asks of the room."""

    def __init__(self, folder: Path | None) -> None:
        self.folder, self.asked = folder, 0

    def of(self, _session_id: str) -> Path | None:
        self.asked += 1
        return self.folder


@pytest.fixture
def software(tmp_path: Path) -> Path:
    root = tmp_path / "environment"
    for name in (f"lab/static/{MAIN}", f"labextensions/viewer/static/{VIEWER}", f"labextensions/@x/y/static/{VIEWER}"):
        (root / "share/jupyter" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "share/jupyter" / name).write_text("program")
    (root / "share/jupyter/lab/static/index.html").write_text("page")
    (tmp_path / "secret.0123456789abcdef.js").write_text("secret")
    (root / "share/jupyter/lab/static/out.0123456789abcdef.js").symlink_to(tmp_path / "secret.0123456789abcdef.js")
    return root


def answered(asked_of: Any, path: str, method: str = "GET") -> Any:
    request = Request(
        {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"v=1", "server": ("s", 80)}
    )
    return Shipped().answer(request, asked_of, "s-1") if is_shipped(request) else None


@pytest.mark.parametrize(
    "path", [f"/static/lab/{MAIN}", f"/lab/extensions/viewer/static/{VIEWER}", f"/lab/extensions/@x/y/static/{VIEWER}"]
)
def test_files_named_by_their_content_come_from_the_environment(software: Path, path: str) -> None:
    answer = answered(Software(software), path)
    assert "immutable" in answer.headers["cache-control"]
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/lab/index.html",  # changes under its name
        "/static/lab/main.0000000000000000.js",  # an extension of somebody's own
        "/static/lab/out.0123456789abcdef.js",  # leads out
        "/static/lab/../../../../secret.0123456789abcdef.js",
        "/lab/extensions/../../../secret.0123456789abcdef.js",
        "/lab/extensions/../../static/secret.0123456789abcdef.js",
        f"/lab/extensions/viewer/{VIEWER}",
        f"/api/contents/{MAIN}",
    ],
)
def test_everything_else_is_the_rows_to_answer(software: Path, path: str) -> None:
    assert answered(Software(software), path) is None


def test_what_is_sent_to_such_an_address_reaches_the_session(software: Path) -> None:
    assert answered(Software(software), f"/static/lab/{MAIN}", "POST") is None


def test_a_program_without_an_environment_answers_itself() -> None:
    assert answered(Software(None), f"/static/lab/{MAIN}") is None


def test_the_folder_is_asked_for_once(software: Path) -> None:
    asked_of, shelf = Software(software), Shipped()
    for _ in range(2):
        request = Request(
            {
                "type": "http",
                "method": "GET",
                "path": f"/static/lab/{MAIN}",
                "headers": [],
                "query_string": b"",
                "server": ("s", 80),
            }
        )
        assert shelf.answer(request, asked_of, "s-1") is not None  # type: ignore[arg-type]
    assert asked_of.asked == 1


def test_what_pages_ask_for_at_first_is_told_to_the_next_one_while_it_waits(
    software: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, asked = Shipped(), Software(software)

    def ask(name: str, query: bytes) -> None:
        scope = {"type": "http", "method": "GET", "path": f"/static/lab/{name}", "headers": [], "query_string": query}
        shipped.answer(Request(scope | {"server": ("s", 80)}), asked, "s-1")

    assert shipped.ahead(asked, "s-1") == []
    ask(MAIN, b"v=efd36b46f3b45eb8")
    ask(MAIN, b"v=%22onload")  # by somebody in her own session
    ask("main.0000000000000000.js", b"v=0000000000000000")  # is not there
    monkeypatch.setattr("pandaas.server.sessions.shipped._EARLY_S", 0.0)
    ask(MAIN, b"")  # later, when she opened something
    assert shipped.ahead(asked, "s-2") == [f"/static/lab/{MAIN}?v=efd36b46f3b45eb8"]
    assert shipped.ahead(Software(None), "s-3") == []


def test_pieces_that_pages_began_with_go_before_the_main_script(software: Path) -> None:
    shipped, static = Shipped(), software / "share/jupyter/lab/static"
    asked: Any = Software(software)
    strict, sloppy, other = "1.0123456789abcdef.js", "2.0123456789abcdef.js", "3.0123456789abcdef.js"
    (static / strict).write_text('"use strict";(self.rspackChunk_lab=self.rspackChunk_lab||[]).push([[1],{}]);')
    (static / sloppy).write_text(
        "/*! by x */\n(self.webpackChunk_lab=self.webpackChunk_lab||[]).push([[2],{}]); // end"
    )
    (static / other).write_text("(self.webpackChunk_lab=self.webpackChunk_lub||[]).push([[3],{}]);")

    def ask(name: str, packed: bytes = b"", place: str = "/static/lab") -> Any:
        headers = [(b"accept-encoding", packed)] if packed else []
        scope = {"type": "http", "method": "GET", "path": f"{place}/{name}", "headers": headers, "query_string": b""}
        return shipped.answer(Request(scope | {"server": ("s", 80)}), asked, "s-1")

    (software / "share/jupyter/labextensions/viewer/static" / strict).write_text((static / strict).read_text())
    ask(strict)  # before any page was opened: by somebody in her own session
    shipped.ahead(asked, "s-1")
    for name in (sloppy, strict, other):
        ask(name)
    ask(strict, place="/lab/extensions/viewer/static")  # a person may have another version of it
    body = ask(MAIN).body.decode()
    assert body.count("push(") == 2
    assert body.index("push([[2]") < body.index("push([[1]") < body.index("program")
    assert '!function(){"use strict";' in body, "a piece is strict for itself"
    assert "// end\n}();" in body
    assert "push([[3]" not in body, "it does something else than lay modules down"
    assert gzip.decompress(ask(MAIN, b"gzip, br").body).decode() == body
    alone = [f"/static/lab/{other}", f"/lab/extensions/viewer/static/{strict}", f"/static/lab/{MAIN}"]
    assert shipped.ahead(asked, "s-2") == alone
