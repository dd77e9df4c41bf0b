"""Conditions and joins of a filter as WHERE clauses."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, not_, or_, select, true

from pandaas.federation.comparing import Comparing
from pandaas.federation.filters import Compare, Condition, FilterError, Include, Joined, Quantity, Text
from pandaas.federation.naming import TechniqueNames
from pandaas.federation.sources import Relation, Source


class Conditions:
    """Makes clauses on sources; `unknown` collects names that no model has, which compare as missing values."""

    def __init__(self, comparing: Comparing, names: TechniqueNames) -> None:
        self._comparing = comparing
        self._names = names
        self.unknown: list[str] = []

    def where(self, source: Source, condition: Condition | None, unit: str | None = None) -> ColumnElement[bool]:
        """The rows of `source` that fulfil `condition`. `unit` is what an outer `and` says of a parameter's value."""
        match condition:
            case None:
                return true()
            case Joined("and", parts):
                unit = asked_unit(condition) or unit
                return and_(true(), *(self.where(source, part, unit) for part in parts))
            case Joined("or", parts):
                return or_(false(), *(self.where(source, part, unit) for part in parts))
            case Joined(_, parts):
                return not_(or_(false(), *(self.where(source, part, unit) for part in parts)))
            case Text(words, place):
                return self._text(source, words, place)
            case Quantity():
                return self._quantity(source, condition)
            case Compare():
                return self._compare(source, condition, unit)
        raise AssertionError(condition)

    def joins(
        self, source: Source, includes: tuple[Include, ...], *, of_few: bool = False
    ) -> list[ColumnElement[bool]]:
        """What the parents of inner joins fulfil; includes that only add rows say nothing, but have to be known.

        `of_few`: it is asked of few rows, one by one.
        """
        clauses = []
        for include in includes:
            relation = relation_of(source, include)
            if include.joins:
                clauses.append(self._join(source, relation, include, of_few=of_few))
            else:
                for path in relation.paths:
                    self.joins(path()[0], include.scope.include)
        return clauses

    def _join(self, source: Source, relation: Relation, include: Include, *, of_few: bool) -> ColumnElement[bool]:
        if relation.model == "Technique":
            return self._tagged(relation, include)
        return or_(*(self._related(source, *path(), include, of_few=of_few) for path in relation.paths))

    def _related(
        self, source: Source, child: Source, on: ColumnElement[bool], include: Include, *, of_few: bool
    ) -> ColumnElement[bool]:
        clauses = self.matching(child, include)
        if of_few:
            return self._exists(child, on, clauses)
        if child.model == "Parameter" and source.model == "Dataset" and _names_one(include.scope.where):
            owners = select(child.aliases[0].dataset_id).where(
                *child.base, *clauses
            )  # few: read from the index at once
            found: ColumnElement[bool] = source.key.in_(owners)
            return found
        return self._exists(child, on, clauses)

    def matching(self, child: Source, include: Include) -> list[ColumnElement[bool]]:
        """What a row fulfils that an include asks for."""
        return [self.where(child, include.scope.where), *self.joins(child, include.scope.include)]

    def _exists(
        self, child: Source, on: ColumnElement[bool], clauses: list[ColumnElement[bool]]
    ) -> ColumnElement[bool]:
        found = select(literal(1)).select_from(child.table).where(on, *child.base, *clauses)
        return exists(found.correlate_except(*child.aliases))

    # --- techniques -----------------------------------------------------------------------------------------------

    def _tagged(self, relation: Relation, include: Include) -> ColumnElement[bool]:
        child, on = relation.paths[0]()
        if include.scope.include:
            raise FilterError(
                f"'{include.place}': Techniques have no relations.",
                remedy="Include nothing below them.",
                field=include.place,
            )
        tagged = self._exists(child, on, [])
        return and_(tagged, self._tags(relation, include.scope.where))

    def _tags(self, relation: Relation, condition: Condition | None) -> ColumnElement[bool]:
        """Of a dataset: each leaf is about all its tags."""
        match condition:
            case None:
                return true()
            case Joined("and", parts):
                return and_(true(), *(self._tags(relation, part) for part in parts))
            case Joined("or", parts):
                return or_(false(), *(self._tags(relation, part) for part in parts))
            case Joined(_, parts):
                return not_(or_(false(), *(self._tags(relation, part) for part in parts)))
            case Quantity():
                raise FilterError("Techniques have no parameters.", remedy="Compare name or pid.", field="where")
        negative = isinstance(condition, Compare) and condition.is_negative
        child, on = relation.paths[0]()
        found = self._exists(child, on, [child.key.in_(sorted(self.tags(condition)))])
        return not_(found) if negative else found

    def tags(self, condition: Compare | Text) -> frozenset[str]:
        """What tags a leaf means; of a negation, those that it excludes."""
        if isinstance(condition, Compare) and condition.is_negative:
            return self._names.keys(condition.positive)
        return self._names.keys(condition)

    # --- leaves ---------------------------------------------------------------------------------------------------

    def _text(self, source: Source, words: str, place: str) -> ColumnElement[bool]:
        if not source.text:
            raise FilterError(f"'{place}': a {source.model} has no text.", remedy="Leave it out.", field=place)
        return or_(*(self._comparing.contains(text, words) for text in source.text))

    def _compare(self, source: Source, asked: Compare, unit: str | None) -> ColumnElement[bool]:
        relation, dot, name = asked.name.partition(".")
        if dot and relation in source.relations:
            inner = Compare(name, asked.operator, asked.values, asked.place, asked.ignore_case)
            return self._through(source.relations[relation], inner)
        prop = source.properties.get(asked.name)
        if prop is None:
            self.unknown.append(f"{source.model} has no property '{asked.name}'")
            return _of_a_missing_value(asked)
        if source.number is not None and asked.name == "value":
            return self._comparing.number(source.number, asked, unit)
        if source.number is not None and asked.name == "unit" and asked.values == (unit,) and asked.operator == "eq":
            return self._comparing.measured_in(source.number, unit)
        if source.number is not None and asked.name == "unit":
            return self._unit(source, asked)
        return self._comparing.clause(prop, asked)

    def _unit(self, source: Source, asked: Compare) -> ColumnElement[bool]:
        """A unit by its name; none is the empty name."""
        prop = source.properties["unit"]
        return self._comparing.clause(type(prop)(func.coalesce(prop.expression, "")), asked)

    def _through(self, relation: Relation, asked: Compare) -> ColumnElement[bool]:
        """`techniques.name` and the like: some related row fulfils it."""
        if relation.model == "Technique":
            return self._tags(relation, asked)
        paths = (path() for path in relation.paths)
        return or_(*(self._exists(child, on, [self.where(child, asked)]) for child, on in paths))

    def _quantity(self, source: Source, asked: Quantity) -> ColumnElement[bool]:
        relation = source.relations.get("parameters")
        if relation is None:
            raise FilterError(
                f"'{asked.compare.place}': a {source.model} has no parameters.",
                remedy="Ask for them in the scope of its datasets.",
                field=asked.compare.place,
            )
        clauses = []
        for child, on in (path() for path in relation.paths):
            if child.number is not None:
                name = child.properties["name"].expression == asked.name
                clauses.append(
                    self._exists(child, on, [name, self._comparing.number(child.number, asked.compare, asked.unit)])
                )
        return or_(false(), *clauses)


