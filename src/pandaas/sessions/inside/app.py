"""Inside the sandbox: becomes a web program that listens on a unix socket."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path


def main(arguments: list[str]) -> None:
    told = json.loads(Path(arguments[1]).read_text("utf-8"))
    short = Path(tempfile.mkdtemp(prefix="pandaas-"))  # names of sockets may have 107 bytes only
    (short / "run").symlink_to(told["run"])
    os.chdir(told["home"])
    words = [word.replace("{socket}", str(short / "run" / "http.sock")) for word in told["command"]]
    os.execv(words[0], words)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv)
