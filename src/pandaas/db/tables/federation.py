"""Tables of the room `federation`: foreign identifiers, and what the community's models know beyond the catalogue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pandaas.db.base import Base, BigInt, Json


class Alias(Base):
    """A foreign identifier (PaNOSC pid, DOI) of a dataset (`target` is its pid) or an instrument (its name)."""

    __tablename__ = "alias"
    __table_args__ = (Index("ix_alias_kind_target", "kind", "target"),)

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)  # dataset | instrument
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    target: Mapped[str] = mapped_column(String(64))


class Document(Base):
    """What is said of a proposal beyond its own row: it was imported, as a proposal or a publication."""

    __tablename__ = "document"

    id: Mapped[int] = mapped_column(primary_key=True)
    pid: Mapped[str] = mapped_column(String(255), unique=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id", ondelete="CASCADE"), unique=True)
    type: Mapped[str] = mapped_column(String(32))  # proposal | publication; empty: no document, only a place for data
    doi: Mapped[str | None] = mapped_column(String(255))
    release_date: Mapped[datetime | None]
    licence: Mapped[str | None] = mapped_column(String(64))
    keywords: Mapped[list[str] | None] = mapped_column(Json)


class DocumentDataset(Base):
    """A document that speaks of a dataset which belongs to another proposal."""

    __tablename__ = "document_dataset"

    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id", ondelete="CASCADE"), primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True, index=True)


class DocumentPerson(Base):
    """A person who is named in an imported document; no account."""

    __tablename__ = "document_person"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    full_name: Mapped[str] = mapped_column(String(300))
    orcid: Mapped[str | None] = mapped_column(String(64))
    researcher_id: Mapped[str | None] = mapped_column(String(255))
    first_name: Mapped[str | None] = mapped_column(String(200))
    last_name: Mapped[str | None] = mapped_column(String(200))


class DocumentAffiliation(Base):
    __tablename__ = "document_affiliation"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(String(300))
    address: Mapped[str | None] = mapped_column(String(500))
    city: Mapped[str | None] = mapped_column(String(200))
    country: Mapped[str | None] = mapped_column(String(200))


class DocumentMember(Base):
    __tablename__ = "document_member"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    role: Mapped[str | None] = mapped_column(String(100))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("document_person.id"))
    affiliation_id: Mapped[int | None] = mapped_column(ForeignKey("document_affiliation.id"))


class DocumentParameter(Base):
    """As `DatasetParameter`, of a document."""

    __tablename__ = "document_parameter"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    value: Mapped[float | None] = mapped_column(Float(53))
    text: Mapped[str | None] = mapped_column(String(500))
    unit: Mapped[str | None] = mapped_column(String(64))
    si_value: Mapped[float | None] = mapped_column(Float(53))
    si_unit: Mapped[str | None] = mapped_column(String(64))


class RemoteFile(Base):
    """A file of an imported dataset that is kept elsewhere."""

    __tablename__ = "remote_file"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    path: Mapped[str | None] = mapped_column(String(4096))
    size: Mapped[int | None] = mapped_column(BigInt)


class Sample(Base):
    __tablename__ = "sample"

    pid: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    description: Mapped[str | None] = mapped_column(Text)


class DatasetSample(Base):
    __tablename__ = "dataset_sample"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    sample_pid: Mapped[str] = mapped_column(ForeignKey("sample.pid"), primary_key=True, index=True)


class ForeignTechnique(Base):
    """How another catalogue calls a technique. `key` is what datasets are tagged with: the PaNET IRI where there is one."""

    __tablename__ = "foreign_technique"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    pid: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    panet: Mapped[str | None] = mapped_column(String(100), index=True)


class Publication(Base):
    """Datasets that are cited together, and what is said of them: a landing page, with a DOI where one is registered."""

    __tablename__ = "publication"

    id: Mapped[int] = mapped_column(primary_key=True)
    pid: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(12), index=True)  # draft | published | withdrawn
    title: Mapped[str] = mapped_column(String(500))
    abstract: Mapped[str] = mapped_column(Text)
    creators: Mapped[list[dict[str, str]]] = mapped_column(Json)  # name, affiliation, orcid
    keywords: Mapped[list[str]] = mapped_column(Json)
    techniques: Mapped[list[str]] = mapped_column(Json)  # PaNET IRIs
    related: Mapped[list[dict[str, str]]] = mapped_column(Json)  # doi, relation
    licence: Mapped[str] = mapped_column(String(64))
    publisher: Mapped[str] = mapped_column(String(200))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    created: Mapped[datetime]
    changed: Mapped[datetime]
    published: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(500))  # why it was withdrawn
    doi: Mapped[str | None] = mapped_column(String(255))
    # none | waiting | registered | refused; changed | outdated: registered, and amended since
    doi_state: Mapped[str] = mapped_column(String(12), index=True)
    doi_note: Mapped[str | None] = mapped_column(String(500))
    doi_tried: Mapped[datetime | None]


class PublicationDataset(Base):
    __tablename__ = "publication_dataset"

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True)
    dataset_pid: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    position: Mapped[int]
