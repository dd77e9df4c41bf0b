"""Tables of the room `catalogue`: datasets with files, arrays, parameters, techniques; quarantine; uploads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pandaas.db.base import AccessColumns, Base, BigInt, Json


class Dataset(AccessColumns, Base):
    """One measurement or result, one version of it. A changed file makes a new row that `replaces` this one."""

    __tablename__ = "dataset"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    pid: Mapped[str] = mapped_column(String(64), unique=True)
    version: Mapped[int] = mapped_column(default=1)
    replaces: Mapped[str | None] = mapped_column(String(64), index=True)
    is_latest: Mapped[bool] = mapped_column(default=True, index=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str | None] = mapped_column(Text)
    facility: Mapped[str] = mapped_column(String(64), index=True)  # empty: nobody says which
    sample: Mapped[str | None] = mapped_column(String(300))
    start_time: Mapped[datetime | None] = mapped_column(index=True)
    end_time: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(index=True)
    format: Mapped[str] = mapped_column(String(32))
    entry_path: Mapped[str] = mapped_column(String(500), default="/")
    size: Mapped[int] = mapped_column(BigInt, default=0)
    identity: Mapped[str] = mapped_column(String(64), index=True)  # what makes ingest idempotent: path + entry, hashed
    fingerprint: Mapped[str] = mapped_column(String(64))  # of sizes and checksums of all files
    definitions: Mapped[list[str]] = mapped_column(Json, default=list)
    plot: Mapped[dict[str, Any] | None] = mapped_column(Json)
    unread: Mapped[list[str]] = mapped_column(Json, default=list)
    extra: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # nested metadata as the reader found them
    origin: Mapped[str] = mapped_column(String(16), default="measured")  # measured | simulated
    licence: Mapped[str | None] = mapped_column(String(64))
    source_note: Mapped[str | None] = mapped_column(Text)  # where demo or imported data come from
    missing_since: Mapped[datetime | None]  # its files are gone from disk
    job_id: Mapped[str | None] = mapped_column(String(64), index=True)  # the job that made it
    release_set: Mapped[bool] = mapped_column(default=False)  # its release is an exception of its own
    search_text: Mapped[str] = mapped_column(Text, default="")  # folded text, for search
    thumbnail: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # PNG

    files: Mapped[list[DatasetFile]] = relationship(order_by="DatasetFile.position", cascade="all, delete-orphan")
    arrays: Mapped[list[DatasetArray]] = relationship(order_by="DatasetArray.id", cascade="all, delete-orphan")
    parameters: Mapped[list[DatasetParameter]] = relationship(cascade="all, delete-orphan")
    techniques: Mapped[list[DatasetTechnique]] = relationship(cascade="all, delete-orphan")


class DatasetAncestor(Base):
    """Everything a result was made from, directly or by way of other results: who may not read these may not read it."""

    __tablename__ = "dataset_ancestor"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    ancestor_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"), primary_key=True, index=True)


class DatasetFile(Base):
    __tablename__ = "dataset_file"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]  # 0 is the file to open
    role: Mapped[str] = mapped_column(String(16), default="data")  # data | attachment
    name: Mapped[str] = mapped_column(String(255))
    path: Mapped[str] = mapped_column(String(4096), index=True)  # real path on the server, never shown
    size: Mapped[int] = mapped_column(BigInt)
    mtime_ns: Mapped[int] = mapped_column(BigInt)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    missing_since: Mapped[datetime | None]


class DatasetArray(Base):
    __tablename__ = "dataset_array"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), index=True)
    path: Mapped[str] = mapped_column(String(1000))
    shape: Mapped[list[int]] = mapped_column(Json)
    dtype: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str | None] = mapped_column(String(64))
    chunks: Mapped[list[int] | None] = mapped_column(Json)
    compression: Mapped[str | None] = mapped_column(String(64))
    nbytes: Mapped[int] = mapped_column(BigInt)
    is_default: Mapped[bool] = mapped_column(default=False)


class DatasetParameter(Base):
    __tablename__ = "dataset_parameter"
    __table_args__ = (
        Index("ix_dataset_parameter_name_si_value", "name", "si_value"),
        Index("ix_dataset_parameter_name_text", "name", "text"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    value: Mapped[float | None] = mapped_column(Float(53))
    text: Mapped[str | None] = mapped_column(String(500))
    unit: Mapped[str | None] = mapped_column(String(64))
    si_value: Mapped[float | None] = mapped_column(Float(53))
    si_unit: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(String(500))


class DatasetTechnique(Base):
    __tablename__ = "dataset_technique"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    technique: Mapped[str] = mapped_column(String(100), primary_key=True, index=True)  # PaNET IRI


class TechniqueVocabulary(Base):
    """The vocabulary of techniques that was loaded last; no row: none was."""

    __tablename__ = "technique_vocabulary"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(255))  # name of the file
    version: Mapped[str | None] = mapped_column(String(100))
    loaded: Mapped[datetime]


class VocabularyTerm(Base):
    """One technique of the loaded vocabulary; `parents` and `ancestors` are the IRIs of broader ones."""

    __tablename__ = "technique_term"

    iri: Mapped[str] = mapped_column(String(100), primary_key=True)
    position: Mapped[int]
    label: Mapped[str] = mapped_column(String(300))
    synonyms: Mapped[list[str]] = mapped_column(Json, default=list)
    definition: Mapped[str | None] = mapped_column(Text)
    parents: Mapped[list[str]] = mapped_column(Json, default=list)
    ancestors: Mapped[list[str]] = mapped_column(Json, default=list)


class Relation(Base):
    """Provenance: `subject` was made from (`derived_from`) or is described by (`calibrated_by`, …) `object`."""

    __tablename__ = "relation"
    __table_args__ = (UniqueConstraint("subject_pid", "relation", "object_pid", "slot"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    subject_pid: Mapped[str] = mapped_column(String(64), index=True)
    relation: Mapped[str] = mapped_column(String(32))
    object_pid: Mapped[str] = mapped_column(String(64), index=True)
    slot: Mapped[str] = mapped_column(String(64), default="")
    job_id: Mapped[str | None] = mapped_column(String(64), index=True)


class Validity(Base):
    """The interval in which a calibration or mask dataset is proposed by default for its instrument."""

    __tablename__ = "validity"

    dataset_pid: Mapped[str] = mapped_column(String(64), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(32))  # calibration | mask
    start: Mapped[datetime]
    end: Mapped[datetime | None]


class Quarantine(Base):
    """A file that could not be registered, with the reason; retried by hand or when it changes."""

    __tablename__ = "quarantine"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(4096), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInt)
    mtime_ns: Mapped[int] = mapped_column(BigInt)
    reason: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str | None] = mapped_column(Text)
    first_seen: Mapped[datetime]
    last_tried: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=1)
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"))


class Upload(Base):
    """A file on its way in, resumable by offset."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInt)
    sha256: Mapped[str | None] = mapped_column(String(64))
    batch: Mapped[str | None] = mapped_column(String(64), index=True)  # files uploaded together stay together
    state: Mapped[str] = mapped_column(String(16))  # receiving | complete | failed
    detail: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime]


