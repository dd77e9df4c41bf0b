"""One's own account: identities, browsers, proving anew who one is; programs that ask for a token."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request

from pandaas.model import NotAllowed, Scope
from pandaas.server import present
from pandaas.server.cookies import cookie_secret
from pandaas.server.door import bearer
from pandaas.server.routers.providers import base_of, visit_of
from pandaas.server.routers.session import browser_person
from pandaas.server.schemas.sign_in import (
    AccountOut,
    BrowserOut,
    ConfirmIn,
    DeviceCodeIn,
    DeviceDecisionIn,
    DeviceIn,
    DeviceOut,
    DeviceRequestOut,
    DeviceTokenOut,
    IdentityOut,
    UserCodeIn,
)
from pandaas.server.services import Platform, RowId, Signed

router = APIRouter(prefix="/api/v1", tags=["account"])
_INTERVAL_S = 2


@router.get("/account")
def show_account(request: Request, platform: Platform, asker: Signed) -> AccountOut:
    person_id, secret, identity = browser_person(asker), cookie_secret(request), platform.identity
    person = identity.person(person_id)
    by_issuer = {one.issuer: one.title for one in platform.settings.sign_in.providers}
    by_id = {one.id: one.title for one in platform.settings.sign_in.providers}
    given = identity.given_by_groups(person_id)
    return AccountOut(
        person=present.person(person),
        email=person.email,
        orcid=person.orcid,
        has_password=person.password_hash is not None and platform.settings.sign_in.local,
        confirmed=secret is not None and identity.is_confirmed(secret),
        identities=[
            IdentityOut(
                id=row.id,
                provider=by_issuer.get(row.issuer, row.issuer),
                label=row.label,
                issuer=row.issuer,
                subject=row.subject,
                linked=row.created,
                last_used=row.last_used,
                gives=given.get(row.id, []),
            )
            for row in identity.identities(person_id)
        ],
        browsers=[
            BrowserOut(
                id=view.row.id,
                client=view.row.client,
                address=view.row.address,
                provider=by_id.get(view.provider, view.provider) if view.provider else None,
                since=view.row.created,
                expires=view.row.expires,
                is_this=view.is_this,
            )
            for view in identity.sign_ins(person_id, secret)
        ],
    )


@router.post("/account/confirm", status_code=204)
def confirm(body: ConfirmIn, request: Request, platform: Platform, asker: Signed) -> None:
    """Prove by the password that it is still you; afterwards you may change how you sign in, for some minutes."""
    browser_person(asker)
    platform.identity.confirm(cookie_secret(request) or "", body.password, address=visit_of(request).address)


@router.delete("/account/browsers/{sign_in_id}", status_code=204)
def end_sign_in(sign_in_id: RowId, platform: Platform, asker: Signed) -> None:
    """Sign out another browser of yours."""
    platform.identity.end_sign_in(browser_person(asker), sign_in_id)


@router.delete("/account/identities/{identity_id}", status_code=204)
def unlink(identity_id: RowId, request: Request, platform: Platform, asker: Signed) -> None:
    """Take an identity off your account; not the last one that lets you in."""
    person_id = browser_person(asker)
    platform.identity.require_confirmed(cookie_secret(request))
    platform.identity.unlink(person_id, identity_id, actor_id=person_id)


@router.delete("/tokens/own/this", status_code=204)
def delete_own_token(request: Request, platform: Platform, asker: Signed) -> None:
    """A program takes back the token that it sends."""
    token = bearer(request)
    if token is None:
        raise NotAllowed("There is no token in this request.", remedy="Take tokens back on the page.")
    platform.identity.delete_own_token(token)


@router.post("/device", status_code=201)
def ask(body: DeviceIn, request: Request, platform: Platform) -> DeviceOut:
    """A program asks for a token; the person confirms `user_code` on the page."""
    made = platform.identity.ask_for_token(body.client, body.scopes, address=visit_of(request).address)
    page = f"{base_of(platform, request)}/device"
    return DeviceOut(
        device_code=made.secret,
        user_code=made.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?code={quote(made.user_code)}",
        expires_in=made.expires_s,
        interval=_INTERVAL_S,
    )


@router.post("/device/token")
def fetch(body: DeviceCodeIn, platform: Platform) -> DeviceTokenOut:
    """The program asks whether it may, every `interval` seconds; the token is in one answer and nowhere else."""
    found = platform.identity.fetch_token(body.device_code)
    user = None
    if found.token is not None:
        who = platform.identity.principal_of_token(found.token)
        user = platform.identity.person(who.person_id).user if who.person_id is not None else None
    return DeviceTokenOut(state=found.state, token=found.token, user=user)


@router.post("/device/look")
def look(body: UserCodeIn, platform: Platform, asker: Signed) -> DeviceRequestOut:
    """The program that waits under a code."""
    browser_person(asker)
    row = platform.identity.device_request(body.user_code)
    code = f"{row.user_code[:4]}-{row.user_code[4:]}"
    scopes = [scope for scope in row.scopes if scope != Scope.ADMIN or Scope.ADMIN in asker.scopes]
    return DeviceRequestOut(user_code=code, client=row.client, address=row.address, scopes=scopes, created=row.created)


@router.post("/device/decision", status_code=204)
def decide(body: DeviceDecisionIn, platform: Platform, asker: Signed) -> None:
    """Give the program a token, or refuse."""
    platform.identity.decide_device(browser_person(asker), body.user_code, grant=body.grant)
