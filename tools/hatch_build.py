"""Puts what travels with the program into the wheel: the built page, recipes, environments, documentation, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Folder of the checkout → folder below pandaas/_bundle (see pandaas.config.bundled).
BUNDLED = {
    "web/dist": "web",
    "recipes": "recipes",
    "environments": "environments",
    "apps": "apps",
    "chains": "chains",
    "docs": "docs",
    "demo": "demo",
}
LEFT_OUT = {"__pycache__", ".pytest_cache", "node_modules"}


class BundleHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / "web/dist/index.html").is_file():
            raise FileNotFoundError("web/dist/index.html is missing: `make wheel` builds the page first.")
        for source, target in BUNDLED.items():
            for file in sorted((root / source).rglob("*")):
                below = file.relative_to(root / source)
                if file.is_file() and not LEFT_OUT.intersection(below.parts):
                    build_data["force_include"][str(file)] = f"pandaas/_bundle/{target}/{below.as_posix()}"
