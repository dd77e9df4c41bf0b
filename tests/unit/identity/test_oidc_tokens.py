"""What a provider's answer may not be: every check on tokens, keys, userinfo and addresses, against forged ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from pandaas.config import GroupRule, ProviderSettings, load_settings
from pandaas.identity.oidc import Arrival, Granted, Provider, Return, granted_by
from pandaas.identity.oidc import verify as verify_module
from pandaas.model import InvalidInput, NotAllowed, NotSignedIn, PandaasError, Unavailable
from pandaas.testing.clock import START, ManualClock

ISSUER = "https://proxy.example.org/oidc"
NOW = int(START.timestamp())
BROWSER, STATE = "b" * 43, "s" * 43
REDIRECT = "https://data.example.org/signed-in/umbrella"
KEY = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, parameters={"kid": "two", "use": "sig"})
CURVE = ECKey.generate_key("P-256", parameters={"kid": "ec", "use": "sig"})
Claims = dict[str, Any]


class FakeProvider:
    """The provider's side: tests change what it says before it is asked."""

    def __init__(self) -> None:
        self.keys = [KEY]
        self.metadata: Claims = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "end_session_endpoint": f"{ISSUER}/end?x=1",
        }
        self.nonce = ""
        self.claims: Claims = {}
        self.sign: Callable[[Claims], str] = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
        self.userinfo: Any = {"sub": "zoe@example.org", "name": "Zoë"}
        self.answer: httpx.Response | Exception | None = None
        self.asked: list[httpx.Request] = []
        self.requests: list[str] = []

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/oidc")
        self.requests.append(path)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self.metadata)
        if path == "/jwks":
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})
        if path == "/userinfo":
            return httpx.Response(200, json=self.userinfo)
        self.asked.append(request)
        return httpx.Response(
            200, json={"access_token": "at", "token_type": "Bearer", "id_token": self.sign(self.id_claims())}
        )

    def id_claims(self) -> Claims:
        claims = {
            "iss": ISSUER,
            "sub": "zoe@example.org",
            "aud": "pandaas",
            "exp": NOW + 300,
            "iat": NOW,
            "nonce": self.nonce,
        }
        return {name: value for name, value in (claims | self.claims).items() if value is not None}


@pytest.fixture
def fake() -> FakeProvider:
    return FakeProvider()


def settings(**more: Any) -> ProviderSettings:
    known = {"id": "umbrella", "title": "Umbrella", "issuer": ISSUER, "client_id": "pandaas", "client_secret": "s:e&c"}
    return ProviderSettings.model_validate(known | more)


def provider_of(fake: FakeProvider, **more: Any) -> Provider:
    return Provider(settings(**more), clock=ManualClock(), transport=fake.transport)


def arrive(fake: FakeProvider, provider: Provider | None = None, **back: Any) -> Arrival:
    provider = provider or provider_of(fake)
    try:
        there = provider.way_there(REDIRECT, STATE, BROWSER)
        fake.nonce = fake.nonce or parse_qs(urlsplit(there).query)["nonce"][0]
        return provider.arrive(Return(**({"code": "c"} | back)), REDIRECT, STATE, BROWSER)
    finally:
        provider.close()


def test_a_proper_answer_is_believed(fake: FakeProvider) -> None:
    found = arrive(fake)
    assert (found.issuer, found.subject, found.name) == (ISSUER, "zoe@example.org", "Zoë")
    [request] = fake.asked
    form = parse_qs(request.content.decode())
    assert form["code_verifier"][0] not in str(fake.metadata)
    assert form["redirect_uri"] == [REDIRECT]
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"pandaas:s%3Ae%26c").decode()


