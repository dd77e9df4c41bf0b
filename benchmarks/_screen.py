"""A small RFB client for the benchmark of sessions."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection


class Screen:
    """A small RFB client: ZRLE, continuous updates, every update counted."""

    def __init__(
        self, send: Callable[[bytes], Any], receive: Callable[[float], bytes], close: Callable[[], None]
    ) -> None:
        self._send, self._receive, self._close = send, receive, close
        self._buffer = bytearray()
        self.bytes = self.updates = 0
        self._take(12)
        self._send(b"RFB 003.008\n")
        self._take(self._take(1)[0])
        self._send(b"\x01")
        self._take(4)
        self._send(b"\x01")
        head = self._take(24)
        self.width, self.height = struct.unpack_from(">HH", head)
        self._take(struct.unpack_from(">I", head, 20)[0])
        self._send(struct.pack(">BxHiii", 2, 3, 16, -312, -313))
        self._send(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height))
        self.until_update(10)
        self._send(struct.pack(">BBHHHH", 150, 1, 0, 0, self.width, self.height))
        self.still(1.0)

    def key(self, symbol: int) -> None:
        for down in (1, 0):
            self._send(struct.pack(">BBxxI", 4, down, symbol))

    def answers(self) -> bool:
        """Is the program there? Its window may take a while."""
        self.key(0x61)
        try:
            self.until_update(1)
        except TimeoutError:
            return False
        self.still(0.3)
        return True

    def point(self, x: int, y: int, buttons: int) -> None:
        self._send(struct.pack(">BBHH", 5, buttons, x, y))

    def until_update(self, seconds: float) -> None:
        seen, end = self.updates, time.monotonic() + seconds
        while self.updates == seen:
            self._message(end - time.monotonic())

    def still(self, seconds: float) -> None:
        """Listen until nothing came for so long."""
        try:
            while True:
                self._message(seconds)
        except TimeoutError:
            return

    def listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        try:
            while (left := end - time.monotonic()) > 0:
                self._message(left)
        except TimeoutError:
            return

    def close(self) -> None:
        self._close()

    def _message(self, seconds: float) -> None:
        kind = self._take(1, seconds)[0]
        if kind == 0:
            for _ in range(struct.unpack(">xH", self._take(3))[0]):
                encoding = struct.unpack(">8xi", self._take(12))[0]
                assert encoding == 16, encoding
                self._take(struct.unpack(">I", self._take(4))[0])
            self.updates += 1
        elif kind == 248:
            flags, size = struct.unpack(">3xIB", self._take(8))
            self._send(struct.pack(">BxxxIB", 248, flags & 0x7FFFFFFF, size) + self._take(size))
        elif kind == 3:
            self._take(struct.unpack(">3xI", self._take(7))[0])
        else:
            assert kind in {2, 150}, kind

    def _take(self, size: int, seconds: float = 20.0) -> bytes:
        while len(self._buffer) < size:
            piece = self._receive(max(seconds, 0.001))
            self.bytes += len(piece)
            self._buffer += piece
            seconds = 20.0
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def by_socket(path: Path) -> Screen:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(str(path))

    def receive(seconds: float) -> bytes:
        link.settimeout(seconds)
        return link.recv(65536)

    return Screen(link.sendall, receive, link.close)


def by_websocket(channel: ClientConnection) -> Screen:
    def receive(seconds: float) -> bytes:
        found = channel.recv(timeout=seconds)
        return found if isinstance(found, bytes) else found.encode()

    return Screen(channel.send, receive, channel.close)
