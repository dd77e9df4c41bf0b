"""Import of what another PaNOSC catalogue holds: `{"Dataset": [{…}], "Instrument": [{…}], …}`.

Its identifiers stay as aliases. The file is read and checked as a whole before anything is written; what is known
already is left as it is, so that an import may be repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue import ImportedDataset, add_imported
from pandaas.codecs import to_si
from pandaas.db import Database
from pandaas.db.tables import (
    Alias,
    Dataset,
    DatasetSample,
    Document,
    DocumentAffiliation,
    DocumentDataset,
    DocumentMember,
    DocumentParameter,
    DocumentPerson,
    ForeignTechnique,
    Instrument,
    Proposal,
    RemoteFile,
    Sample,
)
from pandaas.model import Action, InvalidInput, Parameter, Principal

_LARGEST = 200_000_000
_REMEDY = 'Give a file of the form {"Dataset": [{"pid": …, "title": …}], "Instrument": […], …}.'
_MODELS = {
    "Affiliation", "Dataset", "DatasetSample", "DatasetTechnique", "Document", "DocumentDataset", "File", "Instrument",
    "Member", "Parameter", "Person", "Sample", "Technique",
}  # fmt: skip
_ELSEWHERE = "elsewhere"  # where data go that belong to no document
Row = dict[str, Any]


@dataclass(frozen=True)
class ImportReport:
    """How many were added, and how many datasets were known already."""

    datasets: int
    known: int
    documents: int
    instruments: int


class SeedImport:
    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def load(self, principal: Principal, file: Path) -> ImportReport:
        """Take over what `file` describes; for operators. `InvalidInput` names the row at fault, nothing is changed."""
        self._access.require(principal, Action.OPERATE, what="imports")
        seed = _Seed(_tables(file))
        instruments = sum(self._instrument(principal, row) for row in seed.rows("Instrument"))
        documents = [row for row in seed.rows("Document") if self._proposal(principal, row)]
        if any(not seed.documents_of(row["pid"]) for row in seed.rows("Dataset")):
            self._elsewhere(principal)
        with self._database.session() as session:
            _people(session, seed)
            _techniques(session, seed)
            for row in documents:
                _about(session, seed, row)
            added = known = 0
            for row in sorted(seed.rows("Dataset"), key=lambda one: one["pid"]):
                if session.get(Alias, ("dataset", row["pid"])) is None:
                    self._dataset(session, seed, row, file.name)
                    added += 1
                else:
                    known += 1
        return ImportReport(added, known, len(documents), instruments)

    def _instrument(self, principal: Principal, row: Row) -> bool:
        with self._database.read() as session:
            if session.get(Alias, ("instrument", row["pid"])) is not None:
                return False
            taken = set(session.scalars(select(Instrument.name)))
        name = _free(_plain_name(row["name"]), taken)
        there = Access(self._database, facility=str(row.get("facility") or "")[:64])
        there.create_instrument(principal, name, row["name"])
        with self._database.session() as session:
            session.add(Alias(kind="instrument", name=row["pid"], target=name))
        return True

    def _proposal(self, principal: Principal, row: Row) -> bool:
        with self._database.read() as session:
            if session.scalar(select(Document.id).where(Document.pid == row["pid"])) is not None:
                return False
            taken = set(session.scalars(select(Proposal.name)))
        name = _free(_plain_name(row["pid"].rsplit("/", 1)[-1]), taken)
        public = bool(row.get("isPublic"))
        self._access.create_proposal(
            principal,
            name,
            row["title"],
            summary=row.get("summary"),
            start_time=_time(row, "startDate", "Document"),
            end_time=_time(row, "endDate", "Document"),
            release_time=self._database.clock() if public else None,
        )
        with self._database.session() as session:
            proposal_id = session.scalars(select(Proposal.id).where(Proposal.name == name)).one()
            session.add(
                Document(
                    pid=row["pid"],
                    proposal_id=proposal_id,
                    type=str(row.get("type") or "proposal")[:32],
                    doi=row.get("doi"),
                    release_date=_time(row, "releaseDate", "Document"),
                    licence=row.get("license"),
                    keywords=row.get("keywords"),
                )
            )
        return True

    def _elsewhere(self, principal: Principal) -> None:
        with self._database.read() as session:
            if session.scalar(select(Document.id).where(Document.pid == _ELSEWHERE)) is not None:
                return
        self._access.create_proposal(principal, _ELSEWHERE, "Data described by other catalogues")
        with self._database.session() as session:
            proposal_id = session.scalars(select(Proposal.id).where(Proposal.name == _ELSEWHERE)).one()
            session.add(Document(pid=_ELSEWHERE, proposal_id=proposal_id, type=""))

    def _dataset(self, session: Session, seed: _Seed, row: Row, source: str) -> None:
        pid = row["pid"]
        documents = seed.documents_of(pid) or [_ELSEWHERE]
        proposals = [
            session.scalars(select(Document.proposal_id).where(Document.pid == one)).one() for one in documents
        ]
        instrument = _instrument_of(session, row.get("instrumentId"))
        samples = seed.linked("DatasetSample", "sampleId", pid)
        made = add_imported(
            session,
            self._access,
            ImportedDataset(
                origin=pid,
                title=row["title"],
                proposal_id=proposals[0],
                created=_time(row, "creationDate", "Dataset"),
                instrument_id=instrument.id if instrument else None,
                facility=instrument.facility if instrument else "",
                sample=next((str(seed.one("Sample", one)["name"]) for one in samples), None),
                size=int(row.get("size") or 0),
                techniques=tuple(_key(session, one) for one in seed.linked("DatasetTechnique", "techniqueId", pid)),
                parameters=tuple((_number(one), _parameter(one)) for one in seed.of("Parameter", "datasetId", pid)),
                release_time=self._database.clock() if row.get("isPublic") else None,
                source_note=f"Imported from {source[:200]}",
            ),
            clock=self._database.clock,
        )
        session.add(Alias(kind="dataset", name=pid, target=made.pid))
        session.add_all(DatasetSample(dataset_id=made.id, sample_pid=one) for one in dict.fromkeys(samples))
        session.add_all(DocumentDataset(proposal_id=one, dataset_id=made.id) for one in proposals[1:])
        session.add_all(_file(made, one) for one in seed.of("File", "datasetId", pid))


class _Seed:
    """The rows by model, checked: every row has what it needs, and what it refers to is there."""

    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self._tables = tables
        self._by_id: dict[str, dict[Any, Row]] = {}
        self._groups: dict[str, dict[Any, list[Row]]] = {}
        for model, needed in {
            "Dataset": ("pid", "title"),
            "Document": ("pid", "title"),
            "Instrument": ("pid", "name"),
            "Sample": ("pid", "name"),
            "Technique": ("pid", "name"),
            "Person": ("id", "fullName"),
            "Affiliation": (),
            "Parameter": ("name",),
            "File": ("name",),
        }.items():
            for number, row in enumerate(self.rows(model)):
                for key in needed:
                    _text(row, key, f"{model}[{number}]")
            self._by_id[model] = {row.get("pid", row.get("id")): row for row in self.rows(model)}
        self._check_references()
        self._check_values()

    def rows(self, model: str) -> list[Row]:
        return self._tables.get(model, [])

    def one(self, model: str, identifier: Any) -> Row:
        return self._by_id[model][identifier]

    def of(self, model: str, key: str, owner: str) -> list[Row]:
        return self._grouped(model, key).get(owner, [])

    def linked(self, model: str, key: str, dataset: str) -> list[str]:
        return [row[key] for row in self.of(model, "datasetId", dataset)]

    def documents_of(self, dataset: str) -> list[str]:
        """The documents of a dataset, proposals first."""
        named = [row["documentId"] for row in self.of("DocumentDataset", "datasetId", dataset)]
        own = self.one("Dataset", dataset).get("documentId")
        found = dict.fromkeys([*([own] if own else []), *named])
        return sorted(found, key=lambda pid: self.one("Document", pid).get("type") != "proposal")

    def _grouped(self, model: str, key: str) -> dict[Any, list[Row]]:
        name = f"{model}.{key}"
        if name not in self._groups:
            groups = self._groups[name] = {}
            for row in self.rows(model):
                groups.setdefault(row.get(key), []).append(row)
        return self._groups[name]

    def _check_references(self) -> None:
        references = {
            "Dataset": {"instrumentId": "Instrument", "documentId": "Document"},
            "DatasetSample": {"datasetId": "Dataset", "sampleId": "Sample"},
            "DatasetTechnique": {"datasetId": "Dataset", "techniqueId": "Technique"},
            "DocumentDataset": {"datasetId": "Dataset", "documentId": "Document"},
            "File": {"datasetId": "Dataset"},
            "Member": {"documentId": "Document", "personId": "Person", "affiliationId": "Affiliation"},
            "Parameter": {"datasetId": "Dataset", "documentId": "Document"},
        }
        for model, keys in references.items():
            for number, row in enumerate(self.rows(model)):
                for key, target in keys.items():
                    if row.get(key) is not None and row[key] not in self._by_id[target]:
                        _refuse(f"{model}[{number}].{key}", f"There is no {target} '{str(row[key])[:100]}'.")
        for model in ("DatasetSample", "DatasetTechnique", "DocumentDataset"):
            for number, row in enumerate(self.rows(model)):
                if any(row.get(key) is None for key in references[model]):
                    _refuse(f"{model}[{number}]", f"A row needs {' and '.join(references[model])}.")

    def _check_values(self) -> None:
        self._check_datasets()
        for number, row in enumerate(self.rows("Parameter")):
            value = row.get("value")
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                _refuse(f"Parameter[{number}].value", "A value is a number or a text.")
        for model, keys in {"Dataset": ["creationDate"], "Document": ["startDate", "endDate", "releaseDate"]}.items():
            for row in self.rows(model):
                for key in keys:
                    _time(row, key, model)
        for model in ("Member", "Affiliation"):
            for number, row in enumerate(self.rows(model)):
                if not isinstance(row.get("id"), int):
                    _refuse(f"{model}[{number}].id", "An id is a number.")

    def _check_datasets(self) -> None:
        for number, row in enumerate(self.rows("Dataset")):
            size = row.get("size")
            if size is not None and (isinstance(size, bool) or not isinstance(size, (int, float)) or size < 0):
                _refuse(f"Dataset[{number}].size", "A size is a number of bytes.")


def _tables(file: Path) -> dict[str, list[Row]]:
    """Rows by model, from flat tables or from LoopBack's own file."""
    if file.stat().st_size > _LARGEST:
        _refuse("file", f"'{file.name}' is larger than {_LARGEST:,} bytes.")
    try:
        found = json.loads(file.read_bytes())
        if isinstance(found, dict) and isinstance(found.get("models"), dict):
            found = {model: [json.loads(row) for row in rows.values()] for model, rows in found["models"].items()}
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        _refuse("file", f"'{file.name}' is no readable JSON: {str(error)[:200]}.")
    if not isinstance(found, dict) or not found.keys() & _MODELS:
        _refuse("file", f"'{file.name}' holds none of the models {', '.join(sorted(_MODELS))}.")
    for model in found.keys() & _MODELS:
        rows = found[model]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            _refuse(model, "This has to be a list of objects.")
    return {model: found[model] for model in found.keys() & _MODELS}


