"""A disk that fails under libhdf5 is an error of its own, for that request alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.arrays.limits import storage_failed
from pandaas.arrays.reader import ReaderRegistry
from pandaas.arrays.worker import OpenFiles, answer

VALUES = np.arange(40_000, dtype="<i4").reshape(40, 1000)


def ask(files: OpenFiles, path: Path, dataset: str = "/d") -> dict[str, Any]:
    body = {"operation": "read", "file": str(path), "path": dataset, "selection": "7", "limit": 1 << 20}
    return answer(files, body)[0]


@pytest.fixture
def files() -> OpenFiles:
    return OpenFiles(ReaderRegistry())


@pytest.mark.parametrize("dataset", ["/plain", "/checked"])
def test_a_disk_error_is_told_as_such_and_the_next_request_opens_the_file_anew(
    tmp_path: Path, files: OpenFiles, dataset: str
) -> None:
    bad, good = tmp_path / "bad.h5", tmp_path / "good.h5"
    for path in (bad, good):
        with h5py.File(path, "w") as file:
            file.create_dataset("plain", data=VALUES, chunks=(1, 1000))
            file.create_dataset("checked", data=VALUES, chunks=(1, 1000), fletcher32=True)
            file.create_dataset("d", data=VALUES)
    assert ask(files, bad)["ok"]
    (opened,) = files._open.values()
    descriptor = int(opened.file.id.get_vfd_handle())
    memory = os.open("/proc/self/mem", os.O_RDONLY)  # where nothing is mapped, the kernel answers with EIO
    try:
        os.dup2(memory, descriptor)
        with pytest.raises(OSError, match="Input/output"):
            os.pread(descriptor, 1, 0)
        told = ask(files, bad, dataset)
    finally:
        os.close(memory)
    assert told["error"]["kind"] == "Unavailable"
    assert "Input/output error" in told["error"]["detail"]
    assert str(tmp_path) not in str(told)
    assert ask(files, good)["ok"]
    assert ask(files, bad, dataset)["ok"]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOENT, "gone"), ValueError("bad"), OSError("filter failed: errno = 0")]
)
def test_other_errors_are_not_blamed_on_the_storage(error: Exception) -> None:
    assert storage_failed("x", error) is None
