"""Which new data a chain runs on by itself: a pure function of the rule and what is known of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pandaas.chains.definition import check_storable
from pandaas.codecs import to_si
from pandaas.model import InvalidInput
from pandaas.recipes import DatasetSummary


class Range(BaseModel):
    """Bounds of a quantity of the measurement, in `unit`; a dataset that doesn't have it is not accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum: float | None = Field(None, allow_inf_nan=False)
    maximum: float | None = Field(None, allow_inf_nan=False)
    unit: str | None = Field(None, max_length=40)

    @model_validator(mode="after")
    def _order(self) -> Range:
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise ValueError("the maximum is below the minimum")
        return self


class Predicate(BaseModel):
    """All that is said must hold; what is left empty holds of everything. Only measurements are looked at, never results."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    techniques: tuple[str, ...] = Field((), max_length=50)  # PaNET IRIs; a dataset that names none is not accepted
    formats: tuple[str, ...] = Field((), max_length=50)
    title: str = Field("", max_length=200)  # pattern with * and ?, case does not count
    file: str = Field("", max_length=200)  # pattern of the name of the file to open
    parameters: dict[str, Range] = Field({}, max_length=50)

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def predicate_of(tree: Mapping[str, Any]) -> Predicate:
    try:
        found = Predicate.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(["predicate", *map(str, first["loc"])])
        raise InvalidInput(f"'{field}': {first['msg']}.", remedy="Correct it.", field=field) from error
    check_storable(found.to_json(), "predicate")
    return found


def refuses(rule: Predicate, dataset: DatasetSummary, file: str) -> str | None:
    """Why the chain doesn't run on this dataset, in words; None when it does. `file` is the name of its first file."""
    if rule.techniques and not set(rule.techniques) & set(dataset.techniques):
        return "it was measured with another technique"
    if rule.formats and dataset.format not in rule.formats:
        return f"its format is {dataset.format}"
    if rule.title and not fnmatchcase(dataset.title.casefold(), rule.title.casefold()):
        return f"its title doesn't match '{rule.title}'"
    if rule.file and not fnmatchcase(file.casefold(), rule.file.casefold()):
        return f"its file's name doesn't match '{rule.file}'"
    for name, bounds in rule.parameters.items():
        reason = _outside(name, bounds, dataset)
        if reason:
            return reason
    return None


def _outside(name: str, bounds: Range, dataset: DatasetSummary) -> str | None:
    known = dataset.parameters.get(name)
    if known is None or isinstance(known.value, str):
        return f"it has no {name}"
    value, low, high = known.value, bounds.minimum, bounds.maximum
    if bounds.unit and bounds.unit != known.unit:
        if known.si_value is None:
            return f"its {name} has no unit"
        value = known.si_value
        low, high = (_si(bound, bounds.unit, name, known.si_unit) for bound in (low, high))
    if (low is not None and value < low) or (high is not None and value > high):
        return f"its {name} is {known.value:g} {known.unit or ''}".rstrip()
    return None


def _si(bound: float | None, unit: str, name: str, wanted: str | None) -> float | None:
    if bound is None:
        return None
    found = to_si(bound, unit, name)
    if found is None or found[1] != wanted:
        raise InvalidInput(
            f"'{unit}' is no unit of {name}.", remedy=f"Use one of {wanted}.", field=f"predicate.parameters.{name}.unit"
        )
    return found[0]
