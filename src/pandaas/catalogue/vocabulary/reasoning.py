"""What follows from the axioms of an ontology: a small EL reasoner, enough for PaNET.

The completion rules are those of Baader, Brandt and Lutz, "Pushing the EL envelope" (IJCAI 2005), for class names,
conjunction, existential restrictions, sub-properties and domains.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Some:
    """Everything that is related by `role` to a `filler`."""

    role: str
    filler: Expression


@dataclass(frozen=True)
class All:
    """What is all of these at once."""

    parts: tuple[Expression, ...]


Expression = str | Some | All
_TOP = "owl:Thing"


@dataclass
class Axioms:
    """Subsumptions (narrower, broader) between class expressions, sub-properties and domains of properties."""

    subsumptions: list[tuple[Expression, Expression]] = field(default_factory=list)
    sub_roles: list[tuple[str, str]] = field(default_factory=list)
    domains: list[tuple[str, str]] = field(default_factory=list)

    def subclass(self, narrower: Expression, broader: Expression) -> None:
        self.subsumptions.append((narrower, broader))

    def equivalent(self, one: Expression, other: Expression) -> None:
        self.subsumptions += [(one, other), (other, one)]


def subsumers(axioms: Axioms, names: Iterable[str]) -> dict[str, set[str]]:
    """For each of `names` everything that it is, itself left out; names that mean the same hold each other."""
    reasoner = _Reasoner(axioms)
    wanted = set(names)
    for name in wanted:
        reasoner.add(name, name)
        reasoner.add(name, _TOP)
    reasoner.run()
    return {name: (reasoner.known[name] & wanted) - {name} for name in wanted}


class _Reasoner:
    """Axioms in normal form and what is known so far; `run` adds until nothing new follows."""

    def __init__(self, axioms: Axioms) -> None:
        self.known: dict[str, set[str]] = defaultdict(set)
        self._names: dict[Expression, str] = {}
        self._broader: dict[str, list[str]] = defaultdict(list)
        self._conjunctions: dict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)
        self._restrictions: dict[str, list[tuple[str, str]]] = defaultdict(list)  # name → (role, filler)
        self._restricted: dict[tuple[str, str], list[str]] = defaultdict(list)  # (role, filler) → names
        self._broader_roles: dict[str, list[str]] = defaultdict(list)
        self._into: dict[str, set[tuple[str, str]]] = defaultdict(set)  # target → (role, source)
        self._todo: deque[tuple[str, str]] = deque()
        for narrower, broader in axioms.sub_roles:
            self._broader_roles[narrower].append(broader)
        for role, domain in axioms.domains:
            self._restricted[role, _TOP].append(domain)
        for left, right in axioms.subsumptions:
            self._broader[self._name(left)].append(self._name(right))

    def _name(self, expression: Expression) -> str:
        """The name of an expression; a compound one gets a name of its own, defined as equivalent to it."""
        if isinstance(expression, str):
            return expression
        if expression in self._names:
            return self._names[expression]
        name = self._names[expression] = f"_:{len(self._names)}"
        if isinstance(expression, All):
            parts = [self._name(part) for part in expression.parts]
            self._broader[name] += parts
            for part in parts:
                self._conjunctions[part].append((frozenset(parts), name))
        else:
            filler = self._name(expression.filler)
            self._restrictions[name].append((expression.role, filler))
            self._restricted[expression.role, filler].append(name)
        return name

    def add(self, name: str, broader: str) -> None:
        if broader not in self.known[name]:
            self.known[name].add(broader)
            self._todo.append((name, broader))

    def run(self) -> None:
        while self._todo:
            name, broader = self._todo.popleft()
            for further in self._broader[broader]:
                self.add(name, further)
            for parts, whole in self._conjunctions[broader]:
                if parts <= self.known[name]:
                    self.add(name, whole)
            for role, filler in self._restrictions[broader]:
                self._relate(name, role, filler)
            for role, source in list(self._into[name]):
                self._infer(source, role, broader)

    def _relate(self, source: str, role: str, target: str) -> None:
        if (role, source) in self._into[target]:
            return
        self._into[target].add((role, source))
        self.add(target, target)
        self.add(target, _TOP)
        for broader in list(self.known[target]):
            self._infer(source, role, broader)
        for role_above in self._broader_roles[role]:
            self._relate(source, role_above, target)

    def _infer(self, source: str, role: str, filler: str) -> None:
        for name in self._restricted[role, filler]:
            self.add(source, name)