def test_the_way_there_proves_the_key_by_its_hash_and_carries_no_secret(fake: FakeProvider) -> None:
    provider = provider_of(fake)
    query = parse_qs(urlsplit(provider.way_there(REDIRECT, STATE, BROWSER)).query)
    fake.nonce = query["nonce"][0]
    provider.arrive(Return("c"), REDIRECT, STATE, BROWSER)
    provider.close()
    verifier = parse_qs(fake.asked[-1].content.decode())["code_verifier"][0]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert (query["code_challenge"], query["code_challenge_method"]) == ([challenge], ["S256"])
    assert (query["response_type"], query["state"], len(verifier)) == (["code"], [STATE], 43)
    assert BROWSER not in str(query)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": ISSUER + "/"},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": None},
        {"aud": ["pandaas", "another"]},  # without azp
        {"aud": ["pandaas", "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": NOW - 120},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": NOW + 3600},
        {"nbf": NOW + 3600},
        {"nonce": None},
        {"nonce": "another"},
        {"nonce": ["x"]},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"sub": "x" * 256},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"at_hash": 7},
        {"auth_time": "today"},
    ],
)
def test_a_wrong_claim_is_refused(fake: FakeProvider, claims: Claims) -> None:
    fake.claims = claims
    with pytest.raises(NotSignedIn) as caught:
        arrive(fake)
    assert caught.value.field == "provider"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["pandaas"]},
        {"aud": ["pandaas", "another"], "azp": "pandaas"},
        {"exp": NOW - 30},  # clocks differ a little
        {"at_hash": base64.urlsafe_b64encode(hashlib.sha256(b"at").digest()[:16]).rstrip(b"=").decode()},
    ],
)
def test_what_is_unusual_but_right_is_believed(fake: FakeProvider, claims: Claims) -> None:
    fake.claims = claims
    assert arrive(fake).subject == "zoe@example.org"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(claims: Claims) -> str:
    return f"{part({'alg': 'none'})}.{part(claims)}."


def signed_with_the_public_key(claims: Claims) -> str:
    """The classic: HS256 with what everybody knows as the shared secret."""
    text = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    secret = KEY.as_pem(private=False)
    made = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def tampered(claims: Claims) -> str:
    head, _body, signature = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY).split(".")
    return f"{head}.{part(claims | {'sub': 'otto'})}.{signature}"


FORGED: dict[str, Callable[[Claims], str]] = {
    "none": unsigned,
    "None": lambda claims: unsigned(claims).replace(part({"alg": "none"}), part({"alg": "NONE"})),
    "empty signature": lambda claims: f"{part({'alg': 'RS256', 'kid': 'one'})}.{part(claims)}.",
    "public key as secret": signed_with_the_public_key,
    "another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, OTHER),
    "unknown key": lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, OTHER),
    "key brought along": lambda claims: jwt.encode(
        {"alg": "RS256", "kid": "one", "jwk": OTHER.as_dict(private=False)}, claims, OTHER
    ),
    "key elsewhere": lambda claims: jwt.encode(
        {"alg": "RS256", "kid": "one", "jku": "https://evil.example"}, claims, OTHER
    ),
    "tampered": tampered,
    "ES256 under an RSA key's name": lambda claims: jwt.encode({"alg": "ES256", "kid": "one"}, claims, CURVE),
    "nothing": lambda claims: "",
    "no token": lambda claims: "hello",
    "no JSON": lambda claims: "e30.e30",
    "list": lambda claims: f"{part([])}.{part(claims)}.x",
    "deep": lambda claims: base64.urlsafe_b64encode(b"[" * 20_000).decode() + ".e30.x",
    "long": lambda claims: "a" * 100_000,
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(fake: FakeProvider, forge: Callable[[Claims], str]) -> None:
    fake.sign = forge
    with pytest.raises(NotSignedIn, match="can't be trusted"):
        arrive(fake)


def test_no_token_is_ever_checked_with_a_shared_secret() -> None:
    assert not any(name.startswith(("HS", "none")) for name in verify_module.ALGORITHMS)


def test_a_rotated_key_is_fetched_and_made_up_ones_do_not_make_us_ask_for_ever(fake: FakeProvider) -> None:
    provider = provider_of(fake)
    clock = provider._discovery
    now = [0.0]
    clock._now = lambda: now[0]
    fake.nonce = parse_qs(urlsplit(provider.way_there(REDIRECT, STATE, BROWSER)).query)["nonce"][0]

    def back() -> Arrival:
        return provider.arrive(Return("c"), REDIRECT, STATE, BROWSER)

    assert back().subject
    fake.keys, now[0] = [OTHER], 60.0
    fake.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, OTHER)
    assert back().subject
    fake.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "made up"}, claims, OTHER)
    before = fake.requests.count("/jwks")
    for _ in range(20):
        with pytest.raises(NotSignedIn):
            back()
    assert fake.requests.count("/jwks") - before <= 1
    provider.close()


def test_a_key_without_a_name_is_found(fake: FakeProvider) -> None:
    fake.keys = [OTHER, KEY]
    fake.sign = lambda claims: jwt.encode({"alg": "RS256"}, claims, KEY)
    assert arrive(fake).subject == "zoe@example.org"


