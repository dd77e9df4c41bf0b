"""A series of runs as numbers: for each run what was measured, what a step made of it, and every scalar of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from pandaas.access import Access
from pandaas.chains.runs import RunView
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetParameter
from pandaas.model import InvalidInput, Principal

# What is known before the analysis, or says how the result was written, is no result.
_NO_RESULT = ("process.", "inputs.", "geometry.")


@dataclass(frozen=True)
class Quantity:
    """A scalar of a series: its name, unit (of the first that has one), how many of the rows have it."""

    name: str
    unit: str | None
    count: int
    varies: bool


@dataclass(frozen=True)
class SeriesRow:
    """A run: its measurement with its scalars (`set`), and the result of the step with its own (`found`)."""

    run: str
    state: str
    dataset: str
    title: str
    time: datetime | None
    result: str | None
    set: dict[str, float] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SeriesTable:
    """`rows` in the order of measuring; `parameters` can be the abscissa, `results` what is drawn over it."""

    step: str
    steps: tuple[str, ...]
    rows: list[SeriesRow]
    parameters: list[Quantity]
    results: list[Quantity]


def series_of(
    database: Database, access: Access, principal: Principal, runs: Sequence[RunView], step: str | None
) -> SeriesTable:
    """The table of one step's results; without `step` that of the last one. Only what the principal may read."""
    steps = tuple(dict.fromkeys(one.step.name for run in runs for one in run.steps))
    if not steps:
        return SeriesTable("", (), [], [], [])
    wanted = step or steps[-1]
    if wanted not in steps:
        raise InvalidInput(f"There is no step '{wanted}'.", remedy=f"There are: {', '.join(steps)}.", field="step")
    mains = {run.run.id: _main(run) for run in runs}
    results = {run.run.id: next((one.result for one in run.steps if one.step.name == wanted), None) for run in runs}
    pids = {pid for pid in (*mains.values(), *results.values()) if pid}
    with database.read() as session:
        readable = access.visible(principal, Dataset)
        query = select(Dataset.pid, Dataset.title, Dataset.start_time, Dataset.created)
        about = {row[0]: row for row in session.execute(query.where(Dataset.pid.in_(pids), readable))}
        scalars = (
            select(
                Dataset.pid,
                DatasetParameter.name,
                DatasetParameter.value,
                DatasetParameter.unit,
                DatasetParameter.source,
            )
            .join(Dataset, Dataset.id == DatasetParameter.dataset_id)
            .where(Dataset.pid.in_(list(about)), DatasetParameter.value.is_not(None))
        )
        values: dict[str, dict[str, float]] = {}
        units: dict[str, str | None] = {}
        for pid, name, value, unit, _source in session.execute(scalars):
            values.setdefault(pid, {})[name] = float(value or 0.0)
            units[name] = units.get(name) or unit
    rows = [
        SeriesRow(
            run=run.run.id,
            state=run.run.state,
            dataset=main,
            title=about[main][1],
            time=about[main][2],
            result=results[run.run.id],
            set=values.get(main, {}),
            found=_found(values.get(results[run.run.id] or "", {})),
        )
        for run in runs
        if (main := mains[run.run.id]) in about
    ]
    rows.sort(key=lambda row: (about[row.dataset][2] or about[row.dataset][3], row.title))
    return SeriesTable(
        wanted,
        steps,
        rows,
        _quantities([row.set for row in rows], units, only_varying=True),
        _quantities([row.found for row in rows], units),
    )


def _main(run: RunView) -> str:
    main = run.definition.main
    return next((one.pid for one in run.inputs if main is not None and one.name == main.name), "")


def _found(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if not name.startswith(_NO_RESULT)}


def _quantities(
    rows: Sequence[dict[str, float]], units: dict[str, str | None], *, only_varying: bool = False
) -> list[Quantity]:
    """Those that most rows have come first, then by name."""
    found = []
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row[name] for row in rows if name in row]
        quantity = Quantity(name, units.get(name), len(values), len(set(values)) > 1)
        if quantity.varies or not only_varying:
            found.append(quantity)
    return sorted(found, key=lambda one: (not one.varies, -one.count, one.name))
