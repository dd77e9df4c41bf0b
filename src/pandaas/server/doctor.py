"""What this computer offers and what that enables: the checks behind `pandaas doctor` and the operator's page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from pandaas.config import Settings, bundled
from pandaas.runtime import LocalGpus, Runtime

_GB = 1e9
_LITTLE_GB, _TOO_LITTLE_GB = 10, 1
_PATIENCE_S = 10


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `missing` is nothing to worry about unless `enables` names what you want."""

    name: str
    state: Literal["ok", "missing", "degraded", "failed"]
    detail: str
    enables: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; takes a few seconds at most and changes nothing."""
    return [check(settings) for check in _CHECKS]


def _python(_settings: Settings) -> Finding:
    cores, memory = os.cpu_count() or 1, psutil.virtual_memory().total / _GB
    detail = f"{sys.version.split()[0]}, {cores} cores, {memory:.0f} GB memory"
    return Finding("Python", "ok", detail, "the platform itself")


def _isolation(settings: Settings) -> Finding:
    sandbox = Runtime.probe(settings)
    enables = "user code sees only its inputs and has no network; `serve` refuses without it"
    if sandbox.works:
        return Finding("Isolation", "ok", sandbox.level, enables)
    return Finding("Isolation", "failed", sandbox.warning or sandbox.level, enables)


def _database(settings: Settings) -> Finding:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return Finding("Database", "ok", "SQLite in the home", "one computer; set database.url for PostgreSQL")
    enables = "several processes and backups beside a running service"
    engine = create_engine(url, connect_args={"connect_timeout": _PATIENCE_S})
    try:
        with engine.connect() as connection:
            version = connection.execute(text("SHOW server_version")).scalar_one()
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        return Finding("Database", "failed", f"{url.host or 'local socket'} does not answer: {reason}", enables)
    finally:
        engine.dispose()
    return Finding("Database", "ok", f"PostgreSQL {version} at {url.host or 'local socket'}", enables)


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free / _GB
    detail = f"{free:.1f} GB free for {settings.home}"
    state: Literal["ok", "degraded", "failed"] = "ok" if free >= _LITTLE_GB else "degraded"
    return Finding("Disk", "failed" if free < _TOO_LITTLE_GB else state, detail, "results, uploads and environments")


def _storage(settings: Settings) -> Finding:
    enables = "ingest of the facility's data"
    if not settings.storage:
        return Finding("Storage", "missing", "no storage root is configured", enables)
    unreadable = [root.name for root in settings.storage if not os.access(root.path, os.R_OK | os.X_OK)]
    if unreadable:
        return Finding("Storage", "failed", f"can't be read: {', '.join(unreadable)}", enables)
    return Finding("Storage", "ok", ", ".join(root.name for root in settings.storage), enables)


def _page(_settings: Settings) -> Finding:
    built = (bundled("web") / "index.html").is_file()
    detail = "built" if built else "not built: run `make demo`, or `npm ci && npm run build` in web/"
    return Finding("Page", "ok" if built else "failed", detail, "the application in the browser")


def _node(_settings: Settings) -> Finding:
    return _program("Node.js", "node", ("--version",), "building the page (a wheel has it built)")


def _slurm(_settings: Settings) -> Finding:
    return _program("Slurm", "sinfo", ("--version",), "nothing yet: this version runs jobs on this computer")


def _gpu(settings: Settings) -> Finding:
    enables = "the GPU variants of recipes"
    found = LocalGpus(settings.runtime, Runtime.probe(settings)).found()
    if not found:
        return Finding("GPU", "missing", "no job would find one by OpenCL or CUDA", enables)
    return Finding("GPU", "ok", ", ".join(f"{one.name} ({one.api}, {one.memory_mb} MB)" for one in found), enables)


def _chromium(_settings: Settings) -> Finding:
    return _program("Chromium", "chromium", ("--version",), "the browser tests")


def _postgresql(_settings: Settings) -> Finding:
    enables = "the tests on PostgreSQL, which start a server of their own"
    servers = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not servers:
        return Finding("PostgreSQL server", "missing", "no server program below /usr/lib/postgresql", enables)
    return Finding("PostgreSQL server", "ok", f"version {servers[-1].parts[-3]}", enables)


def _mail(settings: Settings) -> Finding:
    host = settings.mail.host
    return Finding("Mail", "ok" if host else "missing", host or "mail.host is not set", "notices when long jobs end")


def _program(name: str, program: str, arguments: tuple[str, ...], enables: str) -> Finding:
    """A program by the first line that it prints."""
    found = shutil.which(program)
    if found is None:
        return Finding(name, "missing", f"{program} is not installed", enables)
    try:
        shown = subprocess.run(
            [found, *arguments],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, "degraded", f"{found}: {error}", enables)
    line = next(iter((shown.stdout or shown.stderr).strip().splitlines()), "")
    return Finding(name, "ok" if shown.returncode == 0 else "degraded", line or found, enables)


_CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _python,
    _isolation,
    _database,
    _disk,
    _storage,
    _page,
    _mail,
    _gpu,
    _slurm,
    _node,
    _chromium,
    _postgresql,
)
