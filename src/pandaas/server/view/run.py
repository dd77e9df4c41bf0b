"""Runs the viewer on files until it is told to stop."""

from __future__ import annotations

import logging
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

from pandaas.config import Settings, load_settings
from pandaas.model import InvalidInput, Unavailable
from pandaas.server.door import LOOPBACK
from pandaas.server.listening import address_of, listen
from pandaas.server.view.services import ViewServices

PORT = 8000
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - names for it, nothing listens here
_NEXT_PORTS = 20


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
    if not with_key and host not in LOOPBACK:
        raise InvalidInput(
            f"Without a key everybody who reaches {host} could read these files.",
            remedy="Leave out --no-key, or --host.",
            field="no-key",
        )
    with tempfile.TemporaryDirectory(prefix="pandaas-view-", ignore_cleanup_errors=True) as home:
        services = ViewServices(_settings(Path(home)), paths)
        services.warm_up()  # while this process imports the web server
        try:
            with suppress(KeyboardInterrupt):
                _serve(services, host, port, with_key=with_key, on_listen=on_listen)
        finally:
            services.close()


def _settings(home: Path) -> Settings:
    """Limits of readers as configured; no storage but what was given, and nothing of a platform's home."""
    settings = load_settings(home=home)
    return settings.model_copy(
        update={"home": home, "storage": (), "ingest": settings.ingest.model_copy(update={"workers": 1})}
    )


def _serve(
    services: ViewServices, host: str, port: int | None, *, with_key: bool, on_listen: Callable[[Start], None]
) -> None:
    import uvicorn

    from pandaas.server.view.app import create_view
    from pandaas.server.view.gate import Keys

    _quiet_logs()
    listener, taken = _listen(host, port)
    number = listener.getsockname()[1]
    keys = Keys(secrets.token_urlsafe(32) if with_key else None, number)
    app = create_view(services, keys, host=host)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    base = f"http://{socket.gethostname()}:{number}" if host in _EVERYWHERE else address_of(listener)
    address, visit = (f"{base}/?key={key}" if key else base + "/" for key in (keys.key, keys.key and keys.ticket()))
    on_listen(Start(address, visit, taken, beyond_loopback=host not in LOOPBACK, with_key=with_key))
    before = signal.signal(signal.SIGTERM, _stop)  # uvicorn hands the signal on once it has stopped
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()


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


def _quiet_logs() -> None:
    """Warnings and errors to the terminal, nothing else, and no file."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
