"""Umbrella as it really is: a SAML identity provider behind a SATOSA proxy that speaks OpenID Connect to the platform."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from pandaas.testing.oidc import Person
from pandaas.testing.place import running_place
from pandaas.testing.saml_chain import SamlChain, free_ports, missing, running_chain

from .conftest import RULES, browser_at

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]
GROUP = "urn:geant:example.org:group:proposals:P-1#proxy.example.org"


def test_an_account_of_a_saml_institute_signs_in_through_the_proxy(tmp_path: Path) -> None:
    ports = free_ports()
    (tmp_path / "chain").mkdir()
    issuer = SamlChain(f"https://localhost:{ports[0]}", tmp_path / "chain")
    with running_place(tmp_path / "home", [issuer.settings(rules=RULES)]) as (address, _services):
        with running_chain(tmp_path / "chain", ports, f"{address}/signed-in/umbrella") as chain:
            ute = {"displayName": ["Ute Umbrella"], "eduPersonPrincipalName": ["ute@kit.example"]}
            chain.set_people(ute=ute | {"mail": ["ute@kit.example"], "eduPersonEntitlement": [GROUP, "urn:other:x"]})
            trust = ssl.create_default_context(cafile=str(chain.certificate))
            browser = browser_at(address)
            browser.person = Person(httpx.Client(timeout=20, verify=trust))
            session = browser.sign_in("umbrella", "ute")
            assert (session["person"]["user"], session["person"]["name"]) == ("ute", "Ute Umbrella")
            assert [one["name"] for one in browser.get("/proposals?mine=true")] == ["P-1"]
            [identity] = browser.get("/account")["identities"]
            assert identity["gives"] == ["member of P-1"]
            chain.set_people(ute=ute)
            again = browser_at(address)
            again.person = browser.person
            assert again.sign_in("umbrella", "ute")["person"]["user"] == "ute"
            assert again.get("/proposals?mine=true") == [], "the home institute no longer names the group"
        browser.person.http.close()
