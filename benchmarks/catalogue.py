"""Search at facility scale: a made-up catalogue, asked by four kinds of people, by index, over HTTP and in naive SQL.

    python benchmarks/catalogue.py [--datasets 100000] [--url postgresql+psycopg://…] [--sql 20] [--http [PROCESSES]] [--tiled PYTHON]

Makes datasets with twenty parameters each in up to 5,000 proposals of 20,000 persons (seeded, skewed), once, below
`.cache/bench/catalogue`, loads them in bulk, and measures in one run: queries of text (parts of words too) with two
filters, all facets, the exact count and the first 20 rows; ranges with units; histograms, calendar and tree of techniques;
completion; the PaNOSC search API with three joins; the start with a snapshot; memory; a new dataset's way into the search; the same questions in SQL (`--sql` of
them), over HTTP by four clients at once with so many server processes (`--http`; alone with `--http-only`), and those that Tiled can be asked in
its catalogue on the same metadata (`--tiled`, of at most 100,000 datasets). Embargoes end while it runs, answers are not
cached. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import psutil
from _facility import ACTIONS, SAMPLES, TECHNIQUES, make
from sqlalchemy import func, select

from pandaas.access import Access
from pandaas.catalogue import Finder, IndexSearch, SearchQuery, SqlSearch, Vocabulary
from pandaas.catalogue.folding import search_text
from pandaas.catalogue.search.index import index_folder
from pandaas.config import load_settings
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, DatasetParameter, DatasetTechnique, Instrument, Person, Proposal
from pandaas.federation import PanoscSearch
from pandaas.identity import Identity, principal_of
from pandaas.model import ANONYMOUS, Principal

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".cache/bench/catalogue"

# --- questions ----------------------------------------------------------------------------------------------------


def questions(number: int, seed: int) -> Iterator[SearchQuery]:
    """Text with two filters; a third ask for much: no word, or one that all have, and filters that most pass."""
    pick = random.Random(seed)
    texts = [
        lambda: "", lambda: pick.choice(ACTIONS), lambda: pick.choice(SAMPLES), lambda: pick.choice(SAMPLES)[1:5],
        lambda: f"{pick.randint(0, 9999):04d}", lambda: f"{pick.choice(SAMPLES)} {pick.choice(ACTIONS)}",
        lambda: f"{pick.choice(SAMPLES)}_00{pick.randint(0, 99):02d}", lambda: pick.choice(SAMPLES)[:2],
    ]  # fmt: skip
    filters: list[Callable[[], tuple[str, dict[str, tuple[str, ...]]]]] = [
        lambda: (f"photon_energy:{(low := pick.randint(5, 15))}..{low + pick.randint(1, 5)}keV", {}),
        lambda: (f"temperature:<{pick.randint(50, 500)}K", {}),
        lambda: ("", {"instrument": (f"BL{pick.randint(1, 15):02d}", "BL01")}),
        lambda: ("", {"year": tuple({str(pick.randint(2017, 2026)) for _ in range(4)})}),
        lambda: ("", {"technique": tuple(pick.sample(TECHNIQUES[:5], 2))}),
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
    result["PaNOSC search API"] = _panosc(search, database, people)
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


def _panosc(search: IndexSearch, database: Database, people: dict[str, Principal]) -> dict[str, float]:
    """A question with three joins: instrument, technique and a range of a parameter with its unit."""
    api = PanoscSearch(database, search._sql._access, search._vocabulary, search.narrowing)
    pick, times = random.Random(12), Times()
    for who in people.values():
        for _ in range(30):
            low = pick.uniform(5, 19)
            bounds = {"between": [low * 1000, (low + pick.choice((0.01, 0.1, 1.0))) * 1000]}
            wheres = {
                "instrument": {"name": f"BL{pick.randint(1, 15):02d}"},
                "techniques": {"name": pick.choice(("small angle scattering", "SAXS", "diffraction", "tomography"))},
                "parameters": {"and": [{"name": "photon_energy"}, {"value": bounds}, {"unit": "eV"}]},
            }
            include = [{"relation": name, "scope": {"where": where}} for name, where in wheres.items()]
            asked = json.dumps({"include": include, "limit": 20})
            times.take(lambda w=who, a=asked: api.find(w, "Dataset", a))
    return spread(times)


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
                    techniques=[DatasetTechnique(technique=TECHNIQUES[0])])
        )  # fmt: skip
        append(session, "dataset.registered", pid, proposal_id=1)


def _found(search: IndexSearch, who: Principal, text: str) -> None:
    assert search.search(who, SearchQuery(text)).total >= 1


# --- over HTTP ----------------------------------------------------------------------------------------------------


def over_http(home: Path, url: str, each: int, processes: int) -> dict[str, Any]:
    """Four clients at once, each another person with her token (one without)."""
    database = Database(url)
    identity = Identity(database, load_settings())
    tokens = [None, *(identity.create_token(id_, "bench", ["read"])[1] for id_ in (4, 2, 1))]
    database.dispose()
    ports = [8131 + number for number in range(processes)]
    servers = [_serve(home, url, port) for port in ports]
    try:
        addresses = [f"http://127.0.0.1:{port}/api/v1" for port in ports]
        for address in addresses:
            _wait(address)
        times: list[float] = []
        threads = [
            threading.Thread(target=_client, args=(addresses[n % processes], token, n, each, times))
            for n, token in enumerate(tokens)
        ]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - start
        memory = [
            sum(p.memory_full_info().pss for p in [one, *one.children(recursive=True)])
            for one in (psutil.Process(server.pid) for server in servers)
        ]
        return {
            **spread(times),
            "per_s": round(len(times) / wall),
            "memory_of_each_server_mb": [round(one / 1e6) for one in memory],
        }
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()


def _serve(home: Path, url: str, port: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PANDAAS_HOME": str(home),
        "PANDAAS_DATABASE__URL": url,
        "PANDAAS_SERVER__PORT": str(port),
    }
    log = (home / f"serve-{port}.log").open("wb")
    return subprocess.Popen([sys.executable, "-m", "pandaas.cli", "serve"], env=environment, stdout=log, stderr=log)


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
    """A client that costs little: all four share the two cores with the servers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    place = urlsplit(address)
    connection = HTTPConnection(place.netloc, timeout=60)

    def ask(path: str) -> tuple[int, bytes]:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    for warm in (True, False):
        for query in questions(20 if warm else each, 20 + number):
            asked = {"q": query.text, "limit": 20, **{k: list(v) for k, v in query.selected.items()}}
            path = f"{place.path}/search?{urlencode(asked, doseq=True)}"
            took, (status, body) = timed(lambda p=path: ask(p))
            assert status == 200, body[:2000]
            if not warm:
                times.append(took)
    connection.close()


