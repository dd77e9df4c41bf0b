"""Attachments of chains to instruments: what staff ask for and see, and what of the tables they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.chains.predicate import Predicate
from pandaas.db.tables import AutomaticRun, ChainAttachment, Dataset, Proposal
from pandaas.model import DatasetKind, DatasetState, InvalidInput, ProposalType

_NEVER = (ProposalType.PROPRIETARY, ProposalType.PERSONAL)


@dataclass(frozen=True)
class AttachmentRequest:
    """What staff ask for; `parameters` changes those of steps. `None` limits don't limit."""

    chain: str
    number: int | None = None
    predicate: Mapping[str, Any] | None = None
    parameters: Mapping[str, Mapping[str, Any]] | None = None
    enabled: bool = True
    at_once: int = 2
    per_day: int | None = None
    core_hours_per_day: float | None = None


@dataclass(frozen=True)
class AttachmentView:
    attachment: ChainAttachment
    instrument: str
    chain_title: str
    current: int  # the newest version of the chain
    predicate: Predicate
    waiting: int
    used_today: int
    core_hours_today: float


@dataclass(frozen=True)
class AutomaticView:
    """A dataset that was found, with what became of it. `state` is waiting, refused, or that of the run."""

    row: AutomaticRun
    title: str
    state: str
    failure: str | None


def check_limits(request: AttachmentRequest) -> None:
    for name, value, least in (
        ("at_once", request.at_once, 1),
        ("per_day", request.per_day, 1),
        ("core_hours_per_day", request.core_hours_per_day, 0.001),
    ):
        if value is not None and not least <= value <= 1_000_000:
            raise InvalidInput(f"'{name}' must be at least {least}.", remedy="Change it.", field=name)


def measurements(row: ChainAttachment, pids: Mapping[str, Any] | None = None) -> Any:
    """Pids of complete measurements of the instrument, of proposals that automatic runs are for."""
    public = select(Proposal.id).where(Proposal.type.not_in(_NEVER))
    query = select(Dataset.pid).where(
        Dataset.instrument_id == row.instrument_id,
        Dataset.kind == DatasetKind.RAW,
        Dataset.state == DatasetState.COMPLETE,
        Dataset.is_latest,
        Dataset.missing_since.is_(None),
        Dataset.proposal_id.in_(public),
    )
    return query.where(Dataset.pid.in_(list(pids))) if pids is not None else query


def known(session: Session, row: ChainAttachment, pid: str, generation: int) -> bool:
    key = (
        AutomaticRun.chain_id == row.chain_id,
        AutomaticRun.number == row.number,
        AutomaticRun.dataset_pid == pid,
        AutomaticRun.generation == generation,
    )
    return session.scalars(select(AutomaticRun.id).where(*key)).first() is not None


def pending(session: Session, attachment_id: int) -> set[str]:
    query = select(AutomaticRun.dataset_pid).where(
        AutomaticRun.attachment_id == attachment_id, AutomaticRun.state == "waiting"
    )
    return set(session.scalars(query))
