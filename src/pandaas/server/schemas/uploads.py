"""Uploads and the quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out


class UploadIn(In):
    name: str = Field(min_length=1, max_length=255)
    size: int = Field(ge=0)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    proposal: str | None = Field(None, description="Default: your own space.")
    batch: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Files of one batch stay together.")


class UploadOut(Out):
    id: str
    name: str
    size: int
    offset: int
    state: Literal["receiving", "complete", "failed"]
    detail: str | None = None
    datasets: list[str] = Field([])
    quarantine: list[int] = Field([])


class QuarantineOut(Out):
    id: int
    name: str
    folder: str = Field(description="Below which storage root, never a server path.")
    size: int
    reason: str
    remedy: str | None
    first_seen: datetime
    last_tried: datetime
    attempts: int
    proposal: str | None
