"""Values that a record and `pandaas view` have in common, as what goes over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from pandaas.catalogue import Techniques, built_in
from pandaas.model import BY_IRI, ArrayInfo, Parameter, PlotSpec
from pandaas.server.schemas.datasets import ArrayOut, ParameterOut, PlotOut, TechniqueOut


def technique(iri: str, label: str | None = None) -> TechniqueOut:
    """A technique by its PaNET IRI, with its label in the loaded vocabulary; what nobody knows is shown by its number."""
    shown = label or built_in().label(iri)
    known = BY_IRI.get(iri)
    return TechniqueOut(iri=iri, label=shown, short=known.short if known else shown)


def techniques(iris: Iterable[str], terms: Techniques | None = None) -> list[TechniqueOut]:
    """Techniques as `terms` name them; without, as the platform itself does."""
    return [technique(iri, terms.label(iri) if terms is not None and terms.get(iri) else None) for iri in iris]


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
