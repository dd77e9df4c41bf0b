"""Schemas and assessments in the database: assessed with every change of a record, all anew when schemas change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from importlib.resources import files
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pandaas.access import Access, not_found
from pandaas.catalogue.quality.assess import Assessment, Finding, compare, document_of
from pandaas.catalogue.quality.schema import SchemaDocument, read_schema
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, DatasetQuality, Instrument, MetadataSchema
from pandaas.model import Action, Clock, NotFound, Principal, check_pid, utc_now

_BATCH = 200
_OFF: dict[str, Any] = {"off": True}  # stored in place of a schema that was taken away


class Quality:
    """The schemas of a facility: its own, and those that come with the platform unless one of the same name replaces
    them."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def schemas(self) -> list[SchemaDocument]:
        """Those in force, by name."""
        with self._database.read() as session:
            return _in_force(session)

    def schema(self, name: str) -> SchemaDocument:
        for one in self.schemas():
            if one.name == name:
                return one
        raise NotFound(f"There is no metadata schema '{name[:64]}'.", remedy="'pandaas schema list' shows them.")

    def add(self, principal: Principal, text: str) -> SchemaDocument:
        """Put a schema in force, as the next version of its name. Call `recheck` afterwards."""
        self._access.require(principal, Action.OPERATE, what="metadata schemas")
        read = read_schema(text)
        with self._database.session() as session:
            version = self._next(session, principal, read.name, read.body)
        return read_schema(read.body, version)

    def remove(self, principal: Principal, name: str) -> None:
        """Take a schema out of force; its versions are kept. Call `recheck` afterwards."""
        self._access.require(principal, Action.OPERATE, what="metadata schemas")
        self.schema(name)
        with self._database.session() as session:
            self._next(session, principal, name, _OFF)

    def recheck(self, principal: Principal, progress: Callable[[int], None] | None = None) -> int:
        """Assess the latest version of every dataset again; how many there were."""
        self._access.require(principal, Action.OPERATE, what="metadata schemas")
        last = done = 0
        while True:
            with self._database.session() as session:
                query = select(Dataset).where(Dataset.is_latest, Dataset.id > last).order_by(Dataset.id).limit(_BATCH)
                found = list(session.scalars(query))
                for dataset in found:
                    assess(session, dataset, clock=self._database.clock)
            if not found:
                return done
            last, done = found[-1].id, done + len(found)
            if progress is not None:
                progress(done)

    def of(self, principal: Principal, pid: str) -> Assessment | None:
        """How complete the metadata of `pid` are; None where no schema applies."""
        visible = self._access.visible(principal, Dataset, Action.DISCOVER)
        with self._database.read() as session:
            dataset = session.scalars(select(Dataset).where(Dataset.pid == check_pid(pid), visible)).first()
            if dataset is None:
                raise not_found(f"'{pid}'")
            row = session.get(DatasetQuality, dataset.id)
            if row is None:  # registered before there were schemas
                return _compared(session, dataset)
            return Assessment(row.score, tuple(Finding(**one) for one in row.findings), tuple(row.schemas))

    def _next(self, session: Session, principal: Principal, name: str, body: dict[str, Any]) -> int:
        versions = session.scalars(select(MetadataSchema.version).where(MetadataSchema.name == name))
        version = max(versions, default=_builtin_version(name)) + 1
        session.execute(update(MetadataSchema).where(MetadataSchema.name == name).values(is_current=False))
        now = self._database.clock()
        row = MetadataSchema(name=name, version=version, body=body, created=now, created_by=principal.person_id)
        session.add(row)
        payload = {"version": version, "removed": body is _OFF}
        append(
            session, "schema.changed", name, actor_id=principal.person_id, payload=payload, clock=self._database.clock
        )
        return version


def assess(session: Session, dataset: Dataset, *, clock: Clock = utc_now) -> None:
    """Compare `dataset` as it is now in `session` with the schemas in force and keep the answer, in the caller's
    transaction."""
    session.flush()
    found = _compared(session, dataset)
    row = session.get(DatasetQuality, dataset.id)
    if found is None:
        if row is not None:
            session.delete(row)
        return
    if row is None:
        row = DatasetQuality(dataset_id=dataset.id)
        session.add(row)
    row.score, row.findings = found.score, [asdict(one) for one in found.findings]
    row.schemas, row.checked = list(found.schemas), clock()


def _compared(session: Session, dataset: Dataset) -> Assessment | None:
    instrument = session.get(Instrument, dataset.instrument_id) if dataset.instrument_id else None
    name = instrument.name if instrument else None
    techniques = frozenset(row.technique for row in dataset.techniques)
    applying = [
        schema
        for schema in _in_force(session)
        if schema.applies(techniques=techniques, instrument=name, kind=dataset.kind)
    ]
    return compare(document_of(dataset, name), applying)


def _in_force(session: Session) -> list[SchemaDocument]:
    own = session.execute(
        select(MetadataSchema.name, MetadataSchema.version, MetadataSchema.body).where(MetadataSchema.is_current)
    )
    found = {one.name: one for one in _builtin()}
    for name, version, body in own:
        if body == _OFF:
            found.pop(name, None)
        else:
            found[name] = _read(json.dumps(body, sort_keys=True), version)
    return [found[name] for name in sorted(found)]


@lru_cache(maxsize=256)
def _read(text: str, version: int) -> SchemaDocument:
    return read_schema(text, version)


@lru_cache(maxsize=1)
def _builtin() -> tuple[SchemaDocument, ...]:
    """The schemas that come with the platform."""
    folder = files("pandaas.catalogue.quality") / "schemas"
    texts = sorted((one.name, one.read_text("utf-8")) for one in folder.iterdir() if one.name.endswith(".json"))
    return tuple(read_schema(text) for _, text in texts)


def _builtin_version(name: str) -> int:
    return next((one.version for one in _builtin() if one.name == name), 0)
