"""Does an environment work, and how long does it take to import? Measured in the sandbox, kept beside the environment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pandaas.model import Unavailable
from pandaas.runtime.files import read_json
from pandaas.runtime.sandbox import Confinement, Sandbox, interpreter_binds

_PROOF_S = 300
_CODE = "import time\nbegin = time.perf_counter()\nimport {}\nprint('imported in', time.perf_counter() - begin)\n"


@dataclass(frozen=True)
class Health:
    """What the last check found. `import_s` is the time to import all modules that the definition names, in seconds."""

    works: bool
    checked: datetime
    import_s: float | None = None
    detail: str = ""


def prove(sandbox: Sandbox, name: str, python: Path, modules: Sequence[str]) -> float | None:
    """Import the modules in the sandbox, since packages are other people's code; seconds that it took.

    None where there is nothing to import; `Unavailable` with the program's own words when it doesn't work.
    """
    if not modules:
        return None
    confinement = Confinement(interpreter_binds(python), account=sandbox.account_for(0), memory_mb=4096)
    argv = [str(python), "-c", _CODE.format(", ".join(modules))]
    try:
        done = sandbox.run(argv, confinement, timeout_s=_PROOF_S)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"The environment '{name}' takes over {_PROOF_S} s to import.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
        raise Unavailable(f"The environment '{name}' doesn't work: {said[0][:1000]}")
    told = done.stdout.decode("utf-8", "replace").rpartition("imported in ")[2]
    return round(float(told), 2) if told.strip().replace(".", "").isdigit() else None


def keep_health(file: Path, found: Health) -> None:
    tree = {
        "works": found.works,
        "checked": found.checked.isoformat(),
        "import_s": found.import_s,
        "detail": found.detail,
    }
    file.write_text(json.dumps(tree), "utf-8")


def read_health(file: Path) -> Health | None:
    """What was kept; None where nothing was, or it is damaged."""
    tree = read_json(file)
    try:
        return Health(
            bool(tree["works"]), datetime.fromisoformat(tree["checked"]), tree["import_s"], str(tree["detail"])
        )
    except (TypeError, KeyError, ValueError):
        return None


def examine(sandbox: Sandbox, name: str, python: Path, modules: Sequence[str]) -> Health:
    """Try the environment now."""
    now = datetime.now(UTC)
    try:
        return Health(True, now, prove(sandbox, name, python, modules))
    except Unavailable as error:
        return Health(False, now, None, error.detail)
