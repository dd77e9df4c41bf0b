"""The door of `pandaas view`: key, ticket, cookie, Host, and pages of elsewhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pandaas.server import problems
from pandaas.server.view.gate import KeyGate
from pandaas.server.view.keys import Keys

ADDRESS = "http://127.0.0.1:8123"


def client(keys: Keys, *, host: str = "127.0.0.1", base: str = ADDRESS) -> TestClient:
    app = FastAPI()
    problems.install(app, database=False)

    @app.get("/api/v1/view")
    @app.get("/h5grove/meta/")
    @app.get("/{path:path}")
    def anything(path: str = "") -> dict[str, Any]:
        return {"inside": True}

    app.add_middleware(KeyGate, keys=keys, host=host)
    return TestClient(app, base_url=base, follow_redirects=False)


@pytest.fixture
def keys() -> Keys:
    return Keys("secret-key", 8123)


@pytest.mark.parametrize("path", ["/api/v1/view", "/h5grove/meta/", "/", "/view/a.h5", "/api/../view/"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer secret-key2"},
        {"authorization": "Basic secret-key"},
        {"cookie": "pandaas-view-8123=secret-key"},
        {"cookie": "pandaas-view-8123=; pandaas=secret-key"},
        {"cookie": "pandaas-view-8123=ä"},
    ],
)
def test_without_the_key_nothing_is_shown(keys: Keys, path: str, headers: dict[str, str]) -> None:
    answer = client(keys).get(path, headers={name: value.encode() for name, value in headers.items()})
    assert answer.status_code == 401
    assert "inside" not in answer.text


def test_who_has_no_key_is_told_where_it_is(keys: Keys) -> None:
    answer = client(keys).get("/view/a.h5")
    assert answer.headers["content-type"].startswith("text/html")
    assert "Open the address that it printed" in answer.text
    assert client(keys).get("/api/v1/view").headers["content-type"] == "application/problem+json"


def test_the_key_in_the_address_becomes_a_strict_cookie(keys: Keys) -> None:
    browser = client(keys)
    answer = browser.get("/view/a%20b.h5?key=secret-key&path=/entry/data")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "secret-key" not in cookie
    assert "secret-key" not in answer.text  # nor does it stay in the address
    assert 'content="0;url=/view/a%20b.h5?path=%2Fentry%2Fdata"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert browser.get("/api/v1/view").json() == {"inside": True}
    assert browser.get("/view/a.h5").status_code == 200


def test_a_wrong_key_is_no_key(keys: Keys) -> None:
    for wrong in ("", "secret-ke", "secret-key ", "ä", "secret-key&key=x"):
        assert client(keys).get(f"/?key={quote(wrong)}").status_code == 401


def test_the_key_in_an_address_of_data_does_not_count(keys: Keys) -> None:
    """Such addresses are copied, logged and put into other pages."""
    assert client(keys).get("/api/v1/view?key=secret-key").status_code == 401


def test_programs_send_it_as_a_token(keys: Keys) -> None:
    answer = client(keys).get("/h5grove/meta/", headers={"authorization": "Bearer secret-key"})
    assert answer.json() == {"inside": True}
    assert "set-cookie" not in answer.headers


def test_a_ticket_is_good_for_one_visit(keys: Keys) -> None:
    ticket = keys.ticket()
    assert "set-cookie" in client(keys).get(f"/?key={ticket}").headers
    assert client(keys).get(f"/?key={ticket}").status_code == 401
    assert "set-cookie" in client(keys).get("/?key=secret-key").headers


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "///evil.example", "/%0d%0aevil"])
def test_the_way_in_never_leads_elsewhere(keys: Keys, path: str) -> None:
    answer = client(keys).get(f"{ADDRESS}{path}?key=secret-key")
    target = answer.text.partition("0;url=")[2].partition('"')[0]
    assert target.startswith("/")
    assert target[1:2] not in {"/", "\\"}
    assert not set(target) & set("\r\n\\<>")


def test_a_path_with_markup_is_no_markup(keys: Keys) -> None:
    answer = client(keys).get('/"><script>alert(1)</script>?key=secret-key&x="><script>')
    assert "<script" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8123", "127.0.0.1.evil.example", "[::2]", "", "a@evil"])
@pytest.mark.parametrize("with_key", [True, False])
def test_a_name_of_elsewhere_is_refused(host: str, *, with_key: bool) -> None:
    """DNS rebinding: a page at evil.example whose name now leads to 127.0.0.1."""
    door = client(Keys("secret-key" if with_key else None, 8123))
    for path in ("/api/v1/view", "/", "/?key=secret-key", "/assets/x.js"):
        answer = door.get(path, headers={"host": host, "authorization": "Bearer secret-key"})
        assert answer.status_code == 422
        assert "inside" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:8123", "[::1]:8123", "LOCALHOST"])
def test_names_of_this_machine_are_fine(keys: Keys, host: str) -> None:
    assert client(keys).get("/api/v1/view", headers={"host": host, "authorization": "Bearer secret-key"}).is_success


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("with_key", [True, False])
def test_other_pages_get_no_data_even_with_the_cookie(site: str, *, with_key: bool) -> None:
    """'same-site' is a page of another port of this machine, to which browsers send the cookie too."""
    door = client(Keys("secret-key" if with_key else None, 8123))
    door.get("/?key=secret-key")
    assert door.get("/api/v1/view", headers={"sec-fetch-site": site}).status_code == 403
    assert door.get("/h5grove/meta/", headers={"sec-fetch-site": site}).status_code == 403
    assert door.get("/api/v1/view", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_without_a_key_everybody_of_this_machine_is_let_in() -> None:
    door = client(Keys(None, 8123))
    assert door.get("/api/v1/view").json() == {"inside": True}
    assert door.get("/view/a.h5?key=old").headers.get("set-cookie") is None


def test_beyond_loopback_bare_addresses_and_own_names_are_fine(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Beamline7")
    monkeypatch.setattr("socket.getfqdn", lambda: "beamline7.example.org")
    door = client(keys, host="0.0.0.0")
    for host, status in {
        "10.1.2.3:8123": 200,
        "beamline7": 200,
        "beamline7.example.org": 200,
        "evil.example": 422,
    }.items():
        answer = door.get("/api/v1/view", headers={"host": host, "authorization": "Bearer secret-key"})
        assert answer.status_code == status, host


def test_two_views_on_one_machine_do_not_share_a_cookie() -> None:
    assert Keys("a", 8000).cookie_name != Keys("b", 8001).cookie_name


def test_the_headers_of_the_platform_are_there(keys: Keys) -> None:
    headers = client(keys).get("/").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
