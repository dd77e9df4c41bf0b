"""What operators and staff do with others' sessions: say something, stop, drain a computer, give more time."""

from __future__ import annotations

from fastapi import APIRouter

from pandaas.server.routers.sessions import session_out
from pandaas.server.schemas.sessions import (
    AnnouncedOut,
    AnnouncementIn,
    DrainOut,
    MoreTimeIn,
    SessionNodeOut,
    StopOrderIn,
    TimeDecisionIn,
    TimeRequestOut,
    WorkSessionOut,
)
from pandaas.server.services import READ_OR_RUN, Platform, RowId, Signed
from pandaas.sessions import Node, TimeRequest

router = APIRouter(prefix="/api/v1", tags=["sessions"], dependencies=[READ_OR_RUN])


@router.get("/session-nodes")
def list_session_nodes(platform: Platform, asker: Signed) -> list[SessionNodeOut]:
    """The computers that sessions run on, this one first; for operators."""
    return [_node(one) for one in platform.sessions.operation.nodes(asker)]


@router.put("/session-nodes/{node}/drain")
def drain_session_node(node: str, body: StopOrderIn, platform: Platform, asker: Signed) -> list[SessionNodeOut]:
    """Start no sessions there any more; those that run hibernate after some minutes, their people are told at once."""
    platform.sessions.operation.drain(asker, node, body.reason, body.minutes)
    return list_session_nodes(platform, asker)


@router.delete("/session-nodes/{node}/drain")
def undrain_session_node(node: str, platform: Platform, asker: Signed) -> list[SessionNodeOut]:
    """Take it back: sessions start there again, and those that still run go on."""
    platform.sessions.operation.undrain(asker, node)
    return list_session_nodes(platform, asker)


@router.post("/session-nodes/{node}/announcements")
def announce_on_node(node: str, body: AnnouncementIn, platform: Platform, asker: Signed) -> AnnouncedOut:
    """Show a text in all sessions there."""
    return AnnouncedOut(sessions=platform.sessions.operation.say_to_all(asker, node, body.text))


@router.post("/sessions/{session_id}/announcements")
def announce_in_session(session_id: str, body: AnnouncementIn, platform: Platform, asker: Signed) -> AnnouncedOut:
    """Show a text in a session until its person has read it; for operators."""
    platform.sessions.operation.say(asker, session_id, body.text)
    return AnnouncedOut(sessions=1)


@router.post("/sessions/{session_id}/stop")
def stop_session(session_id: str, body: StopOrderIn, platform: Platform, asker: Signed) -> WorkSessionOut:
    """Let it hibernate after some minutes; its person is told why, at once. For operators."""
    platform.sessions.operation.stop(asker, session_id, body.reason, body.minutes)
    return session_out(platform.sessions.session(asker, session_id))


@router.delete("/sessions/{session_id}/stop")
def withdraw_session_stop(session_id: str, platform: Platform, asker: Signed) -> WorkSessionOut:
    """Take that order back."""
    platform.sessions.operation.let_go_on(asker, session_id)
    return session_out(platform.sessions.session(asker, session_id))


@router.post("/sessions/{session_id}/more-time")
def ask_for_more_time(session_id: str, body: MoreTimeIn, platform: Platform, asker: Signed) -> WorkSessionOut:
    """Ask staff for more time than the rules give; for the session's person."""
    platform.sessions.more_time.ask(asker, session_id, body.hours, body.reason)
    return session_out(platform.sessions.session(asker, session_id))


@router.get("/session-time-requests")
def list_time_requests(platform: Platform, asker: Signed) -> list[TimeRequestOut]:
    """Requests for more time that wait for you, as an operator or as staff of the instrument of a session's data."""
    return [_request(one) for one in platform.sessions.more_time.waiting(asker)]


@router.put("/session-time-requests/{request_id}")
def answer_time_request(
    request_id: RowId, body: TimeDecisionIn, platform: Platform, asker: Signed
) -> list[TimeRequestOut]:
    """Give the time, or don't; the session's person is told. What still waits."""
    platform.sessions.more_time.decide(asker, request_id, grant=body.grant, answer=body.answer)
    return list_time_requests(platform, asker)


def _node(node: Node) -> SessionNodeOut:
    drain = DrainOut(**vars(node.drain)) if node.drain else None
    return SessionNodeOut(**vars(node) | {"drain": drain})


def _request(one: TimeRequest) -> TimeRequestOut:
    row = one.row
    return TimeRequestOut(
        id=row.id, session=row.session_id, title=one.title, person=one.person, hours=row.hours, reason=row.reason,
        asked=row.asked, expires=one.expires, granted=row.granted,
    )  # fmt: skip