def _people(session: Session, seed: _Seed) -> None:
    for row in seed.rows("Person"):
        if session.get(DocumentPerson, row["id"]) is None:
            session.add(
                DocumentPerson(
                    id=row["id"],
                    full_name=row["fullName"][:300],
                    orcid=row.get("orcid"),
                    researcher_id=row.get("researcherId"),
                    first_name=row.get("firstName"),
                    last_name=row.get("lastName"),
                )
            )
    for row in seed.rows("Affiliation"):
        if session.get(DocumentAffiliation, row["id"]) is None:
            said = {key: row.get(key) for key in ("name", "address", "city", "country")}
            session.add(DocumentAffiliation(id=row["id"], **said))
    for row in seed.rows("Sample"):
        if session.get(Sample, row["pid"]) is None:
            session.add(Sample(pid=row["pid"], name=row["name"][:300], description=row.get("description")))
    session.flush()


def _techniques(session: Session, seed: _Seed) -> None:
    for row in seed.rows("Technique"):
        if session.scalar(select(ForeignTechnique.key).where(ForeignTechnique.pid == row["pid"])) is not None:
            continue
        panet = row.get("panetId")
        key = panet if panet and session.get(ForeignTechnique, panet) is None else row["pid"]
        session.add(ForeignTechnique(key=key[:100], pid=row["pid"], name=row["name"][:300], panet=panet))
        session.flush()


