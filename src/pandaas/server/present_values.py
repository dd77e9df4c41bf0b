"""Values that a record and `pandaas view` have in common, as what goes over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from pandaas.model import BY_IRI, ArrayInfo, Parameter, PlotSpec
from pandaas.server.schemas.datasets import ArrayOut, ParameterOut, PlotOut, TechniqueOut


def technique(iri: str) -> TechniqueOut:
    """A technique by its PaNET IRI; a term the platform doesn't know is shown by its number."""
    term = BY_IRI.get(iri)
    number = iri.rsplit("/", 1)[-1]
    return TechniqueOut(iri=iri, label=term.label if term else number, short=term.short if term else number)


def techniques(iris: Iterable[str]) -> list[TechniqueOut]:
    return [technique(iri) for iri in iris]


def parameter(value: Parameter) -> ParameterOut:
    return ParameterOut(**asdict(value))


def array(value: ArrayInfo) -> ArrayOut:
    return ArrayOut(
        path=value.path,
        shape=list(value.shape),
        dtype=value.dtype,
        kind=value.kind,
        unit=value.unit,
        chunks=list(value.chunks) if value.chunks else None,
        compression=value.compression,
        nbytes=value.nbytes,
        is_default=value.is_default,
    )


def plot(value: PlotSpec | None) -> PlotOut | None:
    return PlotOut.model_validate(asdict(value)) if value else None
