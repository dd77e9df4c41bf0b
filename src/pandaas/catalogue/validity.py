"""Calibrations and masks of an instrument, and when each is the one to propose."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.cards import cards_of
from pandaas.catalogue.edits import EDITED
from pandaas.catalogue.records import Records
from pandaas.catalogue.values import ValidDataset
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, Validity
from pandaas.model import Action, DatasetKind, InvalidInput, Principal


class Validities:
    def __init__(self, database: Database, access: Access, records: Records) -> None:
        self._database = database
        self._access = access
        self._records = records

    def of(
        self, principal: Principal, instrument: str, at: datetime | None = None, purpose: str | None = None
    ) -> list[ValidDataset]:
        """Those of `instrument` that this person may read, newest first; with `at` only those valid at that time."""
        found = self._access.instrument(instrument)
        query = (
            select(Validity, Dataset.id)
            .join(Dataset, Dataset.pid == Validity.dataset_pid)
            .where(Validity.instrument_id == found.id, self._access.visible(principal))
            .order_by(Validity.start.desc(), Dataset.id.desc())
        )
        if purpose is not None:
            query = query.where(Validity.purpose == purpose)
        now = self._database.clock()
        with self._database.read() as session:
            rows = [(row, key) for row, key in session.execute(query) if at is None or _holds(row, at)]
            cards = cards_of(session, [key for _, key in rows], now)
        return [
            ValidDataset(
                cards[key], "mask" if row.purpose == "mask" else "calibration", row.start, row.end, _holds(row, now)
            )
            for row, key in rows
        ]

    def set(
        self, principal: Principal, instrument: str, pid: str, *, purpose: str, start: datetime, end: datetime | None
    ) -> ValidDataset:
        """Propose `pid` for data of `instrument` measured from `start` until `end` (None = until further notice)."""
        found = self._access.require_staff(principal, instrument)
        if end is not None and end <= start:
            raise InvalidInput("The interval ends before it begins.", field="end")
        with self._database.session() as session:
            dataset = self._records.row(session, principal, pid, Action.READ)
            self._name(session, principal, dataset, DatasetKind(purpose))
            row = session.get(Validity, pid)
            if row is None:
                row = Validity(dataset_pid=pid)
                session.add(row)
            row.instrument_id, row.purpose, row.start, row.end = found.id, purpose, start, end
            append(
                session,
                "validity.set",
                pid,
                actor_id=principal.person_id,
                proposal_id=dataset.proposal_id,
                payload={
                    "instrument": found.name,
                    "purpose": purpose,
                    "start": start.isoformat(),
                    "end": end.isoformat() if end else None,
                },
                clock=self._database.clock,
            )
        return next(one for one in self.of(principal, instrument) if one.card.pid == pid)

    def _name(self, session: Session, principal: Principal, dataset: Dataset, kind: DatasetKind) -> None:
        """A measurement that is to calibrate others is a calibration from now on."""
        if dataset.kind == kind:
            return
        if dataset.kind != DatasetKind.RAW:
            raise InvalidInput(
                f"'{dataset.pid}' is a {dataset.kind}, which can't serve as {kind}.",
                remedy="Choose a measurement, or draw a mask in the viewer.",
                field="dataset",
            )
        dataset.kind = kind
        append(
            session,
            EDITED,
            dataset.pid,
            actor_id=principal.person_id,
            proposal_id=dataset.proposal_id,
            payload={"changes": {"kind": {"old": DatasetKind.RAW, "new": kind}}},
            clock=self._database.clock,
        )


def _holds(row: Validity, at: datetime) -> bool:
    return row.start <= at and (row.end is None or at < row.end)
