"""Datasets as values: states, proposal types, parameters, arrays, what a reader found in a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from pandaas.model.people import Principal


class DatasetState(StrEnum):
    GROWING = "growing"  # still being written
    COMPLETE = "complete"
    WITHDRAWN = "withdrawn"  # metadata stay, nobody but operators reads the data


class DatasetKind(StrEnum):
    RAW = "raw"
    DERIVED = "derived"  # a result of a job
    CALIBRATION = "calibration"
    MASK = "mask"


class ProposalType(StrEnum):
    PUBLIC_ACCESS = "public_access"  # released when the embargo ends
    PROPRIETARY = "proprietary"  # never released; its existence is visible to the team and operators only
    TRAINING = "training"
    IN_HOUSE = "in_house"
    PERSONAL = "personal"  # a person's own space


class Action(StrEnum):
    """What may be asked of the access rule."""

    DISCOVER = "discover"  # know that it exists: title, time, instrument
    READ = "read"  # metadata and data
    WRITE = "write"  # edit metadata, upload or register into
    ANALYSE = "analyse"  # use as input of a job
    MANAGE = "manage"  # team, release, withdrawal
    OPERATE = "operate"  # the facility itself


class ArrayKind(StrEnum):
    """What an array looks like to a scientist; recipes and viewers choose by it."""

    SCALAR = "scalar"
    CURVE = "curve"  # 1-D numbers
    IMAGE = "image"  # one 2-D image
    IMAGE_STACK = "image_stack"  # 3-D, the last two axes are pixels
    VOLUME = "volume"
    SPECTRA_MAP = "spectra_map"  # n-D, the last axis is a spectrum
    EVENTS = "events"
    TABLE = "table"  # compound or several columns
    OTHER = "other"


NESTED = "metadata:"  # leads the source of parameters that only repeat the nested metadata, for search


@dataclass(frozen=True)
class Parameter:
    """One measured or set quantity, as stored (`value`, `unit`) and in SI base units where it can be converted.

    `name` is the field's own term (`photon_energy`, `temperature`, `detector_distance`). `value` is a number or text.
    """

    name: str
    value: float | str
    unit: str | None = None
    si_value: float | None = None
    si_unit: str | None = None
    source: str | None = None  # inner path or header key it was read from


@dataclass(frozen=True)
class ArrayInfo:
    """One array inside a dataset. `shape` in file order (slowest axis first); `dtype` is NumPy's `dtype.str`."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    kind: ArrayKind
    unit: str | None = None
    chunks: tuple[int, ...] | None = None
    compression: str | None = None
    nbytes: int = 0
    stored_nbytes: int | None = None
    is_default: bool = False
    axes: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class RegularAxis:
    """Coordinates `start + step * index` of a dimension, for files that give a grid instead of an array."""

    name: str
    start: float
    step: float
    unit: str | None = None


@dataclass(frozen=True)
class PlotSpec:
    """The default plot of a dataset (NXdata semantics).

    `signal` is the inner path of the plotted array; `axes` has one inner path (or None) per axis of `signal`, and two
    where the values of a list belong to points in a plane;
    `errors` holds one standard deviation per value of `signal`, `x_errors` one per point of a curve along x (the
    resolution of q); `auxiliary` are further signals of the same shape.
    `grid` has one entry per axis of `signal` where coordinates are regular and no array holds them.
    `x_scale`, `y_scale`: as the file or the field's convention says; None where neither does, and whoever draws chooses.
    """

    signal: str
    axes: tuple[str | None, ...] = ()
    errors: str | None = None
    x_errors: str | None = None
    auxiliary: tuple[str, ...] = ()
    title: str | None = None
    interpretation: Literal["scalar", "spectrum", "image", "rgb-image", "vertex"] | None = None
    x_scale: Literal["linear", "log"] | None = None
    y_scale: Literal["linear", "log"] | None = None
    grid: tuple[RegularAxis | None, ...] = ()


@dataclass(frozen=True)
class ScannedDataset:
    """What a reader says of one measurement. A file may hold several (multi-entry NeXus); most hold one.

    `files` are all the files that belong to it (an EIGER master and its data files), the first being the one to open.
    `techniques` are PaNET IRIs; `definitions` NeXus application definitions. `unread` says what could not be read and
    why; such a dataset is still registered.
    """

    title: str
    files: tuple[Path, ...]
    format: str
    entry_path: str = "/"
    start_time: datetime | None = None
    end_time: datetime | None = None
    instrument: str | None = None
    facility: str | None = None
    sample: str | None = None
    proposal: str | None = None
    description: str | None = None
    kind: DatasetKind = DatasetKind.RAW
    definitions: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    arrays: tuple[ArrayInfo, ...] = ()
    plot: PlotSpec | None = None
    unread: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetFiles:
    """Where a dataset's data lie: `master` is opened, `allowed` are all real paths its links may lead to.

    `growing`: it is still being written.
    """

    pid: str
    version: int
    master: Path
    format: str
    entry_path: str
    allowed: frozenset[Path]
    growing: bool = False


class Resolver(Protocol):
    """What the array service asks about names and rights; the catalogue implements it, `pandaas view` by a folder."""

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        """The files of `pid`, or `NotFound` when there is no such dataset for this principal."""
        ...

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        """May this principal read the file at this real path (a link of another dataset leads there)?"""
        ...
