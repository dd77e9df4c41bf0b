"""Writes docs/reference/openapi.json from the application; `--check` only compares."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs/reference/openapi.json"


def main() -> int:
    from pandaas.config import Settings
    from pandaas.server.app import create_app

    with tempfile.TemporaryDirectory() as home:
        document = create_app(Settings(home=Path(home)), background=False).openapi()
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, "utf-8")
        return 0
    if TARGET.read_text("utf-8") == text:
        return 0
    print("docs/reference/openapi.json differs from what the application serves: run `make openapi`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
