"""Messages between the service and its worker processes, over a socket pair.

A message is 4 + 8 bytes of length, then JSON, then raw bytes. A large array travels as a sealed memory file, whose
descriptor is sent along, so that its values are never copied through the socket. JSON only: nothing that a worker says can
run code in the service.
"""

from __future__ import annotations

import array
import fcntl
import json
import mmap
import os
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

_HEAD = struct.Struct("!IQB")
_MAX_JSON = 256 * 1024 * 1024
_MAX_RAW = 64 * 1024 * 1024
INLINE_BYTES = 64 * 1024
STOP: dict[str, Any] = {"stop": True}  # nobody waits for the answer to the request before


class Disconnected(Exception):
    """The other side is gone."""


@dataclass
class Message:
    """`raw` holds bytes that came along, in a memory map where they are many."""

    body: dict[str, Any]
    raw: bytes | mmap.mmap = field(default=b"")


def send(connection: socket.socket, body: dict[str, Any], raw: bytes | SharedBuffer = b"") -> None:
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()
    shared = isinstance(raw, SharedBuffer)
    head = _HEAD.pack(len(text), len(raw), shared)
    try:
        if isinstance(raw, SharedBuffer):
            raw.seal()
            socket.send_fds(connection, [head], [raw.descriptor])
        else:
            connection.sendall(head)
        connection.sendall(text)
        if not isinstance(raw, SharedBuffer) and raw:
            connection.sendall(raw)
    except (BrokenPipeError, ConnectionError) as error:
        raise Disconnected(str(error)) from error


def receive(connection: socket.socket) -> Message:
    """The next message. Raises `Disconnected`, `TimeoutError` as the socket says, `ValueError` for nonsense."""
    try:
        head, descriptors = _receive_head(connection)
        json_length, raw_length, shared = _HEAD.unpack(head)
        if json_length > _MAX_JSON or (not shared and raw_length > _MAX_RAW):
            raise ValueError("The message is too long.")
        body = json.loads(_exactly(connection, json_length))
        if not isinstance(body, dict):
            raise ValueError("The message is no object.")
        if shared:
            if len(descriptors) != 1:
                raise ValueError("The message promised a memory file and brought none.")
            return Message(body, _map(descriptors[0], raw_length))
        return Message(body, _exactly(connection, raw_length))
    except (ConnectionError, EOFError) as error:
        raise Disconnected(str(error)) from error


def _receive_head(connection: socket.socket) -> tuple[bytes, list[int]]:
    size = array.array("i").itemsize
    first, ancillary, _, _ = connection.recvmsg(_HEAD.size, socket.CMSG_SPACE(4 * size), socket.MSG_CMSG_CLOEXEC)
    descriptors: list[int] = []
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found = array.array("i")
            found.frombytes(data[: len(data) - len(data) % size])
            descriptors += found.tolist()
    if not first:
        raise EOFError("The other side closed the connection.")
    return first + _exactly(connection, _HEAD.size - len(first)), descriptors


def _exactly(connection: socket.socket, length: int) -> bytes:
    if length == 0:
        return b""
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        count = connection.recv_into(view)
        if count == 0:
            raise EOFError("The other side closed the connection.")
        view = view[count:]
    return bytes(buffer)


class SharedBuffer:
    """Memory that another process can map; once sealed its size can't change any more."""

    def __init__(self, length: int) -> None:
        self.descriptor = os.memfd_create("pandaas", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.descriptor, max(1, length))
        self.length = length
        self.memory = mmap.mmap(self.descriptor, max(1, length))

    def __len__(self) -> int:
        return self.length

    def seal(self) -> None:
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)

    def close(self) -> None:
        os.close(self.descriptor)


Raw = bytes | SharedBuffer


def _map(descriptor: int, length: int) -> mmap.mmap:
    """Map a received memory file. It must be sealed against shrinking: reading beyond its end would kill the service."""
    try:
        seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
        if not seals & fcntl.F_SEAL_SHRINK or os.fstat(descriptor).st_size < max(1, length):
            raise ValueError("The memory file is not sealed.")
        return mmap.mmap(descriptor, max(1, length), mmap.MAP_SHARED, mmap.PROT_READ)
    except OSError as error:
        raise ValueError(f"The memory file can't be mapped: {error}.") from error
    finally:
        os.close(descriptor)
