"""Small pictures of what desktops show, taken only while somebody looks at them, each at most every 15 seconds.

The screen is asked as a viewer would ask it (RFB, RFC 6143), for the whole of it once, uncompressed. What answers is the
session's own: sizes are bounded, everything but such pixels ends it, and nothing of it is parsed but fixed-size numbers.
"""

from __future__ import annotations

import io
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image

from pandaas.model import Unavailable
from pandaas.sessions.reach import Doorway

EVERY_S = 15.0
_KEPT_S = 60.0
_WIDE, _HIGH = 400, 250
_MOST_PIXELS = 12_000_000  # more than 4K
_MOST_TEXT = 1 << 20
_PATIENCE_S = 3.0
_AT_ONCE = 2
_BGRX = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
_MESSAGE, _BELL, _TEXT = 0, 2, 3


class Screens:
    """Pictures by session, for all who look; `door(session_id)` opens its socket."""

    def __init__(self, door: Callable[[str], Doorway]) -> None:
        self._door = door
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._kept: dict[str, _Kept] = {}

    def of(self, session_id: str) -> bytes:
        """A JPEG, at most 15 seconds old. `Unavailable` where the screen gives none now."""
        with self._lock:
            now = time.monotonic()
            self._kept = {key: one for key, one in self._kept.items() if now - one.asked < _KEPT_S}
            kept = self._kept.setdefault(session_id, _Kept())
            kept.asked = now
        with kept.lock:
            if time.monotonic() - kept.taken >= EVERY_S:
                with self._turns:
                    kept.picture = self._take(session_id)
                kept.taken = time.monotonic()
            if kept.picture is None:
                raise Unavailable("The screen gives no picture now.", remedy="Open the session.")
            return kept.picture

    def _take(self, session_id: str) -> bytes | None:
        door = self._door(session_id)
        try:
            with door.connect() as connection:
                return picture_of(connection)
        except (OSError, _NotRfb):
            return None
        finally:
            door.close()


@dataclass
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    taken: float = float("-inf")
    asked: float = 0.0
    picture: bytes | None = None


class _NotRfb(Exception):
    """What answers does not speak as a screen of ours does."""


def picture_of(connection: socket.socket) -> bytes:
    """The whole screen as a small JPEG; the connection has just been made. `OSError` and `_NotRfb` where there is none."""
    read = _Reader(connection)
    if not read.exactly(12).startswith(b"RFB 003."):
        raise _NotRfb
    connection.sendall(b"RFB 003.008\n")
    if 1 not in read.exactly(read.exactly(1)[0]):
        raise _NotRfb
    connection.sendall(b"\x01")
    if read.exactly(4) != bytes(4):
        raise _NotRfb
    connection.sendall(b"\x01")  # beside the others
    width, height = struct.unpack(">HH", read.exactly(4))
    read.exactly(16)
    read.over(read.number())
    if not 0 < width * height <= _MOST_PIXELS:
        raise _NotRfb
    connection.sendall(b"\x00\x00\x00\x00" + _BGRX + struct.pack(">BxHi", 2, 1, 0))
    connection.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
    return _small(_whole(read, width, height))


def _whole(read: _Reader, width: int, height: int) -> Image.Image:
    whole, missing = Image.new("RGB", (width, height)), width * height
    while missing > 0:
        kind = read.exactly(1)[0]
        if kind == _BELL:
            continue
        if kind == _TEXT:
            read.exactly(3)
            read.over(read.number())
            continue
        if kind != _MESSAGE:
            raise _NotRfb
        read.exactly(1)
        for _ in range(struct.unpack(">H", read.exactly(2))[0]):
            x, y, wide, high, encoding = struct.unpack(">HHHHi", read.exactly(12))
            if encoding != 0 or not wide * high or x + wide > width or y + high > height:
                raise _NotRfb
            pixels = read.exactly(wide * high * 4)
            whole.paste(Image.frombuffer("RGB", (wide, high), pixels, "raw", "BGRX", 0, 1), (x, y))
            missing -= wide * high
    return whole


def _small(whole: Image.Image) -> bytes:
    by = max(1, min(whole.width // _WIDE, whole.height // _HIGH))
    small = whole.reduce(by) if by > 1 else whole
    small.thumbnail((2 * _WIDE, 2 * _HIGH))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=75)
    return out.getvalue()


class _Reader:
    """Reads from the screen for a few seconds at most."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = time.monotonic() + _PATIENCE_S

    def exactly(self, size: int) -> bytearray:
        found = bytearray(size)
        view, at = memoryview(found), 0
        while at < size:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the screen is too slow")
            self._connection.settimeout(left)
            count = self._connection.recv_into(view[at:])
            if count == 0:
                raise ConnectionResetError("the screen ended")
            at += count
        return found

    def number(self) -> int:
        return int(struct.unpack(">I", self.exactly(4))[0])

    def over(self, size: int) -> None:
        if size > _MOST_TEXT:
            raise _NotRfb
        self.exactly(size)
