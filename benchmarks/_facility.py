"""A made-up facility for benchmarks: datasets with twenty parameters each, proposals, persons, all with skew, from a seed."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import insert

from pandaas.catalogue.folding import search_text
from pandaas.codecs import to_si
from pandaas.db import Database, append
from pandaas.db.migrate import migrate_to
from pandaas.db.tables import Instrument, InstrumentStaff, Person, Proposal, ProposalMember
from pandaas.model import BY_IRI

SAMPLES = [
    "lysozyme",
    "insulin",
    "zeolite",
    "perovskite",
    "graphene",
    "silica",
    "haemoglobin",
    "ferritin",
    "cellulose",
    "magnetite",
    "bone",
    "battery",
    "cathode",
    "anode",
    "catalyst",
    "membrane",
    "protein",
    "polymer",
    "steel",
    "titanium",
    "aluminium",
    "quartz",
    "calcite",
    "clay",
    "ice",
    "methane",
    "water",
    "ethanol",
]
ACTIONS = ("run", "scan", "series", "map", "tomogram", "test", "alignment", "calibration")
TECHNIQUES = sorted(BY_IRI)[:20]
_PARAMETERS = (
    ("photon_energy", "keV", 5.0, 20.0),
    ("temperature", "K", 4.0, 600.0),
    ("exposure_time", "ms", 1.0, 2000.0),
    ("wavelength", "nm", 0.05, 0.3),
    *((f"motor_{number}", "mm", -50.0, 50.0) for number in range(14)),
)
_IN_SI = {unit: to_si(1.0, unit) or (1.0, "") for unit in ("keV", "eV", "K", "ms", "nm", "mm")}
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
Rows = Iterator[tuple[Any, ...]]


class Made:
    """The made-up facility: everything follows from the seed."""

    def __init__(self, datasets: int, now: datetime) -> None:
        self.datasets, self.now = datasets, now
        self.random = random.Random(1)
        self.proposals = max(50, datasets // 200)
        self.persons = self.proposals * 4
        self.weights = [1 / (rank + 3) for rank in range(15)]

    def rows(self) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
        pick = self.random
        of_proposal = [pick.choices(range(15), self.weights)[0] for _ in range(self.proposals)]
        for number in range(1, self.datasets + 1):
            proposal = (
                min(int(pick.paretovariate(0.6)), self.proposals)
                if pick.random() < 0.3
                else pick.randint(1, self.proposals)
            )
            instrument = of_proposal[proposal - 1] + 1
            start = self.now - timedelta(days=pick.random() * 3650)
            release = self._release(start)
            sample = f"{pick.choice(SAMPLES)} {pick.choice(SAMPLES)}"
            title = f"{sample} {pick.choice(ACTIONS)} {number:07d}"
            pid = "ds-" + "".join(pick.choices(_LETTERS, k=12))
            techniques = sorted(
                {pick.choices(TECHNIQUES, [1 / (n + 1) for n in range(20)])[0] for _ in range(pick.choice((1, 1, 2)))}
            )
            text = search_text({
                "title": [title], "sample": [sample], "instrument": [f"BL{instrument:02d}"], "facility": ["F"],
                "proposal": [f"P-{proposal:05d}", f"Study of {SAMPLES[proposal % len(SAMPLES)]}"],
                "technique": [part for iri in techniques for part in (BY_IRI[iri].short, BY_IRI[iri].label)],
                "file": [f"{sample.split(maxsplit=1)[0]}_{number:07d}.nxs"], "pid": [pid], "format": ["nexus"],
                "parameter": ["fly"],
            })  # fmt: skip
            row = (
                number, pid, 1, True, "derived" if pick.random() < 0.1 else "raw", title, "F", sample, str(start), str(start),
                "nexus", "/", pick.randint(1, 10**10), f"{number}", f"{number}", "[]", "[]", "{}", "measured", text,
                proposal, instrument, release, "complete", False,
            )  # fmt: skip
            values = [self._value(number, *parameter) for parameter in _PARAMETERS]
            values += [(number, "mode", None, pick.choice(("fly", "step")), None, None, None)]
            values += [(number, "comment", None, f"comment {pick.randint(1, 500)}", None, None, None)]
            yield row, values, [(number, iri) for iri in techniques]

    def _release(self, start: datetime) -> str:
        """Three years later; one of a thousand within the next ten minutes, so that embargoes end during the run."""
        if self.random.random() < 0.001:
            return str(self.now + timedelta(seconds=self.random.random() * 600))
        return str(start + timedelta(days=3 * 365))

    def _value(self, number: int, name: str, unit: str, low: float, high: float) -> tuple[Any, ...]:
        value = round(self.random.uniform(low, high), 4)
        if name == "photon_energy" and number % 4 == 0:
            value, unit = value * 1000, "eV"
        factor, si = _IN_SI[unit]
        return number, name, value, None, unit, value * factor, si


_DATASET = (
    "id", "pid", "version", "is_latest", "kind", "title", "facility", "sample", "start_time", "created", "format", "entry_path",
    "size", "identity", "fingerprint", "definitions", "unread", "extra", "origin", "search_text", "proposal_id",
    "instrument_id", "release_time", "state", "release_set",
)  # fmt: skip
_PARAMETER = ("dataset_id", "name", "value", "text", "unit", "si_value", "si_unit")


def make(url: str, datasets: int) -> None:
    """Fill the empty database at `url`."""
    migrate_to(url, "head")
    now = datetime.now(UTC).replace(tzinfo=None)
    made = Made(datasets, now)
    database = Database(url)
    _people(database, made)
    load = _load_sqlite if database.is_sqlite else _load_postgres
    load(database, made)
    database.dispose()


def _people(database: Database, made: Made) -> None:
    pick, created = random.Random(2), datetime.now(UTC)
    with database.session() as session:
        names = [
            {"user": f"p{n}", "name": f"Person {n}", "role": "visitor", "created": created} for n in range(made.persons)
        ]
        names[0]["role"], names[1]["role"] = "operator", "instrument_staff"
        session.execute(insert(Person), names)
        session.execute(
            insert(Instrument), [{"name": f"BL{n:02d}", "title": "Beamline", "facility": "F"} for n in range(1, 16)]
        )
        proposals = [
            {"name": f"P-{n:05d}", "title": f"Study of {SAMPLES[n % len(SAMPLES)]}", "facility": "F", "created": created,
             "type": "proprietary" if n % 20 == 0 else "public_access"}
            for n in range(1, made.proposals + 1)
        ]  # fmt: skip
        session.execute(insert(Proposal), proposals)
        session.flush()
        team = {(pick.randint(1, made.proposals), pick.randint(3, made.persons)) for _ in range(made.proposals * 5)}
        team |= {(proposal, 4) for proposal in range(1, made.proposals, max(1, made.proposals // 300))}
        session.execute(
            insert(ProposalMember), [{"proposal_id": a, "person_id": b, "role": "member"} for a, b in sorted(team)]
        )
        session.execute(insert(InstrumentStaff), [{"instrument_id": n, "person_id": 2} for n in (1, 4)])
        append(session, "instrument.created", "BL01")


def _pieces(made: Made) -> Iterator[list[Any]]:
    rows = made.rows()
    while piece := list(islice(rows, 5_000)):
        yield piece


def _load_sqlite(database: Database, made: Made) -> None:
    connection = sqlite3.connect(database.url.database or "", isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type='index' AND sql NOT NULL AND tbl_name LIKE 'dataset%'"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")

    def put(table: str, columns: tuple[str, ...], rows: Iterable[Any]) -> None:
        marks = ",".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)

    for piece in _pieces(made):
        connection.execute("BEGIN")
        put("dataset", _DATASET, (row for row, _, _ in piece))
        put("dataset_parameter", _PARAMETER, (one for _, values, _ in piece for one in values))
        put("dataset_technique", ("dataset_id", "technique"), (one for _, _, found in piece for one in found))
        connection.execute("COMMIT")
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("ANALYZE")
    connection.close()


def _load_postgres(database: Database, made: Made) -> None:
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:

        def put(table: str, columns: tuple[str, ...], rows: Iterable[Any]) -> None:
            with cursor.copy(f"COPY {table} ({','.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

        for piece in _pieces(made):
            put("dataset", _DATASET, (row for row, _, _ in piece))
            put("dataset_parameter", _PARAMETER, (one for _, values, _ in piece for one in values))
            put("dataset_technique", ("dataset_id", "technique"), (one for _, _, found in piece for one in found))
        cursor.execute("SELECT setval('dataset_id_seq', (SELECT max(id) FROM dataset))")
        cursor.execute("VACUUM ANALYZE")
