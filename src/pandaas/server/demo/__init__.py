"""The demo facility: its home and accounts, and what builds it."""

from pandaas.server.demo.builder import DemoBuilder
from pandaas.server.demo.home import ACCOUNTS, announce, describe, is_running, only_one, password_of, prepare_home

__all__ = ["ACCOUNTS", "DemoBuilder", "announce", "describe", "is_running", "only_one", "password_of", "prepare_home"]
