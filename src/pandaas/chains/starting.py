"""From a request to runs: inputs checked and split, recipes fixed, named inputs proposed. Nothing is queued before all fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.chains.checking import require_sound
from pandaas.chains.definition import ChainDefinition, ChainInput
from pandaas.chains.planning import RunState, StepState
from pandaas.db import Database, append
from pandaas.db.tables import ChainRun, ChainRunInput, ChainRunStep
from pandaas.jobs import JobRequest, Slots, allowed_inputs
from pandaas.model import InvalidInput, Principal, Unavailable, new_pid
from pandaas.recipes import (
    Offers,
    RecipeRegistry,
    RecipeVersion,
    complete_parameters,
    load_summaries,
    misfit,
    refuse_missing,
)

_MOST = 200

Proposals = dict[str, tuple[str, str]]  # input → (pid, reason)


@dataclass(frozen=True)
class RunRequest:
    """What a person asks for. `inputs` maps inputs of the chain onto pids: several in its main one are a run each,
    unless it takes many. `parameters` changes those of steps. With `fill`, inputs that were left out are proposed."""

    chain: str
    inputs: Mapping[str, Sequence[str]]
    number: int | None = None
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    proposal: str | None = None
    fill: bool = False


class Starting:
    """See the module; it asks every right of the principal it is given."""

    def __init__(self, database: Database, access: Access, recipes: RecipeRegistry) -> None:
        self._database = database
        self._access = access
        self._recipes = recipes
        self._offers = Offers(database, access, recipes)

    def recipes_of(self, chain: ChainDefinition) -> dict[str, RecipeVersion]:
        """Step → the recipe version that a run would use now. The chain must be sound and its recipes usable."""
        require_sound(chain, self._recipes.get)
        found = {step.name: self._recipes.get(step.recipe, step.version) for step in chain.steps}
        for name, recipe in found.items():
            if not recipe.usable:
                raise Unavailable(
                    f"Step '{name}': '{recipe.manifest.title}' can't be run now: {recipe.problem}",
                    remedy="Tell the operator.",
                )
        return found

    def split(
        self, session: Session, principal: Principal, chain: ChainDefinition, inputs: Mapping[str, Sequence[str]]
    ) -> list[Slots]:
        """One set of inputs for each run; errors name the input as field."""
        known = {one.name: one for one in chain.inputs}
        unknown = sorted(set(inputs) - set(known))
        if unknown:
            raise InvalidInput(
                f"The chain has no input '{unknown[0]}'.", remedy=f"It has: {', '.join(known)}.", field=unknown[0]
            )
        given = allowed_inputs(session, self._access, principal, JobRequest("", inputs))
        main = chain.main
        if main is None:
            raise InvalidInput("The chain has no input that is needed.", field="inputs")
        for name, one in known.items():
            number = len(given.get(name, ()))
            if number == 0 and not one.optional:
                raise InvalidInput(f"'{_title(one)}' is needed.", remedy="Choose a dataset.", field=name)
            if number > 1 and not one.many and one is not main:
                raise InvalidInput(f"'{_title(one)}' takes one dataset.", remedy="Choose one.", field=name)
        rest = {name: given[name] for name in known if given.get(name) and name != main.name}
        chosen = given[main.name]
        groups = [chosen] if main.many else [(one,) for one in chosen]
        _check_number(len(groups), main.name)
        return [{main.name: group, **rest} for group in groups]

    def filled(
        self,
        session: Session,
        principal: Principal,
        chain: ChainDefinition,
        recipes: Mapping[str, RecipeVersion],
        inputs: Mapping[str, Sequence[str]],
    ) -> list[tuple[Slots, Proposals]]:
        """As `split`, with what is proposed for each run by itself: measurements of a series need not share a background."""
        main = chain.main
        chosen = inputs.get(main.name, ()) if main is not None else ()
        apart = [inputs]
        if main is not None and not main.many and len(chosen) > 1:
            _check_number(len(chosen), main.name)
            apart = [{**inputs, main.name: [pid]} for pid in chosen]
        made = []
        for given in apart:
            found = self.propose(session, principal, chain, recipes, given)
            whole = {**given, **{name: [pid] for name, (pid, _reason) in found.items()}}
            made += [(slots, found) for slots in self.split(session, principal, chain, whole)]
        return made

    def fits(self, chain: ChainDefinition, recipes: Mapping[str, RecipeVersion], slots: Slots) -> None:
        """`InvalidInput` naming the input where a dataset fits a step that it feeds not."""
        for name, datasets in slots.items():
            for step, slot_name in chain.feeds(name):
                manifest = recipes[step.name].manifest
                slot = next(one for one in manifest.inputs if one.name == slot_name)
                for dataset in datasets:
                    reason = misfit(manifest, slot, dataset)
                    if reason:
                        raise InvalidInput(
                            f"'{dataset.title}' can't be '{slot.title}' of step '{step.name}': {reason}.",
                            remedy="Choose another dataset.",
                            field=name,
                        )

    def check_parameters(
        self, session: Session, chain: ChainDefinition, recipes: Mapping[str, RecipeVersion], slots: Slots
    ) -> None:
        """For the steps that take inputs of the chain, with all that the files say; the field names step and parameter."""
        chain_inputs = {one.name for one in chain.inputs}
        for step in chain.steps:
            recipe = recipes[step.name]
            first = next(one.name for one in recipe.manifest.inputs if one.minimum)
            main = [dataset for source in step.inputs.get(first, []) for dataset in slots.get(source, ())]
            if not main:
                continue
            known = self._offers.defaults(session, recipe, main)
            try:
                complete = complete_parameters(
                    recipe.schema, {**{name: found.value for name, found in known.items()}, **step.parameters}
                )
                given = {
                    name: [one for source in sources for one in slots.get(source, ())]
                    for name, sources in step.inputs.items()
                }
                later = [name for name, sources in step.inputs.items() if not chain_inputs.issuperset(sources)]
                refuse_missing(recipe.schema, complete, first, given, to_come=later)
            except InvalidInput as error:
                raise InvalidInput(
                    f"Step '{step.name}': {error.detail}",
                    remedy=error.remedy,
                    field=f"parameters.{step.name}.{error.field}",
                ) from error

    def propose(
        self,
        session: Session,
        principal: Principal,
        chain: ChainDefinition,
        recipes: Mapping[str, RecipeVersion],
        inputs: Mapping[str, Sequence[str]],
        *,
        unsure: bool = True,
    ) -> Proposals:
        """For the inputs that were left out: a calibration that is valid, and with `unsure` what a title names."""
        main = chain.main
        about = load_summaries(session, list(inputs.get(main.name, ()))) if main is not None else []
        found: Proposals = {}
        for one in chain.inputs if about else ():
            if inputs.get(one.name) or one is main:
                continue
            for step, slot_name in chain.feeds(one.name):
                recipe = recipes[step.name]
                slot = next(slot for slot in recipe.manifest.inputs if slot.name == slot_name)
                proposed, sure = self._offers.named(session, principal, recipe, slot, about[0])
                if proposed is not None and (sure or unsure):
                    found[one.name] = (proposed.pid, proposed.reason)
                    break
        return found


def _check_number(runs: int, field: str) -> None:
    if runs > _MOST:
        raise InvalidInput(f"These are {runs} runs; {_MOST} at once are the most.", field=field)


def new_run(
    chain_id: str,
    number: int,
    chain: ChainDefinition,
    recipes: Mapping[str, RecipeVersion],
    inputs: Mapping[str, Sequence[str]],
    *,
    person_id: int,
    proposal_id: int,
    series: str,
    reasons: Mapping[str, str],
) -> ChainRun:
    """The rows of a run whose steps all wait."""
    return ChainRun(
        id=new_pid("run"),
        chain_id=chain_id,
        number=number,
        definition=chain.to_json(),
        person_id=person_id,
        proposal_id=proposal_id,
        series=series,
        state=RunState.RUNNING,
        attempt=1,
        cancel_requested=False,
        inputs=[
            ChainRunInput(name=name, dataset_pid=pid, reason=reasons.get(name))
            for name, pids in inputs.items()
            for pid in pids
        ],
        steps=[
            ChainRunStep(
                name=step.name,
                position=position,
                recipe=step.recipe,
                recipe_version=recipes[step.name].manifest.version,
                recipe_hash=recipes[step.name].content_hash,
                state=StepState.WAITING,
            )
            for position, step in enumerate(chain.steps)
        ],
    )


def tell(session: Session, run: ChainRun, database: Database, kind: str = "chain.run", **more: Any) -> None:
    """The event that says how the run stands."""
    append(
        session,
        kind,
        run.id,
        proposal_id=run.proposal_id,
        person_id=run.person_id,
        payload={"state": run.state, "chain": run.chain_id, "series": run.series, **more},
        clock=database.clock,
    )


def _title(one: ChainInput) -> str:
    return one.title or one.name
