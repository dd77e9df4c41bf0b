"""Datasets together as one ZIP, written while it is sent: a folder for each, its files uncompressed (they mostly are)."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import RawIOBase
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from pandaas.catalogue import Card, Catalogue, FileContent, FileInfo
from pandaas.model import InvalidInput, PandaasError, Principal
from pandaas.server.again import Revoked, Watch, Who, reader_of
from pandaas.server.downloads import disposition, open_registered
from pandaas.server.services import Services

LARGEST = 100 * 10**9  # bytes
_BLOCK = 1 << 20
_ODD = re.compile(r"[^\w.\- ]+")
Sent = Callable[[Principal, str, str, int], None]  # who, pid, door, bytes


def _not_counted(_who: Principal, _pid: str, _door: str, _size: int) -> None:
    """Where nobody keeps an audit."""


def contents(catalogue: Catalogue, asker: Principal, cards: Sequence[Card]) -> list[tuple[Card, FileInfo]]:
    """The files of all datasets that are there; `InvalidInput` for more than 100 GB, before anything is sent."""
    files = [(card, file) for card in cards for file in catalogue.file_list(asker, card.pid) if not file.missing]
    size = sum(file.size for _, file in files)
    if size > LARGEST:
        raise InvalidInput(
            f"{size / 1e9:.0f} GB are more than the {LARGEST / 1e9:.0f} GB that one archive holds.",
            remedy="Download with the client: dataset.download(folder) goes on where it was interrupted.",
        )
    return files


def answer(request: Request, platform: Services, asker: Principal, name: str, cards: Sequence[Card]) -> Response:
    """All files of these datasets as the archive `name`.zip; what was sent of each is counted for the audit."""
    files = contents(platform.catalogue, asker, cards)
    reads = getattr(request.app.state, "reads", None)
    sent = reads.note if reads is not None else _not_counted
    body = archive(platform.catalogue, reader_of(request, platform, asker), files, sent)
    headers = {"content-disposition": disposition(f"{name}.zip"), "cache-control": "no-store"}
    return StreamingResponse(body, media_type="application/zip", headers=headers)


def archive(
    catalogue: Catalogue, who: Who, files: Sequence[tuple[Card, FileInfo]], sent: Sent = _not_counted
) -> Iterator[bytes]:
    """The archive in pieces. Who asks, and her rights, are asked anew for each file and while a long one is sent.

    What can't be read is named in `MISSING.txt`; a right that ends in the midst of a file cuts the archive off.
    """
    sink = _Sink()
    missing: list[str] = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as whole:
        for card, file in files:
            name = f"{_folder(card)}/{_ODD.sub('_', file.name)}"
            asker = who()
            if asker is None:
                raise Revoked("the sign-in ended while the archive was sent")
            try:
                content = catalogue.file(asker, card.pid, file.id)
                handle = open_registered(content)
            except PandaasError as error:
                missing.append(f"{name}: {error.detail}")
                continue
            sent(asker, card.pid, "download", content.size)
            try:
                watch = Watch(who, partial(catalogue.file, pid=card.pid, file_id=file.id))
                entry = zipfile.ZipInfo(name, date_time=_moment(content))
                yield from _member(whole, sink, entry, _blocks(content, handle, watch))
            finally:
                os.close(handle)
        if missing:
            whole.writestr("MISSING.txt", "\n".join(missing) + "\n")
        yield sink.taken()
    yield sink.taken()


def _member(whole: zipfile.ZipFile, sink: _Sink, entry: zipfile.ZipInfo, blocks: Iterator[bytes]) -> Iterator[bytes]:
    with whole.open(entry, "w", force_zip64=True) as member:
        for block in blocks:
            member.write(block)
            yield sink.taken()
    yield sink.taken()


def _blocks(content: FileContent, handle: int, watch: Watch) -> Iterator[bytes]:
    position = 0
    while position < content.size:
        if watch.due:
            watch.look()
        block = os.pread(handle, min(_BLOCK, content.size - position), position)
        if not block:
            raise OSError(f"{content.name} became shorter while it was sent")
        position += len(block)
        yield block


def _moment(content: FileContent) -> tuple[int, int, int, int, int, int]:
    """When the file was last changed, as the format can say it: from 1980 on."""
    at = content.modified
    return max((at.year, at.month, at.day, at.hour, at.minute, at.second), (1980, 1, 1, 0, 0, 0))


def _folder(card: Card) -> str:
    return f"{_ODD.sub('_', card.title)[:60].strip('. ') or 'dataset'} ({card.pid})"


class _Sink(RawIOBase):
    """What the archive writes into: nothing is kept but what has not been sent yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return waiting
