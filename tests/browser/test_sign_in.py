"""Signing in through a real provider in a real browser, where the two are different sites; linking; a program's code."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from pandaas.server import Services
from pandaas.testing.axe import assert_accessible
from pandaas.testing.oidc import RunningProvider, running_provider, settings_for
from pandaas.testing.place import running_place


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider() as found:
        found.set_people(s1={"name": "Zoë Müller", "preferred_username": "zoe", "affiliation": "KIT"})
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, provider: RunningProvider) -> Iterator[tuple[str, Services]]:
    gone = settings_for("http://localhost:9", "gone", title="Gone")
    with running_place(tmp_path_factory.mktemp("home"), [settings_for(provider.issuer, title="Umbrella"), gone]) as (
        address,
        services,
    ):
        provider.configure((address, "test"))
        services.identity.create_person("rita", "Rita Rossi", password="rita-test-1234")
        yield address, services


def at_the_provider(page: Page, login: str) -> None:
    """Fill in the provider's own pages, whatever it asks for."""
    page.wait_for_url(re.compile(r"http://localhost:\d+/interaction/"))
    page.locator('input[name="login"]').fill(login)
    page.locator('input[name="password"]').fill("anything")
    page.locator('button[type="submit"]').first.click()
    page.locator('button[type="submit"]').first.click()  # agrees


def test_a_newcomer_signs_in_makes_an_account_and_signs_out_everywhere(page: Page, place: tuple[str, Services]) -> None:
    address, _services = place
    page.goto(f"{address}/sign-in?next=/search")
    page.get_by_role("button", name="Sign in with Gone").click()
    expect(page.get_by_role("alert")).to_contain_text("can't be used for signing in right now")
    page.get_by_role("button", name="Sign in with Umbrella").click()
    at_the_provider(page, "s1")
    expect(page.get_by_role("heading", name="Welcome", level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Umbrella")).to_contain_text("Zoë Müller")
    assert "code=" not in page.url
    assert_accessible(page)
    page.get_by_role("button", name="Yes, make my account").click()
    page.wait_for_url(f"{address}/search")
    page.get_by_role("button", name="Account of Zoë Müller").click()
    page.get_by_role("menuitem", name="Your account").click()
    expect(page.get_by_role("row", name="Umbrella Zoë Müller")).to_be_visible()
    expect(page.get_by_role("menu")).to_have_count(0)
    assert_accessible(page)
    page.get_by_role("button", name="Account of Zoë Müller").click()
    page.get_by_role("menuitem", name="Sign out", exact=True).click()
    page.get_by_role("button", name=re.compile("yes", re.IGNORECASE)).click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert page.url.startswith(f"{address}/signed-out")


def test_a_second_identity_is_linked_after_both_names_were_shown(page: Page, place: tuple[str, Services]) -> None:
    address, services = place
    page.goto(f"{address}/sign-in?next=/account")
    page.get_by_label("User name").fill("rita")
    page.get_by_label("Password", exact=True).fill("rita-test-1234")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Link Umbrella").click()
    at_the_provider(page, "rr-umbrella")
    expect(page.get_by_role("heading", name="Is this you too?")).to_be_visible()
    expect(page.get_by_role("region", name="Your account here")).to_contain_text("Rita Rossi (rita)")
    expect(page.get_by_role("region", name="Umbrella")).to_contain_text("rr-umbrella")
    page.get_by_role("button", name="Yes, link Umbrella").click()
    expect(page.get_by_role("row", name="Umbrella rr-umbrella")).to_be_visible()
    person = services.identity.person_named("rita")
    assert [one.subject for one in services.identity.identities(person.id)] == ["rr-umbrella"]
    page.get_by_role("button", name="Unlink rr-umbrella").click()
    page.get_by_role("button", name="Unlink Umbrella").click()
    expect(page.get_by_role("row", name="Umbrella rr-umbrella")).to_have_count(0)


def test_who_gives_up_at_the_provider_reads_what_to_do(page: Page, place: tuple[str, Services]) -> None:
    address, _services = place
    page.goto(f"{address}/signed-in/test?error=access_denied&state={'x' * 43}")
    expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    page.get_by_role("link", name="Choose how to sign in").click()
    expect(page.get_by_role("button", name="Sign in with Umbrella")).to_be_visible()


def test_a_program_gets_its_token_once_the_code_is_confirmed(page: Page, place: tuple[str, Services]) -> None:
    address, _services = place
    program = {"X-PaNDAaS": "1"}
    wish = {"client": "pandaas on beamline-7", "scopes": ["read"]}
    asked = httpx.post(f"{address}/api/v1/device", json=wish, headers=program).json()
    page.goto(asked["verification_uri_complete"])
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    page.get_by_label("User name").fill("rita")
    page.get_by_label("Password", exact=True).fill("rita-test-1234")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("Code of the program")).to_have_text(asked["user_code"])
    expect(page.get_by_text("pandaas on beamline-7")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Yes, sign it in").click()
    expect(page.get_by_role("heading", name="The program is signed in")).to_be_visible()
    code = {"device_code": asked["device_code"]}
    answer = httpx.post(f"{address}/api/v1/device/token", json=code, headers=program).json()
    assert (answer["state"], answer["user"]) == ("granted", "rita")
