"""The PaNOSC search API at scale: a query with instrument, technique and parameter includes, and others.

    python benchmarks/panosc.py [DATASETS] [DATABASE_URL]

Makes its own data (default 100,000 datasets of 10 parameters, 50 instruments, 2,000 proposals, 40 techniques, all with the skew
of a real facility) in a new SQLite file, or in an empty PostgreSQL database that is named; then asks every question 20 times with
different values, as anybody and as an operator, with candidates from the search index and in turns by the tables alone; prints the
50th and 95th percentile of wall-clock and processor time in milliseconds, how many were found, and whether an answer differed.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from pandaas.access import FACILITY, Access
from pandaas.catalogue import IndexSearch, Vocabulary, built_in
from pandaas.catalogue.folding import search_text
from pandaas.codecs import to_si
from pandaas.db import Database
from pandaas.db.migrate import migrate_to
from pandaas.db.tables import Dataset, DatasetParameter, DatasetTechnique, Instrument, Proposal
from pandaas.federation import PanoscSearch
from pandaas.model import ANONYMOUS, TECHNIQUES, Principal

ROUNDS = 20
BATCH = 10_000
START = datetime(2015, 1, 1, tzinfo=UTC)
NAMES = [("photon_energy", "keV", 5.0, 25.0), ("temperature", "K", 4.0, 500.0), ("pressure", "mbar", 1e-6, 2e3),
         ("wavelength", "angstrom", 0.5, 12.0), ("exposure_time", "s", 0.01, 100.0), ("sample_distance", "mm", 100.0, 9e3),
         ("magnetic_field", "T", 0.0, 14.0), ("flux", "1/s", 1e8, 1e13), ("tilt", "deg", -30.0, 30.0),
         ("concentration", "mol/l", 0.0, 2.0)]  # fmt: skip
WORDS = [
    "lysozyme",
    "silica",
    "perovskite",
    "battery",
    "cathode",
    "zeolite",
    "copper",
    "iron",
    "steel",
    "membrane",
    "polymer",
    "virus",
    "alloy",
    "glass",
    "oxide",
]


def fill(database: Database, number: int) -> None:
    dice = random.Random(42)
    factors = {unit: to_si(1.0, unit) for _, unit, _, _ in NAMES}
    with database.session() as session:
        session.execute(
            insert(Instrument),
            [{"id": i, "name": f"ID{i:02}", "title": f"Beamline {i}", "facility": "ESRF"} for i in range(1, 51)],
        )
        session.execute(insert(Proposal), [_proposal(i) for i in range(1, 2_001)])
    for first in range(1, number + 1, BATCH):
        datasets, tags, parameters = [], [], []
        for identifier in range(first, min(first + BATCH, number + 1)):
            proposal = min(int(dice.paretovariate(0.6)), 2_000)
            start = START + timedelta(minutes=5 * identifier)
            datasets.append(_dataset(identifier, proposal, min(int(dice.paretovariate(0.9)), 50), start, dice))
            term = TECHNIQUES[min(int(dice.paretovariate(0.7)) - 1, len(TECHNIQUES) - 1)]
            tags.append({"dataset_id": identifier, "technique": term.iri})
            for name, unit, low, high in NAMES:
                value = round(dice.uniform(low, high), 4)
                factor = factors[unit]
                said = {"dataset_id": identifier, "name": name, "value": value, "unit": unit}
                parameters.append(said | {"si_value": value * factor[0], "si_unit": factor[1]} if factor else said)
        with database.session() as session:
            session.execute(insert(Dataset), datasets)
            session.execute(insert(DatasetTechnique), tags)
            session.execute(insert(DatasetParameter), parameters)
    with database.session() as session:
        session.execute(text("ANALYZE"))


def _proposal(number: int) -> dict[str, Any]:
    kind = "proprietary" if number % 20 == 0 else "public_access"
    released = START + timedelta(days=number) if number % 3 else None
    said = {"id": number, "name": f"HC-{number}", "title": f"Proposal {number}", "type": kind, "facility": "ESRF"}
    return said | {"release_time": None if kind == "proprietary" else released, "created": START}


def _dataset(number: int, proposal: int, instrument: int, start: datetime, dice: random.Random) -> dict[str, Any]:
    title = f"{dice.choice(WORDS)} {dice.choice(WORDS)} run {number}"
    released = None if proposal % 3 == 0 or proposal % 20 == 0 else start + timedelta(days=900)
    return {
        "pid": f"ds-{number:09}", "version": 1, "is_latest": True, "kind": "raw", "title": title, "facility": "ESRF",
        "sample": title.split(maxsplit=1)[0], "start_time": start, "created": start, "format": "nexus", "size": number,
        "identity": f"{number:064}", "fingerprint": f"{number:064}", "search_text": search_text({"title": [title]}), "proposal_id": proposal,
        "instrument_id": instrument, "release_time": released, "state": "complete", "entry_path": "/",
        "definitions": [], "unread": [], "extra": {}, "origin": "measured",
    }  # fmt: skip


def include(relation: str, where: dict[str, Any]) -> dict[str, Any]:
    return {"relation": relation, "scope": {"where": where}}


def energy(dice: random.Random, width: float) -> dict[str, Any]:
    low = dice.uniform(6, 20)
    bounds = {"between": [low * 1000, (low + width) * 1000]}
    return include("parameters", {"and": [{"name": "photon_energy"}, {"value": bounds}, {"unit": "eV"}]})


def questions(dice: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    beamline = include("instrument", {"name": f"ID{dice.choice([1, 1, 2, 3, 5, 9]):02}"})
    rare = include("instrument", {"name": f"ID{dice.randrange(30, 50)}"})
    technique = include(
        "techniques", {"name": dice.choice(["small angle scattering", "SAXS", "diffraction", "tomography"])}
    )
    page = {"limit": 20}
    yield "instrument, technique and parameter", {"include": [beamline, technique, energy(dice, 1.0)], **page}
    yield "the same, rare instrument", {"include": [rare, technique, energy(dice, 1.0)], **page}
    yield "the same, narrow range", {"include": [beamline, technique, energy(dice, 0.01)], **page}
    yield "the same, nothing matches", {"include": [rare, technique, energy(dice, 0.0001)], **page}
    yield "technique alone", {"include": [technique], **page}
    yield "parameter alone", {"include": [energy(dice, 0.1)], **page}
    yield "words", {"where": {"text": dice.choice(WORDS)}, **page}
    yield "first page", {**page}


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder) / 'pandaas.sqlite'}"
        migrate_to(url, "head")
        database = Database(url, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        started = time.perf_counter()
        fill(database, number)
        print(
            f"{number:,} datasets on {database.url.get_backend_name()}, made in {time.perf_counter() - started:.0f} s"
        )
        access = Access(database)
        vocabulary = Vocabulary(database, access)
        search = IndexSearch(database, access, vocabulary, Path(folder) / "index")
        started = time.perf_counter()
        search.keeper.load()
        print(
            f"{len(built_in())} techniques known, {ROUNDS} rounds; index built in {time.perf_counter() - started:.0f} s\n"
        )
        ways = {
            "index": PanoscSearch(database, access, vocabulary, search.narrowing),
            "tables": PanoscSearch(database, access, vocabulary),
        }
        for who, principal in (("anybody", ANONYMOUS), ("operator", FACILITY)):
            measure(who, principal, ways)
        print(f"load {os.getloadavg()[0]:.1f}")
        database.dispose()


def measure(who: str, principal: Principal, ways: dict[str, PanoscSearch]) -> None:
    dice = random.Random(7)
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}
    found: dict[str, list[int]] = {}
    differing = 0
    for _ in range(ROUNDS):
        for name, asked in questions(dice):
            answers = []
            for way, api in ways.items():
                wall, cpu = time.perf_counter(), time.process_time()
                answers.append(api.find(principal, "Dataset", json.dumps(asked)).body)
                taken = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
                times.setdefault((name, way), []).append(taken)
            differing += answers[0] != answers[1]
            found.setdefault(name, []).append(len(answers[0]))
    for (name, way), taken in times.items():
        rows = sum(found[name]) / len(found[name])
        wall, cpu = (spread([one[place] for one in taken]) for place in (0, 1))
        print(f"{who:9} {name:35} {way:7} wall {wall}  processor {cpu} ms  {rows:5.1f} rows a page")
    print(f"answers that differ: {differing}\n")


def spread(taken: list[float]) -> str:
    ordered = sorted(taken)
    return f"p50 {ordered[len(ordered) // 2]:7.1f}  p95 {ordered[int(len(ordered) * 0.95) - 1]:7.1f}"


if __name__ == "__main__":
    main()
