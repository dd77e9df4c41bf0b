"""Sign-in, sign-out and API tokens."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from pandaas import __version__
from pandaas.db.tables import Token
from pandaas.model import ANONYMOUS, NotAllowed, Principal, PrincipalKind
from pandaas.server import present
from pandaas.server.cookies import clear_cookie, cookie_secret, set_cookie
from pandaas.server.demo.home import ACCOUNTS, password_of
from pandaas.server.schemas import DemoAccount, NewTokenOut, SessionOut, SignInIn, TokenIn, TokenOut
from pandaas.server.schemas.sign_in import SignOutOut
from pandaas.server.services import Asker, Platform, RowId, Services, Signed

router = APIRouter(prefix="/api/v1", tags=["sign-in"])
_LENSES: dict[PrincipalKind, Literal["review", "view_as"]] = {
    PrincipalKind.LINK: "review",
    PrincipalKind.VIEW: "view_as",
}


@router.get("/session")
def who_am_i(platform: Platform, asker: Asker) -> SessionOut:
    return session_of(platform, asker)


@router.post("/session")
def sign_in(body: SignInIn, request: Request, response: Response, platform: Platform) -> SessionOut:
    """Sign in; the answer sets the cookie. An earlier sign-in of this browser ends."""
    secret = platform.identity.sign_in(
        body.user,
        body.password,
        address=request.client.host if request.client else "unknown",
        client=request.headers.get("user-agent"),
    )
    earlier = cookie_secret(request)
    if earlier is not None:
        platform.identity.sign_out(earlier)
    set_cookie(request, response, secret, hours=platform.settings.server.session_hours)
    return session_of(platform, platform.identity.principal_of_cookie(secret) or ANONYMOUS)


@router.delete("/session")
def sign_out(request: Request, response: Response, platform: Platform, everywhere: bool = False) -> SignOutOut:
    """Sign out here, or in all browsers of this person; access tokens stay.

    Who came through a provider is still signed in there: `address` is where the browser ends that as well.
    """
    secret, address = cookie_secret(request), None
    if secret is not None:
        public = platform.settings.server.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
        address = platform.identity.way_out(secret, f"{public.rstrip('/')}/signed-out")
        platform.identity.sign_out(secret, everywhere=everywhere)
    clear_cookie(request, response)
    return SignOutOut(address=address)


@router.get("/tokens")
def list_tokens(platform: Platform, asker: Signed) -> list[TokenOut]:
    return [_token(row) for row in platform.identity.tokens(browser_person(asker))]


@router.post("/tokens", status_code=201)
def create_token(body: TokenIn, platform: Platform, asker: Signed) -> NewTokenOut:
    """Make a token; its text is in this answer and nowhere else."""
    person_id = browser_person(asker)
    token_id, text = platform.identity.create_token(person_id, body.name, body.scopes, body.expires_in_days)
    made = next(row for row in platform.identity.tokens(person_id) if row.id == token_id)
    return NewTokenOut(**_token(made).model_dump(), token=text)


@router.delete("/tokens/{token_id}", status_code=204)
def delete_token(token_id: RowId, platform: Platform, asker: Signed) -> None:
    platform.identity.delete_token(browser_person(asker), token_id)


def browser_person(asker: Principal) -> int:
    """The person who signed in with this browser. A token can't make tokens: it would give itself other scopes or a longer life."""
    if asker.kind is not PrincipalKind.PERSON or asker.person_id is None:
        raise NotAllowed("This is done in the browser, not with a token.", remedy="Sign in there.")
    return asker.person_id


def session_of(platform: Services, asker: Principal) -> SessionOut:
    """Who that is, as the page needs to know it."""
    settings = platform.settings
    names = {one.id: one.name for one in platform.access.instruments()} if asker.instruments else {}
    person = present.person(platform.identity.person(asker.person_id)) if asker.person_id is not None else None
    if person is not None and asker.role is not None:  # a group may make her more than her account says
        person = person.model_copy(update={"role": asker.role.value})
    return SessionOut(
        person=person,
        scopes=sorted(asker.scopes),
        lens=_LENSES.get(asker.kind),
        instruments=sorted(names[one] for one in asker.instruments if one in names),
        facility=settings.facility.name,
        demo=settings.demo.enabled,
        demo_accounts=_demo_accounts() if settings.demo.enabled else [],
        sandbox_warning=platform.runtime.sandbox.warning,
        version=__version__,
    )


def _demo_accounts() -> list[DemoAccount]:
    """Without their proposals: that there is a proprietary one is for nobody outside to know."""
    return [
        DemoAccount(
            user=one["user"], password=password_of(one["user"]), role=one["role"], description=one["description"]
        )
        for one in ACCOUNTS
    ]


def _token(row: Token) -> TokenOut:
    return TokenOut(
        id=row.id,
        name=row.name,
        scopes=list(row.scopes),
        created=row.created,
        expires=row.expires,
        last_used=row.last_used,
    )
