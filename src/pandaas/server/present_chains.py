"""Chains, runs and series as they go over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pandaas.chains import (
    AttachmentView,
    AutomaticView,
    ChainDefinition,
    ChainStep,
    Finding,
    RunView,
    SavedChain,
    SeriesTable,
    StepView,
    levels,
)
from pandaas.model import BY_IRI, PandaasError, Principal
from pandaas.recipes import accepts_in_words
from pandaas.server.schemas.chains import (
    AttachmentOut,
    AutomaticRunOut,
    ChainFindingOut,
    ChainInputOut,
    ChainOut,
    ChainPageOut,
    ChainRunInputOut,
    ChainRunOut,
    ChainRunStepOut,
    ChainStepOut,
    ChainVersionOut,
    SeriesOut,
)
from pandaas.server.services import Services

_SHORT = {iri: term.short for iri, term in BY_IRI.items()}


def chains(platform: Services, asker: Principal, *, limit: int, offset: int) -> list[ChainOut]:
    attached = platform.chains.automatic.instruments()
    found = platform.chains.library.chains(asker, limit=limit, offset=offset)
    return [ChainOut.model_validate(_chain(platform, one, attached.get(one.chain.id, []))) for one in found]


def chain_page(platform: Services, asker: Principal, saved: SavedChain) -> ChainPageOut:
    names = platform.chains.automatic.instruments(saved.chain.id).get(saved.chain.id, [])
    versions = platform.chains.library.versions(asker, saved.chain.id)
    more = {
        "findings": findings(platform.chains.library.check(saved.definition)),
        "versions": [ChainVersionOut(number=one.number, created=one.created) for one in versions],
        "definition": saved.definition.to_json(),
    }
    return ChainPageOut.model_validate(_chain(platform, saved, names) | more)


def findings(found: Sequence[Finding]) -> list[ChainFindingOut]:
    return [ChainFindingOut(**asdict(one)) for one in found]


def run(view: RunView) -> ChainRunOut:
    row = view.run
    depth = levels(view.definition.needs())
    return ChainRunOut(
        id=row.id,
        chain=row.chain_id,
        chain_title=view.chain_title,
        number=row.number,
        state=row.state,
        attempt=row.attempt,
        cancelling=row.cancel_requested and row.ended is None,
        person=view.person,
        automatic=row.attachment_id is not None,
        attachment=row.attachment_id,
        proposal=view.proposal,
        series=row.series,
        created=row.created,
        ended=row.ended,
        may_change=view.may_change,
        inputs=[ChainRunInputOut(**asdict(one)) for one in view.inputs],
        steps=[_run_step(one, view.definition.step(one.step.name), depth[one.step.name]) for one in view.steps],
        result=view.result,
    )


def attachment(view: AttachmentView) -> AttachmentOut:
    row = view.attachment
    return AttachmentOut(
        id=row.id,
        instrument=view.instrument,
        chain=row.chain_id,
        chain_title=view.chain_title,
        number=row.number,
        current=view.current,
        predicate=view.predicate.to_json(),
        parameters=row.parameters,
        enabled=row.enabled,
        at_once=row.at_once,
        per_day=row.per_day,
        core_hours_per_day=row.core_hours_per_day,
        waiting=view.waiting,
        used_today=view.used_today,
        core_hours_today=view.core_hours_today,
        since=row.since,
    )


def automatic(view: AutomaticView) -> AutomaticRunOut:
    return AutomaticRunOut(
        dataset=view.row.dataset_pid,
        title=view.title,
        generation=view.row.generation,
        cause=view.row.cause,
        state=view.state,
        reason=view.failure,
        run=view.row.run_id,
        created=view.row.created,
    )


def series(table: SeriesTable, total: int) -> SeriesOut:
    return SeriesOut.model_validate(asdict(table) | {"total": total, "steps": list(table.steps)})


def _chain(platform: Services, saved: SavedChain, attached: list[str]) -> dict[str, Any]:
    depth = levels(saved.definition.needs())
    return {
        "id": saved.chain.id,
        "title": saved.definition.title,
        "summary": saved.definition.summary,
        "number": saved.number,
        "sharing": saved.chain.sharing,
        "proposal": saved.proposal,
        "owner": saved.owner,
        "may_change": saved.may_change,
        "changed": saved.chain.changed,
        "inputs": [
            ChainInputOut(
                name=one.name,
                title=one.title or one.name,
                optional=one.optional,
                many=one.many,
                accepts=_accepts(platform, saved.definition, one.name),
            )
            for one in saved.definition.inputs
        ],
        "steps": [ChainStepOut(**step.model_dump(), level=depth[step.name]) for step in saved.definition.steps],
        "attached": sorted(set(attached)),
    }


def _accepts(platform: Services, chain: ChainDefinition, name: str) -> str:
    for step, slot_name in chain.feeds(name):
        try:
            manifest = platform.recipes.get(step.recipe, step.version).manifest
        except PandaasError:
            continue
        slot = next((one for one in manifest.inputs if one.name == slot_name), None)
        if slot is not None:
            return accepts_in_words(manifest, slot, _SHORT)
    return ""


def _run_step(view: StepView, defined: ChainStep | None, level: int) -> ChainRunStepOut:
    row = view.step
    return ChainRunStepOut(
        name=row.name,
        title=(defined.title if defined else "") or view.recipe_title,
        recipe=row.recipe,
        recipe_title=view.recipe_title,
        recipe_version=row.recipe_version,
        inputs=defined.inputs if defined else {},
        parameters=defined.parameters if defined else {},
        level=level,
        state=row.state,
        job=row.job_id,
        phase=view.phase,
        progress=view.progress,
        message=view.message,
        failure=row.failure,
        remedy=row.remedy,
        result=view.result,
    )
