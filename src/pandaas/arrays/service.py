"""The array service: datasets by identifier and inner path, in; trees, values and pictures, out.

Formats are read in reader processes; values that are stored plainly are then read here (`fast`). Clients never see a path of
the file system, and a link out of a dataset's own files is followed only where the `Resolver` lets the same principal read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays import sandbox, scanning
from pandaas.arrays.export import Exports
from pandaas.arrays.fast import Asked, FastReader, Known
from pandaas.arrays.lanes import Cancelled, leaver
from pandaas.arrays.layout import Layout
from pandaas.arrays.pictures import MASKED, Pictures, Subject
from pandaas.arrays.pool import LaneName, Reply, WorkerPool
from pandaas.arrays.reduced import Cell, Pyramid
from pandaas.arrays.remembered import Answers, Touched
from pandaas.arrays.replies import StoreValue, stored_of, values_of
from pandaas.arrays.through import Stack
from pandaas.arrays.turns import Turns
from pandaas.arrays.values import (
    FileIdentity,
    Geometry,
    Node,
    ScanResult,
    StoredBytes,
    node_from_json,
    real_path,
)
from pandaas.arrays.virtual_zarr import Key
from pandaas.codecs import (
    Encoded,
    Format,
    Statistics,
    StoredForm,
    encode,
)
from pandaas.config import Settings
from pandaas.model import (
    DatasetFiles,
    NotFound,
    PandaasError,
    Principal,
    Resolver,
    ScannedDataset,
    Unavailable,
    UnreadableFile,
)

_STRUCTURE_S = 30.0
_THUMBNAIL_S = 30.0


@dataclass(frozen=True)
class _Target:
    """A dataset's files as this principal may read them."""

    files: DatasetFiles
    real: Path
    principal: Principal


