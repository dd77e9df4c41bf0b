"""All lanes together: starting processes with the folders they may see, retiring idle ones, asking about links."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pandaas.arrays import wire
from pandaas.arrays.lanes import Cancelled, Lane, WorkerProcess
from pandaas.arrays.sandbox import data_folders
from pandaas.codecs import to_json
from pandaas.config import Settings
from pandaas.model import (
    InvalidInput,
    NotFound,
    PandaasError,
    TooLarge,
    Unavailable,
    UnreadableFile,
)

LaneName = Literal["structure", "data", "scan"]
_MAX_ROUNDS = 32
_FOLDERS_S = 1.0
_ERRORS: dict[str, type[PandaasError]] = {
    "InvalidInput": InvalidInput,
    "NotFound": NotFound,
    "Unresolved": NotFound,
    "TooLarge": TooLarge,
    "UnreadableFile": UnreadableFile,
    "Unavailable": Unavailable,
}


@dataclass(frozen=True)
class Reply:
    """A worker's answer: `result` as JSON, `raw` bytes, and the real paths of further files that it read.

    `names` are those by which links were followed, existing or not: they can lead elsewhere later.
    `text` keeps `result` as JSON for clients once that was made. `denied` says that the asker was kept from some file on the way, `missing` that a linked file wasn't there.
    """

    result: Any
    raw: Any
    touched: tuple[str, ...]
    denied: bool = False
    missing: bool = False
    names: tuple[str, ...] = ()
    text: list[bytes] = field(default_factory=list)

    def as_json(self) -> bytes:
        if not self.text:
            self.text.append(to_json(self.result))
        return self.text[0]


class WorkerPool:
    """Owns the reader processes of the service."""

    def __init__(self, settings: Settings, extra_folders: Sequence[Path] = (), *, few: bool = False) -> None:
        """With `few` processes, those for structure read whole files too."""
        self._settings = settings
        self._extra = tuple(extra_folders)
        sizes: dict[LaneName, int] = {
            "structure": 2 if few else 1,
            "data": settings.arrays.workers,
            "scan": settings.ingest.workers,
        }
        self._lanes = {name: Lane(name, size, self._start_worker) for name, size in sizes.items()}
        if few:
            self._lanes["scan"] = self._lanes["structure"]
        self._stop = threading.Event()
        self._reaper: threading.Thread | None = None
        self._lock = threading.Lock()
        self._resolved: tuple[list[Path], float] = ([], 0.0)
        self.broken_readers: dict[str, str] = {}

    def ask(
        self,
        lane: LaneName,
        body: dict[str, Any],
        path: Path,
        timeout: float,
        *,
        may_read: Callable[[Path], bool],
        cancelled: Cancelled | None = None,
    ) -> Reply:
        """Have a worker do `body`; whenever it needs a linked file, `may_read` decides and it goes on.

        Raises the error that the worker met, and what `Lane.run` raises.
        """
        allowed = set(body.get("allowed", ()))
        denied: set[str] = set()
        for _ in range(_MAX_ROUNDS):
            request = {**body, "file": str(path), "allowed": sorted(allowed), "denied": sorted(denied)}
            message = self._lanes[lane].run(request, path, timeout, cancelled)
            asked = {str(needed) for needed in message.body.get("needs") or ()} - allowed - denied
            if not asked:
                return _reply(message, denied=bool(denied))
            for needed in asked:
                (allowed if may_read(Path(needed)) else denied).add(needed)
        raise UnreadableFile(f"{path.name} links from file to file without end.")

    @property
    def is_closed(self) -> bool:
        return self._stop.is_set()

    def warm_up(self, *lanes: LaneName) -> None:
        """Start a process of each of these lanes before it is needed."""
        for lane in lanes:
            self._lanes[lane].warm_up(self._folders()[0])

    @property
    def scan_lane(self) -> Lane:
        """The processes that read files for ingest."""
        return self._lanes["scan"]

    def sees(self, path: Path) -> bool:
        """Does `path` lie in a folder that holds data (nothing else is ever opened)?"""
        folders = self._folders()
        return any(map(path.is_relative_to, folders)) or any(map(path.is_relative_to, self._folders(anew=True)))

    def _folders(self, *, anew: bool = False) -> list[Path]:
        """Their real paths, which are kept for a second: each request asks for them several times."""
        found, until = self._resolved
        if anew or time.monotonic() >= until:
            roots = [Path(root.path) for root in self._settings.storage]
            found = [path.resolve() for path in (*roots, *self._extra, *data_folders(self._settings.home))]
            self._resolved = (found, time.monotonic() + _FOLDERS_S)
        return found

    def _start_worker(self) -> WorkerProcess:
        worker = WorkerProcess(
            self._folders(anew=True), self._settings.arrays.memory_mb, self._settings.runtime.sandbox
        )
        self.broken_readers = worker.broken
        with self._lock:
            if self._reaper is None or not self._reaper.is_alive():
                self._reaper = threading.Thread(target=self._retire, name="reader-reaper", daemon=True)
                self._reaper.start()
        return worker

    def _retire(self) -> None:
        idle_s = self._settings.arrays.idle_s
        while not self._stop.wait(min(max(idle_s / 4, 0.05), 10)):
            if sum(lane.retire(idle_s) for lane in self._lanes.values()) == 0:
                with self._lock:
                    self._reaper = None
                return

    def pids(self, lane: LaneName | None = None) -> list[int]:
        return [pid for name, one in self._lanes.items() if lane in (None, name) for pid in one.pids()]

    def close(self) -> None:
        self._stop.set()
        for lane in self._lanes.values():
            lane.close()


def _reply(message: wire.Message, *, denied: bool) -> Reply:
    body = message.body
    if body.get("ok"):
        return Reply(
            body.get("result"),
            message.raw,
            tuple(map(str, body.get("touched") or ())),
            denied,
            bool(body.get("missing")),
            tuple(map(str, body.get("names") or ())),
        )
    error = body.get("error") or {}
    kind = _ERRORS.get(str(error.get("kind")), UnreadableFile)
    raise kind(
        str(error.get("detail") or "A linked file may not be read."),
        remedy=error.get("remedy"),
        field=error.get("field"),
    )
