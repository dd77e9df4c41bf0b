"""Chains that run by themselves: attachments to instruments, found datasets, limits, repetitions.

The leader reads the event log from where each attachment left off. A dataset that is accepted becomes a row in the same
transaction that moves the attachment's position, unique by chain, version, dataset and repetition: so a restart neither skips
nor repeats one, and what was registered while the platform was down is found when it is back. Rows wait until the limits let
them start. A run works as a service that may use its own dataset, the calibrations chosen for it, and what it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.chains.acting import Acting, service_account
from pandaas.chains.attaching import (
    AttachmentRequest,
    AttachmentView,
    AutomaticView,
    check_limits,
    known,
    measurements,
    pending,
)
from pandaas.chains.definition import definition_of
from pandaas.chains.library import Library
from pandaas.chains.planning import RunState
from pandaas.chains.predicate import predicate_of, refuses
from pandaas.chains.starting import Starting, new_run, tell
from pandaas.db import Database, EventTail, Position, append
from pandaas.db.tables import (
    AutomaticRun,
    Chain,
    ChainAttachment,
    ChainRun,
    ChainVersion,
    Dataset,
    DatasetFile,
    Instrument,
    Job,
)
from pandaas.model import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PandaasError,
    Principal,
    PrincipalKind,
    Scope,
    Unavailable,
)
from pandaas.recipes import load_summaries

log = structlog.get_logger(__name__)
_KINDS = ("dataset.registered", "dataset.changed", "dataset.edited")
_BATCH = 500
_WORTH_WRITING = 200
_MOST_AGAIN = 1000
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Batch:
    """What follows a place in the log: how many events, the datasets among them, and where it ends."""

    number: int
    pids: dict[str, None]
    end: Position


@dataclass(frozen=True)
class _Passed:
    """How far an attachment has looked beyond its `stored` position: `number` events, none of which was a dataset's."""

    stored: str
    position: Position
    number: int


