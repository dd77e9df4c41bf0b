"""Signing a program in: the code, the wait, where the token is kept and who may read it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from pandaas.client import Code, connect, log_in, log_out
from pandaas.client import kept as store
from pandaas.model import NotAllowed, NotSignedIn

URL = "https://data.example.org"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("PANDAAS_TOKEN", raising=False)
    monkeypatch.setattr(store, "_keyring", lambda: None)
    return tmp_path / "pandaas/tokens.json"


class Service:
    """Answers as the service does: `states` one after the other, and tokens that it was told to take back."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.ended: list[str] = []
        self.fetched = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        if path == "/device":
            asked: dict[str, Any] = {"device_code": "d", "user_code": "BCDF-GHJK", "expires_in": 10, "interval": 2}
            page = {"verification_uri": f"{URL}/device", "verification_uri_complete": f"{URL}/device?code=BCDF-GHJK"}
            return httpx.Response(201, json=asked | page)
        if path == "/device/token":
            state = self.states.pop(0) if self.states else "waiting"
            self.fetched += state == "granted"
            token = f"pandaas_{self.fetched}" if state == "granted" else None
            return httpx.Response(200, json={"state": state, "token": token, "user": "zoe"})
        assert (request.method, path) == ("DELETE", "/tokens/own/this")
        self.ended.append(request.headers["Authorization"])
        return httpx.Response(204)


def sign_in(service: Service) -> tuple[tuple[str, str], list[Code]]:
    shown: list[Code] = []
    found = log_in(URL, "test", shown.append, transport=httpx.MockTransport(service), sleep=lambda _s: None)
    return found, shown


def test_the_token_is_kept_for_the_person_alone(folder: Path) -> None:
    (user, place), shown = sign_in(Service("waiting", "granted"))
    assert (user, place) == ("zoe", str(folder))
    assert shown == [Code("BCDF-GHJK", f"{URL}/device?code=BCDF-GHJK", 0)]
    assert folder.stat().st_mode & 0o777 == 0o600
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(folder.read_text()) == {"https://data.example.org:443": "pandaas_1"}


def test_the_client_uses_it_for_this_address_only(folder: Path) -> None:
    sign_in(Service("granted"))
    sent: list[str | None] = []
    for address in (URL, f"{URL}/", "https://evil.example.org", f"{URL}:8443"):
        with connect(address) as client:
            sent.append(client._transport._http.headers.get("Authorization"))
    assert sent == ["Bearer pandaas_1", "Bearer pandaas_1", None, None]
    with connect(URL, "other") as client:
        assert client._transport._http.headers["Authorization"] == "Bearer other"
    with connect(URL, "") as client:
        assert "Authorization" not in client._transport._http.headers


def test_signing_in_again_takes_the_earlier_token_back(folder: Path) -> None:
    service = Service("granted", "granted")
    sign_in(service)
    sign_in(service)
    assert service.ended == ["Bearer pandaas_1"]
    assert store.kept(URL) == "pandaas_2"


def test_signing_out_ends_the_token_there_and_here(folder: Path) -> None:
    service = Service("granted")
    sign_in(service)
    assert log_out(URL, transport=httpx.MockTransport(service)) is True
    assert service.ended == ["Bearer pandaas_1"]
    assert store.kept(URL) is None
    assert log_out(URL, transport=httpx.MockTransport(service)) is False


def test_a_refusal_and_silence_keep_nothing(folder: Path) -> None:
    with pytest.raises(NotAllowed, match="refused"):
        sign_in(Service("waiting", "refused"))
    with pytest.raises(NotSignedIn, match="in time"):
        sign_in(Service())
    assert not folder.exists()


def test_a_file_that_others_can_read_is_not_used(folder: Path) -> None:
    sign_in(Service("granted"))
    os.chmod(folder, 0o644)
    with pytest.raises(NotAllowed, match="Others can read"):
        connect(URL)
