"""A JupyterHub in memory, as its REST API answers, for tests: `transport` goes to the provider, `faults` are injected."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx

Answer = Callable[[httpx.Request], httpx.Response]
TOKEN = "a-token-of-the-hub"  # noqa: S105 - of this fake


@dataclass
class FakeHub:
    """`users` are servers by name, `looks` how often a server is seen starting, `faults` answers by method and path."""

    users: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    looks: int = 1
    named: bool = True
    down: bool = False
    faults: dict[tuple[str, str], Answer] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # words by path of the server
    active: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/hub/api")
        self.asked.append((request.method, path))
        if self.down:
            raise httpx.ConnectError("nobody listens", request=request)
        fault = self.faults.get((request.method, path))
        if fault is not None:
            return fault(request)
        if request.headers.get("authorization") != f"token {TOKEN}":
            return _said(403, "Missing or invalid credentials.")
        _, _, user, *rest = map(unquote, path.split("/"))
        if user not in self.users:
            return _said(404, None)
        if not rest:
            return httpx.Response(200, json={"name": user, "servers": self._seen(self.users[user])})
        return self._server(request, user, rest)

    def _server(self, request: httpx.Request, user: str, rest: list[str]) -> httpx.Response:
        name = rest[1] if rest[0] == "servers" else ""
        if rest[-1] == "progress":
            return self._progress(user, name)
        if request.method == "DELETE":
            self.users[user].pop(name, None)
            return httpx.Response(204)
        if name and not self.named:
            return _said(400, "Named servers are not enabled.")
        base = f"/user/{user}/{name}/" if name else f"/user/{user}/"
        self.users[user][name] = {
            "name": name, "ready": False, "pending": "spawn", "stopped": False, "url": base,
            "user_options": json.loads(request.content or b"{}"), "looks": 0,
        }  # fmt: skip
        return httpx.Response(202)

    def _seen(self, servers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for one in servers.values():
            one["looks"] += 1
            if one["looks"] > self.looks:
                one |= {"ready": True, "pending": None, "last_activity": self.active.isoformat()}
        return servers

    def _progress(self, user: str, name: str) -> httpx.Response:
        words = self.failed.get(f"{user}/{name}")
        if words is not None:
            return _events({"progress": 100, "failed": True, "message": words})
        if name not in self.users[user]:
            return _said(404, None)
        return _events({"progress": 0, "message": "Server requested"}, {"progress": 40, "message": "Pulling the image"})


def _said(status: int, message: str | None) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "message": message})


def _events(*events: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, text="".join(f"data: {json.dumps(one)}\n\n" for one in events))
