"""Pictures in a logbook: kept as they were sent, known by their first bytes, never decoded here."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pandaas.catalogue.logbook.values import Image
from pandaas.db.tables import LogbookImage
from pandaas.model import InvalidInput, NotFound, TooLarge

LARGEST = 8 * 1024 * 1024
MOST_OF_PROPOSAL = 2 * 1024**3
_MIB = 1024 * 1024


def media_type_of(content: bytes) -> str:
    """PNG, JPEG, GIF or WebP by their signatures; `InvalidInput` for the rest (SVG can hold scripts)."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise InvalidInput("This is no picture that a logbook takes.", remedy="Use PNG, JPEG, GIF or WebP.", field="image")


def store(session: Session, row: LogbookImage, content: bytes) -> None:
    """Fill and add `row`. `TooLarge` names the limit that is met, of the picture or of the proposal's logbook."""
    if len(content) > LARGEST:
        raise TooLarge(
            f"A picture in a logbook has at most {LARGEST // _MIB} MB.", remedy="Make it smaller.", field="image"
        )
    used = session.scalar(
        select(func.coalesce(func.sum(LogbookImage.size), 0)).where(LogbookImage.proposal_id == row.proposal_id)
    )
    if (used or 0) + len(content) > MOST_OF_PROPOSAL:
        raise TooLarge(
            f"The pictures of this logbook have reached {MOST_OF_PROPOSAL // 1024**3} GB.",
            remedy="Upload further pictures as files of a dataset.",
            field="image",
        )
    row.id = secrets.token_hex(16)
    row.media_type = media_type_of(content)
    row.sha256 = hashlib.sha256(content).hexdigest()
    row.size, row.content = len(content), content
    session.add(row)


def load(session: Session, proposal_id: int, image_id: str) -> Image:
    row = session.scalars(
        select(LogbookImage).where(LogbookImage.id == image_id, LogbookImage.proposal_id == proposal_id)
    ).first()
    if row is None:
        raise NotFound("There is no such picture in this logbook.", field="image_id")
    return Image(row.id, row.media_type, row.content, row.sha256)
