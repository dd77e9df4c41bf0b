"""Letting others into a session: members, staff who ask to join and the answer of the session's person."""

from __future__ import annotations

from fastapi import APIRouter, Request

from pandaas.model import Principal
from pandaas.server.present_access import zoned
from pandaas.server.schemas.sessions import (
    GuestOut,
    InvitationOut,
    JoinAnswerIn,
    JoinIn,
    MessageIn,
    MessageOut,
    SessionMemberIn,
    SessionMemberOut,
    SharingOut,
)
from pandaas.server.services import READ_OR_RUN, Platform, Services, Signed
from pandaas.sessions import InvitationView, MemberView

router = APIRouter(prefix="/api/v1", tags=["sessions"], dependencies=[READ_OR_RUN])


@router.get("/sessions/{session_id}/sharing")
def show_sharing(session_id: str, platform: Platform, asker: Signed) -> SharingOut:
    """With whom the session is shared; for its person."""
    return _sharing(platform, asker, session_id)


@router.put("/sessions/{session_id}/members/{user}")
def share_session(session_id: str, user: str, body: SessionMemberIn, platform: Platform, asker: Signed) -> SharingOut:
    """Let a person in, change what she may do, or hand staff who were let in the control. She must herself be allowed
    to see all of the session's data."""
    platform.sessions.members.share(asker, session_id, user, body.may, until=zoned(body.until))
    return _sharing(platform, asker, session_id)


@router.delete("/sessions/{session_id}/members/{user}", status_code=204)
def unshare_session(session_id: str, user: str, platform: Platform, asker: Signed) -> None:
    """Take it back, felt within seconds; or leave, if that is you."""
    platform.sessions.members.unshare(asker, session_id, user)


@router.post("/sessions/{session_id}/join-requests", status_code=204)
def ask_to_join(session_id: str, body: JoinIn, platform: Platform, asker: Signed) -> None:
    """Staff ask the session's person to let them watch."""
    platform.sessions.members.ask(asker, session_id, body.reason)


@router.put("/sessions/{session_id}/join-requests/{user}", status_code=204)
def answer_join_request(session_id: str, user: str, body: JoinAnswerIn, platform: Platform, asker: Signed) -> None:
    """Let staff watch for some minutes, or don't; for the session's person, in her browser."""
    platform.sessions.members.answer(asker, session_id, user, allow=body.allow, minutes=body.minutes)


@router.get("/sessions/{session_id}/messages")
def list_messages(session_id: str, platform: Platform, asker: Signed) -> list[MessageOut]:
    """What was said in the chat beside the session, the last 200, oldest first."""
    platform.sessions.company(asker, session_id)
    return [MessageOut(**vars(one)) for one in platform.sessions.messages.said(session_id)]


@router.post("/sessions/{session_id}/messages", status_code=204)
def say(session_id: str, body: MessageIn, request: Request, platform: Platform, asker: Signed) -> None:
    """Say something to those who are in the session: plain text."""
    platform.sessions.messages.say(platform.sessions.company(asker, session_id), body.text)
    request.app.state.company.stir(session_id)


@router.get("/session-watchers")
def list_watchers(platform: Platform, asker: Signed) -> list[SessionMemberOut]:
    """Staff who ask to join sessions of yours, and staff who are let in now."""
    return [member(one) for one in platform.sessions.members.watched(asker)]


def member(view: MemberView) -> SessionMemberOut:
    row = view.row
    return SessionMemberOut(
        session=view.session_id,
        title=view.title,
        user=view.user,
        name=view.name,
        affiliation=view.affiliation,
        role="staff" if row.role == "staff" else "member",
        may="full" if row.may == "full" else "view",
        waits=view.waits,
        works=view.works,
        reason=row.reason,
        since=row.added,
        until=row.expires,
    )


def _sharing(platform: Services, asker: Principal, session_id: str) -> SharingOut:
    members = platform.sessions.members.members(asker, session_id)
    inviting = platform.sessions.invitations
    limits = platform.settings.sessions
    return SharingOut(
        members=[member(one) for one in members],
        invitations=[_invitation(one) for one in inviting.invitations(asker, session_id)],
        guests_possible=inviting.guests_possible(asker, session_id),
        invitation_hours=limits.invitation_days * 24,
        staff_minutes=limits.staff_minutes,
    )


def _invitation(view: InvitationView) -> InvitationOut:
    row = view.row
    return InvitationOut(
        id=row.id,
        label=row.label,
        may="full" if row.may == "full" else "view",
        guests=row.guests,
        most=row.most,
        uses=row.uses,
        works=view.works,
        expires=row.expires,
        came=[GuestOut(name=one.name, since=one.created, until=one.expires) for one in view.guests],
    )
