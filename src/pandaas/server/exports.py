"""Search results as files: CSV, JSON and Parquet, written while they are sent."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from pandaas.catalogue import Row

Format = Literal["csv", "json", "parquet"]
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
_FIELDS = (
    "pid",
    "version",
    "title",
    "kind",
    "state",
    "techniques",
    "sample",
    "facility",
    "instrument",
    "proposal",
    "start_time",
    "created",
    "size",
    "format",
    "open",
)
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets would compute what begins so
_BLOCK = 1 << 20


def write(form: Format, pages: Iterator[list[Row]], columns: Sequence[str], techniques: Any) -> Iterator[bytes]:
    """The file in pieces. `columns` are parameters: a value and a unit each; `techniques` gives labels of IRIs."""
    rows = (_flat(row, columns, techniques) for page in pages for row in page)
    if form == "csv":
        return _csv(rows, columns)
    return _json(rows) if form == "json" else _parquet(rows, columns)


def _flat(row: Row, columns: Sequence[str], techniques: Any) -> dict[str, Any]:
    flat = {name: getattr(row.card, name) for name in _FIELDS}
    flat["techniques"] = [techniques.short(iri) for iri in row.card.techniques]
    for column in columns:
        parameter = row.values.get(column)
        flat[column] = parameter.value if parameter else None
        flat[f"{column} unit"] = parameter.unit if parameter else None
    return flat


def _names(columns: Sequence[str]) -> list[str]:
    return [*_FIELDS, *(name for column in columns for name in (column, f"{column} unit"))]


def _csv(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
    names = _names(columns)
    yield _line(names)
    for row in rows:
        yield _line([_cell(row[name]) for name in names])


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    text = "; ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def _json(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    lead = "[\n"
    for row in rows:
        yield (lead + json.dumps(row, default=_plain, ensure_ascii=False)).encode()
        lead = ",\n"
    yield b"[]\n" if lead == "[\n" else b"\n]\n"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _parquet(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
    """Written to a temporary file in row groups of 5,000: the format has its table of contents at the end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    time = pa.timestamp("us", tz="UTC")
    types: dict[str, Any] = dict.fromkeys(_FIELDS, pa.string())
    types |= {"version": pa.int32(), "techniques": pa.list_(pa.string()), "start_time": time, "created": time}
    types |= {"size": pa.int64(), "open": pa.bool_()}
    for column in columns:  # a parameter may be a number in one dataset and a text in the next: one column for each
        types |= {column: pa.float64(), f"{column} text": pa.string(), f"{column} unit": pa.string()}
    schema = pa.schema(list(types.items()))
    with tempfile.TemporaryFile() as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in _batches(rows, 5_000):
                writer.write_table(pa.Table.from_pylist([_typed(row, columns) for row in batch], schema=schema))
        file.seek(0)
        while block := file.read(_BLOCK):
            yield block


def _typed(row: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    typed = dict(row)
    for column in columns:
        value = row[column]
        typed[column] = value if isinstance(value, float) else None
        typed[f"{column} text"] = value if isinstance(value, str) else None
    return typed


def _batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch
