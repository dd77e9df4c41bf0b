"""Opening the page where there is a desktop to open it on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def open_page(url: str) -> bool:
    """Open `url` in the person's browser; False where there is none, or nobody sits at a terminal."""
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    desktop = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not (opener and desktop and sys.stdout.isatty()):
        return False
    subprocess.Popen([opener, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path("/"))
    return True
