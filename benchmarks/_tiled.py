"""Tiled's catalogue on the metadata of a made-up facility; run by Tiled's own Python, see `catalogue.py --tiled`.

    PYTHON benchmarks/_tiled.py FOLDER

FOLDER holds `metadata.jsonl` (a dataset per line) and `questions.json`. Its tables are filled directly, then asked through
its own adapter in this process: count, the first 20 with their metadata, and the counts of five facets, without rights.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tiled.catalog import from_uri
from tiled.queries import Comparison, Eq, FullText

FACETS = ["instrument", "technique", "proposal", "year", "kind"]


def fill(folder: Path, file: Path) -> None:
    """Tiled's tables with a node per dataset; its own triggers keep the full text."""
    subprocess.run([sys.executable, "-m", "tiled", "catalog", "init", f"sqlite:///{file}"], check=True)
    with sqlite3.connect(file) as connection, (folder / "metadata.jsonl").open() as lines:
        [root] = connection.execute("SELECT id FROM nodes WHERE parent IS NULL").fetchone()
        rows = ((number, root, f"d{number}", "container", line, "[]") for number, line in enumerate(lines, root + 1))
        connection.executemany(
            "INSERT INTO nodes (id, parent, key, structure_family, metadata, specs) VALUES (?, ?, ?, ?, ?, ?)", rows
        )
        connection.execute("ANALYZE")


async def ask(catalogue: Any, question: dict[str, Any]) -> int:
    found = catalogue.search(FullText(question["word"])).search(Eq("instrument", question["instrument"]))
    found = found.search(Comparison("ge", "photon_energy", question["low"]))
    found = found.search(Comparison("le", "photon_energy", question["high"]))
    number = int(await found.exact_len())
    page = await found.items_range(0, 20)
    assert len(page) == min(20, number)
    await found.get_distinct(FACETS, False, False, True)
    return number


async def main(folder: Path) -> None:
    file = folder / "catalogue.db"
    if not file.exists():
        fill(folder, file)
    catalogue = from_uri(f"sqlite:///{file}")
    await catalogue.startup()
    answers = []
    for question in json.loads((folder / "questions.json").read_text()):
        wall, cpu = time.perf_counter(), time.process_time()
        number = await ask(catalogue, question)
        took = ((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)
        answers.append({"found": number, "ms": took[0], "processor_ms": took[1]})
    await catalogue.shutdown()
    print(json.dumps(answers))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
