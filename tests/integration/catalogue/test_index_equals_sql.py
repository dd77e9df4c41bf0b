"""The index answers exactly as SQL does: random catalogues, random changes, random queries, random persons."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from pandaas.access import FACILITY, Access
from pandaas.catalogue import IndexSearch, SearchQuery, SearchResult, SqlSearch
from pandaas.catalogue.folding import search_text
from pandaas.catalogue.search import ranking
from pandaas.catalogue.search.hits import Hits, TablesHits
from pandaas.catalogue.search.known import Known
from pandaas.catalogue.search.language import Words
from pandaas.catalogue.vocabulary import Vocabulary
from pandaas.db import Database, append
from pandaas.db.tables import (
    Dataset,
    DatasetArray,
    DatasetFile,
    DatasetParameter,
    DatasetTechnique,
    Instrument,
    InstrumentStaff,
    Person,
    Proposal,
    ProposalMember,
    Relation,
    Share,
)
from pandaas.identity import principal_of
from pandaas.model import ANONYMOUS, DatasetState, Principal, ProposalType, Role, TeamRole
from pandaas.testing.clock import ManualClock

pytestmark = pytest.mark.integration

_WORDS = (
    "Lysozyme",
    "in",
    "buffer",
    "run_0004217.nxs",
    "0012",
    "Müller's",
    "ice",
    "100%",
    "zeolite",
    "frozen",
    "a",
    "|",
)
_TECHNIQUES = tuple(f"http://purl.org/pan-science/PaNET/PaNET0{number}" for number in (1188, 1196, 1098))
_TEXTS = (
    "", "lysozyme", "ysozy", "e", "0", "42", '"lysozyme in"', '"in buffer"', '"n bu"', 'title:"buffer ice"', "sample:ice",
    'sample:"frozen zeolite"', "-lysozyme", "-state:open", "state:open", "state:embargoed", "state:withdrawn",
    "state:missing", "state:growing", "kind:raw", "-kind:derived", "format:NEXUS", "pid:ds-3", "pid:nothing", "ds-1",
    "year:2020", "year:>2021", "year:2019..2021", "year:<1", "date:2020-01..2021-03", "date:>2021", "has:thumbnail", "has:results", "-has:job", "has:image",
    "has:attachment", "has:technique", "has:photon_energy", "has:Mode", "photon_energy:7..8keV", "photon_energy:>7500eV",
    "photon_energy:<=8", "-photon_energy:8keV", "temperature:290..300K", "mode:step", "Mode:scan", "technique:SAXS",
    "technique:nonsense", "instrument:I1", "proposal:P2", "nonsense lysozyme", "in ice", "muller", "100% zeolite", "|",
    "photon_energy:>=7keV year:2020 lysozyme", "facility:F", 'file:"0012"', "definition:nxsas", "nothing:here",
)  # fmt: skip
_NAMES = ("photon_energy", "temperature", "mode", "Mode", "nothing")
_SORTS = ("relevance", "newest", "oldest", "title", "size")


class Chance:
    """A random catalogue in `database`, and what may be asked of it."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        database.clock = self.clock = ManualClock()
        self.random = random.Random(seed)
        self.access = Access(database)
        self.vocabulary = Vocabulary(database, self.access)
        with database.session() as session:
            self.persons = [
                Person(user=f"p{n}", name=f"P{n}", role=role, created=self.clock())
                for n, role in enumerate((Role.VISITOR, Role.VISITOR, Role.INSTRUMENT_STAFF, Role.OPERATOR))
            ]
            self.instruments = [Instrument(name=f"I{n}", title="Beam", facility="F") for n in range(3)]
            session.add_all([*self.persons, *self.instruments])
            session.flush()
            self.proposals = [
                Proposal(name=f"P{n}", title="Proposal", type=type_, facility="F", created=self.clock())
                for n, type_ in enumerate(ProposalType)
            ]
            session.add_all(self.proposals)
            session.flush()
            for proposal in self.proposals:
                for person in self.random.sample(self.persons, self.random.randint(0, 2)):
                    role = self.random.choice(list(TeamRole))
                    session.add(ProposalMember(proposal_id=proposal.id, person_id=person.id, role=role))
            session.add(InstrumentStaff(instrument_id=self.instruments[0].id, person_id=self.persons[2].id))
        self.number = 0

    def add(self, count: int) -> None:
        with self.database.session() as session:
            for _ in range(count):
                self._add(session)

    def _add(self, session: object) -> None:
        pick, number = self.random, self.number
        self.number += 1
        start = datetime(pick.randint(2018, 2022), pick.randint(1, 12), 1, tzinfo=UTC)
        proposal = pick.choice(self.proposals)
        made = Dataset(
            pid=f"ds-{number}",
            kind=pick.choice(["raw", "raw", "derived", "mask"]),
            facility=pick.choice(["", "F", "G"]),
            start_time=pick.choice([None, start, start]),
            created=self.clock() - timedelta(days=pick.randint(0, 3)),
            format=pick.choice(["nexus", "EDF"]),
            size=pick.randint(0, 5),
            identity=f"{number}",
            fingerprint="",
            proposal_id=proposal.id,
            owner_id=pick.choice([None, *(person.id for person in self.persons)]),
            instrument_id=pick.choice([None, *(instrument.id for instrument in self.instruments)]),
            is_latest=pick.random() < 0.9,
            job_id=pick.choice([None, "job"]),
            title="",
            **self._changing(),
        )
        session.add(made)  # type: ignore[attr-defined]
        session.flush()  # type: ignore[attr-defined]
        self._describe(session, made)
        if number and pick.random() < 0.4:
            sources = {f"ds-{pick.randrange(number)}" for _ in range(pick.randint(1, 2))}
            self.access.record_ancestors(session, made.id, sources)  # type: ignore[arg-type]
            for source in sources:
                session.add(Relation(subject_pid=made.pid, relation="derived_from", object_pid=source))  # type: ignore[attr-defined]
        if pick.random() < 0.1:
            session.add(Share(dataset_pid=made.pid, person_id=self.persons[0].id, granted_by=self.persons[3].id,
                              created=self.clock()))  # type: ignore[attr-defined]  # fmt: skip
        self._log(session, "dataset.registered", made)

    def _changing(self) -> dict[str, object]:
        pick, now = self.random, self.clock()
        soon = [now + timedelta(seconds=seconds) for seconds in (-5, 0, 5, 50)]
        return {
            "state": pick.choice([*DatasetState, DatasetState.COMPLETE]),
            "release_time": pick.choice([None, now - timedelta(days=9), now - timedelta(days=9), *soon]),
            "thumbnail": pick.choice([None, b"png"]),
            "missing_since": pick.choice([None, None, now]),
            "sample": pick.choice([None, self._some(2)]),
            "description": pick.choice([None, self._some(4)]),
        }

    def _describe(self, session: object, made: Dataset) -> None:
        pick = self.random
        kev, ev = pick.choice([7.0, 7.5, 8.0, 9.0]), pick.choice([7000.0, 8000.0])
        made.title = self._some(3)
        made.parameters = [
            DatasetParameter(name=name, value=value, unit=unit, si_value=si, si_unit=si_unit, text=text)
            for name, value, unit, si, si_unit, text in (
                ("photon_energy", kev, "keV", kev * 1000, "eV", None),
                ("photon_energy", ev, "eV", ev, "eV", None),
                ("temperature", 295.0, "K", 295.0, "K", None),
                ("temperature", 7400.0, "furlong", None, None, None),
                ("photon_energy", None, None, None, None, "Unknown"),
                ("mode", None, None, None, None, pick.choice(["Step scan", "FLY"])),
                ("Mode", None, None, None, None, "step"),
            )
            if pick.random() < 0.3
        ][:3]
        names = {row.name: row for row in made.parameters}
        made.parameters = list(names.values())
        made.techniques = [DatasetTechnique(technique=iri) for iri in pick.sample(_TECHNIQUES, pick.randint(0, 2))]
        made.arrays = [
            DatasetArray(path="/a", shape=[1], dtype="<f4", kind=kind, nbytes=4)
            for kind in pick.sample(["image", "curve", "image"], pick.randint(0, 2))
        ]
        made.files = [
            DatasetFile(position=0, role=role, name="run_0012.nxs", path="/x", size=1, mtime_ns=1, sha256="")
            for role in pick.sample(["data", "attachment"], pick.randint(0, 2))
        ]
        made.search_text = search_text(
            {"title": [made.title], "sample": [made.sample], "description": [made.description], "pid": [made.pid],
             "proposal": [f"P{made.proposal_id}", "Proposal"], "file": ["run_0012.nxs"] if made.files else []}
        )  # fmt: skip
        session.flush()  # type: ignore[attr-defined]

    def change(self, count: int) -> None:
        """Edits, new releases of proposals, another type: each with its event."""
        with self.database.session() as session:
            for made in self.random.sample(list(session.scalars(select(Dataset))), count):
                for name, value in self._changing().items():
                    setattr(made, name, value)
                session.execute(delete(DatasetParameter).where(DatasetParameter.dataset_id == made.id))
                session.execute(delete(DatasetTechnique).where(DatasetTechnique.dataset_id == made.id))
                session.execute(delete(DatasetArray).where(DatasetArray.dataset_id == made.id))
                session.execute(delete(DatasetFile).where(DatasetFile.dataset_id == made.id))
                session.expire(made)
                self._describe(session, made)
                self._log(session, "dataset.edited", made)
            proposal = session.get_one(Proposal, self.random.choice(self.proposals).id)
            proposal.type = self.random.choice(list(ProposalType))
            append(session, "proposal.changed", proposal.name, proposal_id=proposal.id, payload={"type": proposal.type})
        released = self.random.choice([None, self.clock(), self.clock() + timedelta(seconds=3)])
        with self.database.read() as session:
            of_type = {row.id: row.type for row in session.scalars(select(Proposal))}
            some = [row.pid for row in session.scalars(select(Dataset)) if of_type[row.proposal_id] == "public_access"]
        if some:  # what was made from it follows, in whatever proposal
            self.access.set_dataset_release(FACILITY, self.random.choice(some), released, reason="chance")
        with self.database.read() as session:
            kinds = {ProposalType.PROPRIETARY, ProposalType.PERSONAL}
            names = [row.name for row in session.scalars(select(Proposal)) if row.type not in kinds]
        if names:
            self.access.set_release(FACILITY, self.random.choice(names), released)

    def _log(self, session: object, kind: str, made: Dataset) -> None:
        append(session, kind, made.pid, proposal_id=made.proposal_id, clock=self.clock)  # type: ignore[arg-type]

    def _some(self, most: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=self.random.randint(1, most)))

    def asker(self) -> Principal:
        with self.database.read() as session:
            persons = [principal_of(session, session.get_one(Person, row.id), self.clock()) for row in self.persons]
        return self.random.choice([ANONYMOUS, *persons])

    def query(self) -> SearchQuery:
        pick = self.random
        text = " ".join(pick.sample(_TEXTS, pick.choice([0, 1, 1, 1, 2, 3])))
        values = {"facility": ["F", "G"], "instrument": ["I0", "I1", "X"], "technique": list(_TECHNIQUES),
                  "proposal": ["P0", "P1"], "year": ["2020", "2021", "x"], "kind": ["raw", "derived"]}  # fmt: skip
        chosen = pick.sample(sorted(values), pick.choice([0, 0, 1, 2]))
        selected = {facet: tuple(pick.sample(values[facet], pick.randint(1, 2))) for facet in chosen}
        return SearchQuery(text, selected, pick.choice(_SORTS), pick.choice([1, 5, 100]), pick.choice([0, 0, 3, 50]))  # type: ignore[arg-type]


