"""The models of the PaNOSC search API over the platform's tables: properties as SQL expressions, relations as joins.

A `Source` is one use of a table in a statement, so each has aliases of its own. A relation may have several paths: a
dataset's samples, for example, are those that were imported and, where there are none, the name that its file gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, exists, func, literal, null, or_, select
from sqlalchemy.orm import aliased, outerjoin

from pandaas.access import Access
from pandaas.catalogue import Techniques
from pandaas.db.tables import (
    Alias,
    Dataset,
    DatasetFile,
    DatasetParameter,
    DatasetSample,
    DatasetTechnique,
    Document,
    DocumentAffiliation,
    DocumentDataset,
    DocumentMember,
    DocumentParameter,
    DocumentPerson,
    Instrument,
    Person,
    Proposal,
    ProposalMember,
    RemoteFile,
    Sample,
)
from pandaas.model import ANONYMOUS, Action, DatasetState, Principal, ProposalType


class Kind(Enum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    IDENTIFIER = "identifier"  # kept as text, a number where it is one
    VALUE = "value"  # of a parameter: a number or a text
    LIST = "list"


@dataclass(frozen=True)
class Property:
    """`named` are the rows that an identifier means, where that is quicker to ask than the expression."""

    expression: Any
    kind: Kind = Kind.TEXT
    named: Callable[[list[str]], ColumnElement[bool]] | None = None


@dataclass(frozen=True)
class Number:
    """The parts of a parameter's value."""

    value: Any
    text: Any
    unit: Any
    si_value: Any
    si_unit: Any


Join = tuple["Source", ColumnElement[bool]]


@dataclass(frozen=True)
class Relation:
    """`one`: at most one row. `whole`: a match is about the parent, whose whole list is shown."""

    model: str
    paths: tuple[Callable[[], Join], ...]
    one: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Source:
    model: str
    make: Callable[[], Source]
    table: Any
    aliases: tuple[Any, ...]
    key: Any
    properties: Mapping[str, Property]
    text: tuple[Any, ...] = ()
    base: tuple[ColumnElement[bool], ...] = ()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    number: Number | None = None


