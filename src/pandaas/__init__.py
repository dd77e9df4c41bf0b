"""PaN-DAaS: photon and neutron data analysis as a service.

`pandaas.connect(url, token=...)` opens a client; everything else is the platform. Importing this package is cheap: the
client is loaded on first use and none of the platform's own libraries with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]

if TYPE_CHECKING:
    from pandaas.client import connect


def __getattr__(name: str) -> Any:
    if name == "connect":
        from pandaas.client import connect

        return connect
    raise AttributeError(f"module 'pandaas' has no attribute {name!r}")
