"""Datasets: the record, its files, history and provenance."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pandaas.server.schemas import DatasetCard, DatasetOut, DatasetPatch, FileOut, HistoryEntry, MaskIn, ProvenanceOut
from pandaas.server.services import Asker, Platform, Signed

router = APIRouter(prefix="/api/v1/datasets", tags=["datasets"])


@router.get("/{pid}")
def show_dataset(pid: str, platform: Platform, asker: Asker) -> DatasetOut:
    raise NotImplementedError


@router.patch("/{pid}")
def edit_dataset(pid: str, body: DatasetPatch, platform: Platform, asker: Signed) -> DatasetOut:
    raise NotImplementedError


@router.get("/{pid}/thumbnail", response_class=Response)
def thumbnail(pid: str, platform: Platform, asker: Asker) -> Response:
    """PNG, at most 320 pixels wide."""
    raise NotImplementedError


@router.get("/{pid}/files")
def list_files(pid: str, platform: Platform, asker: Asker) -> list[FileOut]:
    raise NotImplementedError


@router.get("/{pid}/files/{file_id}/content", response_class=Response)
def download(pid: str, file_id: int, request: Request, platform: Platform, asker: Asker) -> Response:
    """The file itself, as attachment; Range requests resume an interrupted download."""
    raise NotImplementedError


@router.get("/{pid}/provenance")
def provenance(pid: str, platform: Platform, asker: Asker) -> ProvenanceOut:
    raise NotImplementedError


@router.get("/{pid}/history")
def history(pid: str, platform: Platform, asker: Asker) -> list[HistoryEntry]:
    raise NotImplementedError


@router.post("/{pid}/masks", status_code=201)
def save_mask(pid: str, body: MaskIn, platform: Platform, asker: Signed) -> DatasetCard:
    """Save a drawn mask as a mask dataset of the instrument."""
    raise NotImplementedError
