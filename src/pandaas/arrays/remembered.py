"""What reader processes said of files, kept while the files stay as they are."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path

from pandaas.arrays.kept import Kept
from pandaas.arrays.pool import Reply
from pandaas.arrays.values import FileIdentity

_KEPT_BYTES = 64 << 20
_OVERHEAD = 512
_REMEMBERED = 4096
MayRead = Callable[[Path], bool]


def identities(real: Path, reply: Reply) -> tuple[FileIdentity, ...]:
    """The state of everything that an answer came from: the dataset's own file first, last the names of links.

    `OSError` when one is gone.
    """
    files = [FileIdentity.of(Path(file)) for file in (str(real), *reply.touched)]
    return (*files, *map(FileIdentity.behind, reply.names))


def unchanged(files: tuple[FileIdentity, ...]) -> bool:
    return all(file.still_holds() for file in files)


def linked(files: tuple[FileIdentity, ...]) -> list[Path]:
    """The further files among these, which whoever is given the answer must be allowed to read."""
    return [Path(file.path) for file in files[1:] if not file.is_name]


@dataclass(frozen=True)
class _Answer:
    files: tuple[FileIdentity, ...]
    reply: Reply


@dataclass(eq=False)
class _Touched:
    """The files that an array was read from since this was made; `nonce` sets it apart from earlier knowledge."""

    linked: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))


class Touched:
    """Thread-safe. Which further files reader processes needed for an array, as far as that is known."""

    def __init__(self) -> None:
        self._touched: OrderedDict[tuple[str, str], _Touched] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, real: Path, path: str, reply: Reply) -> None:
        with self._lock:
            known = self._of(real, path)
            known.linked = tuple(dict.fromkeys((*known.linked, *reply.touched)))
            known.names = tuple(dict.fromkeys((*known.names, *reply.names)))
            if reply.missing:  # nobody can tell when the file appears
                known.nonce = secrets.token_hex(8)

    def of(self, real: Path, path: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """What sets this knowledge apart from earlier, the files, and the names that led to them."""
        with self._lock:
            known = self._of(real, path)
            return known.nonce, known.linked, known.names

    def _of(self, real: Path, path: str) -> _Touched:
        known = self._touched.setdefault((str(real), path), _Touched())
        while len(self._touched) > _REMEMBERED:
            self._touched.popitem(last=False)
        return known


class Answers:
    """Thread-safe. Answers in which somebody was kept from a file, or a linked file was missing, are not kept."""

    def __init__(self, limit: int = _KEPT_BYTES) -> None:
        self._kept: Kept[_Answer] = Kept(limit)

    def find(self, real: Path, question: Hashable, may_read: MayRead) -> Reply | None:
        """The answer, if it still holds and this asker may read all linked files that it came from."""
        found = self._kept.get((str(real), question))
        if found is None or not unchanged(found.files):
            return None
        return found.reply if all(map(may_read, linked(found.files))) else None

    def keep(self, before: FileIdentity, question: Hashable, reply: Reply) -> None:
        """`before` is the state of the dataset's file before it was asked for."""
        if reply.denied or reply.missing:
            return
        try:
            files = identities(Path(before.path), reply)
        except OSError:
            return
        if files[0] == before:
            size = 2 * len(reply.as_json()) + _OVERHEAD
            self._kept.put((before.path, question), _Answer(files, reply), size)
