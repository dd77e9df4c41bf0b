"""A small facility for tests of the catalogue and of what stands on it, with a scanner that needs no reader process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pandaas.access import FACILITY, Access
from pandaas.catalogue import Catalogue, IngestReport
from pandaas.config import IngestSettings, Settings, StorageRoot
from pandaas.db import Database
from pandaas.db.tables import Person
from pandaas.identity import principal_of
from pandaas.model import (
    ArrayInfo,
    ArrayKind,
    DatasetKind,
    Parameter,
    Principal,
    ProposalType,
    Role,
    ScannedDataset,
    TeamRole,
    UnreadableFile,
)
from pandaas.testing.clock import START, ManualClock

NOW = START
SAXS = "http://purl.org/pan-science/PaNET/PaNET01188"
XAS = "http://purl.org/pan-science/PaNET/PaNET01196"
LIKE_NEXUS = b"\x89HDF\r\n\x1a\nNXprocess"  # what looks like a processed NeXus file from outside
PNG = b"\x89PNG\r\n\x1a\nthumbnail"


@dataclass(frozen=True)
class ScanResult:
    """As `pandaas.arrays.ScanResult`."""

    path: Path
    datasets: tuple[ScannedDataset, ...] = ()
    files_seen: tuple[Path, ...] = ()
    error: UnreadableFile | None = None
    attachment: bool = False


@dataclass
class FakeScanner:
    """Reads `{"title": …, "sample": …}`, also after `LIKE_NEXUS`; `bad` is refused, `README` is an attachment; `data` names further files."""

    scanned: list[Path] = field(default_factory=list)
    learned: dict[str, Any] = field(default_factory=dict)  # what a better reader says of every file
    picture: bytes | None = PNG

    def scan(self, paths: Sequence[Path], *, roots: Sequence[Path]) -> Iterator[ScanResult]:
        claimed: set[Path] = set()
        for path in paths:
            assert any(path.is_relative_to(root) for root in roots), f"{path} is below none of {roots}"
            self.scanned.append(path)
            if path in claimed:
                yield ScanResult(path, files_seen=(path,))
            elif path.name.startswith(("README", "settings")):
                yield ScanResult(path, files_seen=(path,), attachment=True)
            else:
                result = self._one(path)
                claimed.update(file for one in result.datasets for file in one.files)
                yield result

    def thumbnail(self, scanned: ScannedDataset) -> bytes | None:
        return self.picture if scanned.files else None

    def _one(self, path: Path) -> ScanResult:
        try:
            said: dict[str, Any] = json.loads(path.read_bytes().removeprefix(LIKE_NEXUS))
        except ValueError:
            return ScanResult(path, error=UnreadableFile("This is not what it says.", remedy="Write it again."))
        entries = said.pop("entries", None) or [said]
        return ScanResult(path, tuple(scanned_from(path, {**entry, **self.learned}) for entry in entries), (path,))


def scanned_from(path: Path, said: dict[str, Any]) -> ScannedDataset:
    start = said.get("start")
    array = ArrayInfo("/entry/data", (3, 4), "<i4", ArrayKind.IMAGE, nbytes=48, is_default=True)
    return ScannedDataset(
        title=said.get("title", path.stem),
        files=(path, *(Path(path.parent / name) for name in said.get("data", ()))),
        format="nexus",
        entry_path=said.get("entry", "/"),
        start_time=datetime.fromisoformat(start) if start else None,
        instrument=said.get("instrument"),
        sample=said.get("sample"),
        proposal=said.get("proposal"),
        description=said.get("description"),
        techniques=tuple(said.get("techniques", ())),
        parameters=tuple(Parameter(name, value, unit) for name, value, unit in said.get("parameters", ())),
        arrays=(array,),
        metadata=said.get("metadata", {}),
        kind=DatasetKind(said.get("kind", "raw")),
    )


@dataclass
class Facility:
    """Everything a test of the catalogue needs. `people` are persons by user name."""

    database: Database
    settings: Settings
    access: Access
    scanner: FakeScanner
    catalogue: Catalogue
    clock: ManualClock
    root: Path
    people: dict[str, int]

    def principal(self, user: str) -> Principal:
        """Who `user` is now: teams are read anew, as for every request."""
        with self.database.read() as session:
            return principal_of(session, session.get_one(Person, self.people[user]), self.clock())

    def write(self, name: str, **said: Any) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"title": path.stem, **said}), "utf-8")
        return path

    def ingest(self, *paths: Path, **options: Any) -> IngestReport:
        return self.catalogue.ingest(FACILITY, paths or [self.root], **options)

    def register(self, name: str, **said: Any) -> str:
        """Write a file and ingest it; the pid."""
        return self.ingest(self.write(name, **said)).datasets[0].pid


def make_facility(database: Database, folder: Path) -> Facility:
    clock = ManualClock()
    database.clock = clock
    root = folder / "data"
    root.mkdir()
    settings = Settings(
        home=folder / "home",
        storage=(StorageRoot(name="data", path=root, proposal_pattern=r"^(?P<proposal>[A-Z]+-\d+)/"),),
        ingest=IngestSettings(settle_s=0.2),
    )
    settings.home.mkdir(mode=0o700)
    access = Access(database)
    people = {}
    with database.session() as session:
        for user, role in (
            ("alice", Role.VISITOR),
            ("bob", Role.VISITOR),
            ("carol", Role.VISITOR),
            ("iris", Role.INSTRUMENT_STAFF),
            ("otto", Role.OPERATOR),
        ):
            person = Person(user=user, name=user.title(), role=role, created=NOW)
            session.add(person)
            session.flush()
            people[user] = person.id
    access.create_instrument(FACILITY, "BL1", "SAXS beamline", technique=SAXS)
    access.set_staff(FACILITY, "BL1", people["iris"])
    for name, title, kind, leader in (
        ("PUB-1", "Proteins in solution", ProposalType.PUBLIC_ACCESS, "alice"),
        ("SEC-2", "A new battery", ProposalType.PROPRIETARY, "bob"),
        ("PUB-3", "Zeolites at work", ProposalType.PUBLIC_ACCESS, "carol"),
    ):
        access.create_proposal(FACILITY, name, title, type=kind, instrument="BL1")
        access.set_member(FACILITY, name, people[leader], TeamRole.PRINCIPAL_INVESTIGATOR)
    scanner = FakeScanner()
    catalogue = Catalogue(database, settings, access, scanner)
    return Facility(database, settings, access, scanner, catalogue, clock, root, people)
