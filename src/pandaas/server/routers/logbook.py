"""Logbooks of proposals, and notes on datasets, which are entries that link to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from pandaas.catalogue import Entry, EntryPage
from pandaas.model import TooLarge
from pandaas.server import present
from pandaas.server.pictures import picture_answer
from pandaas.server.schemas import (
    LogbookEntryIn,
    LogbookEntryOut,
    LogbookImageOut,
    LogbookPageOut,
    NoteIn,
    RevisionOut,
)
from pandaas.server.services import READ_ALWAYS, READ_OR_WRITE, Asker, Platform, RowId, Signed

router = APIRouter(prefix="/api/v1", tags=["logbook"], dependencies=[READ_ALWAYS, READ_OR_WRITE])
_LARGEST_IMAGE = 8 * 1024 * 1024


@router.get("/proposals/{name}/logbook")
def list_entries(
    name: str,
    platform: Platform,
    asker: Asker,
    q: str = Query("", max_length=500, description="Words that an entry must hold."),
    before: int | None = Query(None, ge=1, le=2**53),
    limit: int = Query(50, ge=1, le=200),
) -> LogbookPageOut:
    return _page(platform.logbook.entries(asker, name, words=q, before=before, limit=limit))


@router.get("/proposals/{name}/logbook/export", response_class=Response)
def export(name: str, platform: Platform, asker: Asker) -> Response:
    """The whole logbook as one Markdown file, oldest entry first."""
    entries: list[Entry] = []
    before: int | None = None
    while True:
        page = platform.logbook.entries(asker, name, before=before, limit=200)
        entries += [entry for entry in page.entries if entry.removed is None]
        before = page.before
        if before is None:
            break
    headers = {"Content-Disposition": f'attachment; filename="logbook-{name}.md"', "X-Content-Type-Options": "nosniff"}
    return Response("\n".join(_markdown(name, reversed(entries))), media_type="text/markdown", headers=headers)


@router.post("/proposals/{name}/logbook", status_code=201)
def write_entry(name: str, body: LogbookEntryIn, platform: Platform, asker: Signed) -> LogbookEntryOut:
    return _entry(platform.logbook.write(asker, name, body.text, body.datasets or []))


@router.put("/proposals/{name}/logbook/{entry_id}")
def edit_entry(name: str, entry_id: RowId, body: LogbookEntryIn, platform: Platform, asker: Signed) -> LogbookEntryOut:
    """What it said before stays among its revisions."""
    return _entry(platform.logbook.edit(asker, name, entry_id, body.text, body.datasets))


@router.delete("/proposals/{name}/logbook/{entry_id}")
def remove_entry(name: str, entry_id: RowId, platform: Platform, asker: Signed) -> LogbookEntryOut:
    """Hidden from then on, not deleted."""
    return _entry(platform.logbook.remove(asker, name, entry_id))


@router.post("/proposals/{name}/logbook/{entry_id}/restore")
def restore_entry(name: str, entry_id: RowId, platform: Platform, asker: Signed) -> LogbookEntryOut:
    return _entry(platform.logbook.remove(asker, name, entry_id, restore=True))


@router.get("/proposals/{name}/logbook/{entry_id}/revisions")
def list_revisions(name: str, entry_id: RowId, platform: Platform, asker: Asker) -> list[RevisionOut]:
    return [RevisionOut.model_validate(asdict(one)) for one in platform.logbook.revisions(asker, name, entry_id)]


@router.post("/proposals/{name}/logbook/images", status_code=201)
async def add_image(name: str, request: Request, platform: Platform, asker: Signed) -> LogbookImageOut:
    """The body is the picture: PNG, JPEG, GIF or WebP of at most 8 MB."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _LARGEST_IMAGE:
            raise TooLarge("A picture in a logbook has at most 8 MB.", remedy="Make it smaller.", field="image")
    image_id = await to_thread.run_sync(platform.logbook.add_image, asker, name, bytes(content))
    return LogbookImageOut(id=image_id, address=f"/api/v1/proposals/{name}/logbook/images/{image_id}")


@router.get("/proposals/{name}/logbook/images/{image_id}", response_class=Response)
def show_image(name: str, image_id: str, request: Request, platform: Platform, asker: Asker) -> Response:
    image = platform.logbook.image(asker, name, image_id)
    return picture_answer(request, image.content, image.media_type, image.sha256)


@router.get("/datasets/{pid}/notes")
def list_notes(pid: str, platform: Platform, asker: Asker) -> LogbookPageOut:
    """Entries of the proposal's logbook that link to this dataset; none for those outside the team."""
    return _page(platform.logbook.notes(asker, pid))


@router.post("/datasets/{pid}/notes", status_code=201)
def write_note(pid: str, body: NoteIn, platform: Platform, asker: Signed) -> LogbookEntryOut:
    """A note on a dataset is an entry in the logbook of its proposal."""
    return _entry(platform.logbook.note(asker, pid, body.text))


def _page(page: EntryPage) -> LogbookPageOut:
    return LogbookPageOut(
        total=page.total,
        entries=[_entry(one) for one in page.entries],
        before=page.before,
        may_write=page.may_write,
    )


def _entry(entry: Entry) -> LogbookEntryOut:
    fields = {name: value for name, value in vars(entry).items() if name != "datasets"}
    return LogbookEntryOut(**fields, datasets=present.cards(entry.datasets))


def _markdown(name: str, entries: Iterable[Entry]) -> Iterable[str]:
    yield f"# Logbook of {name}\n"
    for entry in entries:
        yield f"## {entry.created:%Y-%m-%d %H:%M} UTC, {entry.author or 'unknown'}\n"
        yield f"{entry.text}\n"
        if entry.datasets:
            yield "Datasets: " + ", ".join(f"{card.title} ({card.pid})" for card in entry.datasets) + "\n"
