"""The service's own way to values: no reader process, no libhdf5, where an array is stored plainly.

A reader process says once how an array is stored; while none of the files changes, its values are then read here. What it
says is not trusted: a file is opened only after the same questions as any other, and `layout` and `direct` check the rest.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.buffers import Buffers
from pandaas.arrays.chunk_files import DOCUMENTS, ChunkFiles, FileSource, from_json, read_files, states
from pandaas.arrays.crew import Check
from pandaas.arrays.descriptors import Changed, Descriptors
from pandaas.arrays.direct import StoredChunk, cost, read_values, stored_chunk
from pandaas.arrays.flights import Flights
from pandaas.arrays.kept import Kept
from pandaas.arrays.lanes import Cancelled
from pandaas.arrays.layout import ChunkIndex, Layout, NotPlain, Source, index_from_bytes, layout_from_json
from pandaas.arrays.limits import check_size, too_slow, undecodable
from pandaas.arrays.pool import Reply
from pandaas.arrays.remembered import identities, linked, unchanged
from pandaas.arrays.shelf import Shelf
from pandaas.arrays.turns import Turns
from pandaas.arrays.values import Abandoned, FileIdentity, StoredBytes
from pandaas.arrays.virtual import Items, Origin, Part, parts_from_json, touched_parts
from pandaas.codecs import BrokenChunk, Selection, StoredForm, parse_selection
from pandaas.model import InvalidInput, PandaasError

_KEPT_BYTES = 256 << 20
_FEW_BYTES = 4096  # what an entry takes besides its index
_TRIES = 2
_ASK_EVERY_S = 0.05

Ask = Callable[[str], Reply]
MayRead = Callable[[Path], bool]


@dataclass(frozen=True)
class Known:
    """What a reader process said of an array, true while all of `files` stay as they are.

    `files` begins with the dataset's own, then those that links led to. Without `layout` only a reader process can read it.
    An array that is put together of others has `parts`, and a `layout` without values. With `chunk_files` the chunks are
    files in the folder `file`.
    """

    files: tuple[FileIdentity, ...]
    file: Path | None = None
    layout: Layout | None = None
    finder: ChunkIndex | None = None
    parts: tuple[Part, ...] | None = None
    chunk_files: ChunkFiles | None = None

    @property
    def nbytes(self) -> int:
        origins = {id(part.origin): part.origin.nbytes for part in self.parts or ()}
        own = self.finder.cells.nbytes if self.finder is not None else 0
        return _FEW_BYTES * (1 + len(self.parts or ())) + own + sum(origins.values())

    def still_true(self) -> bool:
        return unchanged(self.files)


@dataclass(frozen=True)
class Asked:
    """One request: the dataset's file, the array's path in it, and what may be asked on the way.

    `ask` has a reader process do an operation on this array (`index` may be asked for after the request has ended); `may_read` says whether the asker may read a file; `who`
    tells people apart, so that each has her turn.
    """

    real: Path
    path: str
    ask: Ask
    may_read: MayRead
    timeout_s: float
    who: Hashable = None
    cancelled: Cancelled | None = None


class FastReader:
    """Thread-safe. `buffer_bytes` bounds the memory of all answers that are on their way."""

    def __init__(self, buffer_bytes: int, shelf: Path | None = None) -> None:
        """`shelf` is a folder in which what was learned outlives this process."""
        self._shelf = Shelf(shelf) if shelf is not None else None
        self.buffers = Buffers(buffer_bytes)
        self.turns = Turns()
        self._known: Kept[Known] = Kept(_KEPT_BYTES)
        self._descriptors = Descriptors()
        self._flights = Flights()
        self._one_index = threading.Lock()

    def close(self) -> None:
        self._descriptors.close()

    def known(self, asked: Asked) -> Known | None:
        """How the array is stored, from memory or by asking; None where the asker may not read a file it lies in."""
        key = (str(asked.real), asked.path)
        found = self._known.get(key)
        if found is None or not found.still_true():
            found = self._learn_once(key, asked)
        return found if all(map(asked.may_read, linked(found.files))) else None

    def _learn_once(self, key: Hashable, asked: Asked) -> Known:
        """Whoever asks while another one is being told waits for that, and may then believe it as much."""
        with self._flights.one(key, _checker(asked)):
            found = self._known.get(key)
            if found is None or not found.still_true():
                found = self._learn(asked)
                self._known.put(key, found, found.nbytes)
            return found

    def _learn(self, asked: Asked) -> Known:
        own = _state(asked.real)
        kept = self._shelf.take(own, asked.path) if self._shelf else None
        found = _known(*kept) if kept else None
        if found is not None and found.files[0] == own and found.still_true():
            return found
        reply = asked.ask("layout")
        if reply.result is not None and reply.result.get("later"):
            threading.Thread(target=self._learn_aside, args=(asked, own), name="chunk-index", daemon=True).start()
            return Known((own,))
        return self._told(asked, own, reply)

    def _learn_aside(self, asked: Asked, own: FileIdentity) -> None:
        """Have an index of very many chunks made, one at a time; until then reader processes read that array."""
        with self._one_index, contextlib.suppress(PandaasError, OSError):
            found = self._told(asked, own, asked.ask("index"))
            key = (str(asked.real), asked.path)
            with self._flights.one(key):  # after whoever started this has noted that nothing is known yet
                self._known.put(key, found, found.nbytes)

    def _told(self, asked: Asked, own: FileIdentity, reply: Reply) -> Known:
        """What a reader process said, kept on the shelf."""
        try:
            files = (own, *_told_of(asked.real, reply))
        except OSError:
            return Known((own,))
        if reply.result is None:
            return Known(files)
        value = {**reply.result, "files": [astuple(file) for file in files]}
        raw = bytes(reply.raw)
        found = _known(value, raw)
        if found is not None and self._shelf is not None:
            self._shelf.put(own, asked.path, value, raw)
        return found or Known(files)

    def read(self, asked: Asked, text: str | None, limit: int) -> NDArray[Any] | None:
        """The selected values; None where only a reader process can read them.

        Raises what `ArrayService.read` raises.
        """

        def values(known: Known, selection: Selection, check: Check) -> NDArray[Any]:
            layout = known.layout
            assert layout is not None  # noqa: S101 - asked before
            items, turn = selection.ascending()
            pieces = self._pieces(asked, known, items)
            work = sum(
                cost(piece.layout, inside, selection.nbytes(layout.dtype.itemsize)) for piece, inside, _ in pieces
            )
            with self.turns.take(asked.who, work, check):
                into = self.buffers.array(selection.shape, layout.dtype)
                if known.parts is not None:
                    into[...] = layout.fill_value
                for piece, inside, outside in pieces if into.size else ():
                    if piece.files is not None:
                        read_files(FileSource(piece.file, piece.files, piece.layout), inside, into, check)
                        continue
                    with self._descriptors.open(piece.file, piece.layout.identity) as descriptor:
                        source = Source(descriptor, piece.layout, piece.finder)
                        read_values(source, inside, into[(*outside, ...)], check)
            into.flags.writeable = False
            return np.ascontiguousarray(into[turn]) if any(part.step == -1 for part in turn) else into

        found: NDArray[Any] | None = self._with_known(asked, text, limit, values)
        return found

    def state(self, known: Known, text: str | None) -> list[str]:
        """What tells the state of the values of a selection, besides that of `known.files`; nothing is read.

        `text` that is no selection means all values.
        """
        if known.chunk_files is None or known.layout is None or known.file is None:
            return []
        try:
            selection = parse_selection(text, known.layout.shape)
        except InvalidInput:
            selection = parse_selection(None, known.layout.shape)
        found = states(FileSource(known.file, known.chunk_files, known.layout), selection.ascending()[0])
        return found if found is not None else [repr(FileIdentity.of(known.file / known.chunk_files.folder))]

    def stored(self, asked: Asked, text: str | None, limit: int, forms: Sequence[StoredForm]) -> StoredBytes | None:
        """The selection as it is stored; None where it is not one whole chunk of one of these forms."""

        def chunk(known: Known, selection: Selection, _: Check) -> StoredChunk | None:
            items, turn = selection.ascending()
            pieces = self._pieces(asked, known, items)
            if len(pieces) != 1 or any(part.step == -1 for part in turn):
                return None
            piece, inside, outside = pieces[0]
            whole = all(
                isinstance(at, slice) and at == slice(0, n) for at, n in zip(outside, selection.shape, strict=False)
            )
            if piece.layout.form not in forms or piece.finder is None or not whole:
                return None
            with self._descriptors.open(piece.file, piece.layout.identity) as descriptor:
                source = Source(descriptor, piece.layout, piece.finder)
                return stored_chunk(source, inside, lambda count: self.buffers.array((count,), np.dtype(np.uint8)))

        found = self._with_known(asked, text, limit, chunk)
        return StoredBytes(found.data.data, found.form, found.shape, found.dtype) if found else None

    def _pieces(self, asked: Asked, known: Known, items: Items) -> list[tuple[Origin, Items, Items]]:
        """What is read for a selection, and where it goes in the result."""
        if known.parts is not None:
            pieces = [(part.origin, inside, at) for part, inside, at in touched_parts(known.parts, items)]
        else:
            assert known.layout is not None and known.file is not None  # noqa: S101, PT018 - asked before
            if known.chunk_files is not None and known.file != asked.real:
                raise NotPlain
            pieces = [(Origin(known.file, known.layout, known.finder, known.chunk_files), items, ())]
        if not all(self._may_open(asked, file) for file in {piece.file for piece, _, _ in pieces}):
            raise NotPlain
        return pieces

    def _with_known(
        self, asked: Asked, text: str | None, limit: int, do: Callable[[Known, Selection, Check], Any]
    ) -> Any:
        for _ in range(_TRIES):
            known = self.known(asked)
            if known is None or known.layout is None or known.file is None or not self._may_open(asked, known.file):
                return None
            selection = parse_selection(text, known.layout.shape)
            check_size(asked.path, selection, known.layout.dtype.itemsize, limit)
            try:
                return do(known, selection, _checker(asked))
            except BrokenChunk as error:
                if known.still_true():
                    raise undecodable(asked.path, error) from error
            except (NotPlain, OSError):
                return None
            except Changed:
                continue
        return None

    @staticmethod
    def _may_open(asked: Asked, file: Path) -> bool:
        return file == asked.real or asked.may_read(file)


def _nbytes(layout: Layout, items: Items) -> int:
    picked = (range(item.start, item.stop, item.step or 1) for item in items if isinstance(item, slice))
    return layout.dtype.itemsize * math.prod(map(len, picked))


def _state(real: Path) -> FileIdentity:
    """The state of a file; of a folder that of what describes it, since its chunks come and go."""
    return FileIdentity.behind(str(real / DOCUMENTS[0])) if real.is_dir() else FileIdentity.of(real)


def _told_of(real: Path, reply: Reply) -> tuple[FileIdentity, ...]:
    """The state of everything else that an answer came from. `OSError` when something is gone."""
    told = (reply.result or {}).get("chunk_files")
    if told is None:
        return identities(real, reply)[1:]
    return tuple(FileIdentity.behind(str(real / str(name))) for name in told["documents"])


def _known(value: dict[str, Any], raw: bytes | memoryview) -> Known | None:
    """What a reader process said, checked; None for what can't be."""
    try:
        files = tuple(
            FileIdentity(path, device, inode, size, mtime_ns, tuple(extra), bool(is_name))
            for path, device, inode, size, mtime_ns, extra, is_name in value["files"]
        )
        layout = layout_from_json(value["layout"])
        if "chunk_files" in value:
            return Known(files, Path(value["file"]), layout, chunk_files=from_json(value["chunk_files"], layout))
        if "parts" in value:
            return Known(files, Path(value["file"]), layout, None, parts_from_json(layout.shape, value, raw))
        return Known(files, Path(value["file"]), layout, index_from_bytes(layout, raw))
    except (ValueError, TypeError, LookupError, OverflowError, PandaasError):
        return None


def _checker(asked: Asked) -> Check:
    """To be called often: ends the work when it takes too long, and asks now and then whether the client has gone."""
    started = last = time.monotonic()

    def check() -> None:
        nonlocal last
        now = time.monotonic()
        if now - started > asked.timeout_s:
            raise too_slow(asked.real.name, asked.timeout_s)
        if asked.cancelled is not None and now - last >= _ASK_EVERY_S:
            last = now
            if asked.cancelled():
                raise Abandoned

    return check
