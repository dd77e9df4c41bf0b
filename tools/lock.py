"""Regenerates the locks in `requirements/`: every package with its version and hashes, for every Python we support.

`platform.lock` is what runs; `dev.lock` adds what tests and checks need and never changes a version of the former;
`bootstrap.lock` is the installer and the build backend; `node.lock` is Node.js for machines without it. `satosa.lock` is a SAML proxy that
one test signs in through, `jupyterhub.lock` what tests of sessions speak with; each has an environment of its own. No lock
names where packages come from: that is the machine's own setting.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = ROOT / ".venv/bin/uv"
COMMON = ("--universal", "--generate-hashes", "--python-version", "3.11", "--no-annotate", "--quiet")
LOCKS = {
    "platform": ("--extra", "server", "pyproject.toml"),
    "dev": (
        "--extra",
        "server",
        "--group",
        "dev",
        "--constraint",
        "requirements/platform.lock",
        "--override",
        "requirements/dev-overrides.in",
        "pyproject.toml",
        "requirements/bootstrap.in",
    ),
    "bootstrap": ("--constraint", "requirements/dev.lock", "requirements/bootstrap.in"),
    "node": ("requirements/node.in",),
    "satosa": ("requirements/satosa.in",),
    "jupyterhub": ("requirements/jupyterhub.in",),
}


def main() -> int:
    environment = dict(os.environ, UV_CUSTOM_COMPILE_COMMAND="make lock")
    for name, sources in LOCKS.items():
        print(f"requirements/{name}.lock", flush=True)
        target = ("--output-file", f"requirements/{name}.lock", *sys.argv[1:])
        subprocess.run([UV, "pip", "compile", *COMMON, *sources, *target], cwd=ROOT, env=environment, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
