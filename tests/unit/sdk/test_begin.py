"""A script that takes over a process that waited: it finds what it would find by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pandaas.config import package_folder


def test_the_script_does_not_see_the_sdk_nor_the_folder_it_was_started_in(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint(__name__, sys.argv[1:])\nprint(*sys.path, sep='\\n')\n")
    source = str(package_folder().parent)
    done = subprocess.run(
        [sys.executable, "-m", "pandaas.sdk", "begin", str(script), "told.json", "--import", "x"],
        cwd=tmp_path, env={"PYTHONPATH": source}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, *places = done.stdout.splitlines()
    assert first == "__main__ ['told.json', '--import', 'x']", done.stderr
    assert not {source, str(tmp_path), ""} & set(places)
