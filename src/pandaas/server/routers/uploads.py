"""Upload of small data, resumable; and the quarantine."""

from __future__ import annotations

from fastapi import APIRouter, Header, Request

from pandaas.server.schemas import QuarantineOut, UploadIn, UploadOut
from pandaas.server.services import Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["uploads"])


@router.post("/uploads", status_code=201)
def start_upload(body: UploadIn, platform: Platform, asker: Signed) -> UploadOut:
    raise NotImplementedError


@router.get("/uploads/{upload_id}")
def show_upload(upload_id: str, platform: Platform, asker: Signed) -> UploadOut:
    raise NotImplementedError


@router.patch("/uploads/{upload_id}")
async def append(
    upload_id: str, request: Request, platform: Platform, asker: Signed, upload_offset: int = Header()
) -> UploadOut:
    """Append the body (application/octet-stream) at `Upload-Offset`; a wrong offset answers 409 with the right one."""
    raise NotImplementedError


@router.post("/uploads/{upload_id}/complete")
def complete(upload_id: str, platform: Platform, asker: Signed) -> UploadOut:
    """Compare the checksum and register; with a batch, its last file registers all of them."""
    raise NotImplementedError


@router.get("/quarantine")
def list_quarantine(platform: Platform, asker: Signed) -> list[QuarantineOut]:
    raise NotImplementedError


@router.post("/quarantine/{entry_id}/retry")
def retry(entry_id: int, platform: Platform, asker: Signed) -> UploadOut:
    raise NotImplementedError


@router.delete("/quarantine/{entry_id}", status_code=204)
def dismiss(entry_id: int, platform: Platform, asker: Signed) -> None:
    raise NotImplementedError
