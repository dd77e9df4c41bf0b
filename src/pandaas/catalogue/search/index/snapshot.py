"""A built index as files: arrays that are mapped when read, bitmaps, and a header that tells whether all is whole.

A snapshot is a folder below the home's cache, written beside the old one and then renamed; the newest counts. It holds
nothing that the database doesn't hold, and may be deleted at any time.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pyroaring import BitMap

from pandaas.catalogue.search.index.maps import Base
from pandaas.catalogue.search.language import HAS
from pandaas.db import Position

FORMAT = 3
_HEADER = "header.json"
_PREFIX = "built-"
_PIECE = 1 << 22

Arrays = dict[str, Any]


@dataclass
class Snapshot:
    """`words`, `texts` and `numbers` are the arrays of these parts; `position` is where the event log stood, `last` what
    stood there."""

    position: Position
    last: str
    base: Base
    words: Arrays
    texts: Arrays
    numbers: Arrays
    parameters: list[str]  # names; the number of a name is its field in `texts`
    series: dict[tuple[str, str], tuple[int, int]]
    named: dict[str, BitMap]  # the rows that have a parameter of this name


class Damaged(ValueError):
    """A snapshot that can't be used; it is built anew."""


def write(snapshot: Snapshot, folder: Path) -> Path:
    """Write a new snapshot below `folder` and remove older ones; its place."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    number = max((_number(one) for one in _built(folder)), default=0) + 1
    place = folder / f"{_PREFIX}{number:06d}"
    draft = folder / f"draft-{os.getpid()}-{number}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    for name, values in _arrays(snapshot).items():
        np.save(draft / f"{name}.npy", values, allow_pickle=False)
    keys: dict[str, list[Any]] = {}
    maps = {(name, value): rows for name, values in snapshot.base.bitmaps.items() for value, rows in values.items()}
    for name, bitmaps in (("maps", maps), ("named", snapshot.named)):
        keys[name] = _write_bitmaps(draft / f"{name}.bitmaps", bitmaps)
    files = {file.name: _sum(file) for file in draft.iterdir()}
    header = {
        "format": FORMAT,
        "flags": sorted(HAS),
        "position": str(snapshot.position),
        "last": snapshot.last,
        "parameters": snapshot.parameters,
        "series": [[*key, *places] for key, places in snapshot.series.items()],
        "keys": keys,
        "files": files,
    }
    (draft / _HEADER).write_text(json.dumps(header), "utf-8")
    draft.rename(place)
    for other in folder.iterdir():
        if other != place and other.is_dir():
            shutil.rmtree(other, ignore_errors=True)
    return place


def newest(folder: Path) -> Path | None:
    """Where the newest snapshot below `folder` lies."""
    return max(_built(folder), key=_number, default=None)


def read(place: Path) -> Snapshot:
    """The snapshot at `place`, its large arrays mapped; `Damaged` when anything is not as it was written."""
    try:
        header = json.loads((place / _HEADER).read_text("utf-8"))
        if header["format"] != FORMAT or header["flags"] != sorted(HAS):
            raise Damaged("It was written by another version.")
        for name, wanted in header["files"].items():
            if _sum(place / name) != wanted:
                raise Damaged(f"{name} is not as it was written.")
        parts: dict[str, Arrays] = {part: {} for part in ("columns", "other", "words", "texts", "numbers")}
        for name in header["files"]:
            if name.endswith(".npy"):
                part, key = name.removesuffix(".npy").split("-")
                mode = None if part in {"columns", "other"} else "r"
                parts[part][key] = np.load(place / name, mmap_mode=mode, allow_pickle=False)  # type: ignore[arg-type]
        maps, named = (_read_bitmaps(place / f"{one}.bitmaps", header["keys"][one]) for one in ("maps", "named"))
        position = Position.parse(header["position"])
        if position is None:
            raise Damaged("Its place in the event log can't be read.")
        other = parts["other"]
        return Snapshot(
            position,
            header["last"],
            Base(parts["columns"], other["title_rank"], _by_name(maps), other["ancestry"]),
            parts["words"],
            parts["texts"],
            parts["numbers"],
            header["parameters"],
            {(name, unit): (start, end) for name, unit, start, end in header["series"]},
            dict(named),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{place}: {error}") from error


def _arrays(snapshot: Snapshot) -> Arrays:
    named = {f"columns-{name}": values for name, values in snapshot.base.columns.items()}
    named |= {"other-title_rank": snapshot.base.title_rank, "other-ancestry": snapshot.base.ancestry}
    for part in ("words", "texts", "numbers"):
        named |= {f"{part}-{name}": values for name, values in getattr(snapshot, part).items()}
    return named


def _write_bitmaps(file: Path, bitmaps: dict[Any, BitMap]) -> list[Any]:
    """[key, length] of each bitmap, in the order of the file."""
    written = []
    with file.open("wb") as out:
        for key, bitmap in bitmaps.items():
            bitmap.run_optimize()
            data = bitmap.serialize()
            out.write(data)
            written.append([list(key) if isinstance(key, tuple) else key, len(data)])
    return written


def _read_bitmaps(file: Path, keys: list[Any]) -> list[tuple[Any, BitMap]]:
    data, place, found = file.read_bytes(), 0, []
    for key, length in keys:
        found.append((key, BitMap.deserialize(data[place : place + length])))
        place += length
    return found


def _by_name(bitmaps: list[Any]) -> dict[str, dict[Any, BitMap]]:
    found: dict[str, dict[Any, BitMap]] = {}
    for (name, value), rows in bitmaps:
        found.setdefault(name, {})[value] = rows
    return found


def _sum(file: Path) -> list[int]:
    size = total = 0
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            size, total = size + len(piece), zlib.crc32(piece, total)
    return [size, total]


def _built(folder: Path) -> list[Path]:
    return [one for one in folder.glob(f"{_PREFIX}*") if one.name.removeprefix(_PREFIX).isdigit()]


def _number(place: Path) -> int:
    return int(place.name.removeprefix(_PREFIX))
