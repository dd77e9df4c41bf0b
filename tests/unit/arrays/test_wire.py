"""Messages between service and reader processes."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest

from pandaas.arrays import wire


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    a, b = socket.socketpair()
    b.settimeout(5)
    with a, b:
        yield a, b


def test_a_message_with_bytes(pair: tuple[socket.socket, socket.socket]) -> None:
    wire.send(pair[0], {"a": [1, None, "ü"]}, b"xyz")
    message = wire.receive(pair[1])
    assert (message.body, message.raw) == ({"a": [1, None, "ü"]}, b"xyz")


def test_many_values_travel_in_shared_memory(pair: tuple[socket.socket, socket.socket]) -> None:
    shared = wire.SharedBuffer(8_000_000)
    np.frombuffer(shared.memory, np.float64)[:] = np.arange(1_000_000)
    wire.send(pair[0], {"ok": True}, shared)
    shared.close()
    message = wire.receive(pair[1])
    np.testing.assert_array_equal(np.frombuffer(message.raw, np.float64), np.arange(1_000_000))


def test_memory_that_could_shrink_is_refused(pair: tuple[socket.socket, socket.socket]) -> None:
    descriptor = os.memfd_create("unsealed", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, 100)
    socket.send_fds(pair[0], [struct.pack("!IQB", 2, 100, 1) + b"{}"], [descriptor])
    os.close(descriptor)
    with pytest.raises(ValueError, match="sealed"):
        wire.receive(pair[1])


def test_memory_smaller_than_promised_is_refused(pair: tuple[socket.socket, socket.socket]) -> None:
    shared = wire.SharedBuffer(10)
    shared.seal()
    socket.send_fds(pair[0], [struct.pack("!IQB", 2, 10_000, 1) + b"{}"], [shared.descriptor])
    with pytest.raises(ValueError, match="sealed"):
        wire.receive(pair[1])
    shared.close()


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack("!IQB", 2**31, 0, 0),
        struct.pack("!IQB", 2, 2**60, 0) + b"{}",
        struct.pack("!IQB", 2, 0, 0) + b"[]",
        struct.pack("!IQB", 2, 0, 0) + b"{,",
        struct.pack("!IQB", 2, 5, 1) + b"{}",
    ],
)
def test_nonsense_is_refused(pair: tuple[socket.socket, socket.socket], raw: bytes) -> None:
    pair[0].sendall(raw)
    with pytest.raises(ValueError, match=r".+"):
        wire.receive(pair[1])


def test_the_other_side_is_gone(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(b"\0\0")
    pair[0].close()
    with pytest.raises(wire.Disconnected):
        wire.receive(pair[1])