class Automatic:
    """See the module."""

    def __init__(
        self, database: Database, access: Access, library: Library, starting: Starting, acting: Acting
    ) -> None:
        self._database = database
        self._access = access
        self._library = library
        self._starting = starting
        self._acting = acting
        self._passed: dict[int, _Passed] = {}

    # --- what staff do --------------------------------------------------------------------------------------------

    def attach(self, principal: Principal, instrument: str, request: AttachmentRequest) -> int:
        """Let a chain run by itself on what is measured from now on; its number. For the instrument's staff."""
        place = self._staffed(principal, instrument)
        saved = self._library.chain(principal, request.chain, request.number)
        if saved.chain.sharing != "published":
            raise NotAllowed(
                f"'{saved.chain.title}' is not published.",
                remedy="Publish it first: what runs by itself is seen by all.",
            )
        self._starting.recipes_of(saved.definition.with_parameters(request.parameters or {}))
        rule = predicate_of(request.predicate or {})
        check_limits(request)
        now = self._database.clock()
        with self._database.session() as session:
            row = ChainAttachment(
                instrument_id=place.id,
                chain_id=saved.chain.id,
                number=saved.number,
                predicate=rule.to_json(),
                parameters={name: dict(values) for name, values in (request.parameters or {}).items()},
                enabled=request.enabled,
                at_once=request.at_once,
                per_day=request.per_day,
                core_hours_per_day=request.core_hours_per_day,
                service_id=service_account(session, place, self._database),
                position=str(EventTail(self._database).position),
                since=now,
                created=now,
                created_by=principal.person_id or 0,
            )
            session.add(row)
            session.flush()
            self._told(session, principal, row, place, "chain.attached")
            return row.id

    def change(self, principal: Principal, attachment_id: int, request: AttachmentRequest) -> None:
        """Another version, predicate, parameters or limits; or switch it on or off. Switched on again it looks at what
        is measured from then on."""
        row, place = self._attachment(principal, attachment_id)
        saved = self._library.chain(principal, row.chain_id, request.number)
        self._starting.recipes_of(saved.definition.with_parameters(request.parameters or {}))
        rule = predicate_of(request.predicate or {})
        check_limits(request)
        with self._database.session() as session:
            kept = session.get_one(ChainAttachment, row.id)
            if request.enabled and not kept.enabled:
                kept.position, kept.since = str(EventTail(self._database).position), self._database.clock()
            kept.number, kept.enabled = saved.number, request.enabled
            kept.predicate = rule.to_json()
            kept.parameters = {name: dict(values) for name, values in (request.parameters or {}).items()}
            kept.at_once, kept.per_day = request.at_once, request.per_day
            kept.core_hours_per_day = request.core_hours_per_day
            self._told(session, principal, kept, place, "chain.attachment_changed")

    def detach(self, principal: Principal, attachment_id: int) -> None:
        """It looks at nothing any more; what waits is refused, what runs goes on, results stay."""
        row, place = self._attachment(principal, attachment_id)
        with self._database.session() as session:
            kept = session.get_one(ChainAttachment, row.id)
            kept.enabled, kept.removed = False, self._database.clock()
            session.execute(
                update(AutomaticRun)
                .where(AutomaticRun.attachment_id == row.id, AutomaticRun.state == "waiting")
                .values(state="refused", reason="The chain was detached.")
            )
            self._told(session, principal, kept, place, "chain.detached")

    def backlog(self, principal: Principal, attachment_id: int, last: int) -> int:
        """Run on the last `last` measurements that are accepted and were not run on yet; how many these are."""
        row, _place = self._attachment(principal, attachment_id)
        if not 1 <= last <= _MOST_AGAIN:
            raise InvalidInput(f"From 1 to {_MOST_AGAIN} datasets.", remedy="Choose another number.", field="last")
        with self._database.session() as session:
            query = measurements(row).order_by(Dataset.created.desc(), Dataset.id.desc()).limit(last)
            pids = list(session.scalars(query))
            return sum(self._find(session, row, pid, "backlog") for pid in reversed(pids))

    def again(
        self,
        principal: Principal,
        attachment_id: int,
        *,
        datasets: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        """Run once more on what was run on before, after a calibration or a parameter was corrected; how many.

        The datasets named, else all that were measured (where that is not known: registered) from `since` to `until`.
        """
        row, _place = self._attachment(principal, attachment_id)
        ran = (
            select(AutomaticRun.dataset_pid, func.max(AutomaticRun.generation))
            .join(Dataset, Dataset.pid == AutomaticRun.dataset_pid)
            .where(AutomaticRun.attachment_id == row.id)
            .group_by(AutomaticRun.dataset_pid)
            .order_by(func.min(AutomaticRun.id))
            .limit(_MOST_AGAIN)
        )
        when = func.coalesce(Dataset.start_time, Dataset.created)
        if datasets:
            ran = ran.where(AutomaticRun.dataset_pid.in_(list(datasets)))
        if since is not None:
            ran = ran.where(when >= since)
        if until is not None:
            ran = ran.where(when < until)
        with self._database.session() as session:
            found = [(pid, int(last)) for pid, last in session.execute(ran)]
            waiting = pending(session, row.id)
            return sum(self._note(session, row, pid, last + 1, "again") for pid, last in found if pid not in waiting)

    # --- what they see --------------------------------------------------------------------------------------------

    def instruments(self, chain: str | None = None) -> dict[str, list[str]]:
        """Chain → the instruments at which it is switched on."""
        query = (
            select(ChainAttachment.chain_id, Instrument.name)
            .join(Instrument, Instrument.id == ChainAttachment.instrument_id)
            .where(ChainAttachment.removed.is_(None), ChainAttachment.enabled)
            .distinct()
            .order_by(Instrument.name)
        )
        if chain is not None:
            query = query.where(ChainAttachment.chain_id == chain)
        found: dict[str, list[str]] = {}
        with self._database.read() as session:
            for one, name in session.execute(query):
                found.setdefault(one, []).append(name)
        return found

    def attachments(self, instrument_id: int) -> list[AttachmentView]:
        """All of an instrument that are not removed; the caller asks who may see them."""
        query = (
            select(ChainAttachment, Instrument.name, Chain.title, Chain.number)
            .join(Instrument, Instrument.id == ChainAttachment.instrument_id)
            .join(Chain, Chain.id == ChainAttachment.chain_id)
            .where(ChainAttachment.removed.is_(None), ChainAttachment.instrument_id == instrument_id)
            .order_by(ChainAttachment.id)
        )
        with self._database.read() as session:
            return [
                self._view(session, row, name, title, current) for row, name, title, current in session.execute(query)
            ]

    def found(
        self, principal: Principal, attachment_id: int, *, limit: int = 100, offset: int = 0
    ) -> tuple[int, list[AutomaticView]]:
        """What an attachment found, the newest first, as far as this principal may read the data."""
        readable = self._access.visible(principal, Dataset)
        query = (
            select(AutomaticRun, Dataset.title, ChainRun)
            .join(Dataset, Dataset.pid == AutomaticRun.dataset_pid)
            .outerjoin(ChainRun, ChainRun.id == AutomaticRun.run_id)
            .where(AutomaticRun.attachment_id == attachment_id, readable)
        )
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            rows = list(session.execute(query.order_by(AutomaticRun.id.desc()).limit(limit).offset(offset)))
            views = [_found(row, title, run) for row, title, run in rows]
        return total, views

    def staffed(self, principal: Principal, attachment_id: int) -> ChainAttachment:
        """The attachment, for the instrument's staff."""
        return self._attachment(principal, attachment_id, changing=False)[0]

    # --- what the leader does -------------------------------------------------------------------------------------

    def round(self, leads: Callable[[], bool] = lambda: True) -> None:
        """Look for new data and start what the limits let through, as long as `leads` says that this process does it."""
        with self._database.read() as session:
            rows = list(session.scalars(select(ChainAttachment).where(ChainAttachment.removed.is_(None))))
        self._passed = {row.id: self._passed[row.id] for row in rows if row.id in self._passed}
        batches: dict[Position, _Batch] = {}
        for row in rows:
            if not leads():
                return
            try:
                if row.enabled:
                    self._look(row, batches)
                self._start_waiting(row, leads)
            except Unavailable:
                raise
            except PandaasError as error:  # it holds up no other chain
                log.warning("automatic chain put off", attachment=row.id, reason=str(error))

    def _look(self, row: ChainAttachment, batches: dict[Position, _Batch]) -> None:
        """`batches` are what was read from the log in this round: attachments that stand at one place share it."""
        passed = self._passed.get(row.id)
        if passed is None or passed.stored != row.position:
            passed = _Passed(row.position, Position.parse(row.position) or Position(), 0)
        found = batches.get(passed.position)
        if found is None:
            found = batches[passed.position] = self._batch(passed.position)
        if found.end == passed.position and not found.number:
            return
        pids = found.pids
        if not pids and passed.number + found.number < _WORTH_WRITING:
            # A busy platform has many events that are none of ours; after a restart they are passed over again.
            self._passed[row.id] = _Passed(row.position, found.end, passed.number + found.number)
            return
        with self._database.session() as session:
            held = session.scalars(select(ChainAttachment).where(ChainAttachment.id == row.id).with_for_update()).one()
            if held.position != row.position or not held.enabled:
                return  # another process was faster, or it was switched off
            new = set(session.scalars(measurements(held, pids).where(Dataset.created >= held.since)))
            for pid in pids:
                if pid in new:
                    self._find(session, held, pid, "new")
            held.position = str(found.end)

    def _batch(self, start: Position) -> _Batch:
        tail = EventTail(self._database, start)
        events = tail.batch(_BATCH)
        pids = dict.fromkeys(event.subject for event in events if event.kind in _KINDS)
        return _Batch(len(events), pids, tail.position)

    def _start_waiting(self, row: ChainAttachment, leads: Callable[[], bool]) -> None:
        query = select(AutomaticRun).where(AutomaticRun.attachment_id == row.id, AutomaticRun.state == "waiting")
        with self._database.read() as session:
            waiting = list(session.scalars(query.order_by(AutomaticRun.id).limit(_BATCH)))
            room, why = self._room(session, row) if waiting else (0, "")
        for one in waiting[:room]:
            if not leads():
                return
            try:
                self._start(row, one)
            except (Conflict, Unavailable) as error:
                log.info("automatic run put off", dataset=one.dataset_pid, reason=str(error))
                self._say(one, str(error))
            except PandaasError as error:
                self._refuse(one, str(error))
        for one in waiting[max(room, 0) :]:
            self._say(one, why)

    def _start(self, row: ChainAttachment, one: AutomaticRun) -> None:
        """The run of one dataset, written in the transaction that marks it as started."""
        with self._database.read() as session:
            version = session.get_one(ChainVersion, (one.chain_id, one.number))
            dataset = session.scalars(select(Dataset).where(Dataset.pid == one.dataset_pid)).one()
        chain = definition_of(version.definition).with_parameters(row.parameters)
        recipes = self._starting.recipes_of(chain)
        main = chain.main
        if main is None:
            raise InvalidInput("The chain has no input that is needed.")
        principal = self._acting.as_team(row.service_id, dataset.proposal_id)
        with self._database.read() as session:
            if session.scalars(measurements(row, {dataset.pid: None})).first() is None:
                raise InvalidInput("It is no longer a measurement that automatic runs are for.")
            given = {main.name: [dataset.pid]}
            [(slots, found)] = self._starting.filled(session, principal, chain, recipes, given)
            inputs = {name: [one.pid for one in those] for name, those in slots.items()}
            self._starting.fits(chain, recipes, slots)
            self._starting.check_parameters(session, chain, recipes, slots)
        run = new_run(
            one.chain_id,
            one.number,
            chain,
            recipes,
            inputs,
            person_id=row.service_id,
            proposal_id=dataset.proposal_id,
            series=f"auto-{row.id}",
            reasons={name: reason for name, (_pid, reason) in found.items()},
        )
        run.attachment_id, run.created = row.id, self._database.clock()
        with self._database.session() as session:
            held = session.scalars(select(AutomaticRun).where(AutomaticRun.id == one.id).with_for_update()).one()
            if held.state != "waiting":
                raise Conflict("It has been started meanwhile.")
            session.add(run)
            session.flush()
            held.state, held.run_id, held.reason, held.started = "started", run.id, None, run.created
            tell(session, run, self._database)

    def _room(self, session: Session, row: ChainAttachment) -> tuple[int, str]:
        """How many runs may start now, and what keeps the others waiting."""
        active = select(func.count()).where(ChainRun.attachment_id == row.id, ChainRun.state == RunState.RUNNING)
        running = int(session.scalar(active) or 0)
        room, why = row.at_once - running, f"{row.at_once} at once are the most."
        today, hours = self._used(session, row.id)
        if row.per_day is not None and row.per_day - today < room:
            room, why = row.per_day - today, f"{row.per_day} a day are the most."
        if row.core_hours_per_day is not None and hours >= row.core_hours_per_day:
            room, why = 0, f"{row.core_hours_per_day:g} core hours a day are the most."
        return max(room, 0), why

    def _used(self, session: Session, attachment_id: int) -> tuple[int, float]:
        """Runs and core hours of the last 24 hours."""
        since = self._database.clock() - _DAY
        recent = select(ChainRun.id).where(ChainRun.attachment_id == attachment_id, ChainRun.created >= since)
        number = session.scalar(select(func.count()).select_from(recent.subquery())) or 0
        held = func.coalesce(func.sum(Job.cores * Job.wall_s), 0.0)
        seconds = session.scalar(select(held).where(Job.chain_run.in_(recent))) or 0.0
        return int(number), float(seconds) / 3600

    def _find(self, session: Session, row: ChainAttachment, pid: str, cause: str) -> bool:
        """Note a dataset that the predicate accepts; where it can't be asked staff see why nothing runs."""
        try:
            return self._accepts(session, row, pid) and self._note(session, row, pid, 0, cause)
        except InvalidInput as error:
            log.warning("predicate can't be applied", attachment=row.id, dataset=pid, reason=str(error))
            self._note(session, row, pid, 0, cause, refused=f"The predicate can't be applied: {error}")
            return False

    def _accepts(self, session: Session, row: ChainAttachment, pid: str) -> bool:
        summaries = load_summaries(session, [pid])
        file = session.scalars(
            select(DatasetFile.name).join(Dataset).where(Dataset.pid == pid).order_by(DatasetFile.position).limit(1)
        ).first()
        return bool(summaries) and refuses(predicate_of(row.predicate), summaries[0], file or "") is None

    def _note(  # noqa: PLR0917 - what a row says
        self,
        session: Session,
        row: ChainAttachment,
        pid: str,
        generation: int,
        cause: str,
        refused: str | None = None,
    ) -> bool:
        """One row for this dataset, unless there is one; whether it is new."""
        if known(session, row, pid, generation):
            return False
        noted = AutomaticRun(
            attachment_id=row.id,
            chain_id=row.chain_id,
            number=row.number,
            dataset_pid=pid,
            generation=generation,
            cause=cause,
            state="refused" if refused else "waiting",
            reason=refused[:500] if refused else None,
            created=self._database.clock(),
        )
        try:
            with session.begin_nested():
                session.add(noted)
        except IntegrityError:  # another process was faster: staff and the leader may find the same at once
            return False
        return True

    def _say(self, one: AutomaticRun, why: str) -> None:
        if one.reason != why:
            with self._database.session() as session:
                session.execute(
                    update(AutomaticRun)
                    .where(AutomaticRun.id == one.id, AutomaticRun.state == "waiting")
                    .values(reason=why[:500])
                )

    def _refuse(self, one: AutomaticRun, why: str) -> None:
        with self._database.session() as session:
            session.execute(
                update(AutomaticRun)
                .where(AutomaticRun.id == one.id, AutomaticRun.state == "waiting")
                .values(state="refused", reason=why[:500])
            )

    def _view(
        self, session: Session, row: ChainAttachment, instrument: str, title: str, current: int
    ) -> AttachmentView:
        query = select(func.count()).where(AutomaticRun.attachment_id == row.id, AutomaticRun.state == "waiting")
        today, hours = self._used(session, row.id)
        waiting = int(session.scalar(query) or 0)
        return AttachmentView(row, instrument, title, current, predicate_of(row.predicate), waiting, today, hours)

    def _staffed(self, principal: Principal, instrument: str, *, changing: bool = True) -> Instrument:
        place = self._access.require_staff(principal, instrument)
        if changing and principal.kind is PrincipalKind.TOKEN and Scope.RUN not in principal.scopes:
            raise NotAllowed("This token may not do this: it lacks the scope run.", remedy="Use a token that has it.")
        if changing and not principal.signed_in:
            raise NotAllowed("Attaching a chain needs a person.", remedy="Sign in.")
        return place

    def _attachment(
        self, principal: Principal, attachment_id: int, *, changing: bool = True
    ) -> tuple[ChainAttachment, Instrument]:
        with self._database.read() as session:
            row = session.get(ChainAttachment, attachment_id)
            place = session.get(Instrument, row.instrument_id) if row is not None else None
        if row is None or place is None or row.removed is not None:
            raise NotFound(f"There is no attachment {attachment_id}.", remedy="See the instrument's page.")
        return row, self._staffed(principal, place.name, changing=changing)

    def _told(self, session: Session, principal: Principal, row: ChainAttachment, place: Instrument, kind: str) -> None:
        told = {"chain": row.chain_id, "version": row.number, "attachment": row.id, "enabled": row.enabled}
        append(session, kind, place.name, actor_id=principal.person_id, payload=told, clock=self._database.clock)


def _found(row: AutomaticRun, title: str, run: ChainRun | None) -> AutomaticView:
    state = run.state if run is not None else row.state
    failed = next((step for step in run.steps if step.failure), None) if run is not None else None
    failure = f"{failed.name}: {failed.failure}" if failed is not None else row.reason
    return AutomaticView(row, title, state, failure if state != "succeeded" else None)
