"""What surrounds a reader process: bubblewrap where it works (no network, folders read-only), limits everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pandaas
from pandaas.config import bubblewrap_program

_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/etc/localtime")
_TEMPORARY = "/tmp"  # noqa: S108 - inside the sandbox, of its own unless data lie there
_NOT_DATA = frozenset({"logs", "backups", "cache", "environments", "secrets"})


@lru_cache(maxsize=1)
def bubblewrap() -> str | None:
    """The path of a bubblewrap that works here (user namespaces may be forbidden), else None."""
    found = bubblewrap_program()
    if found is None:
        return None
    probe = [found, "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "/bin/true"]
    try:
        done = subprocess.run(probe, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found if done.returncode == 0 else None


def level(wanted: str) -> str:
    """How readers are confined, in words for `doctor`."""
    return "bubblewrap + rlimits" if wanted != "none" and bubblewrap() else "rlimits"


def data_folders(home: Path) -> list[Path]:
    """The folders of the platform's home that hold data. Files there (database, keys) and logs stay out of sight."""
    try:
        return [entry for entry in home.iterdir() if entry.is_dir() and entry.name not in _NOT_DATA]
    except OSError:
        return []


def worker_command(descriptor: int, memory_mb: int, folders: Iterable[Path], wanted: str) -> list[str]:
    """The command line of a reader process that sees `folders` read-only and talks on `descriptor`."""
    python = [sys.executable, "-m", "pandaas.arrays.worker", str(descriptor), str(memory_mb)]
    wrap = bubblewrap() if wanted != "none" else None
    if wrap is None:
        return python
    data = [str(folder) for folder in folders]
    everything = "/" in data  # then bound first, so that what is private to the process covers it
    visible = [_TEMPORARY] if everything else [*_SYSTEM, *_interpreter(), *data]
    binds = [part for path in dict.fromkeys(visible) for part in ("--ro-bind-try", path, path)]
    return [
        wrap,
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        *(("--ro-bind", "/", "/") if everything else ()),
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        _TEMPORARY,
        *binds,
        "--setenv",
        "TMPDIR",
        "/dev/shm",  # noqa: S108 - of its own and always writable; data may lie in /tmp
        "--chdir",
        "/",
        *python,
    ]


def worker_environment() -> dict[str, str]:
    """Only what Python and its libraries need; nothing of the service's own environment, where secrets may be."""
    package = str(Path(pandaas.__file__).parents[1])
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys([package, *_python_path()])),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HDF5_USE_FILE_LOCKING": "FALSE",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _python_path() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def _interpreter() -> list[str]:
    """Folders that Python, its packages and this one come from."""
    executable = Path(sys.executable)
    return [
        sys.prefix,
        sys.base_prefix,
        str(executable.parent),
        str(executable.resolve().parent),
        str(Path(pandaas.__file__).parents[1]),
        *(path for path in sys.path if path and Path(path).is_dir()),
    ]
