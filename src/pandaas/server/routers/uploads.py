"""Upload of small data, resumable; and the quarantine."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Header, Request

from pandaas.server import present
from pandaas.server.schemas import QuarantineOut, UploadIn, UploadOut
from pandaas.server.services import WRITE_ALONE, Platform, RowId, Signed

router = APIRouter(prefix="/api/v1", tags=["uploads"], dependencies=[WRITE_ALONE])
_GATHERED = 1 << 20  # bytes written at once


@router.post("/uploads", status_code=201)
def start_upload(body: UploadIn, platform: Platform, asker: Signed) -> UploadOut:
    started = platform.catalogue.start_upload(
        asker, body.name, body.size, sha256=body.sha256, proposal=body.proposal, batch=body.batch
    )
    return present.upload(started)


@router.get("/uploads/{upload_id}")
def show_upload(upload_id: str, platform: Platform, asker: Signed) -> UploadOut:
    return present.upload(platform.catalogue.upload(asker, upload_id))


@router.patch("/uploads/{upload_id}")
async def append(
    upload_id: str,
    request: Request,
    platform: Platform,
    asker: Signed,
    upload_offset: int = Header(ge=-(2**53), le=2**53),
) -> UploadOut:
    """Append the body (application/octet-stream) at `Upload-Offset`; a wrong offset answers 409 with the right one.

    What arrived before a connection broke is kept: ask for the offset and go on there.
    """
    sink = await to_thread.run_sync(platform.catalogue.append_upload, asker, upload_id, upload_offset)
    gathered = bytearray()
    try:
        async for chunk in request.stream():
            gathered += chunk
            if len(gathered) >= _GATHERED:
                block, gathered = bytes(gathered), bytearray()
                await to_thread.run_sync(sink.write, block)
    finally:
        try:
            if gathered:
                sink.write(bytes(gathered))
        finally:
            sink.close()
    return present.upload(await to_thread.run_sync(platform.catalogue.upload, asker, upload_id))


@router.post("/uploads/{upload_id}/complete")
def complete(upload_id: str, platform: Platform, asker: Signed) -> UploadOut:
    """Compare the checksum and register; with a batch, its last file registers all of them."""
    return present.upload(platform.catalogue.complete_upload(asker, upload_id))


@router.get("/quarantine")
def list_quarantine(platform: Platform, asker: Signed) -> list[QuarantineOut]:
    return [present.quarantine(entry) for entry in platform.catalogue.quarantined(asker)]


@router.post("/quarantine/{entry_id}/retry")
def retry(entry_id: RowId, platform: Platform, asker: Signed) -> UploadOut:
    return present.retried(entry_id, platform.catalogue.retry(asker, entry_id))


@router.delete("/quarantine/{entry_id}", status_code=204)
def dismiss(entry_id: RowId, platform: Platform, asker: Signed) -> None:
    platform.catalogue.dismiss(asker, entry_id)
