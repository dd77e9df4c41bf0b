"""What every session provider must do: subclass `SessionProviderConformance` in a test module and give it the fixtures.

`provider` is the one that is tried, `order` starts something for a person it knows, `stranger` for one it doesn't know.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from pandaas.model import PandaasError, Unavailable
from pandaas.sessions import Condition, ProviderHandle, ProviderOrder, SessionProvider

_PATIENCE_S = 60.0


def until(provider: SessionProvider, handle: ProviderHandle, *states: str) -> Condition:
    """Poll until it is in one of these states."""
    end = time.monotonic() + _PATIENCE_S
    while (found := provider.poll(handle)).state not in states:
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


class SessionProviderConformance:
    """See the module."""

    def test_it_starts_once_is_reached_stops_and_starts_again(
        self, provider: SessionProvider, order: ProviderOrder
    ) -> None:
        handle = provider.start(order)
        assert provider.start(order) == handle, "asked twice it starts one"
        address = urlsplit(until(provider, handle, "ready", "failed").address or "")
        assert (address.scheme in {"http", "https"}, address.query, address.fragment) == (True, "", "")
        assert "@" not in address.netloc
        provider.stop(handle)
        assert until(provider, handle, "gone").address is None
        provider.stop(handle)
        assert until(provider, provider.start(order), "ready", "failed").state == "ready"
        provider.stop(handle)
        until(provider, handle, "gone")

    def test_what_is_kept_of_it_is_small_json(self, provider: SessionProvider, order: ProviderOrder) -> None:
        handle = provider.start(replace(order, session_id=f"{order.session_id}-b"))
        assert json.loads(json.dumps(handle)) == handle
        assert len(json.dumps(handle)) < 2000
        provider.stop(handle)
        until(provider, handle, "gone")

    def test_who_is_not_known_there_is_told_what_to_do(
        self, provider: SessionProvider, stranger: ProviderOrder
    ) -> None:
        with pytest.raises(PandaasError) as refused:
            provider.start(stranger)
        assert not isinstance(refused.value, Unavailable), "asking again would not help"
        assert refused.value.remedy

    def test_it_says_what_is_missing(self, provider: SessionProvider) -> None:
        assert all(text.endswith(".") for text in provider.missing)
