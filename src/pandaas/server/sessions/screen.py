"""What a browser may say to a screen: the client's side of the RFB protocol (RFC 6143), read message by message.

View only is decided here and not in the browser: of a viewer, only what asks for pictures passes. Everything else is let
through whole or, where it is no message of this protocol as our page speaks it, ends the connection.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from pandaas.server.sessions.greeting import NO_SECURITY, TO_BROWSER, VERSION

_MOST_TEXT = 1 << 20
_SET_ENCODINGS, _KEY, _POINTER, _TEXT, _RESIZE, _EXTENDED = 2, 4, 5, 6, 251, 255
_INPUT = frozenset({_KEY, _POINTER, _TEXT, _EXTENDED})
_OF_VIEWERS = frozenset({0, _SET_ENCODINGS, 3, 150, 248})
_LONGER_POINTER = -316  # with it pointer messages have two lengths; left out of what the browser offers


class NotRfb(Exception):
    """The browser sends something else than our page would."""


def _fixed(size: int) -> Callable[[bytes], int]:
    return lambda _head: size


def _text_size(head: bytes) -> int:
    length = abs(struct.unpack_from(">i", head, 4)[0])
    if length > _MOST_TEXT:
        raise NotRfb("text is too long")
    return 8 + int(length)


# Type → (bytes that tell the length, length of the whole message).
_MESSAGES: dict[int, tuple[int, Callable[[bytes], int]]] = {
    0: (1, _fixed(20)),
    _SET_ENCODINGS: (4, lambda head: 4 + 4 * int(struct.unpack_from(">H", head, 2)[0])),
    3: (1, _fixed(10)),
    _KEY: (1, _fixed(8)),
    _POINTER: (1, _fixed(6)),
    _TEXT: (8, _text_size),
    150: (1, _fixed(10)),
    248: (9, lambda head: 9 + head[8]),
    _RESIZE: (8, lambda head: 8 + 16 * head[6]),
    _EXTENDED: (1, _fixed(12)),
}


class ScreenFilter:
    """One connection. `feed` takes what the browser sent and gives what the screen gets; `input_seen` counts what a person did.

    The screen was greeted already (`greeting`). `answer` gives what the platform itself has to say to the browser, to begin with
    and after each `feed`; of the browser's greeting only its last part is passed on.
    """

    def __init__(self, *, view_only: bool) -> None:
        self._view_only = view_only
        self._buffer = bytearray()
        self._greeting = 0  # version, security, shared flag
        self._answer = TO_BROWSER[0]
        self.input_seen = 0

    def feed(self, data: bytes) -> bytes:
        """Raises `NotRfb` for what is no message; the connection is to be closed then."""
        self._buffer += data
        out = bytearray()
        while (message := self._next()) is not None:
            out += message
        return bytes(out)

    def answer(self) -> bytes:
        """What is to be sent to the browser now; empty after the greeting."""
        answer, self._answer = self._answer, b""
        return answer

    def _next(self) -> bytes | None:
        if self._greeting < 3:
            return self._greet()
        if not self._buffer:
            return None
        kind = self._buffer[0]
        if kind not in _MESSAGES:
            raise NotRfb(f"no message {kind}")
        needed, length_of = _MESSAGES[kind]
        if len(self._buffer) < needed:
            return None
        length = length_of(bytes(self._buffer[:needed]))
        if len(self._buffer) < length:
            return None
        message = self._take(length)
        if kind in _INPUT:
            self.input_seen += 1
        if self._view_only and kind not in _OF_VIEWERS:
            return b""
        return _without_longer_pointer(message) if kind == _SET_ENCODINGS else message

    def _greet(self) -> bytes | None:
        if len(self._buffer) < (len(VERSION) if self._greeting == 0 else 1):
            return None
        self._greeting += 1
        if self._greeting < len(TO_BROWSER):
            self._answer += TO_BROWSER[self._greeting]
        if self._greeting == 1:
            if self._take(len(VERSION)) != VERSION:
                raise NotRfb("another version")
            return b""
        said = self._take(1)
        if self._greeting == 2:
            if said[0] != NO_SECURITY:
                raise NotRfb("another security type")
            return b""
        return b"\x01"  # always shared: nobody throws others out

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken


def _without_longer_pointer(message: bytes) -> bytes:
    encodings = [one for (one,) in struct.iter_unpack(">i", message[4:]) if one != _LONGER_POINTER]
    return struct.pack(">BxH", _SET_ENCODINGS, len(encodings)) + struct.pack(f">{len(encodings)}i", *encodings)
