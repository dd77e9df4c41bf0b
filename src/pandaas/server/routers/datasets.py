"""Datasets: the record, its files, history and provenance."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from pandaas.catalogue import in_unit
from pandaas.server import present
from pandaas.server.again import Watch, reader_of
from pandaas.server.downloads import file_answer
from pandaas.server.schemas import (
    DatasetCard,
    DatasetOut,
    DatasetPatch,
    FileOut,
    HistoryEntry,
    MaskIn,
    ProvenanceOut,
    QualityOut,
)
from pandaas.server.services import READ_ALWAYS, READ_OR_WRITE, Asker, Platform, RowId, Signed

router = APIRouter(prefix="/api/v1/datasets", tags=["datasets"], dependencies=[READ_ALWAYS, READ_OR_WRITE])


@router.get("/{pid}")
def show_dataset(pid: str, platform: Platform, asker: Asker) -> DatasetOut:
    """The whole record; numbers stand in the units that the asker prefers."""
    record = platform.catalogue.dataset(asker, pid)
    units = platform.catalogue.preferences.units(asker)
    shown = tuple(in_unit(one, units) for one in record.parameters) if units else record.parameters
    return present.dataset(replace(record, parameters=shown))


@router.patch("/{pid}")
def edit_dataset(pid: str, body: DatasetPatch, platform: Platform, asker: Signed) -> DatasetOut:
    return present.dataset(platform.catalogue.edit(asker, pid, body.model_dump(exclude_unset=True)))


@router.get("/{pid}/thumbnail", response_class=Response)
def thumbnail(pid: str, request: Request, platform: Platform, asker: Asker) -> Response:
    """PNG, at most 320 pixels wide."""
    picture = platform.catalogue.thumbnail(asker, pid)
    etag = f'"{hashlib.sha256(picture).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type="image/png", headers=headers)


@router.get("/{pid}/files")
def list_files(pid: str, platform: Platform, asker: Asker) -> list[FileOut]:
    return present.files(platform.catalogue.file_list(asker, pid))


@router.get("/{pid}/files/{file_id}/content", response_class=Response)
def download(pid: str, file_id: RowId, request: Request, platform: Platform, asker: Asker) -> Response:
    """The file itself, as attachment; Range requests resume an interrupted download."""
    watch = Watch(reader_of(request, platform, asker), lambda reader: platform.catalogue.file(reader, pid, file_id))
    content, nginx = platform.catalogue.file(asker, pid, file_id), platform.settings.server.accel_location
    return file_answer(content, request, nginx, watch)


@router.get("/{pid}/provenance")
def provenance(pid: str, platform: Platform, asker: Asker) -> ProvenanceOut:
    return present.provenance(platform.catalogue.provenance(asker, pid))


@router.get("/{pid}/quality")
def quality(pid: str, platform: Platform, asker: Asker) -> QualityOut:
    """How complete the metadata are, and what to mend."""
    return present.quality(platform.quality.of(asker, pid))


@router.get("/{pid}/history")
def history(pid: str, platform: Platform, asker: Asker) -> list[HistoryEntry]:
    return present.history(platform.catalogue.history(asker, pid))


@router.post("/{pid}/masks", status_code=201)
def save_mask(pid: str, body: MaskIn, platform: Platform, asker: Signed) -> DatasetCard:
    """Save a drawn mask as a mask dataset of the instrument."""
    saved = platform.catalogue.save_mask(asker, pid, path=body.path, title=body.title, shape=body.shape, runs=body.runs)
    return present.card(saved)