class ArrayService:
    """Thread-safe. `resolver` is set before the first request by the one who builds the platform."""

    def __init__(
        self,
        settings: Settings,
        resolver: Resolver | None = None,
        *,
        folders: Sequence[Path] = (),
        few_processes: bool = False,
    ) -> None:
        """`folders` hold data besides the storage roots and the home (those of `pandaas view`).

        With `few_processes` less is started, for one person who wants to see a picture soon.
        """
        self.resolver = resolver
        self._settings = settings
        self._folders = tuple(folders)
        self._pool = WorkerPool(settings, folders, few=few_processes)
        self._fast = FastReader(settings.arrays.buffer_mb << 20, settings.home / "cache" / "arrays")
        self._answers = Answers()
        self._turns = Turns(short=settings.arrays.workers)
        self.exports = Exports(self, settings.server.max_response_mb << 20)
        self._pictures = Pictures(settings.arrays.level_mb << 20)
        self._touched = Touched()

    @property
    def level(self) -> str:
        """How reader processes are confined: 'bubblewrap + rlimits' or 'rlimits'."""
        return sandbox.level(self._settings.runtime.sandbox)

    @property
    def broken_readers(self) -> dict[str, str]:
        """Readers that can't be loaded, with the reason; known once a reader process has started."""
        return dict(self._pool.broken_readers)

    def start(self) -> None:
        """Nothing runs until it is needed; this only finds out how readers can be confined."""
        sandbox.level(self._settings.runtime.sandbox)

    def warm_up(self, *lanes: LaneName) -> None:
        """Start reader processes now, so that the first request needn't wait for them."""
        self._pool.warm_up(*lanes)

    def close(self) -> None:
        self._pool.close()
        self._fast.close()

    def worker_pids(self) -> list[int]:
        """Processes running now, for `doctor` and tests."""
        return self._pool.pids()

    # --- ingest -----------------------------------------------------------------------------------------------------

    def scan(self, paths: Sequence[Path], *, roots: Sequence[Path]) -> Iterator[ScanResult]:
        """Read structure and metadata of files and of everything in folders, as they come in.

        Only files below `roots` are read. A file that can't be read, or that crashes its reader, gives a result with
        `error`; the others go on. Files that belong to another one (EIGER data files) give an empty result.
        """
        known = all(self._pool.sees(root.resolve()) for root in roots)
        return scanning.scan(self._settings, paths, roots, self._pool.scan_lane if known else None)

    def thumbnail(self, scanned: ScannedDataset) -> bytes | None:
        """PNG of the default plot, at most 320 pixels wide; None where there is nothing to show or it can't be read."""
        if scanned.plot is None:
            return None
        default = next((array for array in scanned.arrays if array.is_default), None)
        body = {
            "operation": "thumbnail",
            "format": scanned.format,
            "plot": asdict(scanned.plot),
            "kind": default.kind.value if default else "other",
            "allowed": [str(path) for path in scanned.files],
        }
        master = scanned.files[0]
        try:
            reply = self._pool_for(master).ask("scan", body, master, _THUMBNAIL_S, may_read=lambda _: False)
        except (UnreadableFile, NotFound, Unavailable):
            return None
        return bytes(reply.raw) if reply.result.get("made") else None

    def _pool_for(self, path: Path) -> WorkerPool:
        if not self._pool.sees(path):
            raise UnreadableFile(
                f"{path.name} lies in none of the storage roots.", remedy="Add its folder to 'storage'."
            )
        return self._pool

    # --- structure --------------------------------------------------------------------------------------------------

    def tree(
        self, principal: Principal, pid: str, path: str = "/", depth: int = 1, *, default: str | None = None
    ) -> Node:
        """One node with attributes, and its children down to `depth` levels without. `default` marks the plotted array.

        A link that can't be followed is a node of kind `unresolved` that says why.
        """
        body = {"operation": "tree", "path": path, "depth": max(0, min(depth, 16)), "default": default}
        return node_from_json(self._ask("structure", principal, pid, body).result)

    def attributes(
        self, principal: Principal, pid: str, path: str = "/", names: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Attributes as JSON values; `NotFound` for an asked one that doesn't exist."""
        found: dict[str, Any] = json.loads(self.as_json(principal, pid, "attributes", path, names=names))
        return found

    def paths(self, principal: Principal, pid: str, path: str = "/", resolve: str = "only_valid") -> list[str]:
        """`path` and every path below it (h5grove's `/paths`)."""
        found: list[str] = json.loads(self.as_json(principal, pid, "paths", path, resolve=resolve))
        return found

    def h5grove_meta(
        self, principal: Principal, pid: str, path: str = "/", resolve: str = "only_valid"
    ) -> dict[str, Any]:
        """What h5grove's `/meta` says of a path."""
        found: dict[str, Any] = json.loads(self.as_json(principal, pid, "meta", path, resolve=resolve))
        return found

    def as_json(
        self,
        principal: Principal,
        pid: str,
        operation: Literal["attributes", "paths", "meta"],
        path: str,
        **arguments: str | Sequence[str] | None,
    ) -> bytes:
        """The answer of one of the above as text, which is kept with it."""
        return self._ask("structure", principal, pid, {"operation": operation, "path": path, **arguments}).as_json()

    def geometry(self, principal: Principal, pid: str, path: str) -> Geometry | None:
        """The detector geometry of an image array, where the file gives all of it."""
        found = self._ask("structure", principal, pid, {"operation": "geometry", "path": path}).result
        return Geometry(**found) if found is not None else None

    # --- values -----------------------------------------------------------------------------------------------------

    def read(
        self,
        principal: Principal,
        pid: str,
        path: str,
        selection: str | None = None,
        *,
        limit: int | None = None,
        cancelled: Cancelled | None = None,
    ) -> NDArray[Any]:
        """The selected values, read-only, in file order and type; at most `limit` bytes (None: what one answer may hold).

        Text and other values of variable length come as an object array; a null dataspace as an object array holding None.
        Raises `TooLarge` before reading, `InvalidInput` for a wrong selection or a path that is no array, `NotFound`,
        `UnreadableFile`.
        """
        return self._read(self._target(principal, pid), path, selection, cancelled, limit)

    def read_or_stored(
        self,
        principal: Principal,
        pid: str,
        path: str,
        selection: str | None,
        forms: Sequence[StoredForm],
        *,
        cancelled: Cancelled | None = None,
    ) -> NDArray[Any] | StoredBytes:
        """Like `read`, but a selection that is one whole chunk comes as it is stored.

        `forms` are those that the asker decodes; the bytes are less than a tenth of the values for images of photon counters.
        """
        target = self._target(principal, pid)
        asked = self._asked(target, path, cancelled)
        chunk = self._fast.stored(asked, selection, self._limit, forms)
        ready = chunk if chunk is not None else self._fast.read(asked, selection, self._limit)
        if ready is not None:
            return ready
        body = self._values("read", path, selection) | {"stored": list(forms)}
        reply = self._ask_about("data", target, body, cancelled=cancelled)
        stored = stored_of(reply)
        return stored if stored is not None else values_of(reply)

    def stays(self, principal: Principal, pid: str, version: int) -> bool:
        """Whether this is the version that the dataset has now and nothing is written to it any more."""
        files = self._target(principal, pid).files
        return files.version == version and not files.growing

    def stats(
        self,
        principal: Principal,
        pid: str,
        path: str,
        selection: str | None = None,
        *,
        cancelled: Cancelled | None = None,
    ) -> Statistics:
        """Statistics without NaN, detector sentinels and masked pixels."""
        subject = self._subject(self._target(principal, pid), path, cancelled)
        return self._pictures.statistics(subject, selection)

    def h5grove_stats(
        self,
        principal: Principal,
        pid: str,
        path: str,
        selection: str | None = None,
        *,
        cancelled: Cancelled | None = None,
    ) -> dict[str, Any]:
        """Statistics of all finite values, as h5grove defines them."""
        subject = self._subject(self._target(principal, pid), path, cancelled)
        return self._pictures.finite_statistics(subject, selection)

    def preview(
        self,
        principal: Principal,
        pid: str,
        path: str,
        selection: str | None = None,
        max_size: int = 512,
        *,
        cancelled: Cancelled | None = None,
    ) -> NDArray[np.float32]:
        """A 2-D selection reduced by maximum to at most `max_size` pixels per axis; masked blocks are NaN."""
        subject = self._subject(self._target(principal, pid), path, cancelled)
        return self._pictures.preview(subject, selection, max_size)

    def pyramid(self, principal: Principal, pid: str, path: str) -> Pyramid:
        """The resolutions in which an array can be had, and how they are cut into tiles and bricks."""
        return self._pictures.pyramid(self._subject(self._target(principal, pid), path))

    def cell(
        self, principal: Principal, pid: str, path: str, cell: Cell, *, cancelled: Cancelled | None = None
    ) -> NDArray[np.float32]:
        """A tile or a brick of an array; what was not measured is NaN. Raises what `read` and `Reductions.cell` raise."""
        return self._pictures.cell(self._subject(self._target(principal, pid), path, cancelled), cell)

    def stack(
        self, principal: Principal, pid: str, path: str, *, masked: bool = True, cancelled: Cancelled | None = None
    ) -> Stack:
        """The array to be gone through block by block (`series`, `profiles`), with or without its pixel mask."""
        return self._pictures.stack(self._subject(self._target(principal, pid), path, cancelled), masked=masked)

    def zarr(self, principal: Principal, pid: str, key: Key, text: str) -> StoreValue:
        """What stands under a key (`text`, parsed) of the dataset's virtual Zarr store; nothing is read yet.

        `StoreValue.read` raises `TooLarge` and `UnreadableFile`, also for a chunk of what is no array. Documents ask for
        as much as slices do, so both go the way of data.
        """
        target = self._target(principal, pid)
        body = self._values("zarr", key.array_path, None) | {"key": text}

        def read(cancelled: Cancelled | None) -> memoryview | None:
            reply = self._ask_about("data", target, body, cancelled=cancelled)
            return memoryview(reply.raw) if reply.result["found"] else None

        tag = self._etag(target, key.array_path, text, "zarr")
        return StoreValue(tag, not target.files.growing, read)

    def encode(
        self, array: NDArray[Any], format: Format | str = "bin", dtype: str | None = "origin", *, name: str = "data"
    ) -> Encoded:
        """Bytes, media type and headers of an answer."""
        return encode(array, format, dtype, name=name)

    def etag(self, principal: Principal, pid: str, path: str, selection: str | None, format: str) -> str:
        """An entity tag of what an answer would hold, from the identity of the files and the request, without reading.

        It changes when any file does that the array is read from, and asks again whether linked files may be read. Where
        only a reader process knows which these are, no tag outlives the knowledge of what it has told.
        """
        return self._etag(self._target(principal, pid), path, selection, format)

    def _etag(self, target: _Target, path: str, selection: str | None, format: str) -> str:
        parts: list[str] = [target.files.pid, str(target.files.version), path, selection or "", format]
        known = self._stored_plainly(target, path)
        parts += map(repr, known.files) if known is not None else self._told(target, path)
        parts += self._fast.state(known, selection) if known is not None else ()
        if format.startswith(MASKED):
            parts.append(self._pictures.state_of_mask(self._subject(target, path)))
        return '"' + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32] + '"'

    def _stored_plainly(self, target: _Target, path: str) -> Known | None:
        asked = self._asked(target, path)
        try:
            known = self._fast.known(asked)
        except PandaasError:  # reading says what is wrong
            return None
        return known if known is not None and known.layout is not None else None

    def _told(self, target: _Target, path: str) -> Iterator[str]:
        """The state of all files that reading the array was ever told to need."""
        nonce, linked, names = self._touched.of(target.real, path)
        yield nonce
        yield from (repr(FileIdentity.behind(name)) for name in names)
        for file in (str(target.real), *linked):
            if file not in map(str, target.files.allowed) and file != str(target.real):
                yield str(self._may_read(target, Path(file)))
            try:
                yield repr(FileIdentity.of(Path(file)))
            except OSError:
                yield f"{file} is gone"

    # --- how --------------------------------------------------------------------------------------------------------

    def _read(
        self, target: _Target, path: str, selection: str | None, cancelled: Cancelled | None, limit: int | None = None
    ) -> NDArray[Any]:
        body = self._values("read", path, selection)
        most = body["limit"] = self._limit if limit is None else limit
        asked = self._asked(target, path, cancelled)
        values = self._fast.read(asked, selection, most)
        return values if values is not None else values_of(self._ask_about("data", target, body, cancelled=cancelled))

    def _subject(self, target: _Target, path: str, cancelled: Cancelled | None = None) -> Subject:
        def ask(operation: str) -> Reply:
            if operation == "index":  # takes long, and nobody waits for it
                return self._ask_about("scan", target, {"operation": operation, "path": path})
            return self._ask_about("data", target, {"operation": operation, "path": path}, cancelled=cancelled)

        def layout() -> Layout | None:
            asked = self._asked(target, path, cancelled)
            known = self._fast.known(asked)
            return known.layout if known is not None else None

        return Subject(
            target.real,
            path,
            lambda selection: self._read(target, path, selection, cancelled),
            ask,
            lambda file: self._may_read(target, file),
            layout,
            lambda: self._etag(target, path, None, "level"),
            leaver(cancelled),
        )

    def _values(self, operation: str, path: str, selection: str | None) -> dict[str, Any]:
        return {"operation": operation, "path": path, "selection": selection, "limit": self._limit}

    @property
    def _limit(self) -> int:
        return self._settings.server.max_response_mb * 1_000_000

    def _asked(self, target: _Target, path: str, cancelled: Cancelled | None = None) -> Asked:
        """The request for the service's own way."""

        def ask(operation: str) -> Reply:
            if operation == "index":  # takes long, and nobody waits for it
                return self._ask_about("scan", target, {"operation": operation, "path": path})
            return self._ask_about("data", target, {"operation": operation, "path": path}, cancelled=cancelled)

        timeout = self._settings.server.request_timeout_s
        who = target.principal.person_id
        return Asked(target.real, path, ask, lambda file: self._may_read(target, file), timeout, who, cancelled)

    def _ask(
        self,
        lane: LaneName,
        principal: Principal,
        pid: str,
        body: dict[str, Any],
        *,
        cancelled: Cancelled | None = None,
    ) -> Reply:
        target = self._target(principal, pid)
        if lane == "structure" and not target.real.is_dir():
            return self._structure(target, body)
        return self._ask_about(lane, target, body, cancelled=cancelled)

    def _structure(self, target: _Target, body: dict[str, Any]) -> Reply:
        """The same answer as before where none of the files has changed since."""
        if self._pool.is_closed:
            raise Unavailable("The array service is closed.")
        question = (target.files.format, json.dumps(body, sort_keys=True))
        found = self._answers.find(target.real, question, lambda file: self._may_read(target, file))
        if found is not None:
            return found
        before = FileIdentity.of(target.real)
        reply = self._ask_about("structure", target, body)
        self._answers.keep(before, question, reply)
        return reply

    def _ask_about(
        self, lane: LaneName, target: _Target, body: dict[str, Any], *, cancelled: Cancelled | None = None
    ) -> Reply:
        timeout = self._settings.server.request_timeout_s
        pool = self._pool_for(target.real)
        with self._turn(lane, target, cancelled):
            reply = pool.ask(
                lane,
                body | {"format": target.files.format, "allowed": [str(file) for file in target.files.allowed]},
                target.real,
                min(timeout, _STRUCTURE_S) if lane == "structure" else timeout,
                may_read=lambda file: self._may_read(target, file),
                cancelled=cancelled,
            )
        self._touched.note(target.real, str(body["path"]), reply)
        return reply

    def _turn(self, lane: LaneName, target: _Target, cancelled: Cancelled | None) -> AbstractContextManager[None]:
        """Reader processes for data are shared out among people; for structure there is always one."""
        if lane != "data":
            return nullcontext()
        return self._turns.take(target.principal.person_id, 0, leaver(cancelled))

    def _target(self, principal: Principal, pid: str) -> _Target:
        if self.resolver is None:
            raise Unavailable("The array service has nobody who knows the datasets yet.")
        files = self.resolver.files(principal, pid)
        try:
            real = real_path(files.master)
        except (OSError, RuntimeError):
            raise NotFound(
                f"The file of {pid} is not where it was registered.", remedy="Ask the facility; it may have been moved."
            ) from None
        target = _Target(files, real, principal)
        if real not in files.allowed and not self._may_read(target, real):
            raise NotFound(f"There is no dataset {pid}.")
        return target

    def _may_read(self, target: _Target, file: Path) -> bool:
        if file in target.files.allowed:
            return True
        if self.resolver is None or not self._pool.sees(file):
            return False
        return self.resolver.may_read_path(target.principal, file)
