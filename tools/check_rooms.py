"""A room is entered by its door: other rooms import `pandaas.<room>`, never a module inside it.

import-linter holds the order of the rooms; this holds the other half of the rule. Tables are named by the database's face
as `pandaas.db.tables`, one module per room; the testing kit looks inside rooms, which is what it is for.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src/pandaas"


def main() -> int:
    problems = [problem for file in sorted(PACKAGE.rglob("*.py")) for problem in problems_of(file)]
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


def problems_of(file: Path) -> Iterator[str]:
    own = file.relative_to(PACKAGE).parts[0]
    if own == "testing":
        return
    for number, module in _imports(ast.parse(file.read_text("utf-8"))):
        parts = module.split(".")
        if parts[0] != "pandaas" or len(parts) < 3 or parts[1] == own:
            continue
        inner = PACKAGE.joinpath(*parts[1:])
        if not (inner.is_dir() or inner.with_suffix(".py").is_file()) or parts[1:3] == ["db", "tables"]:
            continue
        yield f"{file.relative_to(ROOT)}:{number}: imports {module}; use what pandaas.{parts[1]} offers"


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


if __name__ == "__main__":
    sys.exit(main())
