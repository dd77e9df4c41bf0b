"""Chunks as they are stored, in every form that a client may take."""

from __future__ import annotations

from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest

from pandaas.codecs import BrokenChunk, Filter, decodable_forms, decode_stored, stored_form
from pandaas.codecs import stored as module

HOW: dict[str, dict[str, Any]] = {
    "bitshuffle-lz4": dict(hdf5plugin.Bitshuffle(cname="lz4")),
    "bitshuffle-zstd": dict(hdf5plugin.Bitshuffle(cname="zstd")),
    "gzip": {"compression": "gzip"},
    "shuffle-gzip": {"compression": "gzip", "shuffle": True},
    "lz4": dict(hdf5plugin.LZ4()),
    "shuffle-lz4": {"shuffle": True, **hdf5plugin.LZ4()},
    "zstd": dict(hdf5plugin.Zstd()),
    "shuffle-zstd": {"shuffle": True, **hdf5plugin.Zstd()},
    "shuffle": {"shuffle": True},
}


def written(values: np.ndarray, how: dict[str, Any]) -> tuple[bytes, list[Filter]]:
    """The one chunk of `values`, and the filters that the file names."""
    with h5py.File("x", "w", driver="core", backing_store=False) as file:
        made = file.create_dataset("d", data=values, chunks=values.shape, **how)
        creation = made.id.get_create_plist()
        steps = [creation.get_filter(number) for number in range(creation.get_nfilters())]
        return made.id.read_direct_chunk((0,) * values.ndim)[1], [Filter(step[0], tuple(step[2])) for step in steps]


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<i4", "<f8", ">u4"])
@pytest.mark.parametrize("form", HOW)
def test_what_hdf5_wrote_is_named_and_decoded(form: str, dtype: str) -> None:
    values = np.random.default_rng(1).poisson(3, (37, 41)).astype(dtype)
    chunk, pipeline = written(values, HOW[form])
    named = stored_form(pipeline, values.itemsize)
    if values.itemsize == 1 and form.startswith("shuffle"):  # nothing to shuffle
        assert named == (form.partition("-")[2] or None)
        return
    assert named == form
    np.testing.assert_array_equal(decode_stored(chunk, values.shape, values.dtype, named), values)


def test_memory_that_fits_is_used() -> None:
    values = np.arange(100, dtype="<u2").reshape(10, 10)
    chunk, _ = written(values, HOW["shuffle-gzip"])
    into = np.zeros_like(values)
    assert decode_stored(chunk, values.shape, values.dtype, "shuffle-gzip", into=into) is into
    np.testing.assert_array_equal(into, values)


@pytest.mark.parametrize("form", ["gzip", "lz4", "zstd", "shuffle"])
def test_a_chunk_of_another_size_is_refused(form: str) -> None:
    values = np.arange(100, dtype="<u2").reshape(10, 10)
    chunk, _ = written(values, HOW[form])
    for wrong in (chunk[:-1], chunk[: len(chunk) // 2], b""):
        with pytest.raises(BrokenChunk):
            decode_stored(wrong, values.shape, values.dtype, form)
    with pytest.raises(BrokenChunk):
        decode_stored(chunk, (10, 9), values.dtype, form)


def test_filters_that_nobody_decodes_have_no_form() -> None:
    assert stored_form([], 4) is None
    assert stored_form([Filter(3)], 4) is None  # Fletcher-32
    assert stored_form([Filter(1), Filter(3)], 4) is None


def test_without_hdf5plugin_gzip_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "blocks_available", lambda: False)
    assert decodable_forms() == ("gzip", "shuffle-gzip", "shuffle")
