"""Datasets together as one ZIP, written while it is sent: a folder for each, its files uncompressed (they mostly are)."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from io import RawIOBase
from typing import Any

from pandaas.catalogue import Card, Catalogue, FileContent, FileInfo
from pandaas.model import InvalidInput, PandaasError, Principal
from pandaas.server.downloads import open_registered

LARGEST = 100 * 10**9  # bytes
_BLOCK = 1 << 20
_ODD = re.compile(r"[^\w.\- ]+")


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


def archive(catalogue: Catalogue, asker: Principal, files: Sequence[tuple[Card, FileInfo]]) -> Iterator[bytes]:
    """The archive in pieces. Rights are asked anew for each file; what can't be read is named in `MISSING.txt`."""
    sink = _Sink()
    missing: list[str] = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as whole:
        for card, file in files:
            name = f"{_folder(card)}/{_ODD.sub('_', file.name)}"
            try:
                content = catalogue.file(asker, card.pid, file.id)
                handle = open_registered(content)
            except PandaasError as error:
                missing.append(f"{name}: {error.detail}")
                continue
            try:
                yield from _member(whole, sink, name, content, handle)
            finally:
                os.close(handle)
        if missing:
            whole.writestr("MISSING.txt", "\n".join(missing) + "\n")
        yield sink.taken()
    yield sink.taken()


def _member(whole: zipfile.ZipFile, sink: _Sink, name: str, content: FileContent, handle: int) -> Iterator[bytes]:
    entry = zipfile.ZipInfo(name, date_time=_moment(content))
    position = 0
    with whole.open(entry, "w", force_zip64=True) as member:
        while position < content.size:
            block = os.pread(handle, min(_BLOCK, content.size - position), position)
            if not block:
                raise OSError(f"{content.name} became shorter while it was sent")
            position += len(block)
            member.write(block)
            yield sink.taken()
    yield sink.taken()


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
