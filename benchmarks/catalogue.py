"""Search at facility scale: a made-up catalogue, asked by four kinds of people, by index, over HTTP and in naive SQL.

    python benchmarks/catalogue.py [--datasets 100000] [--url postgresql+psycopg://…] [--sql 20] [--http [PROCESSES]] [--tiled]

Makes datasets with twenty parameters each in up to 5,000 proposals of 20,000 persons (seeded, skewed), once, below
`.cache/bench/catalogue`, loads them in bulk, and measures in one run: queries of text (parts of words too) with two
filters, all facets, the exact count and the first 20 rows; ranges with units; histograms, calendar and tree of techniques;
completion; the start with a snapshot; memory; a new dataset's way into the search; the same questions in SQL (`--sql` of
them), over HTTP by four clients at once with so many server processes (`--http`), and those that Tiled can be asked in
its catalogue on the same metadata (`--tiled`, of at most 100,000 datasets). Embargoes end while it runs, answers are not
cached. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from sqlalchemy import func, insert, select

from pandaas.access import Access
from pandaas.catalogue import Finder, IndexSearch, SearchQuery, SqlSearch, Vocabulary
from pandaas.catalogue.folding import search_text
from pandaas.catalogue.search.index import index_folder
from pandaas.codecs import to_si
from pandaas.config import load_settings
from pandaas.db import Database, append
from pandaas.db.migrate import migrate_to
from pandaas.db.tables import (
    Dataset,
    DatasetParameter,
    DatasetTechnique,
    Instrument,
    InstrumentStaff,
    Person,
    Proposal,
    ProposalMember,
)
from pandaas.identity import Identity, principal_of
from pandaas.model import ANONYMOUS, BY_IRI, Principal

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".cache/bench/catalogue"
_SAMPLES = [
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
_ACTIONS = ("run", "scan", "series", "map", "tomogram", "test", "alignment", "calibration")
_TECHNIQUES = sorted(BY_IRI)[:20]
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
            sample = f"{pick.choice(_SAMPLES)} {pick.choice(_SAMPLES)}"
            title = f"{sample} {pick.choice(_ACTIONS)} {number:07d}"
            pid = "ds-" + "".join(pick.choices(_LETTERS, k=12))
            techniques = sorted(
                {pick.choices(_TECHNIQUES, [1 / (n + 1) for n in range(20)])[0] for _ in range(pick.choice((1, 1, 2)))}
            )
            text = search_text({
                "title": [title], "sample": [sample], "instrument": [f"BL{instrument:02d}"], "facility": ["F"],
                "proposal": [f"P-{proposal:05d}", f"Study of {_SAMPLES[proposal % len(_SAMPLES)]}"],
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
            {"name": f"P-{n:05d}", "title": f"Study of {_SAMPLES[n % len(_SAMPLES)]}", "facility": "F", "created": created,
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


# --- questions ----------------------------------------------------------------------------------------------------


def questions(number: int, seed: int) -> Iterator[SearchQuery]:
    """Text with two filters; a third ask for much: no word, or one that all have, and filters that most pass."""
    pick = random.Random(seed)
    texts = [
        lambda: "", lambda: pick.choice(_ACTIONS), lambda: pick.choice(_SAMPLES), lambda: pick.choice(_SAMPLES)[1:5],
        lambda: f"{pick.randint(0, 9999):04d}", lambda: f"{pick.choice(_SAMPLES)} {pick.choice(_ACTIONS)}",
        lambda: f"{pick.choice(_SAMPLES)}_00{pick.randint(0, 99):02d}", lambda: pick.choice(_SAMPLES)[:2],
    ]  # fmt: skip
    filters: list[Callable[[], tuple[str, dict[str, tuple[str, ...]]]]] = [
        lambda: (f"photon_energy:{(low := pick.randint(5, 15))}..{low + pick.randint(1, 5)}keV", {}),
        lambda: (f"temperature:<{pick.randint(50, 500)}K", {}),
        lambda: ("", {"instrument": (f"BL{pick.randint(1, 15):02d}", "BL01")}),
        lambda: ("", {"year": tuple({str(pick.randint(2017, 2026)) for _ in range(4)})}),
        lambda: ("", {"technique": tuple(pick.sample(_TECHNIQUES[:5], 2))}),
        lambda: ("kind:raw", {}), lambda: ("state:open", {}), lambda: ("has:temperature", {}),
    ]  # fmt: skip
    broad: list[Callable[[], tuple[str, dict[str, tuple[str, ...]]]]] = [
        lambda: ("kind:raw", {}), lambda: ("has:temperature", {}), lambda: (f"temperature:<{pick.randint(400, 600)}K", {}),
        lambda: (f"photon_energy:{pick.randint(5, 7)}..{pick.randint(16, 20)}keV", {}), lambda: ("", {"kind": ("raw", "derived")}),
        lambda: ("", {"year": tuple(str(year) for year in range(2016, 2024))}),
    ]  # fmt: skip
    common = ("", "", "study", "fly", "bl", "nxs", "st", "raw")
    for _ in range(number):
        of_much = pick.random() < 0.4
        chosen = [one() for one in pick.sample(broad if of_much else filters, 2)]
        text = pick.choice(common) if of_much else pick.choice(texts)()
        text = " ".join([text, *(words for words, _ in chosen)]).strip()
        yield SearchQuery(text, {k: v for _, one in chosen for k, v in one.items()}, limit=20)


def askers(database: Database) -> dict[str, Principal]:
    with database.read() as session:

        def who(id_: int) -> Principal:
            return principal_of(session, session.get_one(Person, id_), datetime.now(UTC))

        return {"anonymous": ANONYMOUS, "team member": who(4), "instrument staff": who(2), "operator": who(1)}


class Times(list[float]):
    """Wall-clock milliseconds, and the processor's beside them: other work on the machine counts only in the former."""

    def __init__(self) -> None:
        self.processor: list[float] = []

    def take(self, work: Callable[[], Any]) -> Any:
        cpu = time.process_time()
        took, answer = timed(work)
        self.append(took)
        self.processor.append((time.process_time() - cpu) * 1000)
        return answer


