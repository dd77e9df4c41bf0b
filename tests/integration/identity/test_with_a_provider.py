"""Signing in with a real provider (npm's oidc-provider): what its tokens, keys, groups and logouts lead to."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from pandaas.db.tables import Event, ForeignSignIn, LinkedIdentity, SignIn, SignInFlow
from pandaas.identity.credentials import digest
from pandaas.testing.oidc import running_provider, settings_for
from pandaas.testing.place import running_place

from .conftest import Browser, Place, browser_at

pytestmark = pytest.mark.integration
_NUMBERS = count(1)
GROUP = "urn:geant:example.org:group:proposals:P-1#proxy.example.org"


def ask_again(place: Place) -> None:
    """What the background does every few minutes, for all sign-ins at once."""
    with place.services.database.session() as session:
        for row in session.scalars(select(ForeignSignIn)):
            row.asked -= timedelta(hours=1)
    place.services.identity.refresh_due()


def test_the_first_sign_in_asks_and_makes_an_account_with_what_only_userinfo_says(place: Place) -> None:
    place.provider.set_people(
        s1={
            "name": "Zoë Müller",
            "preferred_username": "Zoe@umbrella",
            "email": "zoe@example.org",
            "affiliation": "KIT",
        }
    )
    browser = place.browser()
    back, answer = browser.go("test", "s1", next="/search?q=saxs")
    found = answer.json()
    assert (found["outcome"], found["next"], found["person"]) == ("new", "/search?q=saxs", None)
    assert {name: found["identity"][name] for name in ("provider", "name", "user", "email", "subject")} == {
        "provider": "Test",
        "name": "Zoë Müller",
        "user": "Zoe@umbrella",
        "email": "zoe@example.org",
        "subject": "s1",
    }
    assert browser.get("/session")["person"] is None
    made = browser.post("/arrivals/account", {"state": back["state"]})
    assert made.json()["person"] | {"id": 0} == {
        "id": 0,
        "user": "zoe",
        "name": "Zoë Müller",
        "affiliation": "KIT",
        "role": "visitor",
    }
    assert browser.post("/arrivals/account", {"state": back["state"]}).status_code == 401  # once
    again = place.browser()
    assert again.sign_in("test", "s1")["person"]["user"] == "zoe"


def test_two_people_with_one_name_and_one_mail_address_are_two(place: Place) -> None:
    same = {"name": "Kim Lee", "preferred_username": "kim", "email": "kim@example.org"}
    place.provider.set_people(k1=same, k2=same)
    users = [place.browser().sign_in("test", login)["person"]["user"] for login in ("k1", "k2")]
    assert users == ["kim", "kim2"]


def test_nobody_becomes_somebody_by_being_called_so(place: Place) -> None:
    place.services.identity.create_person("otto", "Otto", "operator", "otto-test-1234", email="otto@example.org")
    place.provider.set_people(evil={"name": "Otto", "preferred_username": "otto", "email": "otto@example.org"})
    session = place.browser().sign_in("test", "evil")
    assert (session["person"]["user"], session["person"]["role"]) == ("otto2", "visitor")


def test_an_answer_is_used_once_in_the_browser_that_asked(place: Place) -> None:
    browser, thief = place.browser(), place.browser()
    back, answer = browser.go("test", "once")
    assert answer.status_code == 200
    again = browser.post("/providers/test/return", back)
    assert (again.status_code, again.json()["field"]) == (401, "state")
    other, _ = browser.post("/providers/test/begin", {}), thief.post("/providers/test/begin", {})
    there = browser.person.visit(other.json()["address"], "once", back_at=f"{place.address}/signed-in/")
    stolen = thief.post("/providers/test/return", there)
    assert (stolen.status_code, stolen.json()["field"]) == (401, "state")
    assert thief.get("/session")["person"] is None
    with place.services.database.read() as session:
        rows = str([vars(row) for row in session.scalars(select(SignInFlow))])
    assert back["state"] not in rows
    assert back["code"] not in rows


def test_a_page_elsewhere_cannot_bring_somebody_into_a_sign_in(place: Place) -> None:
    """Neither begin one nor bring an answer: both need our own origin and header."""
    evil = {"Origin": "https://evil.example"}
    for path in ("/providers/test/begin", "/providers/test/return", "/arrivals/link"):
        assert httpx.post(f"{place.address}/api/v1{path}", json={"state": "x" * 43}, headers=evil).status_code == 403


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_afterwards(place: Place, evil: str) -> None:
    _back, answer = place.browser().go("test", "once", next=evil)
    assert answer.json()["next"] == "/"


def test_keys_may_change_between_two_sign_ins(place: Place) -> None:
    place.browser().sign_in("test", "keys")
    place.provider.rotate_keys()
    for provider in place.services.identity.providers.values():  # as if some seconds had passed
        provider._discovery._keys_read -= 60
    assert place.browser().sign_in("test", "keys")["person"]["user"] == "keys"


def test_groups_give_teams_staff_and_roles_and_take_them_again(place: Place) -> None:
    staff = "urn:geant:example.org:group:staff:BL1#proxy.example.org"
    place.provider.set_people(grace={"eduperson_entitlement": [GROUP, staff, "operators", "urn:other:group:x#y"]})
    browser = place.browser()
    session = browser.sign_in("test", "grace")
    assert (session["person"]["role"], session["instruments"]) == ("operator", ["BL1"])
    assert [one["name"] for one in browser.get("/proposals?mine=true")] == ["P-1"]
    given = browser.get("/account")["identities"][0]["gives"]
    assert sorted(given) == ["member of P-1", "operator", "staff of BL1"]
    place.provider.set_people(grace={"eduperson_entitlement": [staff]})
    ask_again(place)
    session = browser.get("/session")
    assert (session["person"]["role"], session["instruments"]) == ("visitor", ["BL1"])
    assert browser.get("/proposals?mine=true") == []
    with place.services.database.read() as session:
        [event] = session.scalars(
            select(Event)
            .where(Event.kind == "person.groups_changed", Event.subject == "grace")
            .order_by(Event.id.desc())
            .limit(1)
        )
    assert event.payload["lost"] == [["role", "", "operator"], ["team", "P-1", "member"]]


def test_what_groups_give_lapses_when_nobody_asks_the_provider(place: Place) -> None:
    place.provider.set_people(gus={"eduperson_entitlement": [GROUP]})
    browser = place.browser()
    browser.sign_in("test", "gus")
    token = browser.post("/tokens", {"name": "script"}).json()["token"]
    address, headers = f"{place.address}/api/v1/proposals?mine=true", {"Authorization": f"Bearer {token}"}
    assert len(httpx.get(address, headers=headers).json()) == 1
    with place.services.database.session() as session:
        for row in session.scalars(select(LinkedIdentity).where(LinkedIdentity.subject == "gus")):
            row.groups_end -= timedelta(days=7, seconds=1)
    assert httpx.get(address, headers=headers).json() == []


def test_a_person_shut_out_at_the_provider_is_out_here_at_the_next_look(place: Place) -> None:
    browser = place.browser()
    browser.sign_in("test", "shut")
    place.provider.set_people(shut={"shut_out": True})
    assert browser.get("/session")["person"] is not None
    ask_again(place)
    assert browser.get("/session")["person"] is None


def test_tokens_of_the_provider_lie_encrypted(place: Place) -> None:
    place.browser().sign_in("test", "vault")
    with place.services.database.read() as session:
        rows = [row for row in session.scalars(select(ForeignSignIn)) if row.refresh_token]
        assert rows
        for row in rows:
            assert row.refresh_token.startswith("gAAAA")
            assert row.id_token is not None
            assert row.id_token.startswith("gAAAA")
    assert (place.services.settings.home / "secret.key").stat().st_mode & 0o777 == 0o600


def test_signing_out_here_signs_out_there(place: Place) -> None:
    browser = place.browser()
    browser.sign_in("test", "out")
    answer = browser.http.request("DELETE", "/api/v1/session")
    address = answer.json()["address"]
    assert address.startswith(f"{place.provider.issuer}/session/end?")
    browser.person.visit(address, "out", back_at=f"{place.address}/signed-out")
    there = browser.post("/providers/test/begin", {}).json()["address"]
    page = browser.person.http.get(there, follow_redirects=True)
    assert 'name="login"' in page.text, "the provider asks who it is"


def test_signing_out_there_signs_out_here_at_once(place: Place) -> None:
    """Back-channel logout: the provider itself calls the platform."""
    browser, other = place.browser(), place.browser()
    browser.sign_in("test", "back")
    other.sign_in("test", "back")
    page = browser.person.http.get(f"{place.provider.issuer}/session/end")
    done = browser.person._fill_in(page, "back")
    assert done.status_code < 400
    assert browser.get("/session")["person"] is None
    assert other.get("/session")["person"] is not None, "another session of the same person there goes on"


def _session_there(place: Place, browser: Browser) -> str:
    """What the provider called the session when this browser signed in."""
    secret = browser.http.cookies["pandaas"]
    query = select(ForeignSignIn.provider_session).join(SignIn).where(SignIn.secret_hash == digest(secret))
    with place.services.database.read() as session:
        return session.scalars(query).one() or ""


def test_a_frame_of_the_provider_signs_out_here_without_a_cookie(place: Place) -> None:
    """Front-channel logout, as the page of a provider of another site does it."""
    browser, other = place.browser(), place.browser()
    browser.sign_in("test", "front")
    other.sign_in("test", "front")
    told = {"iss": place.provider.issuer, "sid": _session_there(place, browser)}
    at = f"{place.address}/api/v1/providers/test/logged-out"
    for wrong in ({"sid": told["sid"]}, {"iss": told["iss"]}, {**told, "iss": "http://localhost:9"}):
        assert httpx.get(at, params=wrong).status_code == 422
    assert httpx.get(at, params={**told, "sid": "another"}).status_code == 200
    assert httpx.get(at).status_code == 200
    assert browser.get("/session")["person"] is not None
    answer = httpx.get(at, params=told)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].endswith(f"frame-ancestors {place.provider.issuer}")
    assert browser.get("/session")["person"] is None
    assert other.get("/session")["person"] is not None
    assert other.http.get(at).status_code == 200  # of one site: the cookie comes along
    assert other.get("/session")["person"] is None


def test_a_made_up_logout_ends_nothing(place: Place) -> None:
    browser = place.browser()
    browser.sign_in("test", "stay")
    for body in ({"logout_token": "a.b.c"}, {}, {"logout_token": "x" * 70_000}):
        answer = httpx.post(f"{place.address}/api/v1/providers/test/logout", data=body)
        assert answer.status_code == 400
    assert browser.get("/session")["person"] is not None


def test_a_provider_that_is_down_says_so_and_the_others_go_on(place: Place) -> None:
    browser = place.browser()
    down = browser.post("/providers/gone/begin", {})
    assert down.status_code == 503
    assert "'Gone' can't be used for signing in right now" in down.json()["detail"]
    assert down.json()["remedy"] == "Sign in another way, or try again in a few minutes."
    ways = {one["id"]: one["trouble"] for one in browser.get("/providers")["providers"]}
    assert ways["gone"] is not None
    assert ways["test"] is None
    assert browser.sign_in("test", "unmoved")["person"]


def test_a_provider_that_goes_down_in_between(tmp_path: Path) -> None:
    with (
        running_provider() as provider,
        running_place(tmp_path, [settings_for(provider.issuer)]) as (address, _services),
    ):
        provider.configure((address, "test"))
        browser = browser_at(address)
        there = browser.post("/providers/test/begin", {}).json()["address"]
        back = browser.person.visit(there, "someone", back_at=f"{address}/signed-in")
        browser.sign_in("test", "signed in before")
        provider.stop()
        answer = browser.post("/providers/test/return", back)
        assert answer.status_code == 503
        assert browser.get("/session")["person"], "who is signed in stays so"
        assert browser.http.request("DELETE", "/api/v1/session").status_code == 200
        assert browser.get("/session")["person"] is None


# --- several identities, one person -----------------------------------------------------------------------------------


@pytest.fixture
def ruth(place: Place) -> Browser:
    """Ruth has a local account and is signed in; each test has another one."""
    user = f"ruth{next(_NUMBERS)}"
    place.services.identity.create_person(user, "Ruth", password="ruth-test-1234")
    browser = place.browser()
    assert browser.post("/session", {"user": user, "password": "ruth-test-1234"}).status_code == 200
    return browser


def test_a_second_identity_is_linked_after_seeing_both_names_and_taken_off_again(place: Place, ruth: Browser) -> None:
    place.provider.set_people(ruthsub={"name": "R. Other", "orcid": "0000-0002-1825-0097"})
    back, answer = ruth.go("test", "ruthsub", purpose="link", next="/account")
    found = answer.json()
    assert (found["outcome"], found["person"]["name"], found["identity"]["name"]) == ("link", "Ruth", "R. Other")
    assert ruth.get("/account")["identities"] == [], "nothing happens before she agrees"
    assert ruth.post("/arrivals/link", {"state": back["state"]}).status_code == 204
    account = ruth.get("/account")
    [mine] = account["identities"]
    assert (mine["label"], mine["subject"], account["orcid"]) == ("R. Other", "ruthsub", "0000-0002-1825-0097")
    other = place.browser()
    assert other.sign_in("test", "ruthsub")["person"] == ruth.get("/session")["person"]
    taken = place.browser()
    taken.sign_in("test", "stranger")
    _back, refused = taken.in_private().go("test", "ruthsub", purpose="link")
    assert refused.status_code == 409
    assert "belongs to another account" in refused.json()["detail"]
    assert ruth.http.delete(f"/api/v1/account/identities/{mine['id']}").status_code == 204
    assert other.get("/session")["person"] is None, "sign-ins through it end"
    assert ruth.get("/session")["person"]["name"] == "Ruth"


def test_linking_needs_a_fresh_proof(place: Place, ruth: Browser) -> None:
    with place.services.database.session() as session:
        for view in place.services.identity.sign_ins(ruth.get("/session")["person"]["id"], None):
            session.get_one(type(view.row), view.row.id).confirmed = view.row.created - timedelta(hours=1)
    refused = ruth.post("/providers/test/begin", {"purpose": "link"})
    assert (refused.status_code, refused.json()["field"]) == (403, "confirm")
    assert ruth.post("/account/confirm", {"password": "wrong-wrong"}).status_code == 401
    assert ruth.post("/account/confirm", {"password": "ruth-test-1234"}).status_code == 204
    assert ruth.post("/providers/test/begin", {"purpose": "link"}).status_code == 200


def test_who_came_through_a_provider_proves_it_there(place: Place) -> None:
    browser = place.browser()
    person = browser.sign_in("test", "prove")["person"]
    with place.services.database.session() as session:
        for view in place.services.identity.sign_ins(person["id"], None):
            session.get_one(type(view.row), view.row.id).confirmed = view.row.created - timedelta(hours=1)
    assert browser.get("/account")["confirmed"] is False
    _back, wrong = browser.in_private().go("test", "somebody else", purpose="confirm")
    assert wrong.status_code == 403
    _back, answer = browser.go("test", "prove", purpose="confirm", next="/account")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "confirmed")
    assert browser.get("/account")["confirmed"] is True


def test_the_last_way_in_stays(place: Place) -> None:
    browser = place.browser()
    browser.sign_in("test", "only")
    [only] = browser.get("/account")["identities"]
    answer = browser.http.delete(f"/api/v1/account/identities/{only['id']}")
    assert answer.status_code == 409


def test_who_has_an_account_links_instead_of_making_another(place: Place, ruth: Browser) -> None:
    """She came with a new identity first, then signed in the old way."""
    browser = place.browser()
    back, answer = browser.go("test", "newcomer")
    assert answer.json()["outcome"] == "new"
    user = ruth.get("/session")["person"]["user"]
    browser.post("/session", {"user": user, "password": "ruth-test-1234"})
    looked = browser.post("/arrivals/look", {"state": back["state"]}).json()
    assert (looked["outcome"], looked["person"]["user"], looked["identity"]["subject"]) == ("link", user, "newcomer")
    assert browser.post("/arrivals/link", {"state": back["state"]}).status_code == 204
    assert place.browser().sign_in("test", "newcomer")["person"]["user"] == user


def test_an_old_umbrella_hash_from_the_user_office_lets_the_new_identity_in(place: Place) -> None:
    number = place.services.identity.create_person("ute", "Ute")
    place.services.identity.link_identity(number, "umbrella-eaahash", "0b1c-2d3e")
    place.provider.set_people(ute1={"name": "Ute", "eaahash": "0b1c-2d3e"}, ute2={"name": "Ute"})
    assert place.browser().sign_in("test", "ute1")["person"]["user"] == "ute"
    _back, stranger = place.browser().go("test", "ute2")
    assert stranger.json()["outcome"] == "new"


def test_only_known_people_may_come_in_where_the_facility_says_so(tmp_path: Path, place: Place) -> None:
    settings = settings_for(place.provider.issuer, new_people="known")
    with running_place(tmp_path, [settings]) as (address, services):
        place.provider.configure((place.address, "test"))
        try:
            place.provider.configure((address, "test"))
            browser = browser_at(address)
            back, answer = browser.go("test", "unknown")
            assert answer.json()["outcome"] == "new"
            refused = browser.post("/arrivals/account", {"state": back["state"]})
            assert refused.status_code == 403
            assert "unknown" in refused.json()["remedy"]
            services.identity.link_identity(
                services.identity.create_person("una", "Una"), place.provider.issuer, "unknown"
            )
            assert browser.sign_in("test", "unknown")["person"]["user"] == "una"
        finally:
            place.provider.configure((place.address, "test"))


def test_a_disabled_person_does_not_come_in_through_a_provider(place: Place) -> None:
    browser = place.browser()
    number = browser.sign_in("test", "barred")["person"]["id"]
    place.services.identity.disable(number)
    assert browser.get("/session")["person"] is None
    _back, answer = place.browser().go("test", "barred")
    assert (answer.status_code, "disabled" in answer.json()["detail"]) == (403, True)


def test_browsers_are_listed_and_ended_one_by_one(place: Place) -> None:
    here, there = place.browser(), place.browser()
    here.sign_in("test", "many")
    there.sign_in("test", "many")
    [newest, oldest] = here.get("/account")["browsers"]
    assert (newest["is_this"], oldest["is_this"], newest["provider"], newest["client"]) == (
        False,
        True,
        "Test",
        "a browser",
    )
    assert here.http.delete(f"/api/v1/account/browsers/{newest['id']}").status_code == 204
    assert there.get("/session")["person"] is None
    stranger = place.browser()
    stranger.sign_in("test", "nosy")
    assert stranger.http.delete(f"/api/v1/account/browsers/{oldest['id']}").status_code == 404


def test_every_sign_in_is_in_the_log(place: Place) -> None:
    place.browser().sign_in("test", "logged")
    with place.services.database.read() as session:
        events = list(session.scalars(select(Event).where(Event.subject == "logged").order_by(Event.id)))
    assert [event.kind for event in events] == ["person.created", "person.linked", "person.signed_in"]
    assert events[-1].payload == {"address": "127.0.0.1", "provider": "test"}
