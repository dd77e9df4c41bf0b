"""What a file says of itself: read once per state of the file, as ingest would, and shown like a dataset's record."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pandaas.arrays import ArrayService, FileIdentity, ScanResult, is_attachment
from pandaas.model import (
    ANONYMOUS,
    NotFound,
    PandaasError,
    ScannedDataset,
    UnreadableFile,
)
from pandaas.server import present_values
from pandaas.server.schemas.datasets import DatasetOut
from pandaas.server.view.listing import moment
from pandaas.server.view.shelf import Place

_REMEMBERED = 256


class Records:
    """Thread-safe. A file is read by the first who asks; others wait for the same answer."""

    def __init__(self, arrays: ArrayService) -> None:
        self._arrays = arrays
        self._known: OrderedDict[FileIdentity, Future[ScanResult]] = OrderedDict()
        self._lock = threading.Lock()

    def scan(self, real: Path) -> ScanResult:
        """What a reader says of the file; an error is part of the result. Raises `NotFound` when the file is gone."""
        identity = _identity(real)
        with self._lock:
            waiting = self._known.get(identity)
            mine = waiting is None
            if waiting is None:
                waiting = self._known[identity] = Future()
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
            self._known.move_to_end(identity)
        if mine:
            try:
                [result] = self._arrays.scan([real], roots=[real.parent])
                waiting.set_result(result)
            except BaseException as error:
                with self._lock:
                    self._known.pop(identity, None)
                waiting.set_exception(error)
                raise
        return waiting.result()

    def known(self, real: Path) -> ScanResult | None:
        """The result if it is there already."""
        try:
            waiting = self._known.get(_identity(real))
        except NotFound:
            return None
        return waiting.result() if waiting is not None and waiting.done() and not waiting.exception() else None

    def record(self, place: Place) -> DatasetOut:
        """The record of a file. Raises `UnreadableFile` when no reader can open it."""
        result = self.scan(place.real)
        if result.datasets:
            return _out(place, result.datasets, list(result.datasets[0].unread))
        if result.attachment and is_attachment(place.real):
            raise UnreadableFile(f"'{place.name}' accompanies data and holds none.", remedy="Open it in a text editor.")
        if result.error is not None and not self._opens(place):
            raise UnreadableFile(result.error.detail, remedy=result.error.remedy)
        note = result.error.detail if result.error else "This file is a part of the series whose master lies beside it."
        return _out(place, (), [note])

    def _opens(self, place: Place) -> bool:
        """A file without arrays may still be looked into."""
        try:
            self._arrays.tree(ANONYMOUS, place.address, "/", 0)
        except PandaasError:
            return False
        return True


def version_of(real: Path) -> int:
    """A number that changes with the file (microseconds since 1970; JavaScript holds it exactly)."""
    identity = _identity(real)
    return max((identity.mtime_ns, *identity.extra[-1:])) // 1000


def main_dataset(datasets: Sequence[ScannedDataset]) -> ScannedDataset:
    """Of several entries the first with a plot."""
    return next((dataset for dataset in datasets if dataset.plot), datasets[0])


def _identity(real: Path) -> FileIdentity:
    try:
        return FileIdentity.of(real)
    except OSError as error:
        raise NotFound(f"'{real.name}' is gone: {error.strerror}.", remedy="Look for it in its folder.") from None


def _out(place: Place, datasets: Sequence[ScannedDataset], unread: list[str]) -> DatasetOut:
    main = main_dataset(datasets) if datasets else None
    arrays = [
        array if dataset is main else replace(array, is_default=False)
        for dataset in datasets
        for array in dataset.arrays
    ]
    default = next((array for array in arrays if array.is_default), None)
    identity = _identity(place.real)
    return DatasetOut(
        pid=place.address,
        version=version_of(place.real),
        title=main.title if main and len(datasets) == 1 else place.name,
        kind="raw",
        state="complete",
        facility=(main.facility if main else None) or "",
        instrument=main.instrument if main else None,
        proposal="",
        sample=main.sample if main else None,
        start_time=main.start_time if main else None,
        end_time=main.end_time if main else None,
        created=moment(identity.mtime_ns / 1e9) or datetime.fromtimestamp(0, UTC),
        size=identity.size if not identity.extra else identity.extra[1],
        format=main.format if main else "",
        techniques=present_values.techniques(main.techniques if main else ()),
        open=True,
        has_thumbnail=False,
        origin="measured",
        main_shape=list(default.shape) if default else None,
        description=main.description if main else None,
        release_time=None,
        licence=None,
        proposal_title="",
        definitions=list(main.definitions) if main else [],
        parameters=[present_values.parameter(one) for one in (main.parameters if main else ())],
        arrays=[present_values.array(one) for one in arrays],
        plot=present_values.plot(main.plot if main else None),
        unread=unread,
        extra=main.metadata if main else {},
        entry_path=main.entry_path if main else "/",
        file_count=len({file for dataset in datasets for file in dataset.files}) or 1,
        source_note=None,
        missing_since=None,
        job=None,
        replaces=None,
        replaced_by=None,
        may_write=False,
        may_analyse=False,
    )
