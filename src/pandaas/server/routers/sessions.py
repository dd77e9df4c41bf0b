"""Notebooks and desktops: what fits, start, watch, open, extend, hibernate, resume, end."""

from __future__ import annotations

from dataclasses import asdict

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request, Response

from pandaas.db.tables import SessionExtension, SessionRegistration
from pandaas.model import PandaasError, Principal, Unavailable
from pandaas.recipes import Draft, DraftInput
from pandaas.server import present_work
from pandaas.server.schemas import (
    AutomaticResultsIn,
    BroughtFileOut,
    CapacityOut,
    ExtendIn,
    NotebookLookIn,
    NotebookLookOut,
    NotebookRecipeIn,
    OpenNotebookOut,
    PrepareIn,
    ProgramOut,
    ProgramsOut,
    RecipePageOut,
    RegistrationOut,
    SeenByOperatorsIn,
    SessionDatasetOut,
    SessionFileOut,
    SessionFilesOut,
    SessionResultIn,
    SessionResultOut,
    TicketOut,
    TimeAskedOut,
    WorkSessionIn,
    WorkSessionOut,
)
from pandaas.server.services import READ_OR_RUN, Platform, Services, Signed
from pandaas.server.sessions.addresses import Addresses
from pandaas.server.sessions.door import ENTER
from pandaas.sessions import Program, ResultRequest, SessionNotebooks, SessionRequest, SessionView

_GATHERED = 1 << 20  # bytes written at once

router = APIRouter(prefix="/api/v1", tags=["sessions"], dependencies=[READ_OR_RUN])


@router.get("/programs")
def list_programs(platform: Platform, asker: Signed, dataset: list[str] = Query([], max_length=200)) -> ProgramsOut:
    """The programs that fit these datasets, best first, and whether one would start now."""
    found = platform.sessions.offers(asker, dataset)
    room = platform.sessions.capacity(asker)
    return ProgramsOut(
        programs=[_program(platform, asker, program, bool(program.entry.techniques and dataset)) for program in found],
        capacity=CapacityOut(**asdict(room)),
    )


@router.post("/programs/prepare", status_code=204)
def prepare_program(body: PrepareIn, platform: Platform, asker: Signed) -> None:
    """You will probably start this program soon, or the one you started last: its first start gets faster."""
    platform.sessions.ahead.prepare(asker, body.program)


@router.get("/sessions")
def list_sessions(platform: Platform, asker: Signed, mine: bool = True, alive: bool = False) -> list[WorkSessionOut]:
    """Your own and those you were let into; operators may ask for everybody's."""
    return [session_out(view) for view in platform.sessions.sessions(asker, mine=mine, alive=alive)]


@router.post("/sessions", status_code=201)
def start_session(body: WorkSessionIn, platform: Platform, asker: Signed) -> WorkSessionOut:
    session_id = platform.sessions.start(asker, SessionRequest(**body.model_dump()))
    return _shown(platform, asker, session_id)


@router.get("/sessions/{session_id}")
def show_session(session_id: str, platform: Platform, asker: Signed) -> WorkSessionOut:
    return _shown(platform, asker, session_id)


