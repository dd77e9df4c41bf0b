"""Runs the web application under uvicorn until it is told to stop."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Callable

import uvicorn

from pandaas.config import Settings
from pandaas.db import serving
from pandaas.server import logs
from pandaas.server.app import create_app
from pandaas.server.health import HealthBoard
from pandaas.server.listening import address_of, listen
from pandaas.server.services import Services

_M_ARENA_MAX = -8  # in glibc's malloc.h
_HEAPS = 2


def serve(
    settings: Settings,
    *,
    on_listen: Callable[[str], None] | None = None,
    on_start: Callable[[Services, HealthBoard], None] | None = None,
    board: HealthBoard | None = None,
    before_close: Callable[[], None] | None = None,
    drain_s: float = 5.0,
) -> None:
    """Listen and answer until SIGINT or SIGTERM.

    `on_listen` gets the address once the port is ours; `before_close` runs when stopping, while services still work.
    """
    logs.set_up(settings)
    _share_heaps()
    listener = listen(settings.server.host, settings.server.port)
    if on_listen is not None:
        on_listen(address_of(listener))
    app = create_app(settings, on_start=on_start, before_close=before_close, board=board)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.server.public_url),
        forwarded_allow_ips="127.0.0.1",
        timeout_graceful_shutdown=int(drain_s),
        h11_max_incomplete_event_size=64 * 1024,
    )
    with serving(settings.home):  # `restore` refuses meanwhile
        _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends the open event streams first, so that stopping doesn't wait for browsers to leave."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        hub = getattr(getattr(self.config.app, "state", None), "hub", None)
        if hub is not None:
            hub.stop()
        await super().shutdown(sockets)


def _share_heaps() -> None:
    """Threads allocate from two heaps instead of one each: what a search frees stays in its heap, 70 MB at a million datasets.

    Only glibc has that setting; elsewhere nothing happens.
    """
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:
        setting(_M_ARENA_MAX, _HEAPS)
