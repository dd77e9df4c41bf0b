"""Requests for help: who reads them, who answers them. The one place that says so.

A request is read by its person, by those she named, and by who may help: operators, the local contacts of its proposal and
the staff of its instrument; of proprietary data the staff of the instrument only as local contacts. Reading a request
opens none of the data that it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from pandaas.access import rule
from pandaas.access.rights import Rights
from pandaas.access.rule import Protected
from pandaas.db.tables import (
    Dataset,
    HelpReader,
    HelpRequest,
    Instrument,
    InstrumentStaff,
    Person,
    Proposal,
    ProposalMember,
)
from pandaas.model import Action, Principal, ProposalType, Role, TeamRole


@dataclass(frozen=True)
class Helpers:
    """Whose staff a request about some datasets goes to. Both None: to the operators."""

    instrument_id: int | None = None
    proposal_id: int | None = None


class Helping(Rights):
    """Asked by the room `support`."""

    def help_visible(self, principal: Principal) -> ColumnElement[bool]:
        """The requests that this principal may read, as a WHERE clause on `HelpRequest`."""
        if principal.person_id is None or not rule.is_capable(principal, Action.READ):
            return false()
        named = select(HelpReader.request_id).where(HelpReader.person_id == principal.person_id)
        seen = or_(HelpRequest.person_id == principal.person_id, HelpRequest.id.in_(named), self.help_wanted(principal))
        return seen if principal.viewer is None else and_(seen, self.help_visible(principal.viewer))

    def help_wanted(self, principal: Principal) -> ColumnElement[bool]:
        """Those of them that she may answer as staff; her own are not among them."""
        if principal.person_id is None:
            return false()
        others = HelpRequest.person_id != principal.person_id
        if rule.is_operator(principal):
            return others
        contacts = [id_ for id_, role in principal.teams.items() if role is TeamRole.LOCAL_CONTACT]
        proprietary = select(Proposal.id).where(Proposal.type == ProposalType.PROPRIETARY)
        of_instrument = and_(
            HelpRequest.instrument_id.in_(sorted(principal.instruments)),
            or_(HelpRequest.proposal_id.is_(None), HelpRequest.proposal_id.not_in(proprietary)),
        )
        return and_(others, or_(HelpRequest.proposal_id.in_(contacts), of_instrument))

    def helpers_for(self, session: Session, pids: Sequence[str]) -> Helpers:
        """Whose staff helps with these datasets: those of the first; of a proprietary proposal, where one of them or of
        what they were made from belongs to one."""
        found = {one.pid: one for one in session.scalars(select(Dataset).where(Dataset.pid.in_(set(pids))))}
        datasets = [found[pid] for pid in pids if pid in found]
        if not datasets:
            return Helpers()
        closed = [one for whole in self.protect(session, datasets) for one in _with_ancestors(whole) if _is_closed(one)]
        if closed:
            return Helpers(closed[0].instrument_id, closed[0].proposal_id)
        proposal = session.get_one(Proposal, datasets[0].proposal_id)
        instrument = next((one.instrument_id for one in datasets if one.instrument_id is not None), None)
        return Helpers(instrument or proposal.instrument_id, proposal.id)

    def help_staff(self, session: Session, helpers: Helpers) -> list[Person]:
        """Who is told of such a request: local contacts and instrument staff, or the operators where there are none."""
        contacts = select(ProposalMember.person_id).where(
            ProposalMember.proposal_id == helpers.proposal_id, ProposalMember.role == TeamRole.LOCAL_CONTACT
        )
        wanted: ColumnElement[bool] = Person.id.in_(contacts)
        if self.instrument_helps(session, helpers):
            staff = select(InstrumentStaff.person_id).where(InstrumentStaff.instrument_id == helpers.instrument_id)
            wanted = or_(wanted, Person.id.in_(staff))
        active = select(Person).where(Person.disabled.is_(False)).order_by(Person.name)
        found = list(session.scalars(active.where(wanted)))
        return found or list(session.scalars(active.where(Person.role == Role.OPERATOR)))

    def instrument_helps(self, session: Session, helpers: Helpers) -> Instrument | None:
        """The instrument whose staff reads such a request, None where there is none or its data are proprietary."""
        if helpers.instrument_id is None:
            return None
        proposal = session.get(Proposal, helpers.proposal_id) if helpers.proposal_id is not None else None
        if proposal is not None and proposal.type == ProposalType.PROPRIETARY:
            return None
        return session.get(Instrument, helpers.instrument_id)


def _with_ancestors(one: Protected) -> tuple[Protected, ...]:
    return (one, *one.ancestors)


def _is_closed(one: Protected) -> bool:
    return one.proposal_type == ProposalType.PROPRIETARY
