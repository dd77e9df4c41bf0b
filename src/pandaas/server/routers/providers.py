"""Signing in with OpenID Connect providers.

The provider sends the browser back to a page of ours (`/signed-in/<provider>`), which posts what stands in its address.
So every cookie can stay SameSite=Strict, and the answer is shown by the page, whatever it is.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from pandaas.identity import FLOW_LIFE, Arrival, Return, Visit
from pandaas.model import ANONYMOUS, PandaasError, Unavailable
from pandaas.server import present
from pandaas.server.cookies import browser_secret, cookie_secret, set_browser, set_cookie
from pandaas.server.routers.session import browser_person, session_of
from pandaas.server.schemas import SessionOut
from pandaas.server.schemas.sign_in import (
    ArrivalOut,
    BeginIn,
    BeginOut,
    ForeignOut,
    ProviderOut,
    ReturnIn,
    StateIn,
    WaysOut,
)
from pandaas.server.services import Asker, Platform, Services, Signed

router = APIRouter(prefix="/api/v1", tags=["sign-in"])
_LOGOUT_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {"logout_token": {"type": "string"}},
                    "required": ["logout_token"],
                }
            }
        },
    }
}


@router.get("/providers")
def list_providers(platform: Platform) -> WaysOut:
    """The ways to sign in, with the troubles of those that can't be used right now."""
    providers = platform.identity.providers.items()
    return WaysOut(
        local=platform.settings.sign_in.local,
        providers=[ProviderOut(id=name, title=one.settings.title, trouble=one.trouble) for name, one in providers],
    )


@router.post("/providers/{provider}/begin")
def begin(
    provider: str, body: BeginIn, request: Request, response: Response, platform: Platform, asker: Asker
) -> BeginOut:
    """Begin a sign-in; to link a further identity one must have proved a short while ago who one is."""
    person_id = None
    if body.purpose != "sign_in":
        person_id = browser_person(asker)
    if body.purpose == "link":
        platform.identity.require_confirmed(cookie_secret(request))
    address, browser = platform.identity.begin(
        provider,
        _redirect(platform, request, provider),
        browser=browser_secret(request),
        visit=visit_of(request),
        next=body.next,
        purpose=body.purpose,
        person_id=person_id,
    )
    set_browser(request, response, browser, seconds=FLOW_LIFE.total_seconds())
    return BeginOut(address=address)


@router.post("/providers/{provider}/return")
def come_back(
    provider: str, body: ReturnIn, request: Request, response: Response, platform: Platform, asker: Asker
) -> ArrivalOut:
    """The browser is back with what the provider gave it."""
    found = platform.identity.arrive(
        provider,
        body.state,
        Return(body.code, body.error, body.error_description, body.iss),
        _redirect(platform, request, provider),
        browser=browser_secret(request),
        visit=visit_of(request),
        cookie=cookie_secret(request),
        person_id=asker.person_id,
    )
    who = asker
    if found.secret is not None:
        _change_sign_in(platform, request, response, found.secret)
        who = platform.identity.principal_of_cookie(found.secret) or ANONYMOUS
    return ArrivalOut(
        outcome=found.kind,
        next=found.next,
        identity=_foreign(platform, found.arrival),
        person=present.person(platform.identity.person(who.person_id)) if who.person_id is not None else None,
        session=session_of(platform, who),
    )


@router.post("/providers/{provider}/logout", response_class=Response, openapi_extra=_LOGOUT_FORM)
async def log_out(provider: str, request: Request, platform: Platform) -> Response:
    """Back-channel logout: the provider says that a sign-in has ended (OpenID Connect Back-Channel Logout 1.0)."""
    headers = {"cache-control": "no-store"}
    fields = parse_qs((await request.body()).decode("ascii", "replace"), max_num_fields=20)
    try:
        [token] = fields.get("logout_token", [""])
        await to_thread.run_sync(platform.identity.log_out_from, provider, token)
    except Unavailable:
        raise
    except (PandaasError, ValueError) as error:
        body = {"error": "invalid_request", "error_description": getattr(error, "detail", "more than one logout_token")}
        return JSONResponse(body, 400, headers=headers)
    return Response(status_code=200, headers=headers)


@router.get("/providers/{provider}/logged-out", response_class=Response)
def logged_out(
    provider: str,
    request: Request,
    platform: Platform,
    iss: str | None = Query(None, max_length=500, description="The provider's issuer."),
    sid: str | None = Query(None, max_length=500, description="The session there; together with `iss`."),
) -> Response:
    """Front-channel logout: loaded by the provider's page in a frame (OpenID Connect Front-Channel Logout 1.0)."""
    platform.identity.left_there(provider, iss, sid, cookie_secret(request))
    parts = urlsplit(platform.identity.provider(provider).settings.issuer)
    headers = {
        "cache-control": "no-store",
        "content-security-policy": f"default-src 'none'; frame-ancestors {parts.scheme}://{parts.netloc}",
        "cross-origin-resource-policy": "cross-origin",
    }
    return Response("Signed out.", media_type="text/plain", headers=headers)


@router.post("/arrivals/look")
def look(body: StateIn, request: Request, platform: Platform, asker: Asker) -> ArrivalOut:
    """The identity that waits for this browser's decision."""
    purpose, arrival = platform.identity.waiting(body.state, browser_secret(request))
    return ArrivalOut(
        outcome="link" if purpose == "link" or asker.signed_in else "new",
        next="/",
        identity=_foreign(platform, arrival),
        person=present.person(platform.identity.person(asker.person_id)) if asker.person_id is not None else None,
    )


@router.post("/arrivals/account")
def make_account(body: StateIn, request: Request, response: Response, platform: Platform) -> SessionOut:
    """Make an account for the identity that waits, and sign in; where the facility lets newcomers in."""
    secret, _next = platform.identity.accept_new(body.state, browser_secret(request), visit_of(request))
    _change_sign_in(platform, request, response, secret)
    return session_of(platform, platform.identity.principal_of_cookie(secret) or ANONYMOUS)


@router.post("/arrivals/link", status_code=204)
def link(body: StateIn, request: Request, platform: Platform, asker: Signed) -> None:
    """Make the identity that waits one of the signed-in person's; she has seen both names."""
    person_id = browser_person(asker)
    platform.identity.require_confirmed(cookie_secret(request))
    platform.identity.accept_link(body.state, browser_secret(request), person_id)


def visit_of(request: Request) -> Visit:
    return Visit(request.client.host if request.client else "unknown", request.headers.get("user-agent"))


def base_of(platform: Services, request: Request) -> str:
    """The address that browsers use for this platform."""
    public = platform.settings.server.public_url
    return public.rstrip("/") if public else f"{request.url.scheme}://{request.headers.get('host', '')}"


def _redirect(platform: Services, request: Request, provider: str) -> str:
    return f"{base_of(platform, request)}/signed-in/{provider}"


def _change_sign_in(platform: Services, request: Request, response: Response, secret: str) -> None:
    earlier = cookie_secret(request)
    if earlier is not None:
        platform.identity.sign_out(earlier)
    set_cookie(request, response, secret, hours=platform.settings.server.session_hours)


def _foreign(platform: Services, arrival: Arrival) -> ForeignOut:
    titles = {one.issuer: one.title for one in platform.settings.sign_in.providers}
    return ForeignOut(
        provider=titles.get(arrival.issuer, arrival.issuer),
        name=arrival.label,
        user=arrival.user,
        email=arrival.email,
        affiliation=arrival.affiliation,
        orcid=arrival.orcid,
        subject=arrival.subject,
    )
