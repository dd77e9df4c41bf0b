"""The address a server listens on, taken before anything is started."""

from __future__ import annotations

import os
import socket

from pandaas.model import Unavailable

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def listen(host: str, port: int) -> socket.socket:
    """Take the address, before anything is started; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"The address {host}:{port} can't be used: {os.strerror(error.errno or 0)}.",
            remedy="Stop the program that uses it, or choose another port with --port (PORT= for make demo).",
            field="server.port",
        ) from error
    listener.listen(2048)
    return listener


def address_of(listener: socket.socket) -> str:
    """The address as a browser writes it."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
