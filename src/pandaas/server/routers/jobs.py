"""Jobs: start, watch, cancel, run again, verify; and the notices they leave."""

from __future__ import annotations

from fastapi import APIRouter, Query, Response

from pandaas.server.schemas import JobIn, JobListOut, JobOut, JobPageOut, NoticeOut, VerifyOut
from pandaas.server.services import Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["jobs"])


@router.get("/jobs")
def list_jobs(
    platform: Platform,
    asker: Signed,
    state: list[str] = Query([]),
    proposal: str | None = None,
    recipe: str | None = None,
    mine: bool = True,
    limit: int = Query(50, ge=1, le=500),
    offset: int = Query(0, ge=0),
) -> JobListOut:
    raise NotImplementedError


@router.post("/jobs", status_code=201)
def start_jobs(body: JobIn, platform: Platform, asker: Signed) -> list[JobOut]:
    """One job, or one per dataset where the recipe's `selection` is 'each'."""
    raise NotImplementedError


@router.get("/jobs/{job_id}")
def show_job(job_id: str, platform: Platform, asker: Signed) -> JobPageOut:
    raise NotImplementedError


@router.get("/jobs/{job_id}/log", response_class=Response)
def job_log(job_id: str, platform: Platform, asker: Signed, offset: int = 0, limit: int = 262_144) -> Response:
    """Text from byte `offset`; header `X-Next-Offset` says where to go on; `offset` < 0 counts from the end."""
    raise NotImplementedError


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: str, platform: Platform, asker: Signed) -> JobPageOut:
    raise NotImplementedError


@router.post("/jobs/{job_id}/retry", status_code=201)
def retry_job(job_id: str, platform: Platform, asker: Signed) -> JobPageOut:
    """A new job with the same recipe version, inputs and parameters."""
    raise NotImplementedError


@router.post("/datasets/{pid}/verify", status_code=201)
def verify_result(pid: str, platform: Platform, asker: Signed) -> VerifyOut:
    """Re-execute the job that made this result; the answer's job tells when it has been compared."""
    raise NotImplementedError


@router.get("/datasets/{pid}/verify")
def verification(pid: str, platform: Platform, asker: Signed) -> VerifyOut | None:
    raise NotImplementedError


@router.get("/notices")
def notices(platform: Platform, asker: Signed) -> list[NoticeOut]:
    raise NotImplementedError


@router.post("/notices/{notice_id}/dismiss", status_code=204)
def dismiss_notice(notice_id: int, platform: Platform, asker: Signed) -> None:
    raise NotImplementedError
