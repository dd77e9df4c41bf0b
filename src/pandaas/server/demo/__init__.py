"""The demo facility: its home and accounts, and what builds it.

The builder is imported when it is first asked for: `pandaas demo --info` needs nothing of the platform.
"""

from typing import TYPE_CHECKING, Any

from pandaas.server.demo.home import ACCOUNTS, announce, describe, is_running, only_one, password_of, prepare_home

if TYPE_CHECKING:
    from pandaas.server.demo.builder import DemoBuilder

__all__ = ["ACCOUNTS", "DemoBuilder", "announce", "describe", "is_running", "only_one", "password_of", "prepare_home"]


def __getattr__(name: str) -> Any:
    if name != "DemoBuilder":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pandaas.server.demo.builder import DemoBuilder

    return DemoBuilder
