"""Chains of recipes: started by `client.run_chain`, watched, restarted, and the way to their results."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pandaas.client.datasets import Dataset
from pandaas.client.jobs import JobFailed
from pandaas.client.transport import Transport

_FIRST_POLL_S = 0.2
_SLOWEST_POLL_S = 2.0


class ChainRun:
    """A chain at work: its steps are jobs."""

    def __init__(self, transport: Transport, record: dict[str, Any]) -> None:
        self._transport = transport
        self._record = record

    @classmethod
    def load(cls, transport: Transport, run_id: str) -> ChainRun:
        return cls(transport, transport.json("GET", f"/chain-runs/{run_id}"))

    @property
    def id(self) -> str:
        return str(self._record["id"])

    @property
    def state(self) -> str:
        """running, succeeded, failed or cancelled, as of the last `refresh` or `wait`."""
        return str(self._record["state"])

    @property
    def record(self) -> dict[str, Any]:
        """All that the service says of the run, as of the last `refresh` or `wait`."""
        return self._record

    def refresh(self) -> ChainRun:
        self._record = self._transport.json("GET", f"/chain-runs/{self.id}")
        return self

    def wait(self, timeout: float | None = None, *, check: bool = True) -> ChainRun:
        """Wait for its end. `JobFailed` when a step has no result (not with `check=False`), `TimeoutError` after
        `timeout` seconds; the run goes on then."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_POLL_S
        while self.refresh().state == "running":
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"Run {self.id} is not done after {timeout} s; it goes on.")
            time.sleep(pause)
            pause = min(pause * 1.5, _SLOWEST_POLL_S)
        if check and self.state != "succeeded":
            raise self._failure()
        return self

    @property
    def results(self) -> dict[str, Dataset]:
        """What each step made, by its name."""
        made = {step["name"]: step["result"] for step in self._record["steps"] if step["result"]}
        return {name: Dataset.load(self._transport, pid) for name, pid in made.items()}

    @property
    def result(self) -> Dataset:
        """What the last step made. `JobFailed` where nothing was made."""
        if not self._record["result"]:
            raise self._failure()
        return Dataset.load(self._transport, self._record["result"])

    def cancel(self) -> ChainRun:
        self._record = self._transport.json("POST", f"/chain-runs/{self.id}/cancel")
        return self

    def restart(
        self, parameters: Mapping[str, Mapping[str, Any]] | None = None, first: tuple[str, ...] = ()
    ) -> ChainRun:
        """Go on where it stopped; `first` steps run again although they have a result."""
        body = {"parameters": dict(parameters or {}), "first": list(first)}
        self._record = self._transport.json("POST", f"/chain-runs/{self.id}/restart", body=body)
        return self

    def __repr__(self) -> str:
        return f"<ChainRun {self.id} {self._record['chain']} {self.state}>"

    def _failure(self) -> JobFailed:
        failed = next((step for step in self._record["steps"] if step["failure"]), None)
        if failed is None:
            return JobFailed(f"The run {self.id} is {self.state} and has no result.")
        return JobFailed(f"Step '{failed['name']}': {failed['failure']}", remedy=failed["remedy"])
