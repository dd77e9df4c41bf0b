"""What goes wrong for one request stays with it: disk errors, and crowds of one person."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest

from pandaas.arrays import ArrayService, fast
from pandaas.arrays.turns import LONG_BYTES, Turns
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, Principal, UnreadableFile

pytestmark = pytest.mark.integration
FRAMES = np.random.default_rng(5).poisson(0.2, (5, 120, 133)).astype("<u4")


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        return DatasetFiles(pid, 1, self.folder / pid, "", "/", frozenset({self.folder / pid}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


@pytest.fixture
def files(tmp_path: Path) -> _Folder:
    return _Folder(tmp_path.resolve())


@pytest.fixture
def service(files: _Folder) -> Iterator[ArrayService]:
    found = ArrayService(load_settings(home=files.folder / "home"), files, folders=[files.folder])
    yield found
    found.close()


def write(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("d", data=FRAMES, chunks=(1, 120, 133), **hdf5plugin.Bitshuffle())


def test_a_disk_error_ends_the_request_it_befell_and_no_other(
    files: _Folder, service: ArrayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libhdf5 tries once more; where it fails as well (the file is gone by then) that one request is told so."""
    for name in ("bad.h5", "good.h5"):
        write(files.folder / name)
        service.read(ANONYMOUS, name, "/d", "0")
    bad = files.folder / "bad.h5"
    real = {name: getattr(os, name) for name in ("pread", "preadv")}

    def failing(name: str) -> Callable[..., Any]:
        def read(descriptor: int, *rest: Any) -> Any:
            if Path(f"/proc/self/fd/{descriptor}").resolve() == bad:
                raise OSError(errno.EIO, "Input/output error")
            return real[name](descriptor, *rest)

        return read

    for name in real:
        monkeypatch.setattr(os, name, failing(name))
    np.testing.assert_array_equal(service.read(ANONYMOUS, "bad.h5", "/d", "3"), FRAMES[3])
    os.truncate(bad, 2000)
    with ThreadPoolExecutor(4) as pool:
        lost = pool.submit(service.read, ANONYMOUS, "bad.h5", "/d", "3")
        others = [pool.submit(service.read, ANONYMOUS, "good.h5", "/d", str(n)) for n in range(4)]
        for number, other in enumerate(others):
            np.testing.assert_array_equal(other.result(), FRAMES[number])
        with pytest.raises(UnreadableFile):
            lost.result()


def test_one_persons_many_slices_do_not_hold_up_anothers(
    files: _Folder, service: ArrayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(files.folder / "a.h5")
    crowd, other = replace(ANONYMOUS, person_id=1), replace(ANONYMOUS, person_id=2)
    service.read(crowd, "a.h5", "/d", "0")
    real, ended = fast.read_values, list[str]()

    def slow(*arguments: Any) -> None:
        time.sleep(0.05)
        real(*arguments)

    monkeypatch.setattr(fast, "read_values", slow)
    monkeypatch.setattr(fast, "cost", lambda *_: LONG_BYTES)
    monkeypatch.setattr(service._fast, "turns", Turns(long=1))
    asked = threading.Event()

    def ask(who: Principal, name: str) -> None:
        asked.set()
        service.read(who, "a.h5", "/d", "1")
        ended.append(name)

    with ThreadPoolExecutor(17) as pool:
        done = [pool.submit(ask, crowd, "crowd") for _ in range(16)]
        asked.wait(10)
        time.sleep(0.1)
        done.append(pool.submit(ask, other, "other"))
        for one in done:
            one.result()
    assert ended.index("other") < 10  # of 17, though it came last
