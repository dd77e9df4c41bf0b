"""The SDK as jobs see it: a folder that holds `pandaas/__init__.py` and `pandaas/sdk`, and nothing else of the platform.

It is a copy, named by its content, so that an update of the platform doesn't change what running jobs import.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
import threading
from functools import cached_property
from pathlib import Path
from py_compile import PycInvalidationMode

from pandaas.config import package_folder
from pandaas.runtime.sandbox import Bind

INSIDE = Path("/opt/pandaas-sdk")


class SdkFolder:
    def __init__(self, home: Path) -> None:
        self._place = home / "sdk"

    @cached_property
    def path(self) -> Path:
        """The folder to put on PYTHONPATH, made on first use."""
        source = package_folder()
        files = [source / "__init__.py", *sorted((source / "sdk").rglob("*.py"))]
        digest = hashlib.sha256()
        for file in files:
            digest.update(str(file.relative_to(source)).encode() + b"\0" + file.read_bytes() + b"\0")
        target = self._place / digest.hexdigest()[:16]
        if not target.is_dir():
            making = self._place / f"making-{os.getpid()}-{threading.get_ident()}"
            for file in files:
                copy = making / "pandaas" / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
                copy.chmod(0o644)
            compileall.compile_dir(
                making, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
            )  # nobody can later
            for folder in (making, *(path for path in making.rglob("*") if path.is_dir())):
                folder.chmod(0o755)
            try:
                making.rename(target)
            except OSError:  # another process was first
                shutil.rmtree(making)
        return target

    def bind(self) -> Bind:
        return Bind(self.path, INSIDE)
