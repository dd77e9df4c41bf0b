"""What reader processes said of files, kept while the files stay as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from pandaas.arrays.direct import Kept
from pandaas.arrays.pool import Reply
from pandaas.arrays.values import FileIdentity

_KEPT_BYTES = 64 << 20
_OVERHEAD = 512
MayRead = Callable[[Path], bool]


def identities(real: Path, reply: Reply) -> tuple[FileIdentity, ...]:
    """The state of everything that an answer came from: the dataset's own file first. `OSError` when one is gone."""
    return tuple(FileIdentity.of(Path(file)) for file in (str(real), *reply.touched))


def unchanged(files: tuple[FileIdentity, ...]) -> bool:
    try:
        return all(FileIdentity.of(Path(file.path)) == file for file in files)
    except OSError:
        return False


@dataclass(frozen=True)
class _Answer:
    files: tuple[FileIdentity, ...]
    reply: Reply


class Answers:
    """Thread-safe. Answers in which somebody was kept from a file, or a linked file was missing, are not kept."""

    def __init__(self, limit: int = _KEPT_BYTES) -> None:
        self._kept: Kept[_Answer] = Kept(limit)

    def find(self, real: Path, question: Hashable, may_read: MayRead) -> Reply | None:
        """The answer, if it still holds and this asker may read all linked files that it came from."""
        found = self._kept.get((str(real), question))
        if found is None or not unchanged(found.files):
            return None
        return found.reply if all(may_read(Path(file.path)) for file in found.files[1:]) else None

    def keep(self, before: FileIdentity, question: Hashable, reply: Reply) -> None:
        """`before` is the state of the dataset's file before it was asked for."""
        if reply.denied or reply.missing:
            return
        try:
            files = identities(Path(before.path), reply)
        except OSError:
            return
        if files[0] == before:
            size = len(json.dumps(reply.result)) + _OVERHEAD
            self._kept.put((before.path, question), _Answer(files, reply), size)
