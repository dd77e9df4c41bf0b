"""What a proposal, an instrument or the whole facility holds for this person, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, select

from pandaas.access import Access
from pandaas.catalogue.cards import cards_of
from pandaas.catalogue.values import Card, ProposalContents
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetTechnique
from pandaas.model import Action, Principal


class Lists:
    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def latest(
        self,
        principal: Principal,
        *,
        proposal_id: int | None = None,
        instrument_id: int | None = None,
        kind: str | None = None,
        limit: int = 10,
    ) -> list[Card]:
        clauses = self._visible(principal)
        if proposal_id is not None:
            clauses.append(Dataset.proposal_id == proposal_id)
        if instrument_id is not None:
            clauses.append(Dataset.instrument_id == instrument_id)
        if kind is not None:
            clauses.append(Dataset.kind == kind)
        newest = select(Dataset.id).where(*clauses).order_by(Dataset.created.desc(), Dataset.id.desc()).limit(limit)
        with self._database.read() as session:
            ids = list(session.scalars(newest))
            cards = cards_of(session, ids, self._database.clock())
        return [cards[dataset_id] for dataset_id in ids]

    def contents(self, principal: Principal, proposal_ids: Iterable[int]) -> dict[int, ProposalContents]:
        """Count, techniques and newest dataset of each proposal, as far as this person may know of them."""
        wanted = sorted(set(proposal_ids))
        clauses = [*self._visible(principal), Dataset.proposal_id.in_(wanted)]
        counts = select(Dataset.proposal_id, func.count(), func.max(Dataset.id)).where(*clauses)
        named = (
            select(Dataset.proposal_id, DatasetTechnique.technique)
            .join(DatasetTechnique, DatasetTechnique.dataset_id == Dataset.id)
            .where(*clauses)
            .distinct()
        )
        techniques: dict[int, list[str]] = defaultdict(list)
        with self._database.read() as session:
            for proposal_id, iri in session.execute(named.order_by(DatasetTechnique.technique)):
                techniques[proposal_id].append(iri)
            rows = list(session.execute(counts.group_by(Dataset.proposal_id)))
            last = cards_of(session, [newest for _, _, newest in rows], self._database.clock())
        found = {
            proposal: ProposalContents(count, tuple(techniques[proposal]), last[newest])
            for proposal, count, newest in rows
        }
        return {proposal: found.get(proposal, ProposalContents()) for proposal in wanted}

    def _visible(self, principal: Principal) -> list[ColumnElement[bool]]:
        return [Dataset.is_latest.is_(True), self._access.visible(principal, Dataset, Action.DISCOVER)]