def test_elliptic_curves_are_fine(fake: FakeProvider) -> None:
    fake.keys = [KEY, CURVE]
    fake.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "ec"}, claims, CURVE)
    assert arrive(fake).subject == "zoe@example.org"


@pytest.mark.parametrize("userinfo", [{"sub": "otto"}, {"name": "Zoë"}, {"sub": None}])
def test_userinfo_about_somebody_else_is_refused(fake: FakeProvider, userinfo: Claims) -> None:
    fake.userinfo = userinfo
    with pytest.raises(NotSignedIn, match="somebody else"):
        arrive(fake)


@pytest.mark.parametrize("iss", ["https://evil.example", "", ISSUER + "x"])
def test_an_answer_of_another_provider_is_refused(fake: FakeProvider, iss: str) -> None:
    with pytest.raises(NotSignedIn, match="another provider"):
        arrive(fake, issuer=iss)
    assert fake.asked == [], "the code goes nowhere"


def test_a_provider_that_names_itself_must_do_so(fake: FakeProvider) -> None:
    fake.metadata["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(NotSignedIn, match="another provider"):
        arrive(fake)
    assert arrive(fake, issuer=ISSUER).subject


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://evil.example"),
        ("issuer", ISSUER + "/"),
        ("token_endpoint", "http://proxy.example.org/token"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("jwks_uri", None),
        ("userinfo_endpoint", ["https://proxy.example.org/"]),
    ],
)
def test_a_strange_discovery_document_is_not_used(fake: FakeProvider, name: str, value: Any) -> None:
    fake.metadata[name] = value
    with pytest.raises(Unavailable):
        arrive(fake)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(502, text="bad gateway"),
        httpx.Response(302, headers={"location": "https://evil.example"}),
        httpx.Response(200, text="<html>maintenance</html>"),
        httpx.Response(200, json=["x"]),
        httpx.Response(200, content=b"{" + b" " * 2_000_000 + b"}"),
    ],
    ids=lambda answer: type(answer).__name__ if isinstance(answer, Exception) else str(answer.status_code),
)
def test_a_provider_that_fails_is_unavailable_and_named(fake: FakeProvider, answer: Any) -> None:
    fake.answer = answer
    provider = provider_of(fake)
    with pytest.raises(Unavailable, match="'Umbrella' can't be used") as caught:
        provider.way_there(REDIRECT, STATE, BROWSER)
    assert caught.value.remedy
    assert provider.trouble
    asked = len(fake.requests)
    with pytest.raises(Unavailable):
        provider.way_there(REDIRECT, STATE, BROWSER)
    assert len(fake.requests) == asked, "nobody waits twice"
    provider.close()


@pytest.mark.parametrize(
    ("back", "words"),
    [
        ({"code": None, "error": "access_denied"}, "was not finished"),
        ({"code": None, "error": "server_error", "error_description": "<b>x</b>"}, "refused the sign-in: server_error"),
        ({"code": None}, "no code"),
    ],
)
def test_who_gives_up_is_told_so(fake: FakeProvider, back: Claims, words: str) -> None:
    with pytest.raises(NotSignedIn, match=words):
        arrive(fake, **back)


def test_a_secret_or_certificate_that_is_not_there_is_the_operators_to_mend(fake: FakeProvider, tmp_path: Path) -> None:
    missing = {"client_secret": None, "client_secret_file": tmp_path / "secret"}
    with pytest.raises(Unavailable, match="client secret"):
        arrive(fake, provider_of(fake, **missing))
    one = Provider(settings(ca_file=tmp_path / "ca.pem"), clock=ManualClock())
    with pytest.raises(Unavailable, match="certificates"):
        one.way_there(REDIRECT, STATE, BROWSER)


def test_a_subject_of_another_community_is_refused(fake: FakeProvider) -> None:
    provider = provider_of(fake, subject_pattern=r"[0-9a-f]{40,64}@umbrellaid\.org")
    with pytest.raises(NotAllowed, match="not accepted"):
        arrive(fake, provider)


def test_the_way_out_names_the_platform_and_escapes_everything(fake: FakeProvider) -> None:
    provider = provider_of(fake)
    address = provider.way_out("a.b.c", "https://data.example.org/signed-out?a=b&c", "st")
    assert address is not None
    query = parse_qs(urlsplit(address).query)
    assert query["post_logout_redirect_uri"] == ["https://data.example.org/signed-out?a=b&c"]
    assert (query["x"], query["client_id"], query["id_token_hint"]) == (["1"], ["pandaas"], ["a.b.c"])
    provider.close()