@dataclass(frozen=True)
class World:
    """Who asks, when, and with what vocabulary; makes sources of what she may see."""

    principal: Principal
    now: datetime
    access: Access
    techniques: Techniques

    def _is_open(self, table: Any) -> Any:
        if self.principal == ANONYMOUS:
            return table.id.is_not(None)  # nothing else is shown; a constant would name a column where one orders by it
        return case((self.access.visible(ANONYMOUS, table, Action.READ), True), else_=False)

    # --- datasets ---------------------------------------------------------------------------------------------

    def dataset(self) -> Source:
        d = aliased(Dataset)
        properties = {
            "pid": _identifier("dataset", d.pid, d.pid.in_),
            "title": Property(d.title),
            "isPublic": Property(self._is_open(d), Kind.BOOLEAN),
            "creationDate": Property(func.coalesce(d.start_time, d.created), Kind.TIME),
            "size": Property(func.nullif(d.size, 0), Kind.NUMBER),
            "instrumentId": Property(_instrument_pid(d.instrument_id)),
        }
        return Source(
            "Dataset",
            self.dataset,
            d,
            (d,),
            d.id,
            properties,
            text=(d.title,),
            base=(
                d.is_latest.is_(True),
                d.state != DatasetState.WITHDRAWN,
                self.access.visible(self.principal, d, Action.DISCOVER),
            ),
            relations={
                "documents": Relation(
                    "Document",
                    (
                        lambda: self._joined(self.document, lambda p: p.id == d.proposal_id),
                        lambda: self._joined(self.document, lambda p: _linked(p.id, d.id)),
                    ),
                ),
                "instrument": Relation(
                    "Instrument", (lambda: self._joined(self.instrument, lambda i: i.id == d.instrument_id),), one=True
                ),
                "techniques": Relation("Technique", (lambda: self._joined(self.technique, _of(d)),)),
                "files": Relation(
                    "File",
                    (
                        lambda: self._joined(self.file, _of(d)),
                        lambda: self._joined(self.remote_file, _of(d)),
                    ),
                ),
                "parameters": Relation("Parameter", (lambda: self._joined(self.parameter, _of(d)),), whole=True),
                "samples": Relation(
                    "Sample",
                    (
                        lambda: self._joined(
                            self.sample,
                            lambda s: s.pid.in_(
                                select(DatasetSample.sample_pid)
                                .where(DatasetSample.dataset_id == d.id)
                                .correlate_except(DatasetSample)
                            ),
                        ),
                        lambda: self._joined(self.own_sample, lambda other: other.id == d.id),
                    ),
                ),
            },
        )

    def _joined(self, make: Callable[[], Source], on: Callable[[Any], Any]) -> Join:
        source = make()
        return source, on(source.aliases[0])

    def file(self) -> Source:
        f = aliased(DatasetFile)
        properties = {
            "id": Property(f.id, Kind.NUMBER),
            "name": Property(f.name),
            "path": Property(null()),
            "size": Property(f.size, Kind.NUMBER),
            "datasetId": Property(_dataset_pid(f.dataset_id)),
        }
        return Source("File", self.file, f, (f,), f.id, properties, text=(f.name,))

    def remote_file(self) -> Source:
        f = aliased(RemoteFile)
        properties = {
            "id": Property(f.id, Kind.IDENTIFIER),
            "name": Property(f.name),
            "path": Property(f.path),
            "size": Property(f.size, Kind.NUMBER),
            "datasetId": Property(_dataset_pid(f.dataset_id)),
        }
        return Source("File", self.remote_file, f, (f,), f.id, properties, text=(f.name,))

    def parameter(self) -> Source:
        p = aliased(DatasetParameter)
        return _parameter(self.parameter, p, p.id, {"datasetId": Property(_dataset_pid(p.dataset_id))})

    def technique(self) -> Source:
        t = aliased(DatasetTechnique)
        return Source("Technique", self.technique, t, (t,), t.technique, {"pid": Property(t.technique)})

    def sample(self) -> Source:
        s = aliased(Sample)
        properties = {"pid": Property(s.pid), "name": Property(s.name), "description": Property(s.description)}
        return Source("Sample", self.sample, s, (s,), s.pid, properties, text=(s.name, s.description))

    def own_sample(self) -> Source:
        d = aliased(Dataset)
        imported = exists(
            select(DatasetSample.sample_pid).where(DatasetSample.dataset_id == d.id).correlate_except(DatasetSample)
        )
        properties = {"pid": Property(d.sample), "name": Property(d.sample), "description": Property(null())}
        base = (func.coalesce(d.sample, "") != "", ~imported)
        return Source("Sample", self.own_sample, d, (d,), d.id, properties, text=(d.sample,), base=base)

    # --- instruments ------------------------------------------------------------------------------------------

    def instrument(self) -> Source:
        i = aliased(Instrument)
        properties = {
            "pid": _identifier("instrument", i.name, i.name.in_),
            "name": Property(case((_alias("instrument", i.name).is_(None), i.name), else_=i.title)),
            "facility": Property(i.facility),
        }
        related = Relation("Dataset", (lambda: self._joined(self.dataset, lambda d: d.instrument_id == i.id),))
        return Source(
            "Instrument",
            self.instrument,
            i,
            (i,),
            i.id,
            properties,
            text=(i.name, i.facility),
            relations={"datasets": related},
        )

    # --- documents --------------------------------------------------------------------------------------------

    def document(self) -> Source:
        p, doc = aliased(Proposal), aliased(Document)
        properties = {
            "pid": Property(func.coalesce(doc.pid, p.name)),
            "isPublic": Property(self._is_open(p), Kind.BOOLEAN),
            "type": Property(func.coalesce(doc.type, "proposal")),
            "title": Property(p.title),
            "summary": Property(p.summary),
            "doi": Property(doc.doi),
            "startDate": Property(p.start_time, Kind.TIME),
            "endDate": Property(p.end_time, Kind.TIME),
            "releaseDate": Property(case((doc.id.is_(None), p.release_time), else_=doc.release_date), Kind.TIME),
            "license": Property(doc.licence),
            "keywords": Property(doc.keywords, Kind.LIST),
        }
        return Source(
            "Document",
            self.document,
            outerjoin(p, doc, doc.proposal_id == p.id),
            (p, doc),
            p.id,
            properties,
            text=(p.title, p.summary),
            base=(
                p.type != ProposalType.PERSONAL,
                func.coalesce(doc.type, "proposal") != "",
                self.access.visible(self.principal, p, Action.DISCOVER),
            ),
            relations={
                "datasets": Relation(
                    "Dataset",
                    (
                        lambda: self._joined(self.dataset, lambda d: d.proposal_id == p.id),
                        lambda: self._joined(self.dataset, lambda d: _linked(p.id, d.id)),
                    ),
                ),
                "members": Relation(
                    "Member",
                    (
                        lambda: self._joined(self.member, lambda m: m.document_id == doc.id),
                        lambda: self._joined(self.own_member, lambda m: m.proposal_id == p.id),
                    ),
                ),
                "parameters": Relation(
                    "Parameter", (lambda: self._joined(self.document_parameter, lambda one: one.document_id == doc.id),)
                ),
            },
        )

    def document_parameter(self) -> Source:
        p = aliased(DocumentParameter)
        pid = select(Document.pid).where(Document.id == p.document_id).correlate_except(Document).scalar_subquery()
        return _parameter(self.document_parameter, p, p.id, {"documentId": Property(pid)})

    def member(self) -> Source:
        m = aliased(DocumentMember)
        pid = select(Document.pid).where(Document.id == m.document_id).correlate_except(Document).scalar_subquery()
        properties = {
            "id": Property(m.id, Kind.NUMBER),
            "role": Property(m.role),
            "documentId": Property(pid),
            "personId": Property(m.person_id),
            "affiliationId": Property(m.affiliation_id, Kind.NUMBER),
        }
        key = cast(m.document_id, String) + "/" + cast(m.id, String)
        return Source(
            "Member",
            self.member,
            m,
            (m,),
            key,
            properties,
            text=(m.role,),
            relations={
                "person": Relation(
                    "Person", (lambda: self._joined(self.person, lambda one: one.id == m.person_id),), one=True
                ),
                "affiliation": Relation(
                    "Affiliation",
                    (lambda: self._joined(self.affiliation, lambda one: one.id == m.affiliation_id),),
                    one=True,
                ),
            },
        )

    def own_member(self) -> Source:
        """Who is in a team is shown to the team and to those who may write to the proposal, as on its page."""
        m = aliased(ProposalMember)
        p = aliased(Proposal)
        shown = select(p.id).where(
            or_(p.id.in_(sorted(self.principal.teams)), self.access.visible(self.principal, p, Action.WRITE))
        )
        name = select(Proposal.name).where(Proposal.id == m.proposal_id).correlate_except(Proposal).scalar_subquery()
        properties = {
            "id": Property(m.person_id, Kind.NUMBER),
            "role": Property(func.replace(m.role, "_", " ")),
            "documentId": Property(name),
            "personId": Property(_person_id(m.person_id)),
            "affiliationId": Property(m.person_id, Kind.NUMBER),
        }
        key = cast(m.proposal_id, String) + "/" + cast(m.person_id, String)
        return Source(
            "Member",
            self.own_member,
            m,
            (m,),
            key,
            properties,
            text=(m.role,),
            base=(m.proposal_id.in_(shown),),
            relations={
                "person": Relation(
                    "Person", (lambda: self._joined(self.own_person, lambda one: one.id == m.person_id),), one=True
                ),
                "affiliation": Relation(
                    "Affiliation",
                    (lambda: self._joined(self.own_affiliation, lambda one: one.id == m.person_id),),
                    one=True,
                ),
            },
        )

    def person(self) -> Source:
        p = aliased(DocumentPerson)
        properties = {
            "id": Property(p.id),
            "fullName": Property(p.full_name),
            "orcid": Property(p.orcid),
            "researcherId": Property(p.researcher_id),
            "firstName": Property(p.first_name),
            "lastName": Property(p.last_name),
        }
        return Source("Person", self.person, p, (p,), p.id, properties, text=(p.full_name,))

    def own_person(self) -> Source:
        p = aliased(Person)
        nothing = Property(null())
        properties = {
            "id": Property(_person_id(p.id)),
            "fullName": Property(p.name),
            "orcid": Property(p.orcid),
            "researcherId": nothing,
            "firstName": nothing,
            "lastName": nothing,
        }
        return Source("Person", self.own_person, p, (p,), p.id, properties, text=(p.name,))

    def affiliation(self) -> Source:
        a = aliased(DocumentAffiliation)
        properties = {
            "id": Property(a.id, Kind.NUMBER),
            "name": Property(a.name),
            "address": Property(a.address),
            "city": Property(a.city),
            "country": Property(a.country),
        }
        return Source("Affiliation", self.affiliation, a, (a,), a.id, properties, text=(a.name,))

    def own_affiliation(self) -> Source:
        p = aliased(Person)
        nothing = Property(null())
        properties = {
            "id": Property(p.id, Kind.NUMBER),
            "name": Property(p.affiliation),
            "address": nothing,
            "city": nothing,
            "country": nothing,
        }
        base = (p.affiliation.is_not(None),)
        return Source("Affiliation", self.own_affiliation, p, (p,), p.id, properties, text=(p.affiliation,), base=base)