@router.get("/sessions/{session_id}/log", response_class=Response)
def session_log(session_id: str, platform: Platform, asker: Signed) -> Response:
    """The end of what its program wrote."""
    text = platform.sessions.log(asker, session_id)
    return Response(text, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


@router.get("/sessions/{session_id}/results")
def session_results(session_id: str, platform: Platform, asker: Signed) -> SessionFilesOut:
    """The files in its results folder, the latest first, also of a session that sleeps or has ended."""
    found = platform.sessions.results.files(asker, session_id)
    files = [SessionFileOut(**vars(one)) for one in found.files]
    under_way = platform.sessions.registering.of(session_id)
    return SessionFilesOut(
        files=files,
        more=found.more,
        may_register=found.may_register,
        automatic=found.automatic,
        registration=_registration(under_way) if under_way is not None else None,
    )


@router.post(
    "/sessions/{session_id}/results",
    response_model=list[SessionResultOut],
    responses={
        202: {"model": RegistrationOut, "description": "Large files: it goes on, see `registration` of the list."}
    },
)
def register_session_results(
    session_id: str, body: SessionResultIn, platform: Platform, asker: Signed
) -> list[SessionResultOut] | Response:
    """Register files of the results folder as datasets made from the session's. Safe to repeat."""
    done = platform.sessions.registering.register(asker, session_id, ResultRequest(**body.model_dump()))
    if isinstance(done, list):
        return [SessionResultOut(file=one.file, dataset=one.pid, is_new=one.is_new) for one in done]
    return Response(_registration(done).model_dump_json(), 202, media_type="application/json")


@router.put("/sessions/{session_id}/results/{name}", status_code=201)
async def bring_file(
    session_id: str,
    name: str,
    request: Request,
    platform: Platform,
    asker: Signed,
    content_length: int = Header(ge=0, le=2**53),
) -> BroughtFileOut:
    """Put the body (application/octet-stream) into the results folder of a session that runs; nothing there is replaced."""
    coming = await to_thread.run_sync(platform.sessions.bringing.begin, asker, session_id, name, content_length)
    gathered = bytearray()
    try:
        async for piece in request.stream():
            gathered += piece
            if len(gathered) >= _GATHERED:
                block, gathered = bytes(gathered), bytearray()
                await to_thread.run_sync(coming.write, block)
        await to_thread.run_sync(coming.write, bytes(gathered))
        return BroughtFileOut(file=await to_thread.run_sync(coming.finish))
    finally:
        coming.close()


@router.post("/sessions/{session_id}/notebooks/look")
def look_at_session_notebook(
    session_id: str, body: NotebookLookIn, platform: Platform, asker: Signed
) -> NotebookLookOut:
    """The form that a notebook of the results folder would have as a recipe; nothing of it is run or kept."""
    return NotebookLookOut(parameter_schema=_notebooks(platform).look(asker, session_id, body.file, body.inputs))


@router.post("/sessions/{session_id}/notebooks", status_code=201)
def make_recipe_of_notebook(
    session_id: str, body: NotebookRecipeIn, platform: Platform, asker: Signed
) -> RecipePageOut:
    """Make a notebook of the results folder a recipe of yours, private until instrument staff publish it."""
    values = body.model_dump(exclude={"file", "inputs"})
    draft = Draft(inputs=[DraftInput(**one.model_dump()) for one in body.inputs], **values)
    found = _notebooks(platform).save(asker, session_id, body.file, draft)
    return present_work.recipe_page(platform, found)


@router.post("/sessions/{session_id}/automatic-results")
def switch_automatic_results(
    session_id: str, body: AutomaticResultsIn, platform: Platform, asker: Signed
) -> WorkSessionOut:
    """Whether finished NeXus files with an NXprocess group register themselves, for the session's person to decide."""
    platform.sessions.set_automatic(asker, session_id, body.on)
    return _shown(platform, asker, session_id)


@router.get("/sessions/{session_id}/picture", response_class=Response)
def session_picture(session_id: str, platform: Platform, asker: Signed) -> Response:
    """What a desktop shows, small, as JPEG, at most 15 seconds old; for its person and who was let in. Operators get it
    where she allows it."""
    picture = platform.sessions.glances.picture(asker, session_id)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


@router.get("/sessions/{session_id}/open-notebooks")
def session_open_notebooks(session_id: str, platform: Platform, asker: Signed) -> list[OpenNotebookOut]:
    """Notebooks with a kernel and what that does, the latest first; for the same people as pictures of desktops."""
    return [OpenNotebookOut(**vars(one)) for one in platform.sessions.glances.open_notebooks(asker, session_id)]


@router.put("/sessions/{session_id}/seen-by-operators")
def set_seen_by_operators(
    session_id: str, body: SeenByOperatorsIn, platform: Platform, asker: Signed
) -> WorkSessionOut:
    """Let operators see the small picture or the open notebooks, or don't; for the session's person."""
    platform.sessions.glances.allow_operators(asker, session_id, body.on)
    return _shown(platform, asker, session_id)


@router.post("/sessions/{session_id}/understood")
def announcements_understood(session_id: str, platform: Platform, asker: Signed) -> WorkSessionOut:
    """Its person has read what operators said in it; it is shown no longer."""
    platform.sessions.glances.have_read(asker, session_id)
    return _shown(platform, asker, session_id)


@router.post("/sessions/{session_id}/ticket")
def session_ticket(session_id: str, request: Request, platform: Platform, asker: Signed) -> TicketOut:
    """A way in for this browser; the ticket is told once and works once."""
    ticket = platform.sessions.ticket(asker, session_id)
    return TicketOut(address=Addresses(platform.settings).of(session_id, request) + ENTER, ticket=ticket)


@router.post("/sessions/{session_id}/extend")
def extend_session(session_id: str, body: ExtendIn, platform: Platform, asker: Signed) -> WorkSessionOut:
    platform.sessions.extend(asker, session_id, body.hours)
    return _shown(platform, asker, session_id)


@router.post("/sessions/{session_id}/hibernate")
def hibernate_session(session_id: str, platform: Platform, asker: Signed) -> WorkSessionOut:
    platform.sessions.hibernate(asker, session_id)
    return _shown(platform, asker, session_id)


@router.post("/sessions/{session_id}/resume")
def resume_session(session_id: str, platform: Platform, asker: Signed) -> WorkSessionOut:
    platform.sessions.resume(asker, session_id)
    return _shown(platform, asker, session_id)


@router.post("/sessions/{session_id}/end")
def end_session(session_id: str, platform: Platform, asker: Signed) -> WorkSessionOut:
    platform.sessions.end(asker, session_id)
    return _shown(platform, asker, session_id)


def _registration(row: SessionRegistration) -> RegistrationOut:
    return RegistrationOut(
        state=row.state,
        done=row.done,
        total=row.total,
        registered=[SessionResultOut(**one) for one in row.registered],
        problem=row.problem.get("detail"),
        remedy=row.problem.get("remedy"),
        field=row.problem.get("field"),
        created=row.created,
    )


def _shown(platform: Services, asker: Principal, session_id: str) -> WorkSessionOut:
    return session_out(platform.sessions.session(asker, session_id))


def _notebooks(platform: Services) -> SessionNotebooks:
    if platform.sessions.notebooks is None:
        raise Unavailable("Notebooks can't be made recipes here.")
    return platform.sessions.notebooks


def _program(platform: Services, asker: Principal, program: Program, made_for: bool) -> ProgramOut:
    entry, times = program.entry, platform.sessions.times.of_person(asker.person_id, program.id)
    return ProgramOut(
        id=program.id,
        title=entry.title,
        summary=entry.summary,
        kind=entry.kind,
        cores=entry.cores,
        memory_mb=entry.memory_mb,
        lifetime_hours=times.lifetime_hours,
        longest_hours=times.longest_hours,
        made_for=made_for,
        ready=entry.environment is None or _is_built(platform, entry.environment),
        problem=program.problem,
        remedy=program.remedy,
        code_url=entry.code_url,
        citation=list(entry.citation),
        licence=entry.licence,
        provider=program.provider,
    )


def _is_built(platform: Services, environment: str) -> bool:
    try:
        return platform.runtime.environments.ready(environment) is not None
    except PandaasError:
        return False


_SAME = (
    "id", "program", "kind", "title", "state", "phase", "reason", "remedy", "created", "ready", "ended", "expires",
    "last_active", "cores", "gpus", "memory_mb", "cpu_s", "memory_used_mb", "isolation", "engine", "node", "seen_by_operators",
)  # fmt: skip


def session_out(view: SessionView) -> WorkSessionOut:
    row = view.row
    return WorkSessionOut.model_validate(
        {name: getattr(row, name) for name in _SAME}
        | {
            "program_title": view.program,
            "ending": row.wish is not None,
            "notices": list(row.notices),
            "person": view.person,
            "datasets": [SessionDatasetOut(pid=pid, title=title) for pid, title in view.datasets],
            "latest_end": view.latest_end,
            "warned": row.warned is not None,
            "may": view.may,
            "role": view.role,
            "may_help": view.may_help,
            "others": view.others,
            "is_owner": view.is_owner,
            "may_manage": view.may_manage,
            "user": view.user,
            "stop_at": view.order.when if view.order else None,
            "stop_reason": view.order.why if view.order else None,
            "stop_ordered": row.stop_at is not None,
            "announcements": list(view.announcements),
            "asked": _asked(view.asked),
            "may_look": view.may_look,
            "provider": view.provider,
            "address": view.address,
            "missing": list(view.missing),
        }
    )


def _asked(row: SessionExtension | None) -> TimeAskedOut | None:
    if row is None:
        return None
    return TimeAskedOut(hours=row.hours, reason=row.reason, asked=row.asked, granted=row.granted, answer=row.answer)
