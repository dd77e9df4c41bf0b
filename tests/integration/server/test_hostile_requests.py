"""Requests made up from the OpenAPI document: whatever is asked, no answer is a server error, no answer is a stack trace."""

from __future__ import annotations

import json
from pathlib import Path

import hypothesis
import pytest
import schemathesis

from pandaas.config import Settings
from pandaas.server import build_services, close_services

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
_EXAMPLES = 12
# Whose errors another specification says: h5grove, and OpenID Connect for a provider that tells of a sign-out.
_OWN_ERRORS = ("/h5grove/", "/api/v1/providers/{provider}/logout")
OPENAPI = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


@pytest.fixture(scope="module")
def bearer(settings: Settings, address: str) -> str:
    """An operator's token with every scope: the requests get past the gate."""
    services = build_services(settings)
    person = services.identity.person_named("otto")
    _number, text = services.identity.create_token(person.id, "hostile", ("read", "write", "run", "admin"), 1)
    close_services(services)
    return text


@pytest.fixture(scope="module")
def document(address: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{address}/api/openapi.json")


def operations() -> list[tuple[str, str]]:
    """Every operation of the committed document but the event stream, which has no end (and tests of its own)."""
    paths = json.loads(OPENAPI.read_text("utf-8"))["paths"]
    return [(path, method) for path, found in paths.items() for method in found if path != "/api/v1/events"]


@pytest.mark.parametrize(("path", "method"), operations(), ids=str)
def test_no_request_breaks_the_server(document: schemathesis.BaseSchema, bearer: str, path: str, method: str) -> None:
    @hypothesis.given(case=document[path][method.upper()].as_strategy())
    @hypothesis.settings(
        max_examples=_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {bearer}"}, timeout=60)
        assert answer.status_code < 500 or answer.status_code in {503, 507}, answer.text
        assert b"Traceback" not in answer.content
        if answer.status_code >= 400:
            kind = "application/json" if path.startswith(_OWN_ERRORS) else "application/problem+json"
            assert answer.headers["content-type"][0].startswith(kind), answer.text

    ask()
