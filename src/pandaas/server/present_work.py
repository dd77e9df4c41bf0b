"""Recipes and jobs as they go over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from pandaas.db.tables import Job, Notice
from pandaas.jobs import Comparison, JobInputView, JobView, engine_title
from pandaas.model import BY_IRI, InputSlot, PandaasError, Principal
from pandaas.recipes import Offer, RecipeVersion, accepts_in_words
from pandaas.server import present, present_values
from pandaas.server.schemas import (
    DatasetCard,
    DefaultOut,
    EngineOut,
    JobInputOut,
    JobOut,
    JobPageOut,
    KeptFileOut,
    NoticeOut,
    OfferOut,
    ProposedOut,
    RecipeOut,
    RecipePageOut,
    SlotOut,
    VerifyOut,
)
from pandaas.server.services import Services

_SHORT = {iri: term.short for iri, term in BY_IRI.items()}
_SAME = (
    "state", "phase", "progress", "message", "created", "queued", "started", "ended", "failure", "remedy", "recipe",
)  # fmt: skip
_PAGE = (
    "parameters", "preview", "engine", "engine_reason", "environment", "environment_key", "isolation", "attempt", "cores", "gpus", "memory_mb",
    "time_limit_s", "wall_s", "cpu_s", "max_rss_mb", "exit_code", "repeats", "verifies", "chain_run",
)  # fmt: skip


def jobs(platform: Services, asker: Principal, views: Sequence[JobView]) -> list[JobOut]:
    outputs = _cards(platform, asker, (pid for view in views for pid in view.outputs))
    return [JobOut.model_validate(_job_fields(view, outputs)) for view in views]


def job_page(platform: Services, asker: Principal, view: JobView) -> JobPageOut:
    outputs = _cards(platform, asker, view.outputs)
    return JobPageOut.model_validate(
        _job_fields(view, outputs)
        | {name: getattr(view.job, name) for name in _PAGE}
        | {
            "may_cancel": view.may_cancel,
            "may_repeat": view.may_repeat,
            "queue": asdict(view.queue) if view.queue else None,
        }
        | {"engine_title": engine_title(view.job.engine)}
        | {"files": [KeptFileOut(name=file.name, size=file.size) for file in platform.jobs.kept(asker, view.job.id)]}
    )


def notice(row: Notice) -> NoticeOut:
    return NoticeOut.model_validate(
        {"id": row.id, "level": row.level, "text": row.text, "link": row.link, "created": row.created}
    )


def verification(job: Job, found: Comparison | None) -> VerifyOut:
    if found is None:
        return VerifyOut(job=job.id, state=job.state, reason=job.failure)
    return VerifyOut(
        job=job.id,
        state=job.state,
        equal=found.equal,
        bit_equal=found.bit_equal,
        largest_relative_difference=found.largest_relative_difference,
        tolerance=found.tolerance,
        reason=found.reason,
        differences=list(found.differences),
    )


def recipe(platform: Services, found: RecipeVersion) -> RecipeOut:
    return RecipeOut.model_validate(_recipe_fields(platform, found))


def recipe_page(platform: Services, found: RecipeVersion) -> RecipePageOut:
    more = {"parameter_schema": found.schema, "readme": found.readme()}
    return RecipePageOut.model_validate(_recipe_fields(platform, found) | more)


def offers(platform: Services, asker: Principal, found: Sequence[Offer]) -> list[OfferOut]:
    named = (pid for one in found for slots in (one.inputs, one.suggestions) for pids in slots.values() for pid in pids)
    cards = _cards(platform, asker, named)
    return [_offer(platform, asker, one, cards) for one in found]


def _offer(platform: Services, asker: Principal, offer: Offer, cards: dict[str, DatasetCard]) -> OfferOut:
    resources = offer.recipe.manifest.resources
    pids = [pid for given in offer.inputs.values() for pid in given]
    candidates, chosen = platform.jobs.engines(asker, offer.recipe.manifest, pids)
    engines = [
        EngineOut(
            name=one.name,
            title=one.title,
            where=platform.runtime.engine(one.name).outlook(resources.cores, min(resources.memory_mb, one.memory_mb)),
            barred=one.barred,
            gpus=one.gpus,
        )
        for one in candidates
    ]
    first = next((one for one in engines if chosen is not None and one.name == chosen.engine), engines[0])
    return OfferOut(
        recipe=recipe_page(platform, offer.recipe),
        inputs={slot: [cards[pid] for pid in pids if pid in cards] for slot, pids in offer.inputs.items()},
        suggestions={slot: [cards[pid] for pid in pids if pid in cards] for slot, pids in offer.suggestions.items()},
        defaults={name: DefaultOut(value=one.value, source=one.source) for name, one in offer.defaults.items()},
        proposed={slot: ProposedOut(pid=one.pid, reason=one.reason) for slot, one in offer.proposed.items()},
        runs_where=first.where,
        engines=engines,
        engine=chosen.engine if chosen is not None else None,
        engine_reason=chosen.reason if chosen is not None else (first.barred or ""),
    )


def _recipe_fields(platform: Services, found: RecipeVersion) -> dict[str, object]:
    manifest = found.manifest
    return {
        "id": manifest.id,
        "version": manifest.version,
        "title": manifest.title,
        "summary": manifest.summary,
        "code": manifest.code,
        "code_url": manifest.code_url,
        "citation": list(manifest.citation),
        "licence": manifest.licence,
        "techniques": present_values.techniques(manifest.techniques, platform.catalogue.vocabulary.techniques()),
        "shape": manifest.shape,
        "environment": manifest.environment,
        "environment_ready": _environment_ready(platform, manifest.environment),
        "selection": manifest.selection,
        "inputs": [_slot(found, slot) for slot in manifest.inputs],
        "typical_duration_s": platform.jobs.typical_duration_s(manifest.id),
        "problem": found.problem,
        "private": found.owner is not None,
    }


def _environment_ready(platform: Services, name: str) -> bool:
    try:
        return platform.runtime.environments.ready(name) is not None
    except PandaasError:
        return False


def _slot(found: RecipeVersion, slot: InputSlot) -> SlotOut:
    return SlotOut(
        name=slot.name,
        title=slot.title,
        minimum=slot.minimum,
        maximum=slot.maximum,
        help=slot.help,
        accepts=accepts_in_words(found.manifest, slot, _SHORT),
    )


def _job_fields(view: JobView, cards: dict[str, DatasetCard]) -> dict[str, object]:
    return {name: getattr(view.job, name) for name in _SAME} | {
        "id": view.job.id,
        "recipe_title": view.recipe_title,
        "recipe_version": view.job.recipe_version,
        "person": view.person,
        "proposal": view.proposal,
        "remaining_s": view.remaining_s,
        "warnings": list(view.job.warnings),
        "inputs": [_input(one) for one in view.inputs],
        "outputs": [cards[pid] for pid in view.outputs if pid in cards],
    }


def _input(view: JobInputView) -> JobInputOut:
    return JobInputOut(slot=view.slot, pid=view.pid, version=view.version, title=view.title, hidden=view.hidden)


def _cards(platform: Services, asker: Principal, pids: Iterable[str]) -> dict[str, DatasetCard]:
    wanted = list(dict.fromkeys(pids))
    return {found.pid: present.card(found) for found in platform.catalogue.cards(asker, wanted)} if wanted else {}