# --- logout tokens ----------------------------------------------------------------------------------------------------

EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


def logout(fake: FakeProvider, header: Claims | None = None, **claims: Any) -> Claims:
    whole = {
        "iss": ISSUER,
        "aud": "pandaas",
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "1",
        "sub": "zoe",
        "events": EVENT,
    } | claims
    said = {name: value for name, value in whole.items() if value is not None}
    provider = provider_of(fake)
    try:
        return provider.logout_claims(jwt.encode({"alg": "RS256", "kid": "one"} | (header or {}), said, KEY))
    finally:
        provider.close()


def test_a_logout_token_is_believed(fake: FakeProvider) -> None:
    assert logout(fake, {"typ": "logout+jwt"})["sub"] == "zoe"
    assert logout(fake, sub=None, sid="s")["sid"] == "s"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"exp": NOW - 120},
        {"exp": None},
        {"iat": None},
        {"jti": None},
        {"events": None},
        {"events": {}},
        {"events": [next(iter(EVENT))]},
        {"events": {next(iter(EVENT)): "x"}},
        {"nonce": "n"},  # an ID token in disguise
        {"sub": None},
        {"sub": ["zoe"]},
    ],
)
def test_a_wrong_logout_token_is_refused(fake: FakeProvider, claims: Claims) -> None:
    with pytest.raises(NotSignedIn):
        logout(fake, **claims)


# --- groups -----------------------------------------------------------------------------------------------------------

RULES = (
    GroupRule(match=r"urn:x:(?P<proposal>[^:#]+)#.*", proposal="{proposal}", team_role="reader"),
    GroupRule(match=r"staff-(?P<where>.+)", instrument="BL-{where}"),
    GroupRule(match="boss", role="operator"),
)


@pytest.mark.parametrize(
    ("group", "given"),
    [
        ("urn:x:P-1#a", {Granted("team", "P-1", "reader")}),
        ("staff-7", {Granted("staff", "BL-7", "staff")}),
        ("boss", {Granted("role", "", "operator")}),
        ("bossy", set()),
        ("not boss", set()),
        ("xurn:x:P-1#a", set()),
        ("urn:x:../../etc#a", set()),
        ("urn:x:" + "p" * 100 + "#a", set()),
        ("urn:x:{0.__class__}#a", set()),
        ("BOSS", set()),
        ("", set()),
    ],
)
def test_a_rule_matches_whole_names_and_gives_proper_names_only(group: str, given: set[Granted]) -> None:
    assert granted_by(RULES, [group]) == given


@pytest.mark.parametrize(
    "rule",
    [
        {"match": "("},
        {"match": "a"},
        {"match": "a", "proposal": "{b}"},
        {"match": "(?P<p>a)", "proposal": "{p.__class__}"},
        {"match": "a", "role": "king"},
    ],
)
def test_a_rule_that_means_nothing_stops_the_start(tmp_path: Any, rule: Claims) -> None:
    one = {"id": "a", "title": "A", "issuer": ISSUER, "client_id": "c", "rules": [rule]}
    with pytest.raises(InvalidInput):
        load_settings(home=tmp_path, sign_in={"providers": [one]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://proxy.example.org"},
        {"issuer": "proxy.example.org"},
        {"id": "A b"},
        {"scopes": ["profile"]},
        {"client_secret": "s3cret-x", "nonsense": 1},
    ],
)
def test_a_wrong_provider_stops_the_start_and_tells_no_secret(tmp_path: Any, wrong: Claims) -> None:
    one = {"id": "a", "title": "A", "issuer": ISSUER, "client_id": "c", "client_secret": "s3cret-x"}
    with pytest.raises(PandaasError) as caught:
        load_settings(home=tmp_path, sign_in={"providers": [one | wrong]})
    assert "s3cret-x" not in str(caught.value)


def test_two_providers_of_one_issuer_are_a_mistake(tmp_path: Any) -> None:
    one = {"id": "a", "title": "A", "issuer": ISSUER, "client_id": "c"}
    with pytest.raises(InvalidInput, match="same issuer"):
        load_settings(home=tmp_path, sign_in={"providers": [one, one | {"id": "b"}]})
