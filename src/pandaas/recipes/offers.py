"""Offers: the recipes that accept the chosen datasets, best first, with inputs and parameters filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from pandaas.access import Access
from pandaas.db import Database
from pandaas.db.tables import Dataset, Instrument, Validity
from pandaas.model import Action, DatasetState, InputSlot, NotFound, Principal
from pandaas.recipes.acceptance import Assignment, assign, main_slot, misfit
from pandaas.recipes.parameters import default_from_metadata, defaults_from_schema
from pandaas.recipes.proposing import Proposed, nearest_first, propose
from pandaas.recipes.registry import RecipeRegistry, RecipeVersion
from pandaas.recipes.summary import DatasetSummary, load_summaries, summary_of

_SUGGESTIONS = 20
_LOOKED_AT = 200
_VALID = "It is valid for this instrument and the time of the measurement."
_PROPOSED = {"calibration", "mask"}


@dataclass(frozen=True)
class DefaultValue:
    """A parameter's value to begin with, and where it comes from, in words."""

    value: Any
    source: str


@dataclass(frozen=True)
class Offer:
    """A recipe that fits. `inputs` are chosen and filled in datasets by slot, `suggestions` further ones that fit.

    `proposed` says for a slot which dataset it should be and why: one that is filled in already (a valid calibration), or
    the first suggestion, which the person takes or not.
    """

    recipe: RecipeVersion
    assignment: Assignment
    inputs: Mapping[str, list[str]]
    suggestions: Mapping[str, list[str]]
    defaults: Mapping[str, DefaultValue]
    proposed: Mapping[str, Proposed] = field(default_factory=dict)