# --- beside Tiled -------------------------------------------------------------------------------------------------


def beside_tiled(home: Path, url: str, python: str) -> dict[str, Any]:
    """Questions that both can be asked: a whole word, an instrument, a range; of everything there is."""
    database = Database(url)
    folder = home / "tiled"
    folder.mkdir(exist_ok=True)
    if not (folder / "metadata.jsonl").exists():
        with (folder / "metadata.jsonl").open("w") as lines:
            lines.writelines(json.dumps(one) + "\n" for one in _metadata(database))
    pick = random.Random(11)
    asked = [
        {"word": pick.choice((*SAMPLES, *ACTIONS)), "instrument": f"BL{pick.randint(1, 6):02d}", "low": (low := pick.randint(5, 12) + 0.5),
         "high": low + 5} for _ in range(20)
    ]  # fmt: skip
    (folder / "questions.json").write_text(json.dumps(asked))
    said = subprocess.run(
        [python, str(Path(__file__).with_name("_tiled.py")), str(folder)], check=True, capture_output=True
    )
    theirs = json.loads(said.stdout.splitlines()[-1])
    access = Access(database)
    vocabulary = Vocabulary(database, access)
    search = IndexSearch(database, access, vocabulary, index_folder(load_settings()))
    search.keeper.load()
    who, times, differing = askers(database)["operator"], Times(), 0
    for question, answer in zip(asked, theirs, strict=True):
        text = f"title:{question['word']} photon_energy:{question['low']}..{question['high']}keV"
        query = SearchQuery(text, {"instrument": (question["instrument"],)}, limit=20)
        differing += times.take(lambda q=query: search.search(who, q)).total != answer["found"]
    database.dispose()
    told = Times()
    told.extend(one["ms"] for one in theirs)
    told.processor = [one["processor_ms"] for one in theirs]
    return {"Tiled": spread(told), "ours": spread(times), "counts that differ": differing}


def _metadata(database: Database) -> Iterator[dict[str, Any]]:
    """What a facility would put into Tiled, energies in keV."""
    query = select(Dataset.id, Dataset.title, Dataset.sample, Dataset.kind, Dataset.start_time, Instrument.name.label("instrument"),
                   Proposal.name.label("proposal")).join_from(Dataset, Instrument).join(Proposal, Proposal.id == Dataset.proposal_id).order_by(Dataset.id)  # fmt: skip
    last = 0
    while True:
        with database.read() as session:
            rows = session.execute(query.where(Dataset.id > last).limit(2_000)).all()
            ids = [row.id for row in rows]
            techniques = dict(session.execute(select(DatasetTechnique.dataset_id, DatasetTechnique.technique)
                                              .where(DatasetTechnique.dataset_id.in_(ids))).all())  # fmt: skip
            values: dict[int, dict[str, Any]] = {}
            for one in session.scalars(select(DatasetParameter).where(DatasetParameter.dataset_id.in_(ids))):
                value = one.value if one.unit != "eV" or one.value is None else one.value / 1000
                values.setdefault(one.dataset_id, {})[one.name] = one.text if value is None else value
        for row in rows:
            yield {"title": row.title, "sample": row.sample, "kind": row.kind, "instrument": row.instrument, "proposal": row.proposal,
                   "year": row.start_time.year, "technique": techniques.get(row.id), **values.get(row.id, {})}  # fmt: skip
        if len(rows) < 2_000:
            return
        last = ids[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Search at facility scale.")
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--url", help="an empty or already filled PostgreSQL database; default: SQLite")
    parser.add_argument("--sql", type=int, default=5, help="questions per person that SQL answers too")
    parser.add_argument(
        "--http", type=int, nargs="?", const=1, metavar="PROCESSES", help="over HTTP too, by so many processes"
    )
    parser.add_argument("--http-only", action="store_true", help="nothing but --http")
    parser.add_argument("--tiled", metavar="PYTHON", help="a Python that has tiled[server]: its catalogue beside ours")
    asked = parser.parse_args()
    home = PLACE / f"{'postgres' if asked.url else 'sqlite'}-{asked.datasets}"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = asked.url or f"sqlite:///{home / 'pandaas.sqlite'}"
    result: dict[str, Any] = {}
    if not (home / "made").exists():
        took, _ = timed(lambda: make(url, asked.datasets))
        result["bulk_load_of_metadata_per_s"] = round(asked.datasets / took * 1000)
        (home / "made").touch()
    if not asked.http_only:
        result |= measure(home, url, asked.sql)
    if asked.http:
        result[f"HTTP, 4 clients, processes: {asked.http}"] = over_http(home, url, 100, asked.http)
    if asked.tiled:
        result["beside Tiled"] = beside_tiled(home, url, asked.tiled)
    result["load"] = os.getloadavg()[0]
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
