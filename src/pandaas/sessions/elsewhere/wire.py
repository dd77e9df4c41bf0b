"""Requests to a hub's REST API: short patience, bounded answers, no redirects; the token is in a header and nowhere else."""

from __future__ import annotations

import json
import ssl
import time
from functools import cached_property
from typing import Any

import httpx

from pandaas import __version__
from pandaas.config import SessionProviderSettings
from pandaas.model import Unavailable

_TIMEOUT = httpx.Timeout(20, connect=3)  # a hub answers a start after 10 s at the latest
_LARGEST = 1024 * 1024
_PROGRESS_S = 1.0
_WORDS = 300


class HubWire:
    """`transport` replaces the network in tests. `ask` raises `Unavailable` where there is no answer of the hub's."""

    def __init__(self, settings: SessionProviderSettings, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        self._base = settings.api_url or f"{settings.url}/hub/api"
        self._transport = transport

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and JSON object (empty where it is none) of what the hub itself answers, errors up to 500 included."""
        try:
            with self._http.stream(method, self._base + path, json=body, headers=self._signed()) as answer:
                status, read = answer.status_code, _bounded(answer, _LARGEST)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._silent(type(error).__name__) from error
        except RuntimeError as error:  # closed while it was asked: the platform ends
            raise Unavailable("The platform ends.") from error
        if status > 500 or 300 <= status < 400 or (status == 401):
            raise self._silent(f"HTTP {status}")
        try:
            tree = json.loads(read)
        except (ValueError, RecursionError):
            tree = None
        if status == 200 and not isinstance(tree, dict):
            raise self._silent("no JSON")
        if status >= 400 and not (isinstance(tree, dict) and "message" in tree):
            # A proxy's own word: the hub behind it is not there yet, or not any more.
            raise self._silent(f"HTTP {status}")
        return status, tree if isinstance(tree, dict) else {}

    def progress(self, path: str) -> dict[str, Any]:
        """The last of what a stream of events (`data: {…}`) has to say within a second; empty where it is silent."""
        read = b""
        try:
            patience = httpx.Timeout(3, read=_PROGRESS_S)
            with self._http.stream("GET", self._base + path, headers=self._signed(), timeout=patience) as answer:
                if answer.status_code != 200:
                    return {}
                end = time.monotonic() + _PROGRESS_S
                for piece in answer.iter_bytes():
                    read += piece
                    if len(read) > _LARGEST or time.monotonic() > end:
                        break
        except (httpx.HTTPError, RuntimeError):
            pass  # what came until then counts
        return _last_event(read)

    @cached_property
    def _http(self) -> httpx.Client:
        headers = {"User-Agent": f"pandaas/{__version__}", "Accept": "application/json", "Accept-Encoding": "identity"}
        return httpx.Client(
            timeout=_TIMEOUT, headers=headers, transport=self._transport, follow_redirects=False, trust_env=False,
            verify=self._trusted(),
        )  # fmt: skip

    def _trusted(self) -> ssl.SSLContext | bool:
        if self._settings.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=str(self._settings.ca_file))
        except (OSError, ssl.SSLError) as error:
            raise self._silent(f"its certificates in {self._settings.ca_file} can't be read") from error

    def _signed(self) -> dict[str, str]:
        """Read anew each time: it may be exchanged while the platform runs."""
        file = self._settings.token_file
        try:
            token = file.read_text("utf-8").strip() if file is not None else ""
        except (OSError, UnicodeDecodeError):
            token = ""
        if not (token.isascii() and token.isprintable() and token):
            raise Unavailable(
                f"{self._settings.title} can't be used: there is no token for it.",
                remedy="Tell the operator (token_file of sessions.providers).",
            )
        return {"Authorization": f"token {token}"}

    def _silent(self, why: str) -> Unavailable:
        return Unavailable(
            f"{self._settings.title} does not answer ({why}).", remedy="It is asked again; wait a moment."
        )


def said(tree: dict[str, Any]) -> str:
    """The message in an answer of the hub's, fit to be shown."""
    text = tree.get("message")
    if not isinstance(text, str):
        return ""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:_WORDS]


def _bounded(answer: httpx.Response, most: int) -> bytes:
    read = b""
    for piece in answer.iter_bytes():
        read += piece
        if len(read) > most:
            raise httpx.DecodingError("the answer is too large")
    return read


def _last_event(read: bytes) -> dict[str, Any]:
    for line in reversed(read.splitlines()):
        if line.startswith(b"data:"):
            try:
                tree = json.loads(line[5:])
            except (ValueError, RecursionError):
                continue
            if isinstance(tree, dict):
                return tree
    return {}
