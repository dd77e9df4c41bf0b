"""Where a feed comes from: a folder of CSV files, a JSON file, or an address that answers with the same JSON."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import httpx

from pandaas.access.office.feed import Feed, feed_of
from pandaas.config import OfficeSettings, is_safe_address
from pandaas.model import InvalidInput, Unavailable

_LARGEST = 256 * 1024 * 1024
_COLUMNS: dict[str, tuple[str, ...]] = {
    "people": ("key", "name", "user", "email", "orcid", "affiliation", "active"),
    "identities": ("key", "issuer", "subject"),
    "instruments": ("name", "title", "technique"),
    "staff": ("instrument", "person"),
    "proposals": ("name", "title", "type", "summary", "instrument", "start", "end", "release"),
    "members": ("proposal", "person", "role"),
    "beamtimes": ("id", "proposal", "instrument", "start", "end"),
}
Row = dict[str, Any]


class OfficeSource(Protocol):
    """Reads the whole feed, or raises `InvalidInput` (what is there is wrong) or `Unavailable` (nothing is there)."""

    def read(self) -> Feed: ...


def source_of(settings: OfficeSettings, transport: httpx.BaseTransport | None = None) -> OfficeSource:
    """The source that the settings name."""
    if settings.url is not None:
        return RestSource(settings.url, settings.token_file, transport)
    return FileSource(settings.path or Path())


class FileSource:
    """A JSON file, or a folder with `people.csv` and whichever of the other tables there are."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Feed:
        try:
            if self._path.is_dir():
                return feed_of(self._from_tables(), str(self._path))
            return feed_of(json.loads(self._text(self._path)), str(self._path))
        except FileNotFoundError as error:
            raise Unavailable(f"{error.filename} is not there.", remedy="Nothing was changed.", field="path") from error
        except ValueError as error:
            raise InvalidInput(
                f"{self._path} can't be read: {error}.", remedy="Nothing was changed.", field="path"
            ) from error

    def _from_tables(self) -> dict[str, Any]:
        tables = {name: self._table(name) for name in _COLUMNS}
        identities = _grouped(tables["identities"], "key")
        staff = _grouped(tables["staff"], "instrument")
        members = _grouped(tables["members"], "proposal")
        beam_times = _grouped(tables["beamtimes"], "proposal")
        self._no_orphans("members", members, tables["proposals"])
        self._no_orphans("beamtimes", beam_times, tables["proposals"])
        self._no_orphans("staff", staff, tables["instruments"])
        self._no_orphans("identities", identities, tables["people"], "key")
        people = [_without_blank(row, "active") | {"identities": identities[row["key"]]} for row in tables["people"]]
        instruments = [row | {"staff": [one["person"] for one in staff[row["name"]]]} for row in tables["instruments"]]
        proposals = [
            _without_blank(row, "type")
            | {
                "members": [_without_blank(one, "role") for one in members[row["name"]]],
                "beam_times": beam_times[row["name"]],
            }
            for row in tables["proposals"]
        ]
        return {"people": people, "instruments": instruments, "proposals": proposals}

    def _table(self, name: str) -> list[Row]:
        file = self._path / f"{name}.csv"
        if not file.exists() and name != "people":
            return []
        reader = csv.DictReader(io.StringIO(self._text(file)), strict=True)
        known = _COLUMNS[name]
        unknown = [column for column in reader.fieldnames or () if column not in known]
        if unknown or not reader.fieldnames or known[0] not in reader.fieldnames:
            problem = f"the column '{unknown[0]}' is not known" if unknown else f"the column '{known[0]}' is missing"
            raise _broken(file, 1, f"{problem}; columns are {', '.join(known)}")
        rows = []
        try:
            for row in reader:
                if None in row or None in row.values():
                    raise _broken(file, reader.line_num, "it has not as many fields as the heading")
                rows.append(row)
        except csv.Error as error:
            raise _broken(file, reader.line_num, str(error)) from error
        return rows

    def _no_orphans(self, name: str, groups: dict[str, list[Row]], owners: list[Row], key: str = "name") -> None:
        orphans = set(groups) - {row[key] for row in owners}
        if orphans:
            raise _broken(self._path / f"{name}.csv", None, f"'{min(orphans)}' is described nowhere")

    def _text(self, file: Path) -> str:
        if file.stat().st_size > _LARGEST:
            raise InvalidInput(f"{file} is larger than 256 MB.", field="path")
        return file.read_text("utf-8-sig")


class RestSource:
    """GET with a bearer token from a file; the answer is the JSON of a file."""

    def __init__(self, url: str, token_file: Path | None, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._token_file = token_file
        self._transport = transport

    def read(self) -> Feed:
        return feed_of(self._fetch(), self._url)

    def _fetch(self) -> Any:
        if not is_safe_address(self._url):
            raise InvalidInput(f"{self._url} is not https.", field="url")
        headers = {"Accept": "application/json"}
        if self._token_file is not None:
            headers["Authorization"] = f"Bearer {self._token_file.read_text('utf-8').strip()}"
        try:
            with (
                httpx.Client(timeout=httpx.Timeout(120, connect=10), transport=self._transport) as client,
                client.stream("GET", self._url, headers=headers) as answer,
            ):
                body = _bounded(answer.iter_bytes)
        except httpx.HTTPError as error:
            raise self._away(f"it does not answer ({type(error).__name__})") from error
        if answer.status_code != 200:
            raise self._away(f"it answered {answer.status_code}")
        try:
            return json.loads(body)
        except ValueError as error:
            raise InvalidInput(
                f"{self._url} is no JSON: {error}.", remedy="Nothing was changed.", field="url"
            ) from error

    def _away(self, reason: str) -> Unavailable:
        return Unavailable(f"The user office at {self._url} can't be read: {reason}.", remedy="Nothing was changed.")


def _bounded(pieces: Callable[[], Any]) -> bytes:
    body = bytearray()
    for piece in pieces():
        body += piece
        if len(body) > _LARGEST:
            raise InvalidInput("The user office's answer is larger than 256 MB.", field="url")
    return bytes(body)


def _grouped(rows: list[Row], column: str) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append({name: value for name, value in row.items() if name != column})
    return found


def _without_blank(row: Row, column: str) -> Row:
    return row if row.get(column) else {name: value for name, value in row.items() if name != column}


def _broken(file: Path, line: int | None, reason: str) -> InvalidInput:
    where = f"{file}, line {line}" if line else str(file)
    return InvalidInput(
        f"{where} can't be used: {reason}.",
        remedy="Nothing was changed. Have the user office mend it, then import again.",
        field=file.name,
    )
