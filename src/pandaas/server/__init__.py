"""The web application: `create_app(settings)`, `build_services(settings)`, `serve(settings)`.

What is offered here is imported when it is first asked for: `pandaas view` takes a small part of this room and starts fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandaas.server import demo, view
    from pandaas.server.app import create_app
    from pandaas.server.build import build_services, close_services
    from pandaas.server.doctor import Finding, examine
    from pandaas.server.health import HealthBoard
    from pandaas.server.listening import LOOPBACK
    from pandaas.server.run import serve
    from pandaas.server.services import Services

__all__ = [
    "LOOPBACK",
    "Finding",
    "HealthBoard",
    "Services",
    "build_services",
    "close_services",
    "create_app",
    "demo",
    "examine",
    "serve",
    "view",
]
_MODULES = {
    "create_app": "app",
    "build_services": "build",
    "close_services": "build",
    "Finding": "doctor",
    "examine": "doctor",
    "HealthBoard": "health",
    "LOOPBACK": "listening",
    "serve": "run",
    "Services": "services",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
