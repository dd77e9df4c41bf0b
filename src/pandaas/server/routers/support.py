"""Requests for help: what would be sent, send it, read, answer, take, close."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Query, Request, Response

from pandaas.model import NotFound, Principal
from pandaas.server.help_draft import draft
from pandaas.server.pictures import picture_answer
from pandaas.server.schemas.support import (
    HelpAssignIn,
    HelpDatasetOut,
    HelpDraftOut,
    HelpFact,
    HelpMessageOut,
    HelpPersonOut,
    HelpPictureIn,
    HelpPictureOut,
    HelpReplyIn,
    HelpRequestIn,
    HelpRequestListOut,
    HelpRequestOut,
    HelpSessionOut,
    HelpState,
    HelpStateIn,
    HelpThreadOut,
    HelpUnreadOut,
)
from pandaas.server.services import READ_ALWAYS, READ_OR_WRITE, Platform, Services, Signed
from pandaas.support import Asked, Fact, MessageView, RequestView, SentPicture

router = APIRouter(prefix="/api/v1/support", tags=["support"], dependencies=[READ_ALWAYS, READ_OR_WRITE])


@router.get("/draft")
def draft_request(
    platform: Platform,
    asker: Signed,
    session: str | None = Query(None, max_length=64),
    job: str | None = Query(None, max_length=64),
    dataset: str | None = Query(None, max_length=64),
    instrument: str | None = Query(None, max_length=64),
) -> HelpDraftOut:
    """What would go with a request about a session, a job or a dataset, and to whom. Nothing is kept or sent."""
    found = draft(platform, asker, session=session, job=job, dataset=dataset)
    staff_of, told = platform.support.goes_to([pid for pid, _ in found.datasets], instrument)
    return HelpDraftOut(
        about=found.about,
        session=found.session,
        job=found.job,
        datasets=[HelpDatasetOut(pid=pid, title=title) for pid, title in found.datasets],
        facts=[HelpFact(name=one.name, value=one.value) for one in found.facts],
        log=found.log,
        instrument=staff_of,
        told=told,
    )


@router.get("/unread")
def count_unread(platform: Platform, asker: Signed) -> HelpUnreadOut:
    """How many requests have something new for you."""
    return HelpUnreadOut(**vars(platform.support.unread(asker)))


@router.get("/requests")
def list_requests(
    platform: Platform,
    asker: Signed,
    box: Literal["mine", "inbox"] = "mine",
    whose: Literal["all", "mine", "unassigned"] = Query(
        "all", description="Of the inbox: assigned to you, or to nobody."
    ),
    state: list[HelpState] = Query([]),
    limit: int = Query(50, ge=1, le=200),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> HelpRequestListOut:
    """Your own and those you were named for, or those that you may answer; what changed last comes first."""
    page = platform.support.requests(asker, box, whose=whose, states=state, limit=limit, offset=offset)
    return HelpRequestListOut(total=page.total, requests=[HelpRequestOut(**_shown(one)) for one in page.requests])


@router.post("/requests", status_code=201)
def ask_for_help(body: HelpRequestIn, platform: Platform, asker: Signed) -> HelpThreadOut:
    """Send a request. What it names must be such that you may see it."""
    if body.session is not None:
        platform.sessions.session(asker, body.session)
    if body.job is not None:
        platform.jobs.job(asker, body.job)
    asked = Asked(
        subject=body.subject,
        text=body.text,
        session=body.session,
        job=body.job,
        datasets=body.datasets,
        instrument=body.instrument,
        facts=[Fact(one.name, one.value) for one in body.facts],
        log=body.log,
        pictures=_sent(body.pictures),
        people=body.people,
    )
    return _thread(platform, asker, platform.support.ask(asker, asked))


@router.get("/requests/{request_id}")
def show_request(request_id: str, platform: Platform, asker: Signed) -> HelpThreadOut:
    return _thread(platform, asker, request_id)


@router.post("/requests/{request_id}/messages", status_code=201)
def reply(request_id: str, body: HelpReplyIn, platform: Platform, asker: Signed) -> HelpThreadOut:
    """Write to it. Staff answer it or ask back; what others write opens it again."""
    platform.support.reply(asker, request_id, body.text, state=body.state, pictures=_sent(body.pictures))
    return _thread(platform, asker, request_id)


@router.post("/requests/{request_id}/seen", status_code=204)
def mark_seen(request_id: str, platform: Platform, asker: Signed) -> None:
    """You have read it up to its last message."""
    platform.support.seen(asker, request_id)


@router.put("/requests/{request_id}/state")
def close_or_reopen(request_id: str, body: HelpStateIn, platform: Platform, asker: Signed) -> HelpThreadOut:
    platform.support.close(asker, request_id, again=body.state == "open")
    return _thread(platform, asker, request_id)


@router.put("/requests/{request_id}/assigned")
def assign(request_id: str, body: HelpAssignIn, platform: Platform, asker: Signed) -> HelpThreadOut:
    """Say who of the staff looks after it; for staff."""
    platform.support.assign(asker, request_id, body.user)
    return _thread(platform, asker, request_id)


@router.put("/requests/{request_id}/people/{user}")
def name_person(request_id: str, user: str, platform: Platform, asker: Signed) -> HelpThreadOut:
    """Let somebody else read it and write to it; for its person. It opens none of the data to her."""
    platform.support.add_person(asker, request_id, user)
    return _thread(platform, asker, request_id)


@router.delete("/requests/{request_id}/people/{user}")
def remove_person(request_id: str, user: str, platform: Platform, asker: Signed) -> HelpThreadOut:
    platform.support.remove_person(asker, request_id, user)
    return _thread(platform, asker, request_id)


@router.get("/requests/{request_id}/pictures/{picture_id}", response_class=Response)
def show_picture(request_id: str, picture_id: str, request: Request, platform: Platform, asker: Signed) -> Response:
    found = platform.support.picture(asker, request_id, picture_id)
    return picture_answer(request, found.content, found.media_type, found.sha256)


def _sent(pictures: list[HelpPictureIn]) -> list[SentPicture]:
    return [SentPicture(one.name, one.content) for one in pictures]


def _shown(view: RequestView) -> dict[str, object]:
    row = view.row
    same = (
        "person",
        "person_user",
        "assigned",
        "assigned_user",
        "instrument",
        "hidden",
        "is_mine",
        "may_help",
        "unread",
    )
    return {name: getattr(view, name) for name in same} | {
        "id": row.id,
        "subject": row.subject,
        "state": row.state,
        "created": row.created,
        "changed": row.changed,
        "datasets": [{"pid": pid, "title": title} for pid, title in view.datasets],
    }


def _thread(platform: Services, asker: Principal, request_id: str) -> HelpThreadOut:
    view = platform.support.request(asker, request_id)
    job = view.row.job_id
    return HelpThreadOut.model_validate(
        _shown(view)
        | {
            "facts": [vars(one) for one in view.facts],
            "log": view.log,
            "session": _session(platform, asker, view.row.session_id),
            "job": job if job is not None and platform.jobs.may_see(asker, job) else None,
            "people": [HelpPersonOut(user=user, name=name) for user, name in view.people],
            "messages": [_message(request_id, one) for one in view.messages],
        }
    )


def _session(platform: Services, asker: Principal, session_id: str | None) -> HelpSessionOut | None:
    if session_id is None:
        return None
    try:
        view = platform.sessions.session(asker, session_id)
    except NotFound:
        return None
    may_ask = view.may_help and view.may is None and view.is_alive
    return HelpSessionOut(id=session_id, title=view.row.title, state=view.row.state, may_ask_to_join=may_ask)


def _message(request_id: str, view: MessageView) -> HelpMessageOut:
    at = f"/api/v1/support/requests/{request_id}/pictures/"
    pictures = [HelpPictureOut(**vars(one), address=at + one.id) for one in view.pictures]
    return HelpMessageOut(**{**vars(view), "pictures": pictures})
