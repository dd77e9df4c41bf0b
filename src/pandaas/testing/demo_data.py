"""`python -m pandaas.testing.demo_data FOLDER`: the files of the demo, made once for all demos that the tests start."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from pandaas.testing.platform import running_demo


def make(folder: Path) -> None:
    """Start a demo without its first analysis and keep the files it made, in place of older ones in `folder`."""
    extra = {name: value for name, value in os.environ.items() if name.startswith("PANDAAS_RUNTIME__")}
    with tempfile.TemporaryDirectory(prefix="pandaas-demo-") as home:
        with running_demo(Path(home), extra=extra, analysed=False):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(Path(home) / "data", folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
