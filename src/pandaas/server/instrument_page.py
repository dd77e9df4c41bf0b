"""'My instrument': what its staff see and set."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from pandaas.db import append
from pandaas.db.tables import Dataset, Instrument, Job, JobInput, RecipeDefault
from pandaas.model import JobState, NotAllowed, NotFound, Principal, PrincipalKind, Scope, TooLarge
from pandaas.recipes import complete_parameters
from pandaas.server import present, present_values, present_work
from pandaas.server.schemas import InstrumentOut, InstrumentPageOut, JobOut
from pandaas.server.services import Services

_CARDS = 12
_FAILURES = 10
_LARGEST_DEFAULTS = 100_000


def instruments(platform: Services, asker: Principal) -> list[InstrumentOut]:
    counts = platform.access.instrument_counts(asker)
    return [
        InstrumentOut.model_validate(_fields(platform, one, counts.get(one.id, 0), asker))
        for one in platform.access.instruments()
    ]


def page(platform: Services, asker: Principal, name: str) -> InstrumentPageOut:
    """Latest data, failed jobs, quarantine, calibrations and masks, default parameters; for staff and operators."""
    found = platform.access.require_staff(asker, name)
    count = platform.access.instrument_counts(asker).get(found.id, 0)
    with platform.database.read() as session:
        rows = session.scalars(select(RecipeDefault).where(RecipeDefault.instrument_id == found.id))
        defaults = {row.recipe: row.parameters for row in rows}
    return InstrumentPageOut.model_validate(
        {
            **_fields(platform, found, count, asker),
            "latest": present.cards(platform.catalogue.latest(asker, instrument_id=found.id, kind="raw", limit=_CARDS)),
            "failures": _failures(platform, asker, found),
            "quarantine": [
                present.quarantine(one) for one in platform.catalogue.quarantined(asker, instrument_id=found.id)
            ],
            "calibrations": [present.validity(one) for one in platform.catalogue.calibrations(asker, name)],
            "recipe_defaults": defaults,
        }
    )


def set_defaults(platform: Services, asker: Principal, name: str, recipe: str, parameters: dict[str, Any]) -> None:
    """Keep an instrument's own defaults; they are checked against the recipe's form like those of a job."""
    found = platform.access.require_staff(asker, name)
    if asker.kind is PrincipalKind.TOKEN and Scope.WRITE not in asker.scopes:
        raise NotAllowed("This token may not change defaults: it lacks the scope write.")
    if len(json.dumps(parameters)) > _LARGEST_DEFAULTS:
        raise TooLarge("These defaults are larger than 100 kB.", field="parameters")
    schema = platform.recipes.get(recipe).schema
    complete_parameters(schema, parameters)
    with platform.database.session() as session:
        row = session.get(RecipeDefault, (found.id, recipe))
        if not parameters:
            if row is not None:
                session.delete(row)
        else:
            row = row or RecipeDefault(instrument_id=found.id, recipe=recipe)
            row.parameters = parameters
            row.changed_by, row.changed = asker.person_id or 0, platform.database.clock()
            session.add(row)
        append(
            session,
            "instrument.defaults_set",
            name,
            actor_id=asker.person_id,
            payload={"recipe": recipe, "parameters": parameters},
            clock=platform.database.clock,
        )


def _fields(platform: Services, row: Instrument, count: int, asker: Principal) -> dict[str, Any]:
    terms = platform.catalogue.vocabulary.techniques()
    return {
        "name": row.name,
        "title": row.title,
        "facility": row.facility,
        "technique": present_values.techniques([row.technique], terms)[0] if row.technique else None,
        "dataset_count": count,
        "is_staff": row.id in asker.instruments,
    }


def _failures(platform: Services, asker: Principal, instrument: Instrument) -> list[JobOut]:
    """The latest jobs on data of the instrument that failed, as far as this person may see them."""
    query = (
        select(Job.id)
        .join(JobInput, JobInput.job_id == Job.id)
        .join(Dataset, Dataset.pid == JobInput.dataset_pid)
        .where(Dataset.instrument_id == instrument.id, Job.state.in_([JobState.FAILED, JobState.LOST]))
        .group_by(Job.id, Job.created)
        .order_by(Job.created.desc())
        .limit(5 * _FAILURES)
    )
    with platform.database.read() as session:
        ids = list(session.scalars(query))
    views = []
    for job_id in ids:
        try:
            views.append(platform.jobs.job(asker, job_id))
        except NotFound:
            continue  # of a team that keeps it to itself
    return present_work.jobs(platform, asker, views[:_FAILURES])
