"""Whoever reaches a Dask scheduler runs code as its account: nothing unencrypted leaves this computer."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pandaas.config.dask import DaskSettings

KEYS = {"ca": Path("ca.pem"), "cert": Path("cert.pem"), "key": Path("key.pem")}


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tcp://dask.example.org:8786", "tcp://0.0.0.0:8786"])
def test_plain_tcp_to_another_computer_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="not encrypted"):
        DaskSettings(scheduler=address, **KEYS)


@pytest.mark.parametrize("address", ["dask.example.org:8786", "ucx://10.0.0.5:1", "tls://dask.example.org", "tls://:1"])
def test_an_address_must_be_whole(address: str) -> None:
    with pytest.raises(ValidationError, match=r"tls://host:port"):
        DaskSettings(scheduler=address, **KEYS)


def test_tls_needs_certificates() -> None:
    with pytest.raises(ValidationError, match="needs ca, cert and key"):
        DaskSettings(scheduler="tls://dask.example.org:8786")
    assert DaskSettings(scheduler="tls://dask.example.org:8786", **KEYS).scheduler


def test_on_this_computer_plain_tcp_may_be() -> None:
    assert DaskSettings(scheduler="tcp://127.0.0.1:8786").scheduler
