"""Where a dataset comes from and what was made from it, over any number of steps.

What the asker may not see is left out in both directions, and not counted: that it exists is others' to tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.cards import cards_of
from pandaas.catalogue.values import Card, Provenance, ProvenanceEdge, ProvenanceNode
from pandaas.db import Database
from pandaas.db.tables import Dataset, Job, Relation, SessionResult
from pandaas.model import Action, Principal

_MOST = 500  # nodes; beyond, the graph says nothing to a person
Direction = Literal["origin", "use"]


class ProvenanceGraph:
    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def of(self, session: Session, principal: Principal, pid: str) -> Provenance:
        """The graph around `pid`, which the caller has checked."""
        origins = self._follow(session, principal, pid, "origin")
        uses = self._follow(session, principal, pid, "use")
        relations = {row.id: row for row in (*origins, *uses)}
        pids = {pid} | {one for row in relations.values() for one in (row.subject_pid, row.object_pid)}
        cards = self._cards(session, principal, pids)
        jobs = self._jobs(session, relations.values(), cards)
        made = self._sessions(session, cards)
        nodes = [_dataset_node(card) for card in cards.values()]
        nodes += [_job_node(job) for job in jobs.values()]
        nodes += {one.session_id: _session_node(one) for one in made.values()}.values()
        makers = {pid: one.session_id for pid, one in made.items()}
        edges = dict.fromkeys(edge for row in relations.values() for edge in _edges(row, cards, jobs, makers))
        edges |= dict.fromkeys(ProvenanceEdge(maker, result, "result") for result, maker in makers.items())
        return Provenance(tuple(nodes), tuple(edges))

    def _follow(self, session: Session, principal: Principal, pid: str, direction: Direction) -> list[Relation]:
        """All relations that lead from `pid` in one direction, breadth first; each dataset is visited once."""
        here, there = Relation.subject_pid, Relation.object_pid
        if direction == "use":
            here, there = there, here
        found: list[Relation] = []
        seen, front = {pid}, {pid}
        while front and len(seen) < _MOST:
            rows = [
                row for batch in _batches(front) for row in session.scalars(select(Relation).where(here.in_(batch)))
            ]
            reached = {str(getattr(row, there.key)) for row in rows}
            reached &= self._cards(session, principal, reached).keys()
            if direction == "use":
                rows = [row for row in rows if row.subject_pid in reached]
            found.extend(rows)
            front = reached - seen
            seen |= front
        return found

    def _cards(self, session: Session, principal: Principal, pids: Iterable[str]) -> dict[str, Card]:
        visible = self._access.visible(principal, Dataset, Action.DISCOVER)
        ids = [
            dataset_id
            for batch in _batches(pids)
            for dataset_id in session.scalars(select(Dataset.id).where(Dataset.pid.in_(batch), visible))
        ]
        return {card.pid: card for card in cards_of(session, ids, self._database.clock()).values()}

    def _jobs(self, session: Session, relations: Iterable[Relation], cards: dict[str, Card]) -> dict[str, Job]:
        """The jobs whose result this person may see."""
        wanted = {row.job_id for row in relations if row.job_id and row.subject_pid in cards}
        return {
            job.id: job for batch in _batches(wanted) for job in session.scalars(select(Job).where(Job.id.in_(batch)))
        }

    def _sessions(self, session: Session, cards: dict[str, Card]) -> dict[str, SessionResult]:
        """What of these datasets was registered from sessions, by pid."""
        query = select(SessionResult).order_by(SessionResult.created)
        return {
            row.dataset_pid: row
            for batch in _batches(cards)
            for row in session.scalars(query.where(SessionResult.dataset_pid.in_(batch)))
        }


def _edges(row: Relation, shown: Collection[str], jobs: dict[str, Job], makers: dict[str, str]) -> list[ProvenanceEdge]:
    """input → job or session → result, or input → result where neither is known; of a hidden input only the second.

    `makers` are the sessions in which results were made.
    """
    label = row.slot or row.relation.replace("_", " ")
    inputs = [row.object_pid] if row.object_pid in shown else []
    if row.subject_pid not in shown:
        return []
    if row.job_id in jobs:
        made = ProvenanceEdge(row.job_id, row.subject_pid, "result")
        return [*(ProvenanceEdge(one, row.job_id, label) for one in inputs), made]
    if row.subject_pid in makers:
        return [ProvenanceEdge(one, makers[row.subject_pid], label) for one in inputs]
    return [ProvenanceEdge(one, row.subject_pid, label) for one in inputs]


def _dataset_node(card: Card) -> ProvenanceNode:
    detail = {"derived": "result", "raw": "measurement"}.get(card.kind, card.kind)
    version = f", version {card.version}" if card.version > 1 else ""
    return ProvenanceNode(card.pid, "dataset", card.title, detail + version, card.start_time or card.created)


def _job_node(job: Job) -> ProvenanceNode:
    title, time = f"{job.recipe} {job.recipe_version}", job.ended or job.created
    return ProvenanceNode(job.id, "job", title, job.state, time, version=job.recipe_version)


def _session_node(made: SessionResult) -> ProvenanceNode:
    detail = "session"
    if made.environment and made.environment_key:
        detail += f", environment {made.environment} {made.environment_key}"
    title = f"{made.program} {made.version}".strip()
    return ProvenanceNode(made.session_id, "session", title, detail, made.created, version=made.version)


def _batches(values: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(values)
    return (ordered[start : start + 500] for start in range(0, len(ordered), 500))
