"""Runs the viewer on files until it is told to stop.

The port is taken and the browser opened before the web server is imported: both start at the same time.
"""

from __future__ import annotations

import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from pandaas.model import InvalidInput, Unavailable
from pandaas.server.listening import LOOPBACK, address_of, listen
from pandaas.server.view.keys import Keys
from pandaas.server.view.shelf import Shelf

if TYPE_CHECKING:
    from pandaas.server.view.services import ViewServices

PORT = 8000
_NEXT_PORTS = 20
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - names for it, nothing listens here


@dataclass(frozen=True)
class Start:
    """What is known once the port is ours. `address` is for people, `visit` for the browser, good for one visit."""

    address: str
    visit: str
    port_taken: int | None
    beyond_loopback: bool
    with_key: bool


def run(
    paths: Sequence[Path],
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    with_key: bool = True,
    on_listen: Callable[[Start], None],
) -> None:
    """Serve `paths` until SIGINT or SIGTERM. `port` None takes 8000 or the next free one.

    Raises `InvalidInput` for paths that can't be viewed, `Unavailable` when the address is taken.
    """
    beyond = host not in LOOPBACK
    if beyond and not with_key:
        raise InvalidInput(
            f"Without a key everybody who reaches {host} could read these files.",
            remedy="Leave out --no-key, or --host.",
            field="no-key",
        )
    shelf = Shelf(paths)
    listener, taken = _listen(host, port)
    before = signal.signal(signal.SIGTERM, _stop)  # the web server hands the signal on once it has stopped
    try:
        with suppress(KeyboardInterrupt), listener:
            keys = Keys(secrets.token_urlsafe(32) if with_key else None, listener.getsockname()[1])
            address, visit = _addresses(host, listener, keys)
            on_listen(Start(address, visit, taken, beyond, with_key))
            _serve(shelf, keys, listener, host)
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _listen(host: str, port: int | None) -> tuple[socket.socket, int | None]:
    """The socket, and the port that was taken if another one had to do."""
    if port is not None:
        return listen(host, port), None
    for number in range(PORT, PORT + _NEXT_PORTS):
        try:
            return listen(host, number), PORT if number != PORT else None
        except Unavailable:
            continue
    return listen(host, 0), PORT


def _addresses(host: str, listener: socket.socket, keys: Keys) -> tuple[str, str]:
    """What is printed, and what the browser opens."""
    base = address_of(listener)
    if host in _EVERYWHERE:
        base = f"http://{socket.gethostname()}:{keys.port}"
    if keys.key is None:
        return f"{base}/", f"{base}/"
    return f"{base}/?key={keys.key}", f"{base}/?key={keys.ticket()}"


def _serve(shelf: Shelf, keys: Keys, listener: socket.socket, host: str) -> None:
    from pandaas.server.view.services import ViewServices

    with tempfile.TemporaryDirectory(prefix="pandaas-view-", ignore_cleanup_errors=True) as home:
        services = ViewServices.of(shelf, Path(home))
        try:
            services.warm_up()  # while this process imports the web server
            _answer(services, keys, listener, host)
        finally:
            services.close()


def _answer(services: ViewServices, keys: Keys, listener: socket.socket, host: str) -> None:
    import uvicorn

    from pandaas.server.view.app import create_view

    _quiet_logs()
    config = uvicorn.Config(
        create_view(services, keys, host=host),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _quiet_logs() -> None:
    """Warnings and errors to the terminal, nothing else, and no file."""
    import logging

    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
