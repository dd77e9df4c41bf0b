"""`spec.json`: work as its supervisor reads it, the same under every engine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pandaas.model import Unavailable
from pandaas.runtime.engines.port import ExitReason, Template, WorkSpec
from pandaas.runtime.sandbox import Command, Sandbox
from pandaas.runtime.supervisor import write_atomically


def write_spec(work: WorkSpec, sandbox: Sandbox, *, cores: int, cgroup: dict[str, Any] | None) -> None:
    """Write the work down in its folder; `Unavailable` when that can't be."""
    command = sandbox.command(work.argv, work.confinement)
    spec = describe_spec(work, command, cores=cores, cgroup=cgroup) | {"warm": _warm(work, sandbox)}
    try:
        write_atomically(str(work.folder.absolute() / "spec.json"), spec)
    except OSError as error:
        raise Unavailable(f"The work could not be written down: {error.strerror}.") from error


def describe_spec(work: WorkSpec, command: Command, *, cores: int, cgroup: dict[str, Any] | None) -> dict[str, Any]:
    """What `spec.json` says of work that is run by this command."""
    return {
        "argv": list(command.argv),
        "env": command.env,
        "cwd": command.cwd,
        "isolated": command.isolated,
        "cgroup": cgroup,
        "time_limit_s": work.time_limit_s,
        "memory_mb": work.memory_mb,
        "output_mb": work.output_mb,
        "writable": [str(folder.absolute()) for folder in work.confinement.writable],
        "processes": work.confinement.processes,
        "cores": cores,
        "share": work.share,
        "gpu": work.confinement.gpu,
    }


def _warm(work: WorkSpec, sandbox: Sandbox) -> dict[str, Any] | None:
    """How the work is forked from its template; None where that can't be kept as isolated as otherwise."""
    template = work.template
    if template is None or not sandbox.works:
        return None
    words = list(sandbox.command(work.argv, work.confinement).argv)
    account = work.confinement.account
    return describe_template(template, sandbox) | {
        "words": words[1 : words.index("--")],
        "arguments": list(template.arguments),
        "awaited": template.awaited,
        "cwd": str(work.confinement.cwd),
        "uid": account.uid if account else None,
    }


def describe_template(template: Template, sandbox: Sandbox) -> dict[str, Any]:
    """Its key, which says all that work sharing it has in common, and its command."""
    outer, account = sandbox.command(template.argv, template.confinement), template.confinement.account
    argv = [word for word in outer.argv if word != "--die-with-parent"]  # it ends after its last job instead
    same = [argv, outer.env, template.owner, account.__dict__ if account else None]
    return {
        "key": hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest(),
        "template": {"argv": argv, "env": outer.env},
    }


def never_ran(reason: ExitReason = "cancelled", detail: str = "") -> dict[str, Any]:
    """The exit record of work that never began."""
    return {
        "code": None,
        "signal": None,
        "reason": reason,
        "wall_s": 0.0,
        "cpu_s": 0.0,
        "max_rss_mb": 0.0,
        "started": 0.0,
        "ended": 0.0,
        "detail": detail,
    }
