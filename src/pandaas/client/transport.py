"""Requests to a PaN-DAaS: authentication, retries, and problem details turned back into the errors of the model."""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import httpx

from pandaas import __version__
from pandaas.client.kept import kept
from pandaas.model import InvalidInput, PandaasError, Unavailable

DEFAULT_URL = "http://127.0.0.1:8000"
_TIMEOUT = httpx.Timeout(300, connect=10)
_ATTEMPTS = 4
_LONGEST_PAUSE_S = 10.0
_AT_ONCE = 6  # requests of one client


class Transport:
    """One connection pool. Safe reads are tried again when the network or the service stumbles."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        verify: bool | str = True,
    ) -> None:
        self.url = (url or os.environ.get("PANDAAS_URL") or DEFAULT_URL).rstrip("/")
        secret = token if token is not None else os.environ.get("PANDAAS_TOKEN")
        _check_address(self.url, bool(secret))
        if secret is None and transport is None:
            secret = kept(self.url)
            _check_address(self.url, bool(secret))
        headers = {"User-Agent": f"pandaas-client/{__version__}", "X-PaNDAaS": "1"}
        if secret:
            headers["Authorization"] = f"Bearer {secret.strip()}"
        self._http = httpx.Client(
            base_url=self.url, headers=headers, timeout=_TIMEOUT, transport=transport, verify=_tls(verify)
        )
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._http.close()

    def at_once(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Do tasks that each send a request, a few at the same time. The first error ends what has not begun."""
        with self._lock:
            self._pool = self._pool or ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pandaas")
            waiting = [self._pool.submit(task) for task in tasks]
        try:
            for one in waiting:
                one.result()
        finally:
            for one in waiting:
                one.cancel()
            wait(waiting)

    def json(self, method: str, address: str, /, *, body: Any = None, **query: Any) -> Any:
        """Ask for JSON; None where the answer is empty."""
        answer = self.request(method, address, json=body, params=_without_none(query))
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise Unavailable(
                f"{self.url} answers, but not as PaN-DAaS does.",
                remedy="Check the address (PANDAAS_URL): it is that of the start page.",
            ) from error

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, or raise the error that the answer stands for.

        GET is repeated after connection failures and while the service says that it is busy.
        """
        attempts = _ATTEMPTS if method == "GET" else 1
        for attempt in range(1, attempts + 1):
            try:
                answer = self._http.request(method, f"/api/v1{path}", **_given(options))
            except httpx.TransportError as error:
                if attempt == attempts:
                    raise self._unreachable(error) from error
                time.sleep(_pause(attempt, None))
                continue
            if answer.status_code not in (429, 502, 503, 504) or attempt == attempts:
                break
            time.sleep(_pause(attempt, answer.headers.get("Retry-After")))
        if answer.is_error:
            raise error_of(answer)
        return answer

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str], **query: Any) -> Iterator[httpx.Response]:
        """An answer whose body is read piece by piece."""
        try:
            with self._http.stream("GET", f"/api/v1{path}", headers=headers, params=_without_none(query)) as answer:
                if answer.is_error:
                    answer.read()
                    raise error_of(answer)
                yield answer
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx.TransportError) -> Unavailable:
        return Unavailable(
            f"{self.url} does not answer ({str(error) or type(error).__name__}).",
            remedy="Check the address (PANDAAS_URL) and that the service runs.",
        )


def error_of(answer: httpx.Response) -> PandaasError:
    """The error behind an answer: by its problem type, else by its status."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    kind = str(problem.get("type", "")).removeprefix("urn:pandaas:")
    chosen = _BY_KIND.get(kind) or _BY_STATUS.get(answer.status_code)
    detail = str(problem.get("detail") or f"The service answered {answer.status_code} {answer.reason_phrase}.")
    if chosen is None:
        chosen = InvalidInput if answer.is_client_error else Unavailable
        if answer.status_code == 500 and problem.get("request_id"):
            detail += f" (request {problem['request_id']})"
    return chosen(detail, remedy=problem.get("remedy"), field=problem.get("field"))


def _tree(kind: type[PandaasError]) -> Iterator[type[PandaasError]]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("pandaas.model"):
            yield below
            yield from _tree(below)


_BY_KIND = {kind("").kind: kind for kind in _tree(PandaasError)}
_BY_STATUS = {kind.status: kind for kind in reversed(list(_tree(PandaasError)))} | {422: InvalidInput, 502: Unavailable}


def _check_address(url: str, has_token: bool) -> None:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"'{url}' is no address: {error}.", field="url") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidInput(f"'{url}' is no address.", remedy="Write it like https://data.example.org.", field="url")
    if has_token and parsed.scheme == "http" and not _is_loopback(parsed.host):
        raise InvalidInput(
            f"A token must not travel over plain HTTP to {parsed.host}, where others could read it.",
            remedy="Use the https address of the service.",
            field="url",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls(verify: bool | str) -> Any:
    if isinstance(verify, str):
        import ssl

        return ssl.create_default_context(cafile=verify)
    return verify


def _pause(attempt: int, retry_after: str | None) -> float:
    wished = float(retry_after) if retry_after and retry_after.isdigit() else 0.2 * 2**attempt
    return min(wished, _LONGEST_PAUSE_S)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _without_none(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None and value != []}