def _of(d: Any) -> Callable[[Any], Any]:
    return lambda row: row.dataset_id == d.id


def _linked(proposal_id: Any, dataset_id: Any) -> ColumnElement[bool]:
    link = aliased(DocumentDataset)
    found = select(literal(1)).where(link.proposal_id == proposal_id, link.dataset_id == dataset_id)
    return exists(found.correlate_except(link))


def _parameter(make: Callable[[], Source], p: Any, key: Any, owner: dict[str, Property]) -> Source:
    properties = {
        "id": Property(p.id, Kind.NUMBER),
        "name": Property(p.name),
        "value": Property(p.value, Kind.VALUE),
        "unit": Property(p.unit),
        **owner,
    }
    number = Number(p.value, p.text, p.unit, p.si_value, p.si_unit)
    return Source("Parameter", make, p, (p,), key, properties, text=(p.name, p.text), number=number)


def _identifier(kind: str, own: Any, matching: Callable[[Any], Any]) -> Property:
    """The foreign identifier where a row has one, else its own; both find it."""
    alias = _alias(kind, own)

    def named(values: list[str]) -> ColumnElement[bool]:
        targets = select(Alias.target).where(Alias.kind == kind, Alias.name.in_(values))
        return or_(matching(values), matching(targets))

    return Property(func.coalesce(alias, own), named=named)


def _alias(kind: str, own: Any) -> Any:
    other = aliased(Alias)
    found = select(func.min(other.name)).where(other.kind == kind, other.target == own)
    return found.correlate_except(other).scalar_subquery()


def _instrument_pid(instrument_id: Any) -> Any:
    i = aliased(Instrument)
    return (
        select(func.coalesce(_alias("instrument", i.name), i.name))
        .where(i.id == instrument_id)
        .correlate_except(i)
        .scalar_subquery()
    )


def _dataset_pid(dataset_id: Any) -> Any:
    d = aliased(Dataset)
    return (
        select(func.coalesce(_alias("dataset", d.pid), d.pid))
        .where(d.id == dataset_id)
        .correlate_except(d)
        .scalar_subquery()
    )


def _person_id(row_id: Any) -> Any:
    return literal("person-") + cast(row_id, String)