def compare(chance: Chance, search: IndexSearch, times: int) -> None:
    sql = SqlSearch(chance.database, chance.access, chance.vocabulary)
    search._sql.search = _never  # type: ignore[method-assign]
    for _ in range(times):
        who, query = chance.asker(), chance.query()
        found, wanted = (_timeless(engine.search(who, query)) for engine in (search, sql))
        assert found == wanted, (who, query)


def compare_knowledge(chance: Chance, search: IndexSearch) -> None:
    """What completion offers and typos are held against."""
    who, some = chance.asker(), chance.random.sample
    with chance.database.read() as session:
        counted = search.known_to(session, who)
        tables = Known(chance.database, chance.access).to(session, who)
        assert counted is not None
        assert counted.names(_NAMES) == tables.names(_NAMES), who
        assert sorted(counted.techniques()) == sorted(tables.techniques()), who
        assert list(counted.instruments()) == list(tables.instruments()), who
        assert list(counted.proposals(_odd)) == list(tables.proposals(_odd)), who
        for name in some(_NAMES, 2):
            assert (counted.numeric(name) is None) == (tables.numeric(name) is None), (who, name)
            for part in some(("", "s", "fl"), 1):
                found, wanted = (one.texts_of(name, part, 50) for one in (counted, tables))
                assert [text.lower() for text in found] == [text.lower() for text in wanted], (who, name, part)
        for field, part in some(
            (("sample", ""), ("sample", "ice"), ("sample", "e"), ("facility", ""), ("format", "")), 2
        ):
            found, wanted = (one.values_of(field, part, 50) for one in (counted, tables))
            assert [value.lower() for value in found] == [value.lower() for value in wanted], (who, field, part)
        for part in some(("ly", "lysozyme", "00", "i", "100", "p", "nothing"), 2):
            assert set(counted.begun(part)) == set(tables.begun(part)), (who, part)
        for word in some(("lysozime", "lysozyne", "frozne", "bufer", "ice", "nonsense"), 2):
            assert set(counted.near(word)) == set(tables.near(word)), (who, word)
            assert counted.stands(Words(word)) == tables.stands(Words(word)), (who, word)


