"""Invitations into sessions: made by their person, held out by a colleague; and what guests without an account ask for."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pandaas.model import NotSignedIn
from pandaas.server.cookies import clear_visit, set_visit, visit_secret
from pandaas.server.schemas.sessions import (
    InvitationIn,
    InvitationSecretIn,
    InvitedOut,
    MessageIn,
    MessageOut,
    NewInvitationOut,
    SessionRefOut,
    TicketOut,
    VisitIn,
    VisitOut,
)
from pandaas.server.services import READ_OR_RUN, Platform, RowId, Services, Signed
from pandaas.server.sessions.addresses import Addresses
from pandaas.server.sessions.door import ENTER

router = APIRouter(prefix="/api/v1", tags=["sessions"], dependencies=[READ_OR_RUN])


@router.post("/sessions/{session_id}/invitations", status_code=201)
def invite(session_id: str, body: InvitationIn, platform: Platform, asker: Signed) -> NewInvitationOut:
    """Make an invitation; its secret is in this answer and nowhere else. It goes behind `/join#`."""
    made, secret = platform.sessions.invitations.invite(asker, session_id, **body.model_dump())
    return NewInvitationOut(id=made.id, secret=secret, expires=made.expires)


@router.delete("/sessions/{session_id}/invitations/{invitation_id}", status_code=204)
def revoke_invitation(session_id: str, invitation_id: RowId, platform: Platform, asker: Signed) -> None:
    """Take it back; guests who came by it are out within seconds."""
    platform.sessions.invitations.revoke(asker, session_id, invitation_id)


@router.post("/invitations/look")
def look_at_invitation(body: InvitationSecretIn, platform: Platform) -> InvitedOut:
    """What an invitation is for."""
    return InvitedOut(**vars(platform.sessions.invitations.look(body.secret)))


@router.post("/invitations/accept")
def accept_invitation(body: InvitationSecretIn, platform: Platform, asker: Signed) -> SessionRefOut:
    """Become a member of the session; your own rights must allow you to see its data."""
    return SessionRefOut(session_id=platform.sessions.invitations.accept(asker, body.secret))


@router.post("/invitations/visit")
def visit_session(body: VisitIn, request: Request, response: Response, platform: Platform) -> VisitOut:
    """Come in without an account, to watch; the answer sets a cookie that opens this session only."""
    secret = platform.sessions.invitations.visit(body.secret, body.name)
    _leave(request, platform)  # the visit before
    set_visit(request, response, secret)
    return _visit(platform, secret)


@router.get("/visit")
def show_visit(request: Request, platform: Platform) -> VisitOut:
    """The session that this browser visits."""
    return _visit(platform, visit_secret(request))


@router.post("/visit/ticket")
def visit_ticket(request: Request, platform: Platform) -> TicketOut:
    """A way into the pages of the visited session."""
    seen = _visit(platform, visit_secret(request))
    ticket = platform.sessions.guest_ticket(visit_secret(request) or "")
    return TicketOut(address=Addresses(platform.settings).of(seen.id, request) + ENTER, ticket=ticket)


@router.get("/visit/messages")
def visit_messages(request: Request, platform: Platform) -> list[MessageOut]:
    """What was said in the chat beside the visited session."""
    seen = _visit(platform, visit_secret(request))
    return [MessageOut(**vars(one)) for one in platform.sessions.messages.said(seen.id)]


@router.post("/visit/messages", status_code=204)
def visit_say(body: MessageIn, request: Request, platform: Platform) -> None:
    """Say something, as a guest."""
    found = platform.sessions.invitations.guest(visit_secret(request) or "")
    if found is None:
        raise NotSignedIn("This visit has ended.")
    platform.sessions.messages.say(found[1], body.text)
    request.app.state.company.stir(found[0].id)


@router.delete("/visit", status_code=204)
def end_visit(request: Request, response: Response, platform: Platform) -> None:
    _leave(request, platform)
    clear_visit(request, response)


def _leave(request: Request, platform: Services) -> None:
    secret = visit_secret(request)
    if secret is not None:
        platform.sessions.invitations.leave(secret)


def _visit(platform: Services, secret: str | None) -> VisitOut:
    found = platform.sessions.invitations.guest(secret) if secret else None
    if found is None:
        raise NotSignedIn("This visit has ended.", remedy="Ask whoever invited you for another invitation.")
    row, entry, person = found
    return VisitOut.model_validate(
        {"id": row.id, "title": row.title, "kind": row.kind, "state": row.state, "ready": row.ready}
        | {"ending": row.wish is not None, "person": person, "name": entry.name}
    )