def spread(found: list[float]) -> dict[str, float]:
    if isinstance(found, Times):
        used = {f"processor_{name}": value for name, value in spread(found.processor).items() if name != "n"}
        return spread(list(found)) | used
    times = sorted(found)
    return {"p50_ms": round(times[len(times) // 2], 2), "p95_ms": round(times[int(len(times) * 0.95)], 2),
            "max_ms": round(times[-1], 2), "n": len(times)}  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = work()
    return (time.perf_counter() - start) * 1000, answer


def measure(home: Path, url: str, sql_questions: int) -> dict[str, Any]:
    os.environ["PANDAAS_HOME"] = str(home)
    settings = load_settings()
    database = Database(url)
    access = Access(database)
    vocabulary = Vocabulary(database, access)
    search = IndexSearch(database, access, vocabulary, index_folder(settings))
    result: dict[str, Any] = {}
    if not list(index_folder(settings).glob("built-*")):
        result["build_s"] = round(timed(search.keeper.rebuild)[0] / 1000, 1)
    search = IndexSearch(database, access, vocabulary, index_folder(settings))
    result["start_s"] = round(timed(search.keeper.load)[0] / 1000, 2)
    search._sql.search = None  # type: ignore[assignment, method-assign]
    people = askers(database)
    for who in people.values():
        for query in questions(60, 7):
            search.search(who, query)
    result |= _asked(search, people)
    result["unit range"] = _ranges(search, people["anonymous"])
    result |= _beside_the_list(search, database, people)
    result["memory_mb"] = round(psutil.Process().memory_full_info().pss / 1e6)
    result["new dataset, first query that must see it"] = _new(database, search, people["operator"])
    if sql_questions:
        result["SQL"] = _beside_sql(search, SqlSearch(database, access, vocabulary), people, sql_questions)
    with database.read() as session:
        result["datasets"] = session.scalar(select(func.count()).select_from(Dataset))
        result["parameters"] = session.scalar(select(func.count()).select_from(DatasetParameter))
    database.dispose()
    return result


def _asked(search: IndexSearch, people: dict[str, Principal]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    many = total = 0
    for name, who in people.items():
        times = Times()
        for query in questions(250, 8):
            answer = times.take(lambda w=who, q=query: search.search(w, q))
            many, total = many + (answer.total > 100_000), total + 1
        result[name] = spread(times)
    return result | {"part_of_queries_with_more_than_1e5_hits": round(many / total, 2)}


def _ranges(search: IndexSearch, who: Principal) -> dict[str, float]:
    pick, times = random.Random(9), Times()
    for _ in range(100):
        asked = SearchQuery(f"photon_energy:{pick.uniform(5, 15):.2f}..{pick.uniform(15, 20):.2f}keV", limit=20)
        times.take(lambda q=asked: search.search(who, q))
    return spread(times)


def _beside_the_list(search: IndexSearch, database: Database, people: dict[str, Principal]) -> dict[str, Any]:
    """What is counted beside the list of hits, and completion of what is typed."""
    sql = SqlSearch(database, search._sql._access, search._vocabulary)
    finder = Finder(database, search._sql._access, search, sql, search._vocabulary)
    works: dict[str, Callable[[Principal, SearchQuery], Any]] = {
        "histograms of 8 parameters": finder.insight.histograms,
        "calendar": finder.insight.calendar,
        "tree of techniques": finder.insight.techniques,
    }
    result = {}
    for name, work in works.items():
        times = Times()
        for number, who in enumerate(people.values()):
            for query in questions(15, 30 + number):
                times.take(lambda w=who, q=query, work=work: work(w, q))
        result[name] = spread(times)
    typed = ("l", "ly", "lys", "lyso", "graph", "photon", "photon_energy:", "instrument:", "instrument:BL0", "mode:", "mode:f",
             "technique:sca", "sample:zeo", "proposal:P-00", "haemoglobin tita", "tempera", "comment:comm", "quarz", "zzz")  # fmt: skip
    first, again = Times(), Times()
    for times in (first, again):
        for who in people.values():
            for text in typed:
                times.take(lambda w=who, t=text: finder.completer.complete(w, t, len(t)))
    return result | {"completion, first time": spread(first), "completion": spread(again)}


def _new(database: Database, search: IndexSearch, who: Principal) -> dict[str, float]:
    times = Times()
    for number in range(20):
        _add_one(database, number)
        times.take(lambda n=number: _found(search, who, f"brandnew{n}x"))
    return spread(times)


def _beside_sql(search: IndexSearch, sql: SqlSearch, people: dict[str, Principal], number: int) -> dict[str, Any]:
    differing, theirs, ours = 0, Times(), Times()
    for who in people.values():
        for query in questions(number, 10):
            found = ours.take(lambda w=who, q=query: search.search(w, q))
            wanted = theirs.take(lambda w=who, q=query: sql.search(w, q))
            same = found.total == wanted.total and [c.pid for c in found.results] == [c.pid for c in wanted.results]
            differing += not (same and found.facets == wanted.facets)
    return {"sql": spread(theirs), "index, same questions": spread(ours), "answers that differ": differing}


def _add_one(database: Database, number: int) -> None:
    now = datetime.now(UTC)
    pid = f"new-{number}-{time.time_ns()}"
    with database.session() as session:
        session.add(
            Dataset(pid=pid, kind="raw", title=f"brandnew{number}x", facility="F", created=now, start_time=now, format="nexus",
                    identity=pid, fingerprint=pid, proposal_id=1, instrument_id=1, state="complete",
                    search_text=search_text({"title": [f"brandnew{number}x"]}),
                    techniques=[DatasetTechnique(technique=_TECHNIQUES[0])])
        )  # fmt: skip
        append(session, "dataset.registered", pid, proposal_id=1)


def _found(search: IndexSearch, who: Principal, text: str) -> None:
    assert search.search(who, SearchQuery(text)).total >= 1


# --- over HTTP ----------------------------------------------------------------------------------------------------


def over_http(home: Path, url: str, each: int) -> dict[str, Any]:
    """Four clients at once, each another person with her token (one without)."""
    database = Database(url)
    identity = Identity(database, load_settings())
    tokens = [None, *(identity.create_token(id_, "bench", ["read"])[1] for id_ in (4, 2, 1))]
    database.dispose()
    environment = {
        **os.environ,
        "PANDAAS_HOME": str(home),
        "PANDAAS_DATABASE__URL": url,
        "PANDAAS_SERVER__PORT": "8131",
    }
    log = (home / "serve.log").open("wb")
    server = subprocess.Popen([sys.executable, "-m", "pandaas.cli", "serve"], env=environment, stdout=log, stderr=log)
    address = "http://127.0.0.1:8131/api/v1"
    try:
        _wait(address)
        times: list[float] = []
        threads = [
            threading.Thread(target=_client, args=(address, token, n, each, times)) for n, token in enumerate(tokens)
        ]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - start
        memory = sum(
            p.memory_full_info().pss
            for p in [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        )
        return {**spread(times), "per_s": round(len(times) / wall), "server_memory_mb": round(memory / 1e6)}
    finally:
        server.terminate()
        server.wait()


def _wait(address: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                break
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    time.sleep(8)  # until the index is loaded


def _client(address: str, token: str | None, number: int, each: int, times: list[float]) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(headers=headers, timeout=60) as client:
        for warm in (True, False):
            for query in questions(20 if warm else each, 20 + number):
                asked = {"q": query.text, "limit": 20, **{k: list(v) for k, v in query.selected.items()}}
                took, answer = timed(lambda a=asked: client.get(f"{address}/search", params=a))
                assert answer.status_code == 200, answer.text
                if not warm:
                    times.append(took)


def main() -> None:
    parser = argparse.ArgumentParser(description="Search at facility scale.")
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--url", help="an empty or already filled PostgreSQL database; default: SQLite")
    parser.add_argument("--sql", type=int, default=5, help="questions per person that SQL answers too")
    parser.add_argument("--http", action="store_true", help="over HTTP too")
    asked = parser.parse_args()
    home = PLACE / f"{'postgres' if asked.url else 'sqlite'}-{asked.datasets}"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = asked.url or f"sqlite:///{home / 'pandaas.sqlite'}"
    result: dict[str, Any] = {}
    if not (home / "made").exists():
        took, _ = timed(lambda: make(url, asked.datasets))
        result["bulk_load_of_metadata_per_s"] = round(asked.datasets / took * 1000)
        (home / "made").touch()
    result |= measure(home, url, asked.sql)
    if asked.http:
        result["HTTP, 4 clients"] = over_http(home, url, 100)
    result["load"] = os.getloadavg()[0]
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
