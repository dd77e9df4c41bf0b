"""Frames that come as they are stored are decoded here."""

from __future__ import annotations

from typing import Any

import h5py
import hdf5plugin
import httpx
import numpy as np
import pytest

from pandaas.client import arrays
from pandaas.client.arrays import Array
from pandaas.codecs import STORED_MEDIA_TYPES

FRAME = np.random.default_rng(2).poisson(0.3, (40, 51)).astype("<u4")


class _Service:
    """Answers every request with the stored frame, as the service does for who accepts it."""

    def __init__(self) -> None:
        self.accepted: list[str | None] = []
        with h5py.File("frame", "w", driver="core", backing_store=False) as file:
            made = file.create_dataset("d", data=FRAME[None], chunks=(1, *FRAME.shape), **hdf5plugin.Bitshuffle())
            self._stored = made.id.read_direct_chunk((0, 0, 0))[1]

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        accept = (options.get("headers") or {}).get("Accept")
        self.accepted.append(accept)
        if "bitshuffle-lz4" not in str(accept):
            import io

            np.save(buffer := io.BytesIO(), FRAME)
            return httpx.Response(200, content=buffer.getvalue())
        headers = {"Content-Type": STORED_MEDIA_TYPES["bitshuffle-lz4"], "X-Shape": "[40, 51]", "X-Dtype": "<u4"}
        return httpx.Response(200, content=self._stored, headers=headers)


@pytest.fixture
def service() -> _Service:
    return _Service()


@pytest.fixture
def frames(service: _Service) -> Array:
    node = {"path": "/d", "shape": [9, 40, 51], "dtype": "<u4", "type_class": "integer", "chunks": [1, 40, 51]}
    return Array(service, "ds-1", node)  # type: ignore[arg-type]


def test_a_stored_frame_is_decoded_here(frames: Array, service: _Service) -> None:
    np.testing.assert_array_equal(frames[3], FRAME)
    assert STORED_MEDIA_TYPES["bitshuffle-lz4"] in str(service.accepted[-1])


def test_without_a_decoder_other_forms_are_asked_for(
    frames: Array, service: _Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "decodable_forms", lambda: ("gzip",))
    np.testing.assert_array_equal(frames[3], FRAME)
    assert service.accepted == ["application/vnd.pandaas.gzip, */*"]
