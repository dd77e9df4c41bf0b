"""A request turned into jobs: which recipe version, datasets in which inputs, complete parameters, where the result goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access, not_found
from pandaas.db import Database
from pandaas.db.tables import Dataset, Proposal
from pandaas.model import (
    Action,
    DatasetKind,
    DatasetState,
    InvalidInput,
    NotAllowed,
    NotFound,
    Principal,
    PrincipalKind,
    ProposalType,
    RecipeManifest,
)
from pandaas.recipes import (
    DatasetSummary,
    Offers,
    RecipeVersion,
    complete_parameters,
    emptiness,
    load_summaries,
    misfit,
    refuse_missing,
    unusable,
)

_MOST = 500
_GIVEN_ALONG = {DatasetKind.CALIBRATION, DatasetKind.MASK}

Slots = Mapping[str, tuple[DatasetSummary, ...]]


@dataclass(frozen=True)
class JobRequest:
    """What a person asks for. `inputs` maps inputs of the recipe onto pids; `proposal` None = where the inputs are."""

    recipe: str
    inputs: Mapping[str, Sequence[str]]
    version: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    proposal: str | None = None
    engine: str | None = None
    cores: int | None = None
    time_limit_s: int | None = None
    repeats: str | None = None
    gpu: bool = True  # False: on the processor even where there is a GPU


def allowed_inputs(session: Session, access: Access, principal: Principal, request: JobRequest) -> Slots:
    """The datasets by input, each of which this principal may analyse. `field` of the errors names the input."""
    slots: dict[str, tuple[DatasetSummary, ...]] = {}
    for name, given in request.inputs.items():
        pids = list(dict.fromkeys(given))
        rows = {row.pid: row for row in session.scalars(select(Dataset).where(Dataset.pid.in_(pids)))}
        for pid in pids:
            if pid not in rows:
                raise not_found(f"dataset '{pid}'", field=name)
            protected = access.protect(session, [rows[pid]])[0]
            try:
                access.require(principal, Action.ANALYSE, protected, what=f"dataset '{pid}'")
            except NotFound:
                raise not_found(f"dataset '{pid}'", field=name) from None
            if rows[pid].state == DatasetState.WITHDRAWN:
                raise InvalidInput(f"'{rows[pid].title}' has been withdrawn.", field=name)
            if rows[pid].missing_since is not None:
                raise InvalidInput(
                    f"The files of '{rows[pid].title}' are missing on disk.",
                    remedy="Ask the instrument's staff to restore them.",
                    field=name,
                )
        slots[name] = tuple(load_summaries(session, pids))
    return slots


def split(manifest: RecipeManifest, slots: Slots) -> list[Slots]:
    """One set of inputs per job, the main one first: the recipe's `selection` says what several datasets in it mean."""
    known = {slot.name: slot for slot in manifest.inputs}
    unknown = sorted(set(slots) - set(known))
    if unknown:
        raise InvalidInput(
            f"'{manifest.title}' has no input '{unknown[0]}'.", remedy=f"It has: {', '.join(known)}.", field=unknown[0]
        )
    main = next(slot for slot in manifest.inputs if slot.minimum)
    for name, slot in known.items():
        given = slots.get(name, ())
        if len(given) < slot.minimum:
            raise InvalidInput(
                f"'{slot.title}' needs {_count(slot.minimum)}.", remedy="Choose what is missing.", field=name
            )
        spread = slot is main and manifest.selection == "each"
        if slot.maximum is not None and len(given) > slot.maximum and not spread:
            raise InvalidInput(f"'{slot.title}' takes {_count(slot.maximum)} at most.", field=name)
        for dataset in given:
            reason = misfit(manifest, slot, dataset)
            if reason:
                raise InvalidInput(
                    f"'{dataset.title}' can't be used as '{slot.title}': {reason}.",
                    remedy="Choose another dataset.",
                    field=name,
                )
            nothing = emptiness(slot, dataset)
            if nothing:
                raise InvalidInput(
                    f"'{dataset.title}' is empty: {nothing}.",
                    remedy="Choose another dataset, or wait until something was measured.",
                    field=name,
                )
            broken = unusable(dataset, slot.beside)
            if broken:
                raise InvalidInput(
                    f"'{dataset.title}' can't be used as '{slot.title}': {broken}.",
                    remedy="Choose another dataset, or have the file put right.",
                    field=name,
                )
    chosen = slots[main.name]
    size = len(chosen) if manifest.selection == "all" or main.maximum is None else main.maximum
    groups = [chosen[start : start + size] for start in range(0, len(chosen), size)]
    if len(groups) > _MOST:
        raise InvalidInput(f"These are {len(groups)} jobs; {_MOST} at once are the most.", field=main.name)
    others = {name: slots[name] for name in known if name != main.name and slots.get(name)}
    return [{main.name: group, **others} for group in groups]