class Offers:
    """Finds offers for one request; every dataset it names may be analysed by the asker."""

    def __init__(self, database: Database, access: Access, registry: RecipeRegistry) -> None:
        self._database = database
        self._access = access
        self._registry = registry

    def offers(self, principal: Principal, pids: Sequence[str]) -> list[Offer]:
        """Best first. `NotFound` when a dataset doesn't exist for this principal or may not be analysed by her."""
        with self._database.read() as session:
            chosen = self._chosen(session, principal, pids)
            accepting = self._registry.accepting(
                lambda manifest: assign(manifest, chosen), person_id=principal.person_id
            )
            found = [self._offer(session, principal, recipe, assignment) for recipe, assignment in accepting]
        return sorted(found, key=lambda offer: (-offer.assignment.score, offer.recipe.manifest.title))

    def defaults(
        self, session: Session, recipe: RecipeVersion, datasets: Sequence[DatasetSummary]
    ) -> dict[str, DefaultValue]:
        """Recipe default < the instrument's default < the file's metadata; the first dataset decides."""
        defaults = {
            name: DefaultValue(value, "recipe default") for name, value in defaults_from_schema(recipe.schema).items()
        }
        properties: Mapping[str, Mapping[str, Any]] = recipe.schema.get("properties", {})
        main = datasets[0]
        instrument = session.get(Instrument, main.instrument_id) if main.instrument_id else None
        own = self._registry.instrument_defaults(session, recipe.manifest.id, main.instrument_id)
        for name, value in own.items():
            if name in properties and instrument is not None:
                defaults[name] = DefaultValue(value, f"default of {instrument.name}")
        for name, described in properties.items():
            known = default_from_metadata(described, main.parameters)
            if known is not None:
                value, parameter = known
                place = f" ({parameter.source})" if parameter.source else ""
                defaults[name] = DefaultValue(value, f"from the file{place}")
        return defaults

    def named(
        self, session: Session, principal: Principal, recipe: RecipeVersion, slot: InputSlot, main: DatasetSummary
    ) -> tuple[Proposed | None, bool]:
        """What this input should probably be for the measurement `main`; and whether that is sure enough to be taken
        without asking (a calibration or mask that is valid for it)."""
        valid = self._valid(session, principal, recipe, slot, main)
        if valid:
            return Proposed(valid[0], _VALID), True
        return propose(main, slot, self._similar(session, principal, recipe, slot, main)), False

    def _chosen(self, session: Session, principal: Principal, pids: Sequence[str]) -> list[DatasetSummary]:
        allowed = self._access.visible(principal, Dataset, Action.ANALYSE)
        seen = set(session.scalars(select(Dataset.pid).where(Dataset.pid.in_(set(pids)), allowed)))
        missing = [pid for pid in pids if pid not in seen]
        if missing:
            self._refuse_visible(session, principal, missing[0])
            raise NotFound(
                f"There is no dataset '{missing[0]}' that you may analyse.",
                remedy="Check the identifier, or ask its team for access.",
                field="dataset",
            )
        return load_summaries(session, list(dict.fromkeys(pids)))

    def _refuse_visible(self, session: Session, principal: Principal, pid: str) -> None:
        """Say that a dataset which may be seen may not be analysed; of one that may not be seen nothing is said."""
        readable = self._access.visible(principal, Dataset, Action.READ)
        row = session.scalars(select(Dataset).where(Dataset.pid == pid, readable)).first()
        if row is not None:
            protected = self._access.protect(session, [row])[0]
            self._access.require(principal, Action.ANALYSE, protected, what=f"dataset '{pid}'")

    def _offer(self, session: Session, principal: Principal, recipe: RecipeVersion, assignment: Assignment) -> Offer:
        inputs = {slot: [dataset.pid for dataset in found] for slot, found in assignment.inputs.items()}
        main = assignment.inputs[main_slot(recipe.manifest).name]
        suggestions: dict[str, list[str]] = {}
        proposed: dict[str, Proposed] = {}
        for slot in recipe.manifest.inputs:
            if slot is main_slot(recipe.manifest):
                continue
            valid = self._valid(session, principal, recipe, slot, main[0])
            if slot.name not in inputs and valid:
                inputs[slot.name] = valid[:1]
                proposed[slot.name] = Proposed(valid[0], _VALID)
            similar = self._similar(session, principal, recipe, slot, main[0])
            named = propose(main[0], slot, similar) if slot.name not in inputs else None
            first = [named.pid] if named is not None else []
            if named is not None:
                proposed[slot.name] = named
            further = [*first, *valid, *(found.pid for found in nearest_first(main[0], similar))]
            taken = {pid for pids in inputs.values() for pid in pids}
            suggestions[slot.name] = [pid for pid in dict.fromkeys(further) if pid not in taken][:_SUGGESTIONS]
        return Offer(recipe, assignment, inputs, suggestions, self.defaults(session, recipe, main), proposed)

    def _valid(
        self,
        session: Session,
        principal: Principal,
        recipe: RecipeVersion,
        slot: InputSlot,
        main: DatasetSummary,
    ) -> list[str]:
        """The instrument's calibrations or masks that held when the data were measured, the latest first."""
        purposes = sorted(_PROPOSED & set(slot.kinds))
        if main.instrument_id is None or not purposes:
            return []
        moment: datetime = main.start_time or self._database.clock()
        query = (
            self._candidates(principal)
            .join(Validity, Validity.dataset_pid == Dataset.pid)
            .where(
                Validity.instrument_id == main.instrument_id,
                Validity.purpose.in_(purposes),
                Validity.start <= moment,
                or_(Validity.end.is_(None), Validity.end > moment),
            )
            .order_by(Validity.start.desc(), Dataset.id.desc())
        )
        return [found.pid for found in self._fitting(session, recipe, slot, query)]

    def _similar(
        self, session: Session, principal: Principal, recipe: RecipeVersion, slot: InputSlot, main: DatasetSummary
    ) -> list[DatasetSummary]:
        """Datasets of the same proposal or, for calibrations and masks, instrument that fit, of the newest."""
        same = Dataset.proposal_id == main.proposal_id
        if main.instrument_id is not None and _PROPOSED & set(slot.kinds):
            same = or_(same, Dataset.instrument_id == main.instrument_id)
        kinds = slot.kinds or ("raw", "derived")
        query = self._candidates(principal).where(same, Dataset.kind.in_(kinds), Dataset.pid != main.pid)
        return self._fitting(session, recipe, slot, query.order_by(Dataset.created.desc()).limit(_LOOKED_AT))

    def _candidates(self, principal: Principal) -> Any:
        return (
            select(Dataset)
            .where(
                self._access.visible(principal, Dataset, Action.ANALYSE),
                Dataset.is_latest,
                Dataset.state == DatasetState.COMPLETE,
            )
            .options(selectinload(Dataset.arrays), selectinload(Dataset.parameters), selectinload(Dataset.techniques))
        )

    def _fitting(self, session: Session, recipe: RecipeVersion, slot: InputSlot, query: Any) -> list[DatasetSummary]:
        summaries = (summary_of(dataset) for dataset in session.scalars(query))
        return [found for found in summaries if misfit(recipe.manifest, slot, found) is None]
