"""Saying to a screen who comes: with which rights Xvnc serves a connection is settled before anything of it is shown.

To whom works along it speaks without a password (security type None). Who only watches is announced with the password that
Xvnc knows for viewing (VNC authentication, RFC 6143 section 7.2.2): such a connection gets pictures, never the desktop's
clipboard, and its input is left out there too. The password is no secret: only the platform reaches the socket, and what
a screen shows is its person's. It only names the right that is asked for.
"""

from __future__ import annotations

import asyncio

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from pandaas.sessions import VIEW_PASSWORD

VERSION = b"RFB 003.008\n"
NO_SECURITY, _VNC_AUTHENTICATION = 1, 2
_CHALLENGE = 16
_ANSWER_S = 10.0

TO_BROWSER = (VERSION, bytes([1, NO_SECURITY]), bytes(4))
"""What a browser is told, each after its answer to the last: the version, one security type, accepted."""


class NoGreeting(Exception):
    """The screen doesn't serve such connections, or isn't a screen."""


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, view_only: bool) -> None:
    """Come to the point where a client says whether it shares the screen. `NoGreeting` where the screen refuses."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            await _greet(reader, writer, _VNC_AUTHENTICATION if view_only else NO_SECURITY)
    except (OSError, EOFError, TimeoutError) as error:
        raise NoGreeting("the screen does not answer") from error


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: int) -> None:
    if not (await reader.readexactly(len(VERSION))).startswith(b"RFB 003."):
        raise NoGreeting("this is no screen")
    writer.write(VERSION)
    [count] = await reader.readexactly(1)
    if kind not in await reader.readexactly(count):
        raise NoGreeting("the screen was started without this right")
    writer.write(bytes([kind]))
    if kind == _VNC_AUTHENTICATION:
        writer.write(response(await reader.readexactly(_CHALLENGE), VIEW_PASSWORD))
    if any(await reader.readexactly(4)):
        raise NoGreeting("the screen refuses")


def response(challenge: bytes, password: bytes) -> bytes:
    """The challenge under DES; its key is the password, up to 8 bytes, each with its bits turned round."""
    key = bytes(int(f"{one:08b}"[::-1], 2) for one in password[:8].ljust(8, b"\0"))
    cipher = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()  # noqa: S305 - three times the same key is DES
    return cipher.update(challenge) + cipher.finalize()
