"""Reader processes: what crashes, hangs or takes too much ends alone, and nobody waits for what is not his."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest

from pandaas.arrays import Abandoned, ArrayService
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, NotFound, Principal, TooLarge, Unavailable, UnreadableFile

pytestmark = pytest.mark.integration


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        path = self.folder / pid
        return DatasetFiles(pid, 1, path, "", "/", frozenset({path}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


Start = Callable[..., ArrayService]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[ArrayService] = []
    folder = (tmp_path / "data").resolve()
    folder.mkdir()

    def build(**settings: Any) -> ArrayService:
        settings = {"arrays": {"workers": 2, "memory_mb": 2048}, **settings}
        made.append(ArrayService(load_settings(home=tmp_path / "home", **settings), _Folder(folder), folders=[folder]))
        return made[-1]

    yield build
    for service in made:
        service.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return (tmp_path / "data").resolve()


def _stack(path: Path, frames: int = 4) -> None:
    with h5py.File(path, "w") as file:
        values = np.arange(frames * 300 * 400, dtype="u4").reshape(frames, 300, 400)
        file.create_dataset("data", data=values, chunks=(1, 300, 400), compression="gzip")


def _slow(path: Path) -> None:
    """Seconds of work in few bytes: 400 MB that inflate from one small chunk, repeated.

    The checksum among the filters (left out of each chunk) makes it one that only reader processes read.
    """
    packed = zlib.compress(bytes(range(256)) * 4096, 9)
    with h5py.File(path, "w") as file:
        made = file.create_dataset(
            "slow", (400, 1 << 20), "u1", chunks=(1, 1 << 20), compression="gzip", fletcher32=True
        )
        for index in range(400):
            made.id.write_direct_chunk((index, 0), packed, filter_mask=0b10)


def test_nothing_runs_until_it_is_needed(start: Start, data: Path) -> None:
    service = start()
    service.start()
    assert service.worker_pids() == []
    _stack(data / "a.h5")
    service.tree(ANONYMOUS, "a.h5")
    assert len(service.worker_pids()) == 1


def test_large_arrays_arrive_whole_and_read_only(start: Start, data: Path) -> None:
    service = start()
    _stack(data / "a.h5")
    values = service.read(ANONYMOUS, "a.h5", "/data")
    np.testing.assert_array_equal(values, np.arange(4 * 300 * 400).reshape(4, 300, 400))
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0, 0] = 1


def test_a_process_that_is_killed_fails_one_request(start: Start, data: Path) -> None:
    service = start()
    _slow(data / "slow.h5")
    _stack(data / "a.h5")

    def kill() -> None:
        deadline = time.monotonic() + 20
        while not service.worker_pids() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        for pid in service.worker_pids():
            os.kill(pid, signal.SIGKILL)

    service.read(ANONYMOUS, "a.h5", "/data", "0")
    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(UnreadableFile, match="crashed the reader"):
        service.stats(ANONYMOUS, "slow.h5", "/slow")
    thread.join()
    assert service.read(ANONYMOUS, "a.h5", "/data", "0,0,1") == 1


def test_a_request_that_takes_too_long_ends(start: Start, data: Path) -> None:
    service = start(server={"request_timeout_s": 0.02})
    _slow(data / "slow.h5")
    started = time.monotonic()
    with pytest.raises(UnreadableFile, match="longer than"):
        service.read(ANONYMOUS, "slow.h5", "/slow")
    assert time.monotonic() - started < 5


def test_structure_does_not_wait_for_data(start: Start, data: Path) -> None:
    service = start()
    _slow(data / "slow.h5")
    _stack(data / "a.h5")
    service.tree(ANONYMOUS, "a.h5")
    service.read(ANONYMOUS, "a.h5", "/data", "0")
    with ThreadPoolExecutor(4) as threads:
        heavy = [threads.submit(service.stats, ANONYMOUS, "slow.h5", "/slow", ":100") for _ in range(4)]
        time.sleep(0.1)
        waits = []
        for _ in range(20):
            started = time.monotonic()
            service.tree(ANONYMOUS, "a.h5")
            waits.append(time.monotonic() - started)
        assert not all(job.done() for job in heavy)
        for job in heavy:
            job.result()
    assert sorted(waits)[len(waits) // 2] < 0.2


def test_the_work_for_a_client_who_left_ends(start: Start, data: Path) -> None:
    service = start()
    _slow(data / "slow.h5")
    with pytest.raises(Abandoned):
        service.stats(ANONYMOUS, "slow.h5", "/slow", cancelled=lambda: True)
    (pid,) = service.worker_pids()
    before = sum(psutil.Process(pid).cpu_times()[:2])
    time.sleep(0.3)
    assert sum(psutil.Process(pid).cpu_times()[:2]) - before < 0.1
    assert service.read(ANONYMOUS, "slow.h5", "/slow", "3,7") == 7
    assert service.worker_pids() == [pid]


def test_a_process_that_does_not_stop_when_told_is_ended(start: Start, data: Path) -> None:
    service = start()
    _slow(data / "slow.h5")
    service.read(ANONYMOUS, "slow.h5", "/slow", "0,0")
    (pid,) = service.worker_pids()
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        process.suspend()
    with pytest.raises(Abandoned):
        service.read(ANONYMOUS, "slow.h5", "/slow", cancelled=lambda: True)
    assert service.worker_pids() == []


def test_who_leaves_just_when_the_answer_comes_takes_nobody_elses(start: Start, data: Path) -> None:
    service = start()
    _slow(data / "slow.h5")
    for row in range(12):
        left = iter([False] * (row % 3) + [True] * 1000)
        with contextlib.suppress(Abandoned):
            service.read(ANONYMOUS, "slow.h5", "/slow", f":{4 * row},5", cancelled=lambda left=left: next(left))
        assert service.read(ANONYMOUS, "slow.h5", "/slow", f"{row},{row}") == row


def test_processes_outlive_the_thread_that_asked_first(start: Start, data: Path) -> None:
    service = start()
    _stack(data / "a.h5")
    thread = threading.Thread(target=service.tree, args=(ANONYMOUS, "a.h5"))
    thread.start()
    thread.join()
    (pid,) = service.worker_pids()
    time.sleep(0.2)
    service.tree(ANONYMOUS, "a.h5")
    assert service.worker_pids() == [pid]


def test_idle_processes_end(start: Start, data: Path) -> None:
    service = start(arrays={"idle_s": 2, "memory_mb": 2048})
    _stack(data / "a.h5")
    service.tree(ANONYMOUS, "a.h5")
    service.read(ANONYMOUS, "a.h5", "/data", "0")
    assert service.worker_pids()
    deadline = time.monotonic() + 10
    while service.worker_pids() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert service.worker_pids() == []
    assert service.read(ANONYMOUS, "a.h5", "/data", "0,0,2") == 2


def test_closing_ends_every_process(start: Start, data: Path) -> None:
    service = start()
    _stack(data / "a.h5")
    service.tree(ANONYMOUS, "a.h5")
    pids = service.worker_pids()
    service.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    with pytest.raises(Unavailable):
        service.tree(ANONYMOUS, "a.h5")


def test_a_file_that_changes_is_read_anew(start: Start, data: Path) -> None:
    service = start()
    _stack(data / "a.h5")
    tag = service.etag(ANONYMOUS, "a.h5", "/data", None, "bin")
    assert service.read(ANONYMOUS, "a.h5", "/data", "0,0,1") == 1
    assert service.etag(ANONYMOUS, "a.h5", "/data", None, "bin") == tag
    with h5py.File(data / "a.h5", "a") as file:
        file["data"][0, 0, 1] = 77
    assert service.etag(ANONYMOUS, "a.h5", "/data", None, "bin") != tag
    assert service.read(ANONYMOUS, "a.h5", "/data", "0,0,1") == 77


def test_the_tag_differs_by_what_is_asked(start: Start, data: Path) -> None:
    service = start()
    _stack(data / "a.h5")
    tags = {
        service.etag(ANONYMOUS, "a.h5", path, selection, kind)
        for path in ("/data", "/other")
        for selection in (None, "0", "1")
        for kind in ("bin", "npy")
    }
    assert len(tags) == 12


def test_many_at_once_get_their_own_answers(start: Start, data: Path) -> None:
    service = start()
    _stack(data / "a.h5", frames=8)

    def ask(index: int) -> bool:
        values = service.read(ANONYMOUS, "a.h5", "/data", f"{index % 8},{index}")
        return bool((values == np.arange(400) + (index % 8) * 120_000 + index * 400).all())

    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(ask, range(120)))


def test_files_outside_the_roots_are_not_opened(start: Start, tmp_path: Path, data: Path) -> None:
    service = start()
    _stack(tmp_path / "outside.h5")
    with pytest.raises((UnreadableFile, NotFound)):
        service.tree(ANONYMOUS, "../outside.h5")
    (result,) = service.scan([tmp_path / "outside.h5"], roots=[data])
    assert result.error is not None


def test_a_folder_that_appears_later_is_seen(start: Start, tmp_path: Path, data: Path) -> None:
    """Results and uploads come into folders of the home that are made while readers run."""
    service = start()
    _stack(data / "a.h5")
    service.tree(ANONYMOUS, "a.h5")
    later = tmp_path / "home" / "results"
    later.mkdir(parents=True)
    _stack(later / "b.h5")
    service.resolver = _Folder(later.resolve())
    assert service.tree(ANONYMOUS, "b.h5").child_count == 1


def test_a_request_larger_than_an_answer_is_refused(start: Start, data: Path) -> None:
    service = start(server={"max_response_mb": 1})
    _stack(data / "a.h5")
    with pytest.raises(TooLarge):
        service.read(ANONYMOUS, "a.h5", "/data")
    assert service.read(ANONYMOUS, "a.h5", "/data", "0").shape == (300, 400)


def test_scanning_a_folder_in_parallel(start: Start, data: Path) -> None:
    service = start(ingest={"workers": 2})
    (data / "run").mkdir()
    for index in range(6):
        _stack(data / "run" / f"{index}.h5")
    (data / "run" / "README.md").write_text("how it was measured")
    (data / "run" / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\nbroken")
    results = {result.path.name: result for result in service.scan([data], roots=[data])}
    assert sum(len(result.datasets) for result in results.values()) == 6
    assert results["README.md"].attachment
    assert results["broken.h5"].error is not None
    picture = service.thumbnail(results["0.h5"].datasets[0])
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