def parameters_for(
    session: Session, offers: Offers, recipe: RecipeVersion, slots: Slots, request: JobRequest
) -> dict[str, Any]:
    """What was given, then what the file says, the instrument's default, the recipe's default."""
    given = dict(request.parameters)
    main = next(slot.name for slot in recipe.manifest.inputs if slot.minimum)
    if request.repeats is None:
        given = {
            **{name: found.value for name, found in offers.defaults(session, recipe, slots[main]).items()},
            **given,
        }
    complete = complete_parameters(recipe.schema, given)
    refuse_missing(recipe.schema, complete, main, slots)
    return complete


def place_of_result(
    database: Database, access: Access, principal: Principal, slots: Slots, wanted: str | None
) -> Proposal:
    """The proposal that results go to.

    Asked for by name, it must be one that the person may write to. Else it is that of the inputs if they are all of one
    and she may write there; data of several proposals go to her own space, the strictest place, since the access rule lets
    only those see a result who may read all it was made from. Open data and calibrations have no say. Proprietary inputs
    never leave their proposal but to the owner's own space.
    """
    person = replace(principal, kind=PrincipalKind.PERSON)  # a token to run places results as the person herself
    if principal.person_id is None:
        raise NotAllowed("Analysis needs a person.", remedy="Sign in.")
    proposals = _proposals_of(database, access, slots)
    if wanted is not None:
        view = access.proposal(person, wanted)
        if not view.may_write:
            raise NotAllowed(
                f"You may not write to '{wanted}'.", remedy="Choose another proposal, or your own space.", field=None
            )
        _keep_proprietary(view.proposal, proposals)
        return view.proposal
    if len(proposals) == 1:
        own = proposals[0]
        if access.may(person, Action.WRITE, access.protected_proposal(own)):
            return own
    return access.personal_space(principal.person_id)


def _proposals_of(database: Database, access: Access, slots: Slots) -> list[Proposal]:
    """The proposals that have a say in where the result goes; those of the open data when there are no others."""
    with database.read() as session:
        datasets = [dataset for given in slots.values() for dataset in given]
        rows = list(session.scalars(select(Dataset).where(Dataset.pid.in_({dataset.pid for dataset in datasets}))))
        protected = access.protect(session, rows)
        bound = {
            row.proposal_id
            for row, guard in zip(rows, protected, strict=True)
            if row.kind not in _GIVEN_ALONG and not access.may(Principal(), Action.READ, guard)
        }
        ids = bound or {row.proposal_id for row in rows if row.kind not in _GIVEN_ALONG}
        return list(session.scalars(select(Proposal).where(Proposal.id.in_(ids)).order_by(Proposal.id)))


def _keep_proprietary(target: Proposal, proposals: Sequence[Proposal]) -> None:
    for proposal in proposals:
        if proposal.type == ProposalType.PROPRIETARY and target.id != proposal.id:
            if target.type == ProposalType.PERSONAL:
                continue
            raise InvalidInput(
                "Results of proprietary data stay in their proposal.",
                remedy="Choose that proposal, or your own space.",
                field="proposal",
            )


def _count(number: int) -> str:
    return "a dataset" if number == 1 else f"{number} datasets"
