"""What the array service says: nodes of a dataset's tree, scan results, geometry; and the same as JSON for the pipe."""

from __future__ import annotations

import os
import stat
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pandaas.arrays.folders import folder_state
from pandaas.codecs import StoredForm
from pandaas.model import (
    ArrayInfo,
    ArrayKind,
    DatasetKind,
    Parameter,
    PlotSpec,
    RegularAxis,
    ScannedDataset,
    UnreadableFile,
)

NodeKind = Literal["group", "dataset", "soft_link", "external_link", "datatype", "unresolved"]


class Abandoned(Exception):
    """The one who asked is gone; nobody waits for the answer."""


@dataclass(frozen=True)
class Node:
    """One node of a dataset's tree. `children` is None where they were not asked for; they come without attributes.

    `grid` has the axes of a mesh that no array holds, one entry per dimension.
    `target` says where a link leads, and for `unresolved` why it can't be followed.
    """

    name: str
    path: str
    kind: NodeKind
    nx_class: str | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    type_class: str | None = None
    enum: dict[str, int] = field(default_factory=dict)
    chunks: tuple[int, ...] | None = None
    filters: tuple[str, ...] = ()
    unit: str | None = None
    grid: tuple[RegularAxis | None, ...] = ()
    target: str | None = None
    is_default: bool = False
    attributes: dict[str, Any] | None = None
    children: tuple[Node, ...] | None = None
    child_count: int = 0


@dataclass(frozen=True)
class ScanResult:
    """What became of one path.

    `datasets` is empty for an `attachment` (README, configuration, PONI), for a file that belongs to another one in the
    same scan (an EIGER data file), and when `error` says why the file can't be read. `files_seen` are all files read.
    """

    path: Path
    datasets: tuple[ScannedDataset, ...] = ()
    files_seen: tuple[Path, ...] = ()
    error: UnreadableFile | None = None
    attachment: bool = False


@dataclass(frozen=True)
class Geometry:
    """Where a flat detector stands, in the pyFAI sense; lengths in metres, angles in radian.

    `beam_center_x` and `_y` are pixels along the last and the last but one axis. `mask` is the inner path of the pixel
    mask.
    """

    distance: float
    beam_center_x: float
    beam_center_y: float
    pixel_size_x: float
    pixel_size_y: float
    wavelength: float
    rot1: float = 0.0
    rot2: float = 0.0
    rot3: float = 0.0
    source: str = "from the file"
    mask: str | None = None


@dataclass(frozen=True)
class FileIdentity:
    """What tells one state of a file from another without reading it.

    With `is_name`, `path` is a name that a link was followed by, and this is what it led to then (all 0: nothing).
    """

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    extra: tuple[int, ...] = field(default=())
    is_name: bool = False

    @classmethod
    def of(cls, path: Path) -> FileIdentity:
        """Raises `OSError` when the file is gone. Of a folder (Zarr) number, sizes and latest time of its files count."""
        found = path.stat()
        extra = folder_state(path) if stat.S_ISDIR(found.st_mode) else ()
        return cls(str(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, extra)

    @classmethod
    def behind(cls, name: str) -> FileIdentity:
        """What a name leads to now."""
        try:
            return replace(cls.of(Path(name)), is_name=True)
        except (OSError, ValueError):
            return cls(name, 0, 0, 0, 0, (), is_name=True)

    def still_holds(self) -> bool:
        """Whether the file, or what the name leads to, is in the same state."""
        try:
            return (FileIdentity.behind(self.path) if self.is_name else FileIdentity.of(Path(self.path))) == self
        except OSError:
            return False


def real_path(path: Path) -> Path:
    """Where a path leads, asked of the system at once instead of part by part. Raises `OSError`."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        found = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - in the time of a microsecond
    finally:
        os.close(descriptor)
    return path if found == str(path) else Path(found).resolve(strict=True)


def node_from_json(data: dict[str, Any]) -> Node:
    known = {item.name for item in fields(Node)}
    kept = {key: value for key, value in data.items() if key in known}
    for name in ("shape", "chunks", "filters"):
        if kept.get(name) is not None:
            kept[name] = tuple(kept[name])
    kept["grid"] = regular_axes(kept.get("grid"))
    if kept.get("children") is not None:
        kept["children"] = tuple(node_from_json(child) for child in kept["children"])
    return Node(**kept)


def regular_axes(data: list[dict[str, Any] | None] | None) -> tuple[RegularAxis | None, ...]:
    """Regular axes out of JSON."""
    return tuple(RegularAxis(**axis) if axis else None for axis in data or ())


def scanned_to_json(dataset: ScannedDataset) -> dict[str, Any]:
    """`dataset` out of types that JSON knows."""
    data = asdict(dataset)
    data["files"] = [str(path) for path in dataset.files]
    for name in ("start_time", "end_time"):
        moment = getattr(dataset, name)
        data[name] = moment.isoformat() if moment else None
    return data


def scanned_from_json(data: dict[str, Any]) -> ScannedDataset:
    """The inverse of `scanned_to_json`; wrong input raises `KeyError`, `TypeError` or `ValueError`."""
    plain = dict(data)
    plain["files"] = tuple(Path(path) for path in data["files"])
    for name in ("start_time", "end_time"):
        plain[name] = datetime.fromisoformat(data[name]) if data[name] else None
    plain["kind"] = DatasetKind(data["kind"])
    for name in ("definitions", "techniques", "unread"):
        plain[name] = tuple(str(item) for item in data[name])
    plain["parameters"] = tuple(Parameter(**item) for item in data["parameters"])
    plain["arrays"] = tuple(_array_from_json(item) for item in data["arrays"])
    plain["plot"] = _plot_from_json(data["plot"]) if data["plot"] else None
    return ScannedDataset(**plain)


def _array_from_json(data: dict[str, Any]) -> ArrayInfo:
    return ArrayInfo(
        **{
            **data,
            "shape": tuple(data["shape"]),
            "kind": ArrayKind(data["kind"]),
            "chunks": tuple(data["chunks"]) if data["chunks"] else None,
            "axes": tuple(data["axes"]),
        }
    )


def _plot_from_json(data: dict[str, Any]) -> PlotSpec:
    tuples = {"axes": tuple(data["axes"]), "auxiliary": tuple(data["auxiliary"]), "grid": regular_axes(data["grid"])}
    return PlotSpec(**{**data, **tuples})


@dataclass(frozen=True)
class StoredBytes:
    """A chunk as it lies in the file, and what it decodes to (`codecs.decode_stored`)."""

    data: memoryview
    form: StoredForm
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
