"""A small platform on loopback, in a thread of its own, without jobs or data: for tests of signing in.

It has the proposal P-1 and the instrument BL1.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from pandaas.access import FACILITY
from pandaas.config import load_settings
from pandaas.db import upgrade
from pandaas.server import Services, build_services, close_services, create_app
from pandaas.server.listening import listen


@contextmanager
def running_place(home: Path, providers: list[dict[str, Any]], **sign_in: Any) -> Iterator[tuple[str, Services]]:
    """Start it on a free port; its address and its services."""
    settings = load_settings(home=home, sign_in={"providers": providers} | sign_in)
    upgrade(settings)
    services = build_services(settings)
    services.access.create_instrument(FACILITY, "BL1")
    services.access.create_proposal(FACILITY, "P-1", "A proposal", instrument="BL1")
    listener = listen("127.0.0.1", 0)
    app = create_app(settings, services=services, background=False)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", services
    server.should_exit = True
    thread.join(20)
    listener.close()
    close_services(services)
