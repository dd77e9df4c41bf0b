"""Requests to a provider: short patience, bounded answers, no redirects, https only."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from pandaas import __version__
from pandaas.config import is_safe_address
from pandaas.model import Unavailable

_TIMEOUT = httpx.Timeout(8, connect=3)
_LARGEST = 1024 * 1024


class Wire:
    """One provider's connection pool. `transport` replaces the network in tests."""

    def __init__(self, title: str, transport: httpx.BaseTransport | None = None, ca_file: Path | None = None) -> None:
        self._title = title
        self._transport = transport
        self._ca_file = ca_file

    @cached_property
    def _http(self) -> httpx.Client:
        headers = {"User-Agent": f"pandaas/{__version__}", "Accept": "application/json"}
        return httpx.Client(
            timeout=_TIMEOUT, headers=headers, transport=self._transport, follow_redirects=False, verify=self._trusted()
        )

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    def _trusted(self) -> ssl.SSLContext | bool:
        if self._ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=str(self._ca_file))
        except (OSError, ssl.SSLError) as error:
            raise self.unusable(f"its certificates in {self._ca_file} can't be read") from error

    def get(self, address: str, *, bearer: str | None = None) -> tuple[str, bytes]:
        """Media type and body of what lies there; `Unavailable` where there is no proper answer."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        status, kind, body = self._send("GET", address, headers=headers)
        if status != 200:
            raise self.unusable(f"it answered {status}")
        return kind, body

    def get_json(self, address: str) -> dict[str, Any]:
        return self.object_of(self.get(address)[1])

    def post(
        self, address: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of the answer to a form; statuses of the server's own failures raise `Unavailable`."""
        status, _kind, body = self._send("POST", address, data=dict(form), headers=dict(headers or {}))
        if status >= 500 or status == 429 or 300 <= status < 400:
            raise self.unusable(f"it answered {status}")
        return status, self.object_of(body) if body.strip() else {}

    def object_of(self, body: bytes) -> dict[str, Any]:
        try:
            found = json.loads(body)
        except ValueError as error:
            raise self.unusable("its answer is no JSON") from error
        if not isinstance(found, dict):
            raise self.unusable("its answer is no JSON object")
        return found

    def unusable(self, reason: str) -> Unavailable:
        return Unavailable(
            f"'{self._title}' can't be used for signing in right now: {reason}.",
            remedy="Sign in another way, or try again in a few minutes.",
            field="provider",
        )

    def _send(self, method: str, address: str, **options: Any) -> tuple[int, str, bytes]:
        if not is_safe_address(address):
            raise self.unusable(f"its address {address[:100]} is not https")
        try:
            with self._http.stream(method, address, **options) as answer:
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _LARGEST:
                        raise self.unusable("its answer is too large")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self.unusable(f"it does not answer ({type(error).__name__})") from error
        return answer.status_code, answer.headers.get("content-type", "").partition(";")[0].strip().lower(), body
