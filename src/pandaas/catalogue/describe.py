"""Rows of a dataset from what a reader says of it: parameters with SI values, arrays, techniques, search text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from pandaas.catalogue.folding import search_text, storable
from pandaas.codecs import to_si
from pandaas.db.tables import (
    Dataset,
    DatasetArray,
    DatasetFile,
    DatasetParameter,
    DatasetTechnique,
    Instrument,
    Proposal,
)
from pandaas.model import BY_IRI, ArrayInfo, Parameter, PlotSpec, RegularAxis, ScannedDataset

_MOST_PARAMETERS = 20_000
_MOST_ARRAYS = 5_000
_MOST_EXTRA = 1_000_000  # characters of nested metadata


def parameter_rows(parameters: Iterable[Parameter]) -> list[DatasetParameter]:
    rows: dict[str, DatasetParameter] = {}
    for parameter in parameters:
        name = storable(parameter.name)[:200]
        if name and name not in rows and len(rows) < _MOST_PARAMETERS:
            rows[name] = parameter_row(name, parameter)
    return list(rows.values())


def parameter_row(name: str, parameter: Parameter) -> DatasetParameter:
    """A row, in no session yet, with the value in SI where the unit is understood."""
    row = DatasetParameter(
        name=name,
        unit=_short(parameter.unit, 64),
        source=_short(parameter.source, 500),
    )
    if isinstance(parameter.value, str):
        row.text = storable(parameter.value)[:500]
    elif math.isfinite(parameter.value):
        row.value = float(parameter.value)
        in_si = to_si(row.value, parameter.unit, name)
        row.si_value, row.si_unit = in_si or (None, None)
    else:
        row.text = str(parameter.value)
    return row


def array_rows(arrays: Iterable[ArrayInfo]) -> list[DatasetArray]:
    return [
        DatasetArray(
            path=storable(array.path)[:1000],
            shape=list(array.shape),
            dtype=storable(array.dtype)[:255],
            kind=array.kind,
            unit=_short(array.unit, 64),
            chunks=list(array.chunks) if array.chunks else None,
            compression=_short(array.compression, 64),
            nbytes=array.nbytes,
            is_default=array.is_default,
        )
        for _, array in zip(range(_MOST_ARRAYS), arrays, strict=False)
    ]


def technique_rows(scanned: ScannedDataset, default: str | None) -> list[DatasetTechnique]:
    """What the file names, else the instrument's default."""
    iris = dict.fromkeys(iri[:100] for iri in scanned.techniques) or ({default: None} if default else {})
    return technique_tags(iris)


def technique_tags(iris: Iterable[str]) -> list[DatasetTechnique]:
    return [DatasetTechnique(technique=iri) for iri in dict.fromkeys(iris)]


def plot_value(plot: PlotSpec | None) -> dict[str, Any] | None:
    if plot is None:
        return None
    value = asdict(plot)
    value["scales"] = [value.pop("x_scale"), value.pop("y_scale")]
    found: dict[str, Any] = json.loads(storable(json.dumps(value, ensure_ascii=False)))
    return found


def plot_spec(value: dict[str, Any] | None) -> PlotSpec | None:
    if not value:
        return None
    tuples = {"axes": tuple(value.get("axes") or ()), "auxiliary": tuple(value.get("auxiliary") or ())}
    grid = tuple(RegularAxis(**axis) if axis else None for axis in value.get("grid") or ())
    # Records from before `scales` say 'linear' twice also where the file says nothing.
    older = value.get("x_scale"), value.get("y_scale")
    x_scale, y_scale = value.get("scales") or (older if "log" in older else (None, None))
    kept = {name: given for name, given in value.items() if name != "scales"}
    return PlotSpec(**{**kept, **tuples, "grid": grid, "x_scale": x_scale, "y_scale": y_scale})


def extra_value(metadata: dict[str, Any]) -> dict[str, Any]:
    """Nested metadata as JSON that every database takes; what is too long is left out, and that is said."""
    text = json.dumps(_plain(metadata), ensure_ascii=False, allow_nan=False)
    if len(text) > _MOST_EXTRA:
        return {"left_out": f"{len(text):,} characters of metadata are more than the catalogue keeps; see the file."}
    value: dict[str, Any] = json.loads(storable(text))
    return value


def _plain(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict) and depth < 32:
        return {storable(str(key)): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)) and depth < 32:
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    return storable(str(value))


def searchable(session: Session, dataset: Dataset) -> str:
    """The folded search text of a dataset, from its rows as they are now."""
    proposal = session.get_one(Proposal, dataset.proposal_id)
    instrument = session.get(Instrument, dataset.instrument_id) if dataset.instrument_id else None
    terms = [BY_IRI.get(row.technique) for row in dataset.techniques]
    texts = [row.text for row in dataset.parameters if row.text]
    return search_text(
        {
            "title": [dataset.title],
            "sample": [dataset.sample],
            "instrument": [instrument.name, instrument.title] if instrument else [],
            "facility": [dataset.facility],
            "proposal": [proposal.name, proposal.title],
            "technique": [text for term in terms if term for text in (term.short, term.label)],
            "description": [dataset.description],
            "file": _names(dataset.files),
            "pid": [dataset.pid],
            "format": [dataset.format],
            "definition": list(dataset.definitions),
            "parameter": texts[:50],
        }
    )


def _names(files: Iterable[DatasetFile]) -> list[str]:
    return [file.name for _, file in zip(range(50), files, strict=False)]


def _short(text: str | None, length: int) -> str | None:
    return storable(text)[:length] if text else None
