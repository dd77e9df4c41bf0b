"""The software catalogue over HTTP: honest about what is not here, health and logs for operators."""

from __future__ import annotations

import httpx
import pytest

from pandaas.config import Settings
from pandaas.server import build_services, close_services

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def headers(settings: Settings, address: str) -> dict[str, dict[str, str]]:
    services = build_services(settings)
    made = {
        user: {
            "authorization": "Bearer "
            + services.identity.create_token(services.identity.person_named(user).id, "test", scopes, 1)[1]
        }
        for user, scopes in (("alice", ("read",)), ("otto", ("read", "write", "admin")))
    }
    close_services(services)
    return made


def test_what_is_not_installed_says_so_and_what_to_do(address: str, headers: dict[str, dict[str, str]]) -> None:
    found = httpx.get(f"{address}/api/v1/software", headers=headers["alice"]).json()
    by_id = {(one["kind"], one["id"]): one for one in found}
    core = by_id["environment", "core"]
    assert (core["state"], "pandaas env build core" in core["remedy"]) == ("missing", True)
    assert {one["name"] for one in core["contents"]} >= {"pyFAI", "sasmodels"}
    assert "saxs-integrate" in {one["id"] for one in core["recipes"]}
    assert any("PyFAI" in text for text in core["citation"])
    mantid = by_id["program", "mantid-sans"]
    assert (mantid["state"], mantid["verified"]) == ("absent", "")
    assert "mamba create" in mantid["remedy"]
    assert "JupyterLab" in {one["title"] for one in by_id["environment", "notebook"]["apps"]}


def test_health_and_logs_are_for_operators(address: str, headers: dict[str, dict[str, str]]) -> None:
    where = f"{address}/api/v1/software/core"
    assert httpx.get(f"{where}/log", headers=headers["alice"]).status_code == 403
    assert httpx.post(f"{where}/check", headers=headers["alice"]).status_code == 403
    assert httpx.get(f"{where}/log", headers=headers["otto"]).status_code == 200
    answer = httpx.post(f"{where}/check", headers=headers["otto"])
    assert (answer.status_code, "not built here" in answer.text) == (503, True)
    assert httpx.get(f"{address}/api/v1/software/nothing/log", headers=headers["otto"]).status_code == 404
