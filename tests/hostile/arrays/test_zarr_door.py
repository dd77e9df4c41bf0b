"""The Zarr store leads to nothing that its reader may not read, and survives what files lie about."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numcodecs import blosc

from pandaas.arrays import ArrayService, parse_key
from pandaas.model import ANONYMOUS, UnreadableFile

from .conftest import SECRET, World

pytestmark = pytest.mark.integration
FRAME = np.random.default_rng(8).poisson(2, (1, 270, 130)).astype("<u4")
FILTERS: dict[str, dict[str, Any]] = {
    "bitshuffle": dict(hdf5plugin.Bitshuffle(cname="lz4")),
    "zstd blocks": dict(hdf5plugin.Bitshuffle(cname="zstd")),
    "lz4": dict(hdf5plugin.LZ4()),
    "gzip": {"compression": "gzip", "shuffle": True},
    "blosc": dict(hdf5plugin.Blosc()),
    "zstd": dict(hdf5plugin.Zstd()),
}


def value(service: ArrayService, pid: str, key: str) -> bytes | None:
    parsed = parse_key(key)
    assert parsed is not None
    found = service.zarr(ANONYMOUS, pid, parsed, key).read(None)
    return None if found is None else bytes(found)


def test_links_out_of_the_dataset(world: World, service: ArrayService) -> None:
    layout = h5py.VirtualLayout((8,), "i8")
    layout[:] = h5py.VirtualSource("../yours/secret.h5", "secret", (8,))
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("../yours/secret.h5", "/secret")
        file["group"] = h5py.ExternalLink("../yours/secret.h5", "/group")
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("raw", (21,), "u1", external=[(str(world.yours / "secret.txt"), 0, 21)])
    document = json.loads(value(service, "a.h5", "zarr.json") or b"")
    assert {"group", "link"} <= set(document["attributes"]["not_in_zarr"]) <= {"group", "link", "raw"}
    for path in ("link", "group", "group/deep"):
        assert value(service, "a.h5", f"{path}/zarr.json") is None
    for path in ("link", "group/deep", "virtual", "raw"):
        with pytest.raises(UnreadableFile):
            value(service, "a.h5", f"{path}/c/0")
    world.readable.add(world.yours / "secret.h5")
    for path in ("link", "group/deep", "virtual"):
        assert value(service, "a.h5", f"{path}/c/0") == SECRET.tobytes()
    world.readable.clear()
    with pytest.raises(UnreadableFile):
        value(service, "a.h5", "link/c/0")
    assert value(service, "a.h5", "link/zarr.json") is None


def test_groups_that_contain_themselves_end(world: World, service: ArrayService) -> None:
    with h5py.File(world.mine / "a.h5", "w") as file:
        group = file.create_group("a/b")
        group["up"] = file["a"]
        group["round"] = h5py.SoftLink("/a/b/round")
        for number in range(8):  # 2⁸ ways down
            below = file.create_group(f"level{number}")
            if number:
                file[f"level{number - 1}/left"] = below
                file[f"level{number - 1}/right"] = below
    document = json.loads(value(service, "a.h5", "zarr.json") or b"")
    assert len(document["consolidated_metadata"]["metadata"]) < 3000


def test_a_store_too_large_for_one_document_is_opened_by_path(world: World, service: ArrayService) -> None:
    with h5py.File(world.mine / "a.h5", "w") as file:
        for number in range(5100):
            file.create_group(f"g{number}")
        file["g7/x"] = np.arange(3)
    document = json.loads(value(service, "a.h5", "zarr.json") or b"")
    assert "consolidated_metadata" not in document
    assert "by their path" in document["attributes"]["not_in_zarr"]["…"]
    assert json.loads(value(service, "a.h5", "g7/x/zarr.json") or b"")["shape"] == [3]


@pytest.mark.parametrize("filters", sorted(FILTERS))
def test_chunks_that_lie(world: World, service: ArrayService, filters: str) -> None:
    """Nothing but an error or bytes of bounded size comes back, whatever stands in the chunk; the reader lives on."""
    pids = service.worker_pids()
    count = 0

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(min_size=1, max_size=400), st.integers(0, 3000), st.booleans())
    def lie(junk: bytes, where: int, replace: bool) -> None:
        nonlocal count
        count += 1
        name = f"lie{count}.h5"
        with h5py.File(world.mine / name, "w") as file:
            made = file.create_dataset("x", data=FRAME, chunks=FRAME.shape, **FILTERS[filters])
            _, chunk = made.id.read_direct_chunk((0, 0, 0))
            bad = junk if replace else chunk[:where] + junk + chunk[where + len(junk) :]
            made.id.write_direct_chunk((0, 0, 0), bad)
        try:
            found = value(service, name, "x/c/0/0/0")
        except UnreadableFile:
            return
        assert found is not None
        assert len(found) <= 3 * FRAME.nbytes + 4096
        if found[:1] == b"\x02":
            with contextlib.suppress(RuntimeError):
                assert len(blosc.decompress(found)) <= FRAME.nbytes

    lie()
    assert not pids or set(pids) & set(service.worker_pids())
