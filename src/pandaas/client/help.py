"""Requests for help: `client.help`."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pandaas.client.datasets import Dataset
from pandaas.client.jobs import Job
from pandaas.client.transport import Transport


class HelpDesk:
    """Ask for help, read and answer requests. Answers are dictionaries as the service gives them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def draft(
        self, *, job: Job | str | None = None, session: str | None = None, dataset: Dataset | str | None = None
    ) -> dict[str, Any]:
        """What would go with a request about something: `facts`, `datasets`, `log`, and who is told. Nothing is sent."""
        about = {"job": getattr(job, "id", job), "session": session, "dataset": getattr(dataset, "pid", dataset)}
        found: dict[str, Any] = self._transport.json(
            "GET", "/support/draft", **{name: value for name, value in about.items() if value is not None}
        )
        return found

    def ask(
        self,
        subject: str,
        text: str,
        *,
        job: Job | str | None = None,
        session: str | None = None,
        datasets: Sequence[Dataset | str] = (),
        instrument: str | None = None,
        facts: Mapping[str, str] | None = None,
        log: str | None = None,
        pictures: Sequence[str | Path] = (),
        people: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Send a request (text in Markdown). `pictures` are PNG or JPEG files, `people` user names of further readers.

        Only what is given here is sent; `draft` proposes facts and the end of the log.
        """
        body: dict[str, Any] = {"subject": subject, "text": text, "log": log, "instrument": instrument}
        body |= {"session": session, "job": getattr(job, "id", job), "people": list(people)}
        body |= {"datasets": [getattr(one, "pid", one) for one in datasets], "pictures": _pictures(pictures)}
        body |= {"facts": [{"name": name, "value": value} for name, value in (facts or {}).items()]}
        return self._post("/support/requests", body)

    def list(
        self, *, inbox: bool = False, whose: str = "all", state: Sequence[str] = (), limit: int = 50
    ) -> list[dict[str, Any]]:
        """Your requests, or with `inbox` those that you may answer; `whose` is all, mine or unassigned."""
        box = "inbox" if inbox else "mine"
        found = self._transport.json("GET", "/support/requests", box=box, whose=whose, state=[*state], limit=limit)
        requests: list[dict[str, Any]] = found["requests"]
        return requests

    def get(self, request_id: str) -> dict[str, Any]:
        """One request with its thread."""
        found: dict[str, Any] = self._transport.json("GET", _at(request_id))
        return found

    def reply(
        self, request_id: str, text: str, *, state: str = "answered", pictures: Sequence[str | Path] = ()
    ) -> dict[str, Any]:
        """Write to a request. What staff write answers it, or asks back with `state="waiting"`."""
        body = {"text": text, "state": state, "pictures": _pictures(pictures)}
        return self._post(f"{_at(request_id)}/messages", body)

    def close(self, request_id: str) -> dict[str, Any]:
        return self._put(f"{_at(request_id)}/state", {"state": "closed"})

    def reopen(self, request_id: str) -> dict[str, Any]:
        return self._put(f"{_at(request_id)}/state", {"state": "open"})

    def assign(self, request_id: str, user: str | None) -> dict[str, Any]:
        """Say who of the staff looks after it; None for nobody."""
        return self._put(f"{_at(request_id)}/assigned", {"user": user})

    def share(self, request_id: str, user: str) -> dict[str, Any]:
        """Let somebody else read a request of yours and write to it."""
        return self._put(f"{_at(request_id)}/people/{quote(user, safe='')}", None)

    def unshare(self, request_id: str, user: str) -> None:
        self._transport.json("DELETE", f"{_at(request_id)}/people/{quote(user, safe='')}")

    def _post(self, address: str, body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._transport.json("POST", address, body=body)
        return found

    def _put(self, address: str, body: dict[str, Any] | None) -> dict[str, Any]:
        found: dict[str, Any] = self._transport.json("PUT", address, body=body)
        return found


def _at(request_id: str) -> str:
    return f"/support/requests/{quote(request_id, safe='')}"


def _pictures(files: Sequence[str | Path]) -> list[dict[str, str]]:
    found = [Path(file) for file in files]
    return [{"name": file.name, "content": base64.b64encode(file.read_bytes()).decode("ascii")} for file in found]
