"""Work that is submitted as a person's own account: a folder of hers for what her supervisor writes, and bringing that back.

    FOLDER/        the platform's; she may pass through it, and write none of it
    FOLDER/own/    hers: spec.json, and what the supervisor writes (log.txt, supervisor.json, claim, exit.json)

What she can write is never written to by the platform, and read only as user code's files are: regular files, no links. A
record that she forged says untrue things of her own work only.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from pandaas.model import InvalidInput, PandaasError
from pandaas.runtime.engines.port import ExitReason, ExitRecord, WorkSpec
from pandaas.runtime.engines.spec import write_spec
from pandaas.runtime.files import give, read_bytes, read_json
from pandaas.runtime.sandbox import Account, Sandbox
from pandaas.runtime.supervisor import write_atomically

OWN = "own"
_PIECE = 1_048_576
_PIECES = 16  # of the log, at once


def account_name(account: Account | None) -> str:
    """The name of this Unix account; empty where it is none, or has rights for this work that it has not by itself."""
    if account is None:
        return ""
    try:
        entry = pwd.getpwuid(account.uid)
    except KeyError:
        return ""
    groups = {*os.getgrouplist(entry.pw_name, entry.pw_gid)}
    return entry.pw_name if {account.gid, *account.groups} <= groups else ""


def hand_over(work: WorkSpec, folder: Path, account: Account, sandbox: Sandbox, *, cores: int) -> None:
    """Write the work down so that its own account can run it. `InvalidInput` where that can't reach it."""
    _check_way(folder, account)
    unaccounted = replace(work, confinement=replace(work.confinement, account=None))
    write_spec(unaccounted, sandbox.unprivileged(), cores=cores, cgroup=None)
    own = folder / OWN
    shutil.rmtree(own, ignore_errors=True)  # of a crash: it may be hers already, and is not written into then
    own.mkdir(mode=0o700)
    shutil.copyfile(folder / "spec.json", own / "spec.json")
    for path in (own / "spec.json", own):
        give(path, account)
    folder.chmod(0o711)


def is_handed_over(folder: Path) -> bool:
    return (folder / OWN).is_dir()


def is_claimed(folder: Path) -> bool:
    """A batch job has begun this work."""
    return any((place / "claim").exists() for place in (folder, folder / OWN))


def bring_back(folder: Path) -> None:
    """Copy what her supervisor has written to where the platform looks for it."""
    own = folder / OWN
    if not own.is_dir() or (folder / "exit.json").exists():
        return
    record = _record(own)
    _more_of_the_log(own, folder / "log.txt")
    begun = _json(own / "supervisor.json")
    if isinstance(begun, dict) and not (folder / "supervisor.json").exists():
        write_atomically(
            str(folder / "supervisor.json"), {name: begun.get(name) for name in ("pid", "start_ticks", "boot")}
        )
    if record is not None:
        write_atomically(str(folder / "exit.json"), asdict(record))


def _record(own: Path) -> ExitRecord | None:
    """How it ended, as far as it is told in the form that it has to have."""
    tree = _json(own / "exit.json")
    if not isinstance(tree, dict) or tree.get("reason") not in get_args(ExitReason):
        return None
    numbers: dict[str, Any] = {}
    for name in ("wall_s", "cpu_s", "max_rss_mb", "started", "ended"):
        value = tree.get(name)
        numbers[name] = float(value) if isinstance(value, int | float) and 0 <= value < 1e12 else 0.0
    code, signal = (value if isinstance(value := tree.get(name), int) else None for name in ("code", "signal"))
    return ExitRecord(code, signal, tree["reason"], **numbers, detail=str(tree.get("detail") or "")[:500])


def _more_of_the_log(own: Path, log: Path) -> None:
    try:
        for _piece in range(_PIECES):
            more = read_bytes(own / "log.txt", offset=log.stat().st_size if log.exists() else 0, limit=_PIECE)
            if not more:
                return
            with log.open("ab") as stream:
                stream.write(more)
    except (PandaasError, OSError):
        return  # what is no file has no text


def _json(file: Path) -> Any:
    try:
        return read_json(file)
    except (PandaasError, OSError):
        return None


def _check_way(folder: Path, account: Account) -> None:
    """Her batch job reaches the folder by its path, unlike work that the platform starts itself."""
    for place in reversed(folder.parents):
        found = place.stat()
        if found.st_uid == account.uid:
            allowed = found.st_mode & stat.S_IXUSR
        elif found.st_gid in {account.gid, *account.groups}:
            allowed = found.st_mode & stat.S_IXGRP
        else:
            allowed = found.st_mode & stat.S_IXOTH
        if not allowed:
            raise InvalidInput(
                f"Jobs are submitted as persons (runtime.slurm.submit_as), but her account can't pass through {place}.",
                remedy=f"The operator runs: chmod o+x {place}",
                field="engine",
            )
