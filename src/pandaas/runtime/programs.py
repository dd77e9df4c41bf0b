"""Programs that are installed beside the platform: found, shown to the sandbox, asked for their version.

A recipe of shape `command` declares one. It lies at a path, comes with a Debian package or with an environment module. Where it is
not there the recipe is not offered, and says what to do. Nothing is installed here.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pandaas.model import InvalidInput, ProgramNeed
from pandaas.runtime.sandbox import Bind, Confinement, Sandbox

_MODULE_COMMANDS = (
    "/usr/lib/x86_64-linux-gnu/modulecmd.tcl",
    "/usr/share/modules/libexec/modulecmd.tcl",
    "/usr/share/Modules/libexec/modulecmd.tcl",
    "/usr/share/lmod/lmod/libexec/lmod",
)
_PATH = "/usr/local/bin:/usr/bin:/bin"  # what a module prepends to: not the service's own folders
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/")
_TIMEOUT_S = 60
_REMEMBER_S = 60.0
_LONGEST = 200
_MODULE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,100}")


@dataclass(frozen=True)
class FoundProgram:
    """A program on this computer: its file, what the sandbox must show of it, and variables it needs."""

    path: Path
    binds: tuple[Bind, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def find_program(need: ProgramNeed) -> FoundProgram | None:
    """The first of the declared places where there is a file that can be executed; None where there is none."""
    if need.module:
        variables = load_module(need.module)
        if variables is None:
            return None
        named = shutil.which(need.find[0], path=variables.get("PATH", ""))
        return _found(Path(named), need, variables) if named else None
    for pattern in need.find:
        for path in sorted(Path("/").glob(pattern.lstrip("/"))):
            if path.is_file() and os.access(path, os.X_OK):
                return _found(path, need, {})
    return None


def probe_version(sandbox: Sandbox, need: ProgramNeed, found: FoundProgram) -> str:
    """What the program says its version is, run in the sandbox. `InvalidInput` when it can't be started."""
    argv = [word.replace("{program}", str(found.path)) for word in need.version]
    if not argv:
        return ""
    confinement = Confinement(found.binds, variables=found.variables, account=sandbox.account_for(0), memory_mb=4096)
    try:
        done = sandbox.run(argv, confinement, timeout_s=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InvalidInput(
            f"{need.name} doesn't answer when asked for its version: {error}.", remedy=need.remedy
        ) from error
    said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    match = re.search(need.version_pattern, said) if need.version_pattern else None
    if done.returncode or (need.version_pattern and match is None):
        last = said.splitlines()[-1][:_LONGEST] if said else f"exit code {done.returncode}"
        raise InvalidInput(f"{need.name} is there but doesn't say its version: {last}", remedy=need.remedy)
    return (match.group(1) if match and match.groups() else said.splitlines()[0] if said else "")[:_LONGEST]


def load_module(name: str) -> dict[str, str] | None:
    """The variables that `module load name` sets; None where there are no modules, or not this one.

    The module command is asked for Python code, of which only assignments of texts are read; nothing of it is run.
    """
    command = _module_command()
    if command is None or not _MODULE.fullmatch(name):
        return None
    asked, variables = [command, "python", "load", name], {**os.environ, "PATH": _PATH}
    try:
        done = subprocess.run(asked, env=variables, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        variables = _assignments(done.stdout)
    except (OSError, subprocess.TimeoutExpired, SyntaxError, ValueError):
        return None
    loaded = name.split("/", maxsplit=1)[0]
    marks = variables.get("LOADEDMODULES", "").split(":")
    return variables if any(mark.split("/", maxsplit=1)[0] == loaded for mark in marks) else None


def _module_command() -> str | None:
    named = os.environ.get("LMOD_CMD") or os.environ.get("MODULES_CMD")
    return next((path for path in (named, *_MODULE_COMMANDS) if path and os.access(path, os.X_OK)), None)


def _assignments(code: str) -> dict[str, str]:
    """`os.environ['NAME'] = 'text'` of the printed code."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
        if isinstance(target, ast.Subscript) and ast.unparse(target.value) == "os.environ" and is_text:
            found[str(ast.literal_eval(target.slice))] = str(ast.literal_eval(value))
    return found


def _found(path: Path, need: ProgramNeed, variables: Mapping[str, str]) -> FoundProgram:
    """Show the folders that the recipe names, those of the module's search paths, and the program's own."""
    searched = [place for name, text in variables.items() if name.endswith("PATH") for place in text.split(":")]
    folders = {Path(folder) for folder in (*need.folders, *searched, str(path.resolve().parent), str(path.parent))}
    shown = {folder for folder in folders if folder.is_absolute() and folder.is_dir() and not _is_system(folder)}
    outer = [folder for folder in shown if not any(folder != other and folder.is_relative_to(other) for other in shown)]
    return FoundProgram(path, tuple(Bind(folder) for folder in sorted(outer)), dict(variables))


def _is_system(folder: Path) -> bool:
    """Shown to every program anyway, or so wide that nobody meant it."""
    return f"{folder}/".startswith(_SYSTEM) or folder == Path("/")


class Programs:
    """Finds programs and remembers the versions that they told; thread-safe, since a second question does no harm."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._versions: dict[tuple[str, int], str] = {}
        self._modules: dict[ProgramNeed, tuple[float, FoundProgram | None]] = {}

    def find(self, need: ProgramNeed) -> FoundProgram | None:
        """Looked up each time; of environment modules, which take a process, once a minute."""
        if not need.module:
            return find_program(need)
        asked, found = self._modules.get(need, (-_REMEMBER_S, None))
        if time.monotonic() - asked >= _REMEMBER_S:
            found = find_program(need)
            self._modules[need] = (time.monotonic(), found)
        return found

    def version(self, need: ProgramNeed, found: FoundProgram) -> str:
        """Asked once for each file; `InvalidInput` when the program doesn't answer."""
        key = (str(found.path), found.path.stat().st_mtime_ns)
        if key not in self._versions:
            self._versions[key] = probe_version(self._sandbox, need, found)
        return self._versions[key]
