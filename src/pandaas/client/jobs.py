"""Jobs: started by `client.run`, watched, cancelled, and the way to their results."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pandaas.client.datasets import Dataset
from pandaas.client.transport import Transport
from pandaas.model import JobState, PandaasError

_FIRST_POLL_S = 0.1
_SLOWEST_POLL_S = 2.0
_LOG_PIECE = 262_144


class JobFailed(PandaasError):
    """A job ended without a result; the message says why and what to do."""

    title = "The job has no result"


class Job:
    """A piece of analysis at work on the facility's computers."""

    def __init__(self, transport: Transport, record: dict[str, Any]) -> None:
        self._transport = transport
        self._record = record

    @classmethod
    def load(cls, transport: Transport, job_id: str) -> Job:
        return cls(transport, transport.json("GET", f"/jobs/{job_id}"))

    @property
    def id(self) -> str:
        return str(self._record["id"])

    @property
    def state(self) -> JobState:
        """As of the last `refresh` or `wait`."""
        return JobState(self._record["state"])

    @property
    def ended(self) -> bool:
        return self.state.is_final

    @property
    def record(self) -> dict[str, Any]:
        """All that the service says of the job, as of the last `refresh` or `wait`."""
        return self._record

    @property
    def queue(self) -> dict[str, Any] | None:
        """Where a waiting job stands, as of the last `refresh`: `place` (from 1) `of` so many, `reason` in words and
        `expected_start` (ISO 8601, UTC), each None or empty where the engine doesn't say; None when it doesn't wait."""
        found: dict[str, Any] | None = self._record.get("queue")
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self._record.get("warnings") or ())

    def refresh(self) -> Job:
        self._record = self._transport.json("GET", f"/jobs/{self.id}")
        return self

    def wait(self, progress: bool = True, timeout: float | None = None, *, check: bool = True) -> Job:
        """Wait until the job has ended; shows a bar on a terminal or in a notebook unless `progress` is False.

        Raises `JobFailed` when it ended without a result (not with `check=False`) and `TimeoutError` after `timeout`
        seconds; the job itself runs on then, as it does after Ctrl-C.
        """
        if progress:
            from pandaas.client.progress import job_bar

            with job_bar(self) as update:
                self._poll(timeout, update)
        else:
            self._poll(timeout, lambda _job: None)
        if check and self.state is not JobState.SUCCEEDED:
            raise self._failure()
        return self

    @property
    def results(self) -> tuple[Dataset, ...]:
        """The datasets that the job made. Raises `JobFailed` when it ended without any, or has not ended."""
        if not self.ended:
            self.refresh()
        if self.state is not JobState.SUCCEEDED:
            raise self._failure()
        if "parameters" not in self._record:
            self.refresh()
        return tuple(Dataset(self._transport, card) for card in self._record["outputs"])

    @property
    def result(self) -> Dataset:
        """The (first) dataset that the job made."""
        return self.results[0]

    def log(self) -> str:
        """All that the job has printed so far."""
        text, offset = "", 0
        while True:
            piece, following = self.log_from(offset)
            if not piece:
                return text
            text, offset = text + piece, following

    def log_from(self, offset: int) -> tuple[str, int]:
        """The log from byte `offset` (negative: from the end), and the offset to go on from."""
        query = {"offset": offset, "limit": _LOG_PIECE}
        answer = self._transport.request("GET", f"/jobs/{self.id}/log", params=query)
        following = int(answer.headers.get("X-Next-Offset", max(offset, 0) + len(answer.content)))
        return answer.content.decode("utf-8", "replace"), following

    def cancel(self) -> Job:
        self._record = self._transport.json("POST", f"/jobs/{self.id}/cancel")
        return self

    def retry(self) -> Job:
        """A new job with the same recipe version, inputs and parameters."""
        return Job(self._transport, self._transport.json("POST", f"/jobs/{self.id}/retry"))

    def __repr__(self) -> str:
        return f"<Job {self.id} {self._record['recipe']} {self.state}>"

    def _poll(self, timeout: float | None, update: Callable[[Job], None]) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_POLL_S
        update(self)
        while not self.ended:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"Job {self.id} is still {self.state} after {timeout} s; it runs on.")
            time.sleep(pause if left is None else min(pause, left))
            pause = min(pause * 1.5, _SLOWEST_POLL_S)
            self.refresh()
            update(self)

    def _failure(self) -> JobFailed:
        if not self.ended:
            return JobFailed(f"Job {self.id} is still {self.state}.", remedy="Call wait() first.")
        detail = self._record.get("failure") or f"Job {self.id} was {self.state}."
        return JobFailed(detail, remedy=self._record.get("remedy"))
