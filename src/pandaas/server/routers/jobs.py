"""Jobs: start, watch, cancel, run again, verify; and the notices they leave."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Query, Request, Response

from pandaas.catalogue import FileContent
from pandaas.jobs import JobRequest
from pandaas.server import present_work
from pandaas.server.downloads import FileDownload
from pandaas.server.schemas import JobIn, JobListOut, JobOut, JobPageOut, NoticeOut, VerifyOut
from pandaas.server.services import READ_OR_RUN, Platform, RowId, Signed

router = APIRouter(prefix="/api/v1", tags=["jobs"], dependencies=[READ_OR_RUN])
_LOG_PIECE = 4_194_304


@router.get("/jobs")
def list_jobs(
    platform: Platform,
    asker: Signed,
    state: list[str] = Query([]),
    proposal: str | None = None,
    recipe: str | None = None,
    mine: bool = True,
    limit: int = Query(50, ge=1, le=500),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> JobListOut:
    page = platform.jobs.jobs(
        asker, states=state, proposal=proposal, recipe=recipe, mine=mine, limit=limit, offset=offset
    )
    return JobListOut(total=page.total, jobs=present_work.jobs(platform, asker, page.jobs))


@router.post("/jobs", status_code=201)
def start_jobs(body: JobIn, platform: Platform, asker: Signed) -> list[JobOut]:
    """One job, or one per dataset where the recipe's `selection` is 'each'."""
    ids = platform.jobs.start(asker, JobRequest(**body.model_dump()))
    return present_work.jobs(platform, asker, [platform.jobs.job(asker, job_id) for job_id in ids])


@router.get("/jobs/{job_id}")
def show_job(job_id: str, platform: Platform, asker: Signed) -> JobPageOut:
    return present_work.job_page(platform, asker, platform.jobs.job(asker, job_id))


@router.get("/jobs/{job_id}/log", response_class=Response)
def job_log(
    job_id: str,
    platform: Platform,
    asker: Signed,
    offset: int = Query(0, ge=-(2**53), le=2**53),
    limit: int = Query(262_144, ge=0, le=2**53),
) -> Response:
    """Text from byte `offset`; header `X-Next-Offset` says where to go on; `offset` < 0 counts from the end."""
    piece = platform.jobs.log(asker, job_id, offset, min(limit, _LOG_PIECE))
    headers = {"X-Next-Offset": str(piece.next_offset), "X-Log-Size": str(piece.size), "Cache-Control": "no-store"}
    return Response(piece.text, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/jobs/{job_id}/files/{name}", response_class=Response)
def kept_file(job_id: str, name: str, platform: Platform, asker: Signed, request: Request) -> Response:
    """A file that a failed job kept, always as an attachment: it is what user code wrote."""
    file = platform.jobs.kept_file(asker, job_id, name)
    found = file.path.stat()
    changed = datetime.fromtimestamp(found.st_mtime, UTC)
    content = FileContent(
        file.path.resolve(), file.name, found.st_size, changed, f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    )
    return FileDownload(content, request)


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: str, platform: Platform, asker: Signed) -> JobPageOut:
    platform.jobs.cancel(asker, job_id)
    return present_work.job_page(platform, asker, platform.jobs.job(asker, job_id))


@router.post("/jobs/{job_id}/retry", status_code=201)
def retry_job(job_id: str, platform: Platform, asker: Signed) -> JobPageOut:
    """A new job with the same recipe version, inputs and parameters."""
    again = platform.jobs.retry(asker, job_id)
    return present_work.job_page(platform, asker, platform.jobs.job(asker, again))


@router.post("/datasets/{pid}/verify", status_code=201)
def verify_result(pid: str, platform: Platform, asker: Signed) -> VerifyOut:
    """Re-execute the job that made this result; the answer's job tells when it has been compared."""
    job_id = platform.jobs.verify(asker, pid)
    return present_work.verification(platform.jobs.job(asker, job_id).job, None)


@router.get("/datasets/{pid}/verify")
def verification(pid: str, platform: Platform, asker: Signed) -> VerifyOut | None:
    found = platform.jobs.verification(asker, pid)
    return present_work.verification(*found) if found is not None else None


@router.get("/notices")
def notices(platform: Platform, asker: Signed) -> list[NoticeOut]:
    return [present_work.notice(row) for row in platform.jobs.notices(asker)]


@router.post("/notices/{notice_id}/dismiss", status_code=204)
def dismiss_notice(notice_id: RowId, platform: Platform, asker: Signed) -> None:
    platform.jobs.dismiss_notice(asker, notice_id)