def relation_of(source: Source, include: Include) -> Relation:
    relation = source.relations.get(include.relation)
    if relation is None:
        known = ", ".join(sorted(source.relations))
        raise FilterError(
            f"'{include.place}': a {source.model} has no relation '{include.relation}'.",
            remedy=f"Its relations are {known}." if known else "It has no relations.",
            field=include.place,
        )
    return relation


def asked_unit(condition: Condition) -> str | None:
    """The unit in which a conjunction compares a value; None where it names none, or compares no value."""
    leaves = list(conjuncts(condition))
    units = [one.values[0] for one in leaves if one.name == "unit" and one.operator == "eq"]
    compares = any(_compares_value(part) for part in _parts(condition))
    return units[0] if len(units) == 1 and compares and isinstance(units[0], str) and units[0] else None


def _names_one(condition: Condition | None) -> bool:
    """Whether a conjunction says by name which parameters it is about, and something of their values."""
    if condition is None or not _compares_value(condition):
        return False
    return any(one.name == "name" and one.operator in ("eq", "inq") for one in conjuncts(condition))


def _compares_value(condition: Condition) -> bool:
    if isinstance(condition, Joined):
        return any(_compares_value(part) for part in condition.parts)
    return isinstance(condition, Compare) and condition.name == "value"


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, Joined) else (condition,)


def conjuncts(condition: Condition) -> Iterator[Compare]:
    """The comparisons that all have to hold."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, Joined) and condition.how == "and":
        for part in condition.parts:
            yield from conjuncts(part)


def _of_a_missing_value(asked: Compare) -> ColumnElement[bool]:
    if asked.is_negative:
        return not_(_of_a_missing_value(asked.positive))
    if asked.operator == "exists":
        return false() if asked.values[0] else true()
    return true() if None in asked.values and asked.operator in ("eq", "inq") else false()
