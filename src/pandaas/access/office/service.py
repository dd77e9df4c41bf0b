"""Running an import: read, compare, decide, apply, remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import structlog
from sqlalchemy import func, select

from pandaas.access.office.apply import Carrier
from pandaas.access.office.difference import Change, Plan, plan, shortened
from pandaas.access.office.feed import Feed
from pandaas.access.office.sources import OfficeSource, source_of
from pandaas.access.policy import Policies
from pandaas.access.rights import Rights, not_found, of_proposal
from pandaas.config import OfficeSettings, Settings
from pandaas.db import Database, append
from pandaas.db.tables import BeamTime, Instrument, OfficeRun, Proposal
from pandaas.identity import Identity
from pandaas.model import Action, InvalidInput, NotFound, PandaasError, Principal

log = structlog.get_logger(__name__)
_FREE_REMOVALS = 5
_KEPT_RUNS = 200


@dataclass(frozen=True)
class OfficeRunView:
    """What an import did or would do. `state`: `applied`, `unchanged`, `shown` (dry run), `waiting` (too many removals:
    somebody has to say how many), `failed`."""

    feed: str
    state: str
    message: str
    counts: dict[str, int]
    changes: list[dict[str, str]]
    warnings: list[str]
    removals: int
    time: datetime


class Office(Rights):
    """One import at a time changes anything; what is wrong with a feed is found before anything is changed."""

    def __init__(self, database: Database, settings: Settings, identity: Identity, policies: Policies) -> None:
        super().__init__(database, facility=settings.facility.short_name)
        self._policies = policies
        self._settings = settings
        self._identity = identity

    def feeds(self) -> list[OfficeSettings]:
        return list(self._settings.office)

    def feed(self, name: str) -> OfficeSettings:
        for one in self._settings.office:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self._settings.office) or "none is configured"
        raise NotFound(f"There is no user office '{name[:64]}'.", remedy=f"Known: {known}.", field="feed")

    def run(
        self,
        principal: Principal,
        name: str,
        *,
        source: OfficeSource | None = None,
        dry_run: bool = False,
        removals: int | None = None,
        only: Callable[[Change], bool] | None = None,
    ) -> OfficeRunView:
        """Import a feed; for operators. `source` replaces the configured one, `only` picks some of the changes.

        With more removals than the feed's limit nothing is changed, unless `removals` says how many there are. A feed that
        can't be read, or names nobody where it named somebody before, raises and changes nothing.
        """
        self.require(principal, Action.OPERATE, what="the import from the user office")
        settings = next((one for one in self._settings.office if one.name == name), None)
        try:
            feed = (source or source_of(self.feed(name))).read()
            return self._decided(name, feed, settings, principal, dry_run=dry_run, removals=removals, only=only)
        except PandaasError as error:
            if not dry_run:
                self._remember(OfficeRunView(name, "failed", str(error), {}, [], [], 0, self._now()))
            raise

    def run_due(self, principal: Principal) -> None:
        """Import what is due by the configured schedule; failures are remembered and shown, not raised."""
        for settings in self._settings.office:
            last = self.last_run(settings.name)
            if settings.every_minutes is None:
                continue
            if last is not None and self._now() - last.time < timedelta(minutes=settings.every_minutes):
                continue
            try:
                view = self.run(principal, settings.name)
                log.info("user office imported", feed=settings.name, state=view.state, **view.counts)
            except PandaasError as error:
                log.warning("user office could not be imported", feed=settings.name, reason=str(error))

    def last_run(self, name: str) -> OfficeRunView | None:
        """The latest import of this feed that was not a dry run."""
        query = select(OfficeRun).where(OfficeRun.feed == name).order_by(OfficeRun.id.desc()).limit(1)
        with self._database.read() as session:
            row = session.scalars(query).first()
        return _view(row) if row is not None else None

    def beam_times(self, principal: Principal, name: str) -> list[tuple[BeamTime, str | None]]:
        """When a proposal has which instrument, by time; for those who may know of the proposal."""
        query = (
            select(BeamTime, Instrument.name)
            .outerjoin(Instrument, Instrument.id == BeamTime.instrument_id)
            .join(Proposal, Proposal.id == BeamTime.proposal_id)
            .where(Proposal.name == name)
            .order_by(BeamTime.start)
        )
        with self._database.read() as session:
            proposal = session.scalars(select(Proposal).where(Proposal.name == name)).first()
            if proposal is None:
                raise not_found(f"proposal '{name[:64]}'")
            self.require(principal, Action.READ, of_proposal(proposal), what=f"proposal '{name[:64]}'")
            return [(row, instrument) for row, instrument in session.execute(query)]

    def _decided(
        self,
        name: str,
        feed: Feed,
        settings: OfficeSettings | None,
        principal: Principal,
        *,
        dry_run: bool,
        removals: int | None,
        only: Callable[[Change], bool] | None,
    ) -> OfficeRunView:
        with self._database.session() as session:
            found = _picked(plan(session, name, feed), only)
            _refuse_empty(feed, found)
            limit = max(_FREE_REMOVALS, ceil(found.held * (settings.max_removals_percent if settings else 10) / 100))
            view = self._view_of(name, found, "shown" if dry_run else "applied", "")
            if dry_run:
                return view
            if found.removals > limit and removals != found.removals:
                message = (
                    f"{found.removals} of {found.held} memberships, staff and beam times would be taken away, more than {limit}:"
                    f" nothing was changed. Look at the changes, then import again saying {found.removals} removals."
                )
                view = self._view_of(name, found, "waiting", message)
            elif not found.changes:
                view = self._view_of(name, found, "unchanged", "")
            else:
                Carrier(
                    session,
                    self._database,
                    self._settings,
                    self._identity,
                    feed_name=name,
                    compute_release=self._policies.compute_release,
                ).carry(found)
                payload: dict[str, Any] = {"counts": found.counts, "warnings": len(found.warnings)}
                append(
                    session, "office.applied", name[:64], actor_id=principal.person_id, payload=payload, clock=self._now
                )
        self._remember(view)
        return view

    def _view_of(self, name: str, found: Plan, state: str, message: str) -> OfficeRunView:
        return OfficeRunView(
            feed=name,
            state=state,
            message=message,
            counts=found.counts,
            changes=shortened(found.changes),
            warnings=list(found.warnings),
            removals=found.removals,
            time=self._now(),
        )

    def _remember(self, view: OfficeRunView) -> None:
        with self._database.session() as session:
            session.add(
                OfficeRun(
                    feed=view.feed[:64],
                    time=view.time,
                    state=view.state,
                    message=view.message,
                    counts=view.counts,
                    changes=view.changes,
                    warnings=view.warnings[:500],
                    removals=view.removals,
                )
            )
            session.flush()
            newest = session.scalar(select(func.max(OfficeRun.id))) or 0
            for row in session.scalars(select(OfficeRun).where(OfficeRun.id <= newest - _KEPT_RUNS)):
                session.delete(row)


def _picked(whole: Plan, only: Callable[[Change], bool] | None) -> Plan:
    return whole if only is None else Plan(tuple(filter(only, whole.changes)), whole.warnings, whole.held)


def _refuse_empty(feed: Feed, found: Plan) -> None:
    if not feed.people or (found.held and not feed.proposals and not feed.instruments):
        what = "people" if not feed.people else "proposals or instruments"
        raise InvalidInput(
            f"The feed names no {what}.",
            remedy="Nothing was changed: an empty feed is taken for a broken one.",
            field="feed",
        )


def _view(row: OfficeRun) -> OfficeRunView:
    return OfficeRunView(
        row.feed, row.state, row.message, row.counts, row.changes, row.warnings, row.removals, row.time
    )
