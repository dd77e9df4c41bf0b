"""What a run can't do without, and where it may come from: the form, the data, another input, a file beside the data.

A recipe's schema lists it as `x-needed`; the server refuses before a job is queued what is known to be in none of these places.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pandaas.model import InvalidInput
from pandaas.recipes.acceptance import lies_beside, unusable
from pandaas.recipes.poni import known_by
from pandaas.recipes.summary import DatasetSummary

Inputs = Mapping[str, Sequence[DatasetSummary]]


def refuse_missing(
    schema: Mapping[str, Any], values: Mapping[str, Any], main: str, inputs: Inputs, *, to_come: Collection[str] = ()
) -> None:
    """`InvalidInput` that names the first field of `x-needed` that nothing tells; inputs `to_come` may tell anything.

    Each of `x-needed` has a `field` (or an `input` that must be given), `or`: `data`, `input:<name>`, `beside:<pattern>` or another field,
    and `when`: the values of other fields that it is about.
    """
    rules = [rule for rule in schema.get("x-needed", ()) if _applies(rule, values)]
    _refuse_broken({place.partition(":")[2] for rule in rules for place in rule.get("or", ()) if place.startswith("input:")}, inputs)  # fmt: skip
    missing = [rule for rule in rules if not _told(rule, schema, values, main, inputs, to_come)]
    if not missing:
        return
    names = list(dict.fromkeys(str(rule["field"]) for rule in missing if "field" in rule))
    fields = schema.get("properties", {})
    titles = " and ".join(f"'{fields.get(name, {}).get('title', name)}' ({name})" for name in names)
    first = missing[0]
    if "input" in first:
        raise InvalidInput(
            f"A dataset for '{first['input']}' is needed.", remedy=_remedy(first, [], []), field=first["input"]
        )
    instead = first.get("or", ())
    places = [place.partition(":")[2] for place in instead if place.startswith("input:")]
    beside = [place.partition(":")[2] for place in instead if place.startswith("beside:")]
    told = "neither the data nor a calibration tells" if places else "nothing tells"
    broken = next(filter(None, (unusable(one) for one in inputs.get(main, ()) if beside)), None)
    raise InvalidInput(
        f"{titles} {'is' if len(names) == 1 else 'are'} needed, and {told} {'it' if len(names) == 1 else 'them'}"
        f"{f' ({broken})' if broken else ''}.",
        remedy=_remedy(first, places, beside),
        field=names[0],
    )


def _refuse_broken(names: Collection[str], inputs: Inputs) -> None:
    for name in sorted(names):
        for dataset in inputs.get(name, ()):
            broken = unusable(dataset)
            if broken:
                raise InvalidInput(
                    f"'{dataset.title}' can't be used: {broken}.",
                    remedy="Choose another dataset, or have the file put right.",
                    field=name,
                )


def _remedy(rule: Mapping[str, Any], inputs: Sequence[str], beside: Sequence[str]) -> str:
    ways = [] if "input" in rule else ["enter the missing values"]
    ways += [f"choose a dataset for '{name}'" for name in (*inputs, *([rule["input"]] if "input" in rule else ()))]
    ways += [f"put a file {pattern} beside the data" for pattern in beside]
    text = ", or ".join(ways)
    return f"{text[0].upper()}{text[1:]}."


def _applies(rule: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return all(values.get(name) in wanted for name, wanted in rule.get("when", {}).items())


def _told(  # noqa: PLR0917 - a rule and all that it may be about
    rule: Mapping[str, Any],
    schema: Mapping[str, Any],
    values: Mapping[str, Any],
    main: str,
    inputs: Inputs,
    to_come: Collection[str],
) -> bool:
    if "input" in rule:
        return bool(inputs.get(rule["input"])) or rule["input"] in to_come
    field = str(rule["field"])
    if values.get(field) is not None:
        return True
    names = _names(schema, field)
    for place in rule.get("or", ()):
        kind, _, what = place.partition(":")
        if kind == "data":
            found = _say(inputs.get(main, ()), names)
        elif kind == "input":
            found = (
                what in to_come
                or _say(inputs.get(what, ()), names)
                or _lies_beside(inputs.get(what, ()), "*.poni", field)
            )
        elif kind == "beside":
            found = _lies_beside(inputs.get(main, ()), what, field)
        else:
            found = values.get(place) is not None or _say(inputs.get(main, ()), _names(schema, place))
        if found:
            return True
    return False


def _names(schema: Mapping[str, Any], field: str) -> list[str]:
    wanted = schema.get("properties", {}).get(field, {}).get("from") or ()
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _say(datasets: Iterable[DatasetSummary], names: Sequence[str]) -> bool:
    """Do the files say it, in whatever unit: a recipe may convert what a form can't."""
    return any(name in dataset.parameters for dataset in datasets for name in names)


def _lies_beside(datasets: Iterable[DatasetSummary], pattern: str, field: str) -> bool:
    return any(
        dataset.beside is None or any(field in known_by(path) for path in lies_beside(dataset, pattern))
        for dataset in datasets
    )
