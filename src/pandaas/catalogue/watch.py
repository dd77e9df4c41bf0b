"""Watching folders: what appears is ingested once nobody writes it any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag

import watchfiles

from pandaas.catalogue.ingest import is_being_written, measure
from pandaas.catalogue.values import FileCheck, IngestReport
from pandaas.model import InvalidInput

_STEP_MS = 200
Report = Callable[[IngestReport | FileCheck], None]


@dataclass
class _Waiting:
    """A file that changed: its size and time as last seen, and since when they are so."""

    state: tuple[int, int]
    since: float


class Watch:
    """Collects changes below some folders and hands settled files to `ingest`; what was deleted goes to `check`."""

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        settle_s: float,
        ingest: Callable[[Sequence[Path]], IngestReport],
        check: Callable[[Sequence[Path]], FileCheck],
    ) -> None:
        for path in paths:
            if not path.exists():
                raise InvalidInput(f"There is no file or folder '{path}'.", remedy="Check the path.", field="path")
        self._paths = [path.resolve() for path in paths]
        self._settle_s = settle_s
        self._ingest = ingest
        self._check = check
        self._waiting: dict[Path, _Waiting] = {}

    def run(self, stop: Flag, report: Report | None = None) -> None:
        """Notice what went away meanwhile, ingest what is there, then follow changes until `stop` is set."""
        self._look_for(self._paths, report)
        self._take(self._paths, report)
        changes = watchfiles.watch(
            *self._paths, stop_event=stop, step=_STEP_MS, rust_timeout=_STEP_MS, yield_on_timeout=True, debounce=1000
        )
        for change in changes:
            self.note(Path(path) for _, path in change)
            deleted = [Path(path) for kind, path in change if kind is watchfiles.Change.deleted]
            if deleted:
                self._look_for(deleted, report)
            ready = self.settled()
            if ready:
                self._take(ready, report)

    def note(self, paths: Iterable[Path], now: float | None = None) -> None:
        """These files have changed."""
        for path in paths:
            self._look(path, time.monotonic() if now is None else now)

    def settled(self, now: float | None = None) -> list[Path]:
        """The files that have not changed for `settle_s` and that nobody writes; each is returned once."""
        moment = time.monotonic() if now is None else now
        for path in list(self._waiting):
            self._look(path, moment)
        ready = [
            path
            for path, waiting in self._waiting.items()
            if moment - waiting.since >= self._settle_s and not is_being_written(path)
        ]
        for path in ready:
            del self._waiting[path]
        return sorted(ready)

    def _look(self, path: Path, now: float) -> None:
        try:
            state = measure(path) if not path.name.startswith(".") else None
        except OSError:
            state = None
        if state is None:
            self._waiting.pop(path, None)
            return
        known = self._waiting.get(path)
        if known is None or known.state != state:
            self._waiting[path] = _Waiting(state, now)

    def _look_for(self, paths: Sequence[Path], report: Report | None) -> None:
        found = self._check(paths)
        if report is not None and (found.missing or found.moved or found.returned):
            report(found)

    def _take(self, paths: Sequence[Path], report: Report | None) -> None:
        there = [path for path in paths if path.exists()]
        if there:
            found = self._ingest(there)
            if report is not None:
                report(found)
