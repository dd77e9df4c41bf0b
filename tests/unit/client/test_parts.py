"""Large selections travel in parts, several at the same time, stored chunks as they are; lost connections are survived."""

from __future__ import annotations

import threading
import time
from typing import Any

import h5py
import hdf5plugin
import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

import pandaas
from pandaas.client import Array, arrays
from pandaas.client.indexing import plan
from pandaas.client.parts import chunk_parts, sized_parts
from pandaas.codecs import STORED_MEDIA_TYPES, encode, parse_selection
from pandaas.model import Unavailable

FRAMES = np.random.default_rng(4).poisson(1, (9, 128, 130)).astype("<u4")


class Service:
    """A stack of Bitshuffle frames; remembers what was asked and how many asked at once."""

    def __init__(self) -> None:
        self.selections: list[str] = []
        self.faults: list[Exception | httpx.Response] = []
        self.busy = self.most = 0
        self.lock = threading.Lock()
        with h5py.File("frames", "w", driver="core", backing_store=False) as file:
            made = file.create_dataset("d", data=FRAMES, chunks=(1, 128, 130), **hdf5plugin.Bitshuffle())
            self.chunks = [made.id.read_direct_chunk((number, 0, 0))[1] for number in range(9)]

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tree"):
            shape, chunks = list(FRAMES.shape), [1, 128, 130]
            node = {"path": "/d", "kind": "dataset", "shape": shape, "dtype": "<u4", "type_class": "integer"}
            return httpx.Response(200, json=node | {"chunks": chunks, "filters": ["bitshuffle; see …"]})
        if request.url.path.endswith("/ds-1"):
            return httpx.Response(200, json={"pid": "ds-1", "version": 1, "title": "t"})
        with self.lock:
            self.selections.append(request.url.params["selection"])
            self.busy += 1
            self.most = max(self.most, self.busy)
            fault = self.faults.pop(0) if self.faults else None
        try:
            time.sleep(0.02)
            if isinstance(fault, Exception):
                raise fault
            return fault or self._values(request.url.params["selection"])
        finally:
            with self.lock:
                self.busy -= 1

    def _values(self, text: str) -> httpx.Response:
        chosen = parse_selection(text, FRAMES.shape)
        values = FRAMES[chosen.items]
        if values.size == 128 * 130:
            number = chosen.items[0].start if isinstance(chosen.items[0], slice) else chosen.items[0]
            headers = {
                "Content-Type": STORED_MEDIA_TYPES["bitshuffle-lz4"],
                "X-Dtype": "<u4",
                "X-Shape": str(list(values.shape)),
            }
            return httpx.Response(200, content=self.chunks[number], headers=headers)
        found = encode(np.asarray(values), "npy")
        return httpx.Response(200, content=bytes(found.body), headers=found.headers)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def frames(service: Service, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(arrays, "_SMALL", 0)
    monkeypatch.setattr("pandaas.client.transport._pause", lambda *_: 0.0)
    with pandaas.connect(transport=httpx.MockTransport(service.answer)) as client:
        yield client.dataset("ds-1")["/d"]


def test_frames_are_asked_for_one_by_one_and_at_the_same_time(frames: Array, service: Service) -> None:
    np.testing.assert_array_equal(frames[1:8], FRAMES[1:8])
    assert sorted(service.selections) == [f"{number}:{number + 1},0:128,0:130" for number in range(1, 8)]
    assert 1 < service.most <= 6


def test_a_slice_across_the_stack_is_one_request(frames: Array, service: Service) -> None:
    np.testing.assert_array_equal(frames[:, 7, :], FRAMES[:, 7, :])
    np.testing.assert_array_equal(frames[::2, 3:5], FRAMES[::2, 3:5])
    assert len(service.selections) == 2


def test_lost_connections_are_survived(frames: Array, service: Service) -> None:
    service.faults = [httpx.ReadError("lost"), httpx.Response(503), httpx.ConnectError("lost")]
    np.testing.assert_array_equal(frames[...], FRAMES)
    assert len(service.selections) == 12


def test_a_service_that_stays_away_ends_all_parts(frames: Array, service: Service) -> None:
    service.faults = [httpx.ConnectError("away") for _ in range(200)]
    with pytest.raises(Unavailable):
        _ = frames[...]
    assert len(service.selections) <= 36  # nine parts, four attempts each
    service.faults.clear()
    np.testing.assert_array_equal(frames[0:2], FRAMES[0:2])


def test_a_refusal_is_not_tried_again(frames: Array, service: Service) -> None:
    problem = {"type": "urn:pandaas:not-allowed", "detail": "No.", "status": 403, "title": "t"}
    service.faults = [httpx.Response(403, json=problem)]
    with pytest.raises(pandaas.model.NotAllowed, match="No"):
        _ = frames[...]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_parts_together_are_the_selection(data: st.DataObject) -> None:
    shape = data.draw(nps.array_shapes(min_dims=1, max_dims=3, max_side=12))
    values = np.arange(int(np.prod(shape)), dtype="<i4").reshape(shape)
    chunk = tuple(data.draw(st.integers(1, length)) for length in shape)
    [items] = plan(data.draw(nps.basic_indices(shape)), shape).blocks
    expected = values[items]
    limit = data.draw(st.integers(1, 200))
    ways = [sized_parts(items, shape, 4, limit, data.draw(st.sampled_from([None, chunk])))]
    if all(isinstance(item, int) or item.step == 1 for item in items):
        ways.append(chunk_parts(items, shape, chunk))
    for parts in ways:
        block = np.full(expected.shape, -1, "<i4")
        for part in parts:
            piece = values[part.items]
            assert ways.index(parts) or piece.nbytes <= max(4, limit)
            block[(*part.outside, ...)] = piece
        np.testing.assert_array_equal(block, expected)


def test_parts_keep_to_stored_chunks() -> None:
    parts = sized_parts((slice(0, 100, 1), slice(0, 10, 1)), (100, 10), 4, 40 * 35, (16, 10))
    assert [part.items[0] for part in parts][:2] == [slice(0, 32, 1), slice(32, 64, 1)]