def _odd(name: str, title: str) -> bool:
    return name != "P1" and title == "Proposal"


def compare_hits(chance: Chance, search: IndexSearch, times: int) -> None:
    """What is counted over all hits: histograms, calendar, techniques, lists."""
    sql = SqlSearch(chance.database, chance.access, chance.vocabulary)
    parents = {iri: [f"above {place}", "root"] for place, iri in enumerate(_TECHNIQUES)}
    for _ in range(times):
        who, query = chance.asker(), chance.query()
        ids = chance.random.sample(range(chance.number + 5), 10)
        with chance.database.read() as session:
            counted = search.hits(session, who, query)
            tables = TablesHits(session, sql.hits(who, query), is_sqlite=True)
            assert counted is not None
            told = [_told_of(hits, parents, ids) for hits in (counted, tables)]
        assert told[0] == told[1], (who, query)


def _told_of(hits: Hits, parents: dict[str, list[str]], ids: list[int]) -> list[object]:
    measured = [hits.measured(name) for name in _NAMES]
    return [
        hits.total(),
        hits.last_registered(7),
        hits.last_registered(100, 30),
        sorted(hits.among(ids)),
        (years := hits.years()),
        [hits.days(year) for year in years],
        hits.techniques(lambda iri: parents[iri]),
        hits.differing(1, lambda _: False),
        hits.differing(5, lambda name: name == "temperature"),
        measured,
        [hits.counts(one, [7000.0, 7500.0, 8000.0]) for one in measured if one],
        [hits.counts(one, []) for one in measured if one],
    ]


