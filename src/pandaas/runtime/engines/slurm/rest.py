"""Slurm by its REST service `slurmrestd`, with a token for the account whose jobs they are (`tokens`).

Speaks version 0.0.38 (Slurm 21.08 to 23.02). It answers 500 to whatever goes wrong, so what an error means is told by its words.
`slurmrestd` gives no memory used; the supervisor's record has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from pandaas.config import SlurmSettings
from pandaas.model import InvalidInput, Unavailable
from pandaas.runtime.engines.slurm.command import SAID_FOR_LATER
from pandaas.runtime.engines.slurm.driver import Accounted, NodeSize, QueueEntry, Submission
from pandaas.runtime.engines.slurm.tokens import Tokens

_VERSION = "v0.0.38"
_NOT_THERE = "Nothing found with query"
_FOREVER = 4_000_000_000  # Slurm's words for "no time" are numbers above this


class RestDriver:
    """See `SlurmDriver`. A token that has run out is as good as a silent Slurm: work keeps its state until there is one."""

    def __init__(self, settings: SlurmSettings, *, transport: httpx.BaseTransport | None = None) -> None:
        if settings.options or any(rule.options for rule in settings.recipes):
            raise InvalidInput(
                "slurmrestd takes no options of `sbatch`.",
                remedy="Remove `options` or `rest_url`.",
                field="runtime.slurm.options",
            )
        self._settings = settings
        self._tokens = Tokens(settings)
        self.user = self._tokens.service
        self._client = httpx.Client(
            base_url=str(settings.rest_url), timeout=settings.timeout_s, transport=transport, trust_env=False
        )

    def close(self) -> None:
        self._client.close()

    def submit(self, submission: Submission) -> str:
        asked = submission.directives
        job: dict[str, Any] = {
            "name": submission.name,
            "current_working_directory": "/",
            "standard_output": str(submission.log),
            "environment": {"PATH": "/usr/local/bin:/usr/bin:/bin"},
            "requeue": False,
            "nodes": 1,
            "tasks": 1,
            "cpus_per_task": submission.cores,
            "memory_per_node": submission.memory_mb,
            "time_limit": -(-submission.time_limit_s // 60),
        }
        job |= {name: value for name in ("partition", "account", "qos") if (value := getattr(asked, name))}
        if submission.tasks > 1:
            job["array"] = f"0-{submission.tasks - 1}"
        if asked.gpus:
            job["tres_per_node"] = f"gres:gpu:{asked.gpus}"
        body = {"script": submission.script, "job": job}
        answer = self._answer("POST", "slurm", "job/submit", body, user=submission.user)
        number = answer.get("job_id")
        if not isinstance(number, int) or number <= 0:
            raise Unavailable("slurmrestd took a job but gave no number.")
        return str(number)

    def find(self, name: str, user: str = "") -> str | None:
        owner = user or self.user
        return next((one.job for one in self.own() if one.name == name and one.user == owner), None)

    def own(self) -> list[QueueEntry]:
        of_persons = self._settings.submit_as == "person"
        entries = [_entry(job) for job in self._jobs()]
        return [one for one in entries if one.user == self.user or (of_persons and one.name.startswith("pandaas-"))]

    def pending(self) -> list[QueueEntry]:
        return [entry for job in self._jobs() if (entry := _entry(job)).state == "PENDING"]

    def accounted(self, jobs: Sequence[str]) -> list[Accounted]:
        found = []
        for job in jobs:
            try:
                answer = self._answer("GET", "slurmdb", f"job/{quote(job)}")
            except Unavailable as error:
                if _NOT_THERE in error.detail:  # not yet, or not any more
                    continue
                raise
            told = [_accounted(tree) for tree in _list(answer, "jobs")]
            found += [entry for entry in told if entry.job == job]
        return found

    def cancel(self, job: str, name: str, user: str = "") -> None:
        if any(one.job == job and one.name == name for one in self.own()):
            self._answer("DELETE", "slurm", f"job/{quote(job)}", user=user)

    def node_size(self) -> NodeSize:
        partition = self._settings.partition
        nodes = [
            node
            for node in _list(self._answer("GET", "slurm", "nodes"), "nodes")
            if not partition or partition in (node.get("partitions") or [])
        ]
        if not nodes:
            raise Unavailable("Slurm shows no nodes.", remedy="Check runtime.slurm.partition.")
        return NodeSize(max(_whole(node, "cpus") for node in nodes), max(_whole(node, "real_memory") for node in nodes))

    def _jobs(self) -> list[dict[str, Any]]:
        return _list(self._answer("GET", "slurm", "jobs"), "jobs")

    def _answer(
        self, method: str, part: str, path: str, body: Mapping[str, Any] | None = None, *, user: str = ""
    ) -> dict[str, Any]:
        headers = {"X-SLURM-USER-NAME": user or self.user, "X-SLURM-USER-TOKEN": self._tokens.of(user)}
        try:
            response = self._client.request(method, f"/{part}/{_VERSION}/{path}", json=body, headers=headers)
            tree = response.json()
        except RuntimeError as error:  # closed while it was asked: the platform ends
            if not self._client.is_closed:
                raise
            raise Unavailable("The platform ends.") from error
        except httpx.TimeoutException as error:
            raise Unavailable(f"slurmrestd did not answer within {self._settings.timeout_s:g} s.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"slurmrestd does not answer: {type(error).__name__}.") from error
        errors = _list(tree, "errors")
        if response.status_code < 400 and not errors and isinstance(tree, dict):
            return tree
        said = "; ".join(str(error.get("error") or error.get("description")) for error in errors)
        refused = errors and not any(word in said.lower() for word in SAID_FOR_LATER)
        if (
            method == "POST"
            and refused
            and any(error.get("error_code") or error.get("error_number") for error in errors)
        ):
            raise InvalidInput(f"Slurm refused the job: {said}", remedy="Choose another engine, or tell the operator.")
        raise Unavailable(f"Slurm does not answer: {said or f'HTTP {response.status_code}'}")


def _entry(job: Mapping[str, Any]) -> QueueEntry:
    start = _whole(job, "start_time")
    task = str(job.get("job_id"))
    return QueueEntry(
        str(_whole(job, "array_job_id") or task),
        str(job.get("name")),
        str(job.get("job_state")),
        str(job.get("state_reason") or ""),
        float(start) if 0 < start < _FOREVER else None,
        _whole(job, "priority"),
        str(job.get("partition") or ""),
        task,
        str(job.get("user_name") or ""),
        float(_whole(job, "submit_time")),
    )


def _accounted(job: Mapping[str, Any]) -> Accounted:
    times, code = job.get("time") or {}, job.get("exit_code") or {}
    steps = sum(_cpu_s(step.get("time") or {}) for step in _list(job, "steps"))
    task = str(job.get("job_id"))
    return Accounted(
        str(_whole(job.get("array") or {}, "job_id") or task),
        str((job.get("state") or {}).get("current")),
        _whole(code, "return_code"),
        _whole(code.get("signal") or {}, "signal_id"),
        float(_whole(times, "elapsed")),
        max(_cpu_s(times), steps),
        0.0,
        float(_whole(times, "start")),
        float(_whole(times, "end")),
        str(job.get("nodes") or ""),
        task,
        str(job.get("name") or ""),
        float(_whole(times, "submission")),
    )


def _cpu_s(times: Mapping[str, Any]) -> float:
    total = times.get("total") or {}
    return float(_whole(total, "seconds") + _whole(total, "microseconds") / 1e6)


def _list(tree: Any, name: str) -> list[dict[str, Any]]:
    found = tree.get(name) if isinstance(tree, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _whole(tree: Mapping[str, Any], name: str) -> int:
    value = tree.get(name)
    return value if isinstance(value, int) else 0