def _about(session: Session, seed: _Seed, row: Row) -> None:
    document_id = session.scalars(select(Document.id).where(Document.pid == row["pid"])).one()
    for one in seed.of("Member", "documentId", row["pid"]):
        session.add(
            DocumentMember(
                document_id=document_id,
                id=one["id"],
                role=one.get("role"),
                person_id=one.get("personId"),
                affiliation_id=one.get("affiliationId"),
            )
        )
    for number, one in enumerate(seed.of("Parameter", "documentId", row["pid"]), start=1):
        parameter = _parameter(one)
        value = None if isinstance(parameter.value, str) else float(parameter.value)
        in_si = (to_si(value, parameter.unit, parameter.name) if value is not None else None) or (None, None)
        session.add(
            DocumentParameter(
                document_id=document_id,
                id=_number(one) or number,
                name=parameter.name[:200],
                value=value,
                text=parameter.value[:500] if isinstance(parameter.value, str) else None,
                unit=parameter.unit,
                si_value=in_si[0],
                si_unit=in_si[1],
            )
        )


def _instrument_of(session: Session, pid: str | None) -> Instrument | None:
    alias = session.get(Alias, ("instrument", pid)) if pid else None
    return session.scalars(select(Instrument).where(Instrument.name == alias.target)).first() if alias else None


