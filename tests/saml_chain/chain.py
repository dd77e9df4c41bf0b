"""The real chain of Umbrella in one process: a SAML identity provider (pysaml2), SATOSA before it, OpenID Connect to the platform.

    python chain.py FOLDER PORT_OF_SATOSA PORT_OF_IDP REDIRECT_ADDRESS

Whoever comes is asked for a login by the identity provider; what it says of people is in FOLDER/people.json.
"""

import html
import json
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORD
from saml2.config import IdPConfig
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT
from saml2.server import Server
from werkzeug.serving import make_server

FOLDER, SATOSA_PORT, IDP_PORT, REDIRECT = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
BASE, IDP = f"https://localhost:{SATOSA_PORT}", f"https://localhost:{IDP_PORT}"
NAMED = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
KEY, CERT = str(FOLDER / "key.pem"), str(FOLDER / "cert.pem")


def make_certificate() -> None:
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            KEY,
            "-out",
            CERT,
            *NAMED,
        ],
        check=True,
        capture_output=True,
    )


def idp_config(sp: str | None) -> IdPConfig:
    found = IdPConfig()
    found.load(
        {
            "entityid": f"{IDP}/metadata",
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(f"{IDP}/sso", BINDING_HTTP_REDIRECT)]},
                    "policy": {
                        "default": {
                            "lifetime": {"minutes": 15},
                            "attribute_restrictions": None,
                            "name_form": NAME_FORMAT_URI,
                        }
                    },
                    "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                }
            },
            "key_file": KEY,
            "cert_file": CERT,
            "metadata": {"local": [sp]} if sp else {},
            "xmlsec_binary": "/usr/bin/xmlsec1",
        }
    )
    return found


def satosa_config() -> dict:
    attributes = {
        "name": {"openid": ["name"], "saml": ["displayName", "cn"]},
        "mail": {"openid": ["email"], "saml": ["mail"]},
        "eppn": {"openid": ["preferred_username"], "saml": ["eduPersonPrincipalName"]},
        "entitlement": {"openid": ["eduperson_entitlement"], "saml": ["eduPersonEntitlement"]},
    }
    backend = {
        "module": "satosa.backends.saml2.SAMLBackend",
        "name": "Saml2",
        "config": {
            "sp_config": {
                "entityid": f"{BASE}/Saml2/metadata.xml",
                "key_file": KEY,
                "cert_file": CERT,
                "metadata": {"local": [str(FOLDER / "idp.xml")]},
                "xmlsec_binary": "/usr/bin/xmlsec1",
                "allow_unknown_attributes": True,
                "service": {
                    "sp": {
                        "allow_unsolicited": True,
                        "want_response_signed": False,
                        "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                        "endpoints": {
                            "assertion_consumer_service": [(f"{BASE}/Saml2/acs/post", BINDING_HTTP_POST)],
                        },
                    }
                },
            }
        },
    }
    frontend = {
        "module": "satosa.frontends.openid_connect.OpenIDConnectFrontend",
        "name": "OIDC",
        "config": {
            "signing_key_path": KEY,
            "signing_key_id": "one",
            "client_db_path": str(FOLDER / "clients.json"),
            "provider": {
                "client_registration_supported": False,
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise", "public"],
                "scopes_supported": ["openid", "profile", "email", "eduperson_entitlement"],
                "extra_scopes": {"eduperson_entitlement": ["eduperson_entitlement"]},
                "claims_supported": ["name", "email", "preferred_username", "eduperson_entitlement"],
            },
        },
    }
    return {
        "BASE": BASE,
        "COOKIE_STATE_NAME": "SATOSA_STATE",
        "STATE_ENCRYPTION_KEY": "only for tests",
        "INTERNAL_ATTRIBUTES": {"attributes": attributes},
        "BACKEND_MODULES": [backend],
        "FRONTEND_MODULES": [frontend],
        "MICRO_SERVICES": [],
        "LOGGING": {"version": 1},
    }


class IdentityProvider:
    """A login form, and a signed assertion about whoever filled it in."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __call__(self, environ, start):
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        if environ["REQUEST_METHOD"] == "POST":
            length = int(environ.get("CONTENT_LENGTH") or 0)
            query = {n: v[0] for n, v in parse_qs(environ["wsgi.input"].read(length).decode()).items()}
        page = self.assertion(query) if "login" in query else self.form(query)
        start("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [page.encode()]

    def form(self, query):
        hidden = "".join(f'<input type="hidden" name="{n}" value="{html.escape(v)}">' for n, v in query.items())
        return f'<form method="post" action="/sso">{hidden}<input name="login"><button type="submit">Sign in</button></form>'

    def assertion(self, query):
        request = self.server.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT)
        where = self.server.response_args(request.message)
        people = json.loads((FOLDER / "people.json").read_text())
        identity = people.get(query["login"], {})
        response = self.server.create_authn_response(
            identity,
            userid=query["login"],
            authn={"class_ref": PASSWORD, "authn_auth": IDP},
            sign_assertion=True,
            sign_response=True,
            **where,
        )
        return "".join(
            self.server.apply_binding(
                BINDING_HTTP_POST, str(response), where["destination"], query.get("RelayState", ""), response=True
            )["data"]
        )


def serve(port, app):
    server = make_server("localhost", port, app, threaded=True, ssl_context=(CERT, KEY))
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    make_certificate()
    client = {
        "client_secret": sys.argv[5],
        "redirect_uris": [REDIRECT],
        "response_types": ["code"],
        "subject_type": "public",
    }
    (FOLDER / "clients.json").write_text(json.dumps({"pandaas": client}))
    from saml2.metadata import entity_descriptor

    (FOLDER / "idp.xml").write_text(str(entity_descriptor(idp_config(None))))
    from satosa.proxy_server import make_app
    from satosa.satosa_config import SATOSAConfig

    config = satosa_config()
    app = make_app(SATOSAConfig(json.loads(json.dumps(config))))
    from saml2.config import SPConfig

    sp = SPConfig().load(config["BACKEND_MODULES"][0]["config"]["sp_config"])
    (FOLDER / "sp.xml").write_text(str(entity_descriptor(sp)))
    serve(IDP_PORT, IdentityProvider(Server(config=idp_config(str(FOLDER / "sp.xml")))))
    serve(SATOSA_PORT, app)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