class LogbookEntry(Base):
    """One entry in the logbook of a proposal, in Markdown. Removing it hides it; nothing is deleted."""

    __tablename__ = "logbook_entry"
    __table_args__ = (Index("ix_logbook_entry_proposal_id_id", "proposal_id", "id"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    created: Mapped[datetime]
    edited: Mapped[datetime | None]
    removed: Mapped[datetime | None]
    text: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)  # folded

    links: Mapped[list[LogbookLink]] = relationship(order_by="LogbookLink.dataset_pid", cascade="all, delete-orphan")


class LogbookLink(Base):
    """A dataset that an entry is about."""

    __tablename__ = "logbook_link"

    entry_id: Mapped[int] = mapped_column(ForeignKey("logbook_entry.id", ondelete="CASCADE"), primary_key=True)
    dataset_pid: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class LogbookRevision(Base):
    """What an entry said before it was changed, and who changed it."""

    __tablename__ = "logbook_revision"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("logbook_entry.id", ondelete="CASCADE"), index=True)
    editor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    time: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


class LogbookImage(Base):
    """A picture in a logbook, as it was sent."""

    __tablename__ = "logbook_image"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    media_type: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class MetadataSchema(Base):
    """What a dataset of a technique or instrument ought to say of itself, as a JSON Schema. One row per version."""

    __tablename__ = "metadata_schema"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    is_current: Mapped[bool] = mapped_column(default=True, index=True)
    body: Mapped[dict[str, Any]]
    created: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class DatasetQuality(Base):
    """How complete the metadata of a dataset are by the schemas that apply to it: 0 to 100, and what is wrong."""

    __tablename__ = "dataset_quality"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    score: Mapped[int] = mapped_column(index=True)
    findings: Mapped[list[Any]]
    schemas: Mapped[list[Any]]  # "name/version" of each that was applied
    checked: Mapped[datetime]


class SavedSearch(Base):
    """A query that a person keeps; with an alert she hears of what it finds anew."""

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    query: Mapped[str] = mapped_column(String(2000))
    selected: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # chosen values of each facet
    alert: Mapped[str] = mapped_column(String(8), default="none", index=True)  # none | page | mail
    feed_hash: Mapped[str | None] = mapped_column(String(64), unique=True)  # of the secret in the feed's address
    created: Mapped[datetime]
    checked: Mapped[datetime]  # what is newer has not been told yet


class Collection(Base):
    """Datasets that a person gathered. It opens nothing: each reader sees of it what she may see anyway."""

    __tablename__ = "collection"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime]
    changed: Mapped[datetime]


class CollectionItem(Base):
    __tablename__ = "collection_item"

    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True)
    dataset_pid: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int]


class CollectionReader(Base):
    """A person to whom a collection was shared, and so finds it among hers."""

    __tablename__ = "collection_reader"

    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)


class Preference(Base):
    """What a person prefers: `units` by SI unit, `columns` of her lists."""

    __tablename__ = "preference"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(Json)
