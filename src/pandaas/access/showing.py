"""Showing data to others: a session shows what it was opened on to whoever is let in, so they are asked about first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import rule
from pandaas.access.rights import Rights
from pandaas.access.rule import Protected
from pandaas.db.tables import Dataset
from pandaas.model import Action, DatasetState, Principal, ProposalType, TeamRole

GuestPolicy = Literal["never", "open_data", "principal_investigator"]


class Showing(Rights):
    """Who may look on or work along, by the same rule as for the data themselves."""

    def hidden_from(self, session: Session, principal: Principal, pids: Sequence[str], action: Action) -> list[str]:
        """Those of the datasets that this principal may not read (or analyse, where she works along), or that are gone."""
        found, protected = self._protected_of(session, pids)
        may = {pid for pid, guard in zip(found, protected, strict=True) if self.may(principal, action, guard)}
        return [pid for pid in pids if pid not in may]

    def may_show_guests(self, session: Session, owner: Principal, pids: Sequence[str], policy: GuestPolicy) -> bool:
        """May `owner` show these datasets to somebody without an account, as this facility's policy has it?

        Open data, unless never; what is under embargo only as its principal investigator, and with it everything that
        it was made from. Proprietary and withdrawn data never.
        """
        if policy == "never":
            return False
        found, protected = self._protected_of(session, pids)
        if len(found) < len(set(pids)):
            return False
        now = self._now()
        return all(
            rule.is_open(one, now) or (policy == "principal_investigator" and _leads(owner, one)) for one in protected
        )

    def _protected_of(self, session: Session, pids: Sequence[str]) -> tuple[list[str], list[Protected]]:
        datasets = list(session.scalars(select(Dataset).where(Dataset.pid.in_(set(pids)))))
        return [dataset.pid for dataset in datasets], self.protect(session, datasets)


def _leads(owner: Principal, resource: Protected) -> bool:
    return all(
        owner.teams.get(one.proposal_id) is TeamRole.PRINCIPAL_INVESTIGATOR
        and one.proposal_type != ProposalType.PROPRIETARY
        and one.state != DatasetState.WITHDRAWN
        for one in (resource, *resource.ancestors)
    )
