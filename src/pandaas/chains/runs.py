"""Runs as people start, see, restart and cancel them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.chains.acting import Acting
from pandaas.chains.definition import ChainDefinition, definition_of
from pandaas.chains.library import Library
from pandaas.chains.planning import RunState, StepState, to_restart
from pandaas.chains.starting import Proposals, RunRequest, Starting, new_run, tell
from pandaas.db import Database
from pandaas.db.tables import (
    Chain,
    ChainAttachment,
    ChainRun,
    ChainRunInput,
    ChainRunStep,
    Dataset,
    Job,
    Person,
    Proposal,
    Recipe,
)
from pandaas.jobs import JobService, need_run, place_of_result
from pandaas.model import (
    Action,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    Principal,
    PrincipalKind,
    Scope,
    check_pid,
    new_pid,
)


@dataclass(frozen=True)
class RunInputView:
    """`hidden`: it exists but this person may not see it; then pid and title say nothing."""

    name: str
    pid: str
    title: str
    reason: str | None
    hidden: bool


@dataclass(frozen=True)
class StepView:
    """A step with its job as it stands. `result` is the pid of what it made, where this person may read it."""

    step: ChainRunStep
    recipe_title: str
    job_state: str | None
    phase: str
    progress: float | None
    message: str
    result: str | None


@dataclass(frozen=True)
class RunView:
    run: ChainRun
    chain_title: str
    definition: ChainDefinition
    person: str
    proposal: str
    inputs: tuple[RunInputView, ...]
    steps: tuple[StepView, ...]
    may_change: bool

    @property
    def result(self) -> str | None:
        """What the last step that has one made."""
        return next((step.result for step in reversed(self.steps) if step.result), None)


@dataclass(frozen=True)
class RunPage:
    total: int
    runs: list[RunView]


class Runs:
    """See the module."""

    def __init__(  # noqa: PLR0917 - what it stands on
        self,
        database: Database,
        access: Access,
        library: Library,
        starting: Starting,
        jobs: JobService,
        acting: Acting,
    ) -> None:
        self._database = database
        self._access = access
        self._library = library
        self._starting = starting
        self._jobs = jobs
        self._acting = acting

    def start(self, principal: Principal, request: RunRequest) -> list[str]:
        """One run, or one for each dataset of the main input. Errors name the input, or step and parameter."""
        need_run(principal)
        saved = self._library.chain(principal, request.chain, request.number)
        chain = saved.definition.with_parameters(request.parameters)
        recipes = self._starting.recipes_of(chain)
        with self._database.read() as session:
            given = {name: pids for name, pids in request.inputs.items() if pids}
            if request.fill:
                groups = self._starting.filled(session, principal, chain, recipes, given)
            else:
                groups = [(slots, {}) for slots in self._starting.split(session, principal, chain, given)]
            for slots, _ in groups:
                self._starting.fits(chain, recipes, slots)
                self._starting.check_parameters(session, chain, recipes, slots)
        series = new_pid("series")
        runs = []
        for slots, proposed in groups:
            place = place_of_result(self._database, self._access, principal, slots, request.proposal)
            inputs = {name: [dataset.pid for dataset in those] for name, those in slots.items()}
            run = new_run(
                saved.chain.id,
                saved.number,
                chain,
                recipes,
                inputs,
                person_id=principal.person_id or 0,
                proposal_id=place.id,
                series=series,
                reasons={name: reason for name, (_pid, reason) in proposed.items()},
            )
            run.created = self._database.clock()
            run.token_id, run.acting_since = principal.token_id, run.created
            runs.append(run)
        with self._database.session() as session:
            for run in runs:
                session.add(run)
                session.flush()
                tell(session, run, self._database)
        return [run.id for run in runs]

    def proposals(self, principal: Principal, chain_id: str, inputs: Mapping[str, Sequence[str]]) -> Proposals:
        """For inputs that were left out: which dataset each should probably be, and why."""
        chain = self._library.chain(principal, chain_id).definition
        recipes = self._starting.recipes_of(chain)
        with self._database.read() as session:
            self._starting.split(session, principal, _only(chain, inputs), inputs)
            return self._starting.propose(session, principal, chain, recipes, inputs)

    def runs(
        self,
        principal: Principal,
        *,
        chain: str | None = None,
        series: str | None = None,
        attachment: int | None = None,
        dataset: str | None = None,
        states: Sequence[str] = (),
        mine: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> RunPage:
        """A page of those this person may see, the newest first."""
        query = select(ChainRun).where(visible_runs(self._access, principal))
        for column, value in (
            (ChainRun.chain_id, chain),
            (ChainRun.series, series),
            (ChainRun.attachment_id, attachment),
        ):
            if value is not None:
                query = query.where(column == value)
        if dataset:
            given = exists().where(ChainRunInput.run_id == ChainRun.id, ChainRunInput.dataset_pid == dataset)
            query = query.where(given)
        if states:
            query = query.where(ChainRun.state.in_(states))
        if mine:
            query = query.where(ChainRun.person_id == principal.person_id)
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            page = query.order_by(ChainRun.created.desc(), ChainRun.id.desc()).limit(limit).offset(offset)
            return RunPage(total, self._views(session, principal, list(session.scalars(page))))

    def run(self, principal: Principal, run_id: str) -> RunView:
        """One run; `NotFound` also when this person may not see it."""
        query = select(ChainRun).where(ChainRun.id == check_pid(run_id), visible_runs(self._access, principal))
        with self._database.read() as session:
            found = session.scalars(query).first()
            if found is None:
                raise NotFound(f"There is no run '{run_id}', or you may not see it.", remedy="Check its number.")
            return self._views(session, principal, [found])[0]

    def those(self, principal: Principal, run_ids: Sequence[str]) -> list[RunView]:
        """These runs in their order, without those that this person may not see."""
        query = select(ChainRun).where(ChainRun.id.in_(run_ids), visible_runs(self._access, principal))
        with self._database.read() as session:
            found = {run.id: run for run in session.scalars(query)}
            return self._views(session, principal, [found[run_id] for run_id in run_ids if run_id in found])

    def may_see(self, principal: Principal, run_id: str) -> bool:
        """For event streams."""
        query = select(ChainRun.id).where(ChainRun.id == run_id, visible_runs(self._access, principal))
        with self._database.read() as session:
            return session.scalars(query).first() is not None

    def cancel(self, principal: Principal, run_id: str) -> None:
        """Ask for the end: no step starts any more, running ones are cancelled. Harmless when it has ended."""
        need_run(principal)
        view = self.run(principal, run_id)
        if RunState(view.run.state).is_final:
            return
        _need_change(view)
        with self._database.session() as session:
            session.execute(
                update(ChainRun)
                .where(ChainRun.id == run_id, ChainRun.state == RunState.RUNNING)
                .values(cancel_requested=True)
            )
            tell(session, view.run, self._database)
        self._jobs.cancel_parts(run_id)

    def restart(
        self,
        principal: Principal,
        run_id: str,
        *,
        parameters: Mapping[str, Mapping[str, Any]] | None = None,
        first: Iterable[str] = (),
    ) -> None:
        """Go on where it stopped: steps without a result run again with the recipes of now, the others keep theirs.

        With `first` these steps and all that take their results run again too; `parameters` changes those of steps that
        run again.
        """
        need_run(principal)
        view = self.run(principal, run_id)
        _need_change(view)
        if not RunState(view.run.state).is_final:
            raise Conflict("The run has not ended.", remedy="Wait for its end, or cancel it.")
        chain = view.definition.with_parameters(parameters or {})
        recipes = self._starting.recipes_of(chain)
        again = self._again(view, chain, first, parameters or {})
        with self._database.session() as session:
            statement = update(ChainRun).where(
                ChainRun.id == run_id, ChainRun.attempt == view.run.attempt, ChainRun.state == view.run.state
            )
            held = session.execute(
                statement.values(
                    state=RunState.RUNNING,
                    attempt=view.run.attempt + 1,
                    cancel_requested=False,
                    ended=None,
                    definition=chain.to_json(),
                    token_id=principal.token_id,
                    acting_since=self._database.clock(),
                ).execution_options(synchronize_session=False)
            )
            if getattr(held, "rowcount", 0) != 1:
                raise Conflict("The run has changed in the meantime.", remedy="Look at it again.")
            for name in again:
                manifest = recipes[name].manifest
                session.execute(
                    update(ChainRunStep)
                    .where(ChainRunStep.run_id == run_id, ChainRunStep.name == name)
                    .values(
                        state=StepState.WAITING,
                        job_id=None,
                        failure=None,
                        remedy=None,
                        recipe_version=manifest.version,
                        recipe_hash=recipes[name].content_hash,
                    )
                )
            tell(session, view.run, self._database, restarted=list(again))

    def _again(
        self, view: RunView, chain: ChainDefinition, first: Iterable[str], parameters: Mapping[str, Any]
    ) -> tuple[str, ...]:
        states = {step.step.name: StepState(step.step.state) for step in view.steps}
        asked = list(first)
        unknown = [name for name in asked if name not in states]
        if unknown:
            raise InvalidInput(
                f"The chain has no step '{unknown[0]}'.", remedy=f"It has: {', '.join(states)}.", field="first"
            )
        again = to_restart(states, chain.needs(), asked)
        kept = next((name for name in parameters if name not in again), None)
        if kept is not None:
            raise InvalidInput(
                f"Step '{kept}' keeps its result, so its parameters can't change.",
                remedy="Restart from that step.",
                field=f"parameters.{kept}",
            )
        if not again:
            raise Conflict("Every step has its result.", remedy="Name the step to restart from, or start a new run.")
        return again

    def _views(self, session: Session, principal: Principal, runs: Sequence[ChainRun]) -> list[RunView]:
        pids = {one.dataset_pid for run in runs for one in run.inputs}
        job_ids = [step.job_id for run in runs for step in run.steps if step.job_id]
        readable = self._access.visible(principal, Dataset, Action.READ)
        titles = dict(session.execute(select(Dataset.pid, Dataset.title).where(Dataset.pid.in_(pids), readable)).all())
        jobs = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(job_ids)))}
        made = (
            select(Dataset.job_id, Dataset.pid).where(Dataset.job_id.in_(job_ids), readable).order_by(Dataset.id.desc())
        )
        results = {str(job): pid for job, pid in session.execute(made)}
        hashes = {step.recipe_hash for run in runs for step in run.steps}
        kept = select(Recipe.content_hash, Recipe.manifest).where(Recipe.content_hash.in_(hashes))
        recipes = {digest: str(manifest.get("title", "")) for digest, manifest in session.execute(kept)}
        named = dict(
            session.execute(select(Chain.id, Chain.title).where(Chain.id.in_({run.chain_id for run in runs}))).all()
        )
        people = select(Person.id, Person.name).where(Person.id.in_({run.person_id for run in runs}))
        persons = dict(session.execute(people).all())
        places = select(Proposal).where(Proposal.id.in_({run.proposal_id for run in runs}))
        proposals = {place.id: place for place in session.scalars(places)}
        staffed = self._staffed(session, principal, runs)
        return [
            RunView(
                run=run,
                chain_title=named.get(run.chain_id, ""),
                definition=definition_of(run.definition),
                person=persons.get(run.person_id, ""),
                proposal=proposals[run.proposal_id].name,
                inputs=tuple(_input(one, titles) for one in run.inputs),
                steps=tuple(_step(step, recipes, jobs, results) for step in run.steps),
                may_change=self._may_change(principal, run, titles, staffed, proposals[run.proposal_id]),
            )
            for run in runs
        ]

    def _staffed(self, session: Session, principal: Principal, runs: Sequence[ChainRun]) -> set[int]:
        """The attachments among these at instruments that this principal is on the staff of."""
        ids = {run.attachment_id for run in runs if run.attachment_id is not None}
        own = ChainAttachment.instrument_id.in_(list(principal.instruments))
        return set(session.scalars(select(ChainAttachment.id).where(ChainAttachment.id.in_(ids), own)))

    def _may_change(
        self, principal: Principal, run: ChainRun, titles: Mapping[str, str], staffed: set[int], place: Proposal
    ) -> bool:
        """One's own; an automatic one for the instrument's staff and the team that its results belong to."""
        if principal.kind is PrincipalKind.TOKEN and Scope.RUN not in principal.scopes:
            return False
        if not all(one.dataset_pid in titles for one in run.inputs):
            return False
        if self._access.may(principal, Action.OPERATE) or run.person_id == principal.person_id:
            return True
        if run.attachment_id is None:
            return False
        if run.attachment_id in staffed:
            return True
        return self._access.may(principal, Action.WRITE, self._access.protected_proposal(place))


def visible_runs(access: Access, principal: Principal) -> ColumnElement[bool]:
    """As `visible_jobs` says it of jobs: one's own, an operator's all; where one may read every input also those of one's
    teams and, for instrument staff, those on data of their instrument."""
    if not principal.signed_in:
        return ChainRun.id.is_(None)
    if access.may(principal, Action.OPERATE):
        return ChainRun.id.is_not(None)
    readable = select(Dataset.pid).where(access.visible(principal, Dataset, Action.READ))
    unreadable = exists().where(ChainRunInput.run_id == ChainRun.id, ChainRunInput.dataset_pid.not_in(readable))
    shared: ColumnElement[bool] = ChainRun.proposal_id.in_(list(principal.teams))
    if principal.instruments:
        measured = select(Dataset.pid).where(Dataset.instrument_id.in_(list(principal.instruments)))
        of_instrument = exists().where(ChainRunInput.run_id == ChainRun.id, ChainRunInput.dataset_pid.in_(measured))
        places = select(Proposal.id).where(access.visible(principal, Proposal, Action.WRITE))
        shared = or_(shared, and_(of_instrument, ChainRun.proposal_id.in_(places)))
    return or_(ChainRun.person_id == principal.person_id, and_(shared, ~unreadable))


def _only(chain: ChainDefinition, inputs: Mapping[str, Sequence[str]]) -> ChainDefinition:
    """The chain as if all inputs that were not given could be left out."""
    named = tuple(
        one if inputs.get(one.name) or one is chain.main else one.model_copy(update={"optional": True})
        for one in chain.inputs
    )
    return chain.model_copy(update={"inputs": named})


def _need_change(view: RunView) -> None:
    if not view.may_change:
        raise NotAllowed("This run is not yours.", remedy=f"Ask {view.person}, or start a run of your own.")


def _input(one: ChainRunInput, titles: Mapping[str, str]) -> RunInputView:
    title = titles.get(one.dataset_pid)
    if title is None:
        return RunInputView(one.name, "", "A dataset that you may not see", None, hidden=True)
    return RunInputView(one.name, one.dataset_pid, title, one.reason, hidden=False)


def _step(
    step: ChainRunStep, recipes: Mapping[str, str], jobs: Mapping[str, Job], results: Mapping[str, str]
) -> StepView:
    job = jobs.get(step.job_id or "")
    return StepView(
        step=step,
        recipe_title=recipes.get(step.recipe_hash) or step.recipe,
        job_state=job.state if job else None,
        phase=job.phase if job else "",
        progress=job.progress if job else None,
        message=job.message if job else "",
        result=results.get(step.job_id or ""),
    )
