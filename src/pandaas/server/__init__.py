"""The web application: `create_app(settings)`, `build_services(settings)`, `serve(settings)`."""

from pandaas.server import demo
from pandaas.server.app import create_app
from pandaas.server.build import build_services, close_services
from pandaas.server.doctor import Finding, examine
from pandaas.server.health import HealthBoard
from pandaas.server.run import LOOPBACK, serve
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
]