def _never(principal: Principal, query: SearchQuery) -> SearchResult:
    raise AssertionError(f"the index can't answer {query}")


def _timeless(result: SearchResult) -> SearchResult:
    facets = {name: tuple(sorted(values, key=repr)) for name, values in result.facets.items()}
    return replace(result, took_ms=0, facets=facets)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(1, 30))])
def test_the_index_answers_as_sql(
    sqlite_database: Database, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Chance(sqlite_database, seed)
    chance.add(60)
    search = IndexSearch(sqlite_database, chance.access, chance.vocabulary, tmp_path / "index")
    search.keeper.load()
    compare(chance, search, 50)
    compare_knowledge(chance, search)
    compare_hits(chance, search, 20)
    for _ in range(2):
        chance.add(10)
        chance.change(10)
        compare(chance, search, 30)
        chance.clock.advance(seconds=4)
        compare(chance, search, 20)
        compare_knowledge(chance, search)
        compare_hits(chance, search, 20)
    chance.clock.advance(seconds=-8)  # another time is another truth
    compare(chance, search, 20)
    monkeypatch.setattr(ranking, "MOST_RANKED", 10)
    again = IndexSearch(sqlite_database, chance.access, chance.vocabulary, tmp_path / "index")
    again.keeper.load()  # the old snapshot and what has happened since
    compare(chance, again, 30)
    compare_knowledge(chance, again)
    again.keeper.rebuild()
    compare(chance, again, 40)
