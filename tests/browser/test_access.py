"""Giving access in the page: to a person, to a reviewer by link, on request; release dates; looking as somebody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

import pandaas
from pandaas.testing.axe import assert_accessible
from pandaas.testing.platform import RunningPlatform

PROPOSAL = "SC-2026-0203"  # under embargo; Carol leads it, Bob has nothing to do with it
SignedIn = Callable[[str | None], Page]


@pytest.fixture
def people(browser: Browser, signed_in: Callable[[BrowserContext, str], None]) -> Iterator[SignedIn]:
    """A browser of one's own for each person, or for nobody."""
    contexts = []

    def one(user: str | None) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        if user is not None:
            signed_in(context, user)
        return page

    yield one
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def pids(demo: RunningPlatform) -> list[str]:
    with pandaas.connect(demo.url, token=demo.token("carol")) as client:
        return [dataset.pid for dataset in client.search(f"proposal:{PROPOSAL} kind:raw")]


def test_a_dataset_is_shared_with_a_person_and_taken_back(
    demo: RunningPlatform, people: SignedIn, pids: list[str]
) -> None:
    carol, bob = people("carol"), people("bob")
    carol.goto(f"{demo.url}/datasets/{pids[0]}")
    carol.get_by_role("button", name="Give access").click()
    carol.get_by_placeholder("Name or user name").fill("bob")
    carol.get_by_role("option", name=re.compile("Bob")).click()
    stop = carol.get_by_role("button", name=re.compile("Stop sharing with Bob"))
    expect(stop).to_be_visible()
    assert_accessible(carol)
    bob.goto(f"{demo.url}/datasets/{pids[0]}?tab=access")
    expect(bob.get_by_role("region", name="Why I see this")).to_contain_text("shared")
    stop.click()
    expect(stop).to_have_count(0)
    bob.reload()
    expect(bob.get_by_role("alert")).to_contain_text("may not see it")


def test_a_reviewer_opens_the_link_without_an_account_until_it_is_taken_back(
    demo: RunningPlatform, people: SignedIn, pids: list[str]
) -> None:
    carol, reviewer = people("carol"), people(None)
    carol.goto(f"{demo.url}/datasets/{pids[1]}")
    carol.get_by_role("button", name="Give access").click()
    carol.get_by_label("For whom").fill("Referee 2")
    carol.get_by_role("button", name="Make a link").click()
    address = carol.get_by_label("Address for the reviewer").input_value()
    reviewer.goto(address)
    expect(reviewer.get_by_role("heading", level=1, name="Data for review")).to_be_visible()
    assert "#" not in reviewer.url
    expect(reviewer.get_by_role("note").filter(has_text="You look as a reviewer")).to_be_visible()
    assert_accessible(reviewer)
    reviewer.get_by_role("row").get_by_role("link").last.click()
    expect(reviewer.get_by_role("tree")).to_be_visible()
    expect(reviewer.get_by_role("button", name="Give access")).to_have_count(0)
    carol.get_by_role("button", name="Take back the link for Referee 2").click()
    expect(carol.get_by_text("Referee 2, until")).to_have_count(0)
    reviewer.reload()
    expect(reviewer.get_by_role("alert")).to_contain_text("may not see it")


def test_access_is_asked_for_and_granted(demo: RunningPlatform, people: SignedIn, pids: list[str]) -> None:
    bob, carol = people("bob"), people("carol")
    bob.goto(f"{demo.url}/proposals/{PROPOSAL}")
    expect(bob.get_by_label("Ask the team for access")).to_be_visible()
    bob.goto(f"{demo.url}/datasets/{pids[2]}")
    bob.get_by_label("Ask the team for access").fill("To compare with our film.")
    bob.get_by_role("button", name="Request access").click()
    expect(bob.get_by_role("status").filter(has_text="has been asked")).to_be_visible()
    carol.goto(f"{demo.url}/requests")
    expect(carol.get_by_text("To compare with our film.")).to_be_visible()
    assert_accessible(carol)
    carol.get_by_role("button", name="Grant").first.click()
    expect(carol.get_by_text("Granted", exact=True)).to_be_visible()
    bob.goto(f"{demo.url}/datasets/{pids[2]}")
    expect(bob.get_by_role("tree")).to_be_visible()


def test_a_release_date_is_asked_for_and_approved(demo: RunningPlatform, people: SignedIn, pids: list[str]) -> None:
    carol, otto = people("carol"), people("otto")
    carol.goto(f"{demo.url}/datasets/{pids[3]}?tab=access")
    carol.get_by_role("region", name="Release").get_by_role("button").click()
    carol.get_by_label("Release on").fill("2027-06-01")
    carol.get_by_label("Why", exact=True).fill("The paper is out.")
    carol.get_by_role("button", name="Ask", exact=True).click()
    otto.goto(f"{demo.url}/requests")
    expect(otto.get_by_text("The paper is out.")).to_be_visible()
    otto.get_by_role("button", name="Approve").first.click()
    expect(otto.get_by_text("Approved", exact=True)).to_be_visible()
    carol.reload()
    expect(carol.get_by_role("region", name="Release")).to_contain_text("2027")


def test_an_operator_looks_as_somebody_else_and_finds_it_in_the_audit(
    demo: RunningPlatform, people: SignedIn, pids: list[str]
) -> None:
    otto = people("otto")
    otto.goto(f"{demo.url}/operator")
    otto.get_by_role("button", name=re.compile("^View as Carol")).first.click()
    banner = otto.get_by_role("note").filter(has_text="nothing can be changed")
    expect(banner).to_be_visible()
    otto.goto(f"{demo.url}/datasets/{pids[0]}")
    expect(otto.get_by_role("tree")).to_be_visible()
    banner.get_by_role("button").click()
    expect(banner).to_have_count(0)
    otto.goto(f"{demo.url}/audit")
    otto.get_by_label("Kind begins with").fill("view_as.")
    expect(otto.get_by_role("cell", name="view as started").first).to_be_visible()
    assert_accessible(otto)