def _key(session: Session, pid: str) -> str:
    return session.scalars(select(ForeignTechnique.key).where(ForeignTechnique.pid == pid)).one()


def _parameter(row: Row) -> Parameter:
    unit = row.get("unit", row.get("units"))
    return Parameter(row["name"], row["value"], str(unit)[:64] if unit is not None else None)


def _file(dataset: Dataset, row: Row) -> RemoteFile:
    size = row.get("size")
    identifier = str(row.get("id") if row.get("id") is not None else row["name"])
    return RemoteFile(
        dataset_id=dataset.id,
        id=identifier[:255],
        name=row["name"][:255],
        path=row.get("path"),
        size=int(size) if isinstance(size, (int, float)) else None,
    )


def _number(row: Row) -> int | None:
    number = row.get("id")
    return number if isinstance(number, int) and 0 < number < 2**31 else None


def _text(row: Row, key: str, place: str) -> None:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > 500 or "\0" in value:
        _refuse(f"{place}.{key}", "This has to be a text of 1 to 500 characters.")
    if key in ("pid", "id") and len(value) > 255:
        _refuse(f"{place}.{key}", "An identifier has at most 255 characters.")


def _time(row: Row, key: str, model: str) -> datetime | None:
    value = row.get(key)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        _refuse(f"{model}.{key}", f"'{str(value)[:40]}' is no date.")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _plain_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:56] or "imported"


def _free(name: str, taken: Iterable[str]) -> str:
    known = set(taken)
    candidates = (name if number == 1 else f"{name}-{number}" for number in range(1, len(known) + 2))
    return next(one for one in candidates if one not in known)


def _refuse(field: str, detail: str) -> NoReturn:
    raise InvalidInput(f"'{field}': {detail}", remedy=_REMEDY, field=field)
