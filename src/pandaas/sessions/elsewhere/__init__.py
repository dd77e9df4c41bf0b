"""Sessions that live elsewhere: the port for their providers, and a facility's JupyterHub as one of them."""

from pandaas.sessions.elsewhere.jupyterhub import JupyterHub
from pandaas.sessions.elsewhere.life import Elsewhere, Watched
from pandaas.sessions.elsewhere.port import Condition, Handle, Order, SessionProvider
from pandaas.sessions.elsewhere.providers import ELSEWHERE, Providers

__all__ = [
    "ELSEWHERE",
    "Condition",
    "Elsewhere",
    "Handle",
    "JupyterHub",
    "Order",
    "Providers",
    "SessionProvider",
    "Watched",
]
