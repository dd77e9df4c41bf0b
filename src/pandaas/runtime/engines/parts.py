"""Work in blocks as the commands of its parts: `plan` and `finish` where it is led, `process` wherever a part is done.

Each is the SDK's own command in the job's sandbox. A part runs in a folder of its own below `tries`, whose place in the
commands is kept by @TRY@, and its blocks by @BLOCKS@.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from pandaas.config import package_folder
from pandaas.runtime.engines.port import WorkSpec
from pandaas.runtime.engines.spec import describe_spec
from pandaas.runtime.files import read_json
from pandaas.runtime.sandbox import Bind, Command, Sandbox


def in_parts(work: WorkSpec, sandbox: Sandbox, *, cores: int) -> dict[str, Any]:
    """The commands, for parts of so many cores: `plan`, `process` (as `task.run_in_folder` takes it) and `finish`."""
    blocks = work.blocks
    if blocks is None:
        raise ValueError("the work is not in blocks")
    job = read_json(blocks.description, limit=16_777_216)
    job["cores"] = cores
    confined = work.confinement
    shown = tuple(bind for bind in confined.read_only if bind.source != blocks.description)
    inside = replace(
        confined,
        read_only=(*shown, Bind(_later(work.folder, "job.json"))),
        writable=(_later(work.folder, "output"),),
        cwd=_later(work.folder, "output"),
        cores=cores,
    )
    argv = (
        *blocks.command,
        "process",
        "@TRY@/job.json",
        "--blocks",
        "@BLOCKS@",
        "--partial",
        "@TRY@/output/partial.npz",
    )
    command = _in_try(sandbox.command(argv, inside), work.folder)
    spec = describe_spec(replace(work, confinement=inside), command, cores=cores, cgroup=None)
    spec["writable"] = ["@TRY@/output"]
    spec["warm"] = None
    finishing = replace(confined, read_only=(*confined.read_only, Bind(work.folder / "tries")))
    return {
        "blocks": True,
        "plan": _as_json(sandbox.command((*blocks.command, "plan", str(blocks.description)), confined)),
        "process": {"spec": spec, "job": {**job, "output": "@TRY@/output"}, **numbers_of(work)},
        "finish": _as_json(sandbox.command((*blocks.command, "finish", str(blocks.description)), finishing)),
    }


def numbers_of(work: WorkSpec) -> dict[str, Any]:
    """The account of the work, as `task.run_in_folder` takes it."""
    account = work.confinement.account
    return {"uid": account.uid if account else None, "gid": account.gid if account else None}


def supervised_by(python: Path) -> dict[str, Any]:
    """The command of a part's supervisor."""
    return {
        "argv": [str(python), "-S", "-m", "pandaas.runtime.supervisor", "--attached"],
        "env": {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(package_folder().parent)},
    }


def _later(folder: Path, name: str) -> Path:
    """A path in the folder of a try, as deep as that will be."""
    return folder / "tries" / "@TRY-NAME@" / name


def _in_try(command: Command, folder: Path) -> Command:
    before, after = str(folder / "tries" / "@TRY-NAME@"), "@TRY@"
    return replace(
        command,
        argv=tuple(word.replace(before, after) for word in command.argv),
        cwd=command.cwd.replace(before, after),
    )


def _as_json(command: Command) -> dict[str, Any]:
    return {"argv": list(command.argv), "env": command.env, "cwd": command.cwd}
