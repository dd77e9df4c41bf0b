"""Reading many files for the catalogue: folders walked, files read in parallel processes, related files kept together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pandaas.arrays.euxfel import run_of
from pandaas.arrays.lanes import Lane, WorkerProcess
from pandaas.arrays.names import is_attachment, is_zarr
from pandaas.arrays.values import ScanResult, scanned_from_json
from pandaas.config import Settings
from pandaas.model import NotFound, PandaasError, ScannedDataset, UnreadableFile

_EIGER_DATA = re.compile(r"(?P<series>.+)_data_[0-9]{6}\.h5")


def scan(settings: Settings, paths: Sequence[Path], roots: Sequence[Path], lane: Lane | None) -> Iterator[ScanResult]:
    """See `ArrayService.scan`. Without a `lane` that sees the roots, processes of its own end with the iterator."""
    folders = [root.resolve() for root in roots]
    count = max(1, settings.ingest.workers)

    def start() -> WorkerProcess:
        return WorkerProcess(folders, settings.arrays.memory_mb, settings.runtime.sandbox)

    readers = lane or Lane("scan", count, start)
    claimed: set[Path] = set()
    try:
        with ThreadPoolExecutor(count, thread_name_prefix="scan") as threads:
            for batch in _batches(paths):
                results = threads.map(
                    lambda path: _scan_one(readers, path, folders, settings.ingest.file_timeout_s), batch
                )
                yield from _without_claimed(list(results), claimed)
    finally:
        if lane is None:
            readers.close()


def _without_claimed(results: list[ScanResult], claimed: set[Path]) -> Iterator[ScanResult]:
    """Leave out what belongs to a dataset of another file: an EIGER data file, the source of a virtual array."""
    for result in results:
        for dataset in result.datasets:
            claimed.update(dataset.files[1:])
    for result in results:
        own = result.path.resolve()
        if own in claimed and not any(len(dataset.files) > 1 for dataset in result.datasets):
            yield ScanResult(result.path, files_seen=result.files_seen)
        else:
            yield result


def _batches(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The files to read, folder by folder, outer ones first, since links lead downwards."""
    single = [path for path in paths if not path.is_dir() or is_zarr(path)]
    if single:
        yield single
    for path in paths:
        if path.is_dir() and not is_zarr(path):
            yield from _walk(path)


def _walk(folder: Path) -> Iterator[list[Path]]:
    for where, names, files in os.walk(folder):
        here = Path(where)
        names.sort()
        stores = [name for name in names if is_zarr(here / name)]
        names[:] = [name for name in names if name not in stores and not name.startswith(".")]
        found = [here / name for name in sorted([*files, *stores]) if not name.startswith(".")]
        if found:
            yield found


def _scan_one(lane: Lane, path: Path, folders: Sequence[Path], timeout: float) -> ScanResult:
    try:
        real = path.resolve(strict=True)
        if not any(real.is_relative_to(folder) for folder in folders):
            raise UnreadableFile(
                f"{path.name} lies (or leads by a symbolic link) outside the storage roots.",
                remedy="Copy it into one of them.",
            )
        if is_attachment(real):
            return ScanResult(path, files_seen=(real,), attachment=True)
        if _belongs_to_master(real):
            return ScanResult(path, files_seen=(real,))
        message = lane.run({"operation": "scan", "file": str(real)}, real, timeout)
        return _result(path, real, message.body)
    except FileNotFoundError:
        return _failed(path, NotFound(f"{path.name} doesn't exist any more."))
    except (PandaasError, OSError, RuntimeError) as error:
        return _failed(path, error)


def _result(path: Path, real: Path, body: dict[str, object]) -> ScanResult:
    if not body.get("ok"):
        error = body.get("error")
        details = error if isinstance(error, dict) else {}
        raise UnreadableFile(str(details.get("detail", "The file can't be read.")), remedy=details.get("remedy"))
    try:
        found = body["result"]
        datasets = tuple(scanned_from_json(item) for item in found) if isinstance(found, list) else ()
        _check_files(real, datasets)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableFile(f"The reader of {path.name} gave an answer that makes no sense.") from error
    seen = dict.fromkeys((real, *(file for dataset in datasets for file in dataset.files)))
    return ScanResult(path, datasets, tuple(seen))


def _check_files(real: Path, datasets: Sequence[ScannedDataset]) -> None:
    """What a worker calls related must lie beside the file or below: it decides what the dataset may read."""
    for dataset in datasets:
        if dataset.files[0] != real or not all(
            file.is_relative_to(real.parent) and file.resolve() == file for file in dataset.files
        ):
            raise ValueError("files outside the folder")


def _belongs_to_master(path: Path) -> bool:
    """An EIGER data file whose master file stands beside it, a file of a European XFEL run but its first."""
    run = run_of(path)
    if run is not None and path in run.files and path != run.files[0]:
        return True
    match = _EIGER_DATA.fullmatch(path.name)
    return match is not None and path.with_name(f"{match['series']}_master.h5").is_file()


def _failed(path: Path, error: Exception) -> ScanResult:
    if isinstance(error, UnreadableFile):
        return ScanResult(path, error=error)
    detail = error.detail if isinstance(error, PandaasError) else f"{path.name} can't be read: {error}."
    return ScanResult(path, error=UnreadableFile(detail, remedy=getattr(error, "remedy", None)))
