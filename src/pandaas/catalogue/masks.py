"""Masks drawn in the viewer: written as NeXus by the platform, registered as datasets of the instrument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pandaas.access import Access
from pandaas.catalogue.disk import require_space, tells_when_full
from pandaas.catalogue.ingest import MeasuredFile, Prepared, measure, sha256_of
from pandaas.catalogue.ingest.store import new_dataset
from pandaas.catalogue.records import Records
from pandaas.catalogue.results import add_made, placement_in
from pandaas.catalogue.spaces import own_space
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Dataset, Proposal, Relation, Validity
from pandaas.model import (
    Action,
    ArrayInfo,
    ArrayKind,
    DatasetKind,
    InvalidInput,
    PlotSpec,
    Principal,
    ScannedDataset,
    new_pid,
)

_LARGEST_MASK = 100_000_000  # pixels
Pixels = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class _Drawn:
    """A mask on disk, before it is registered."""

    pid: str
    title: str
    pixels: Pixels
    file: MeasuredFile


class Masks:
    def __init__(self, database: Database, settings: Settings, access: Access, records: Records) -> None:
        self._database = database
        self._settings = settings
        self._access = access
        self._records = records

    def save(
        self, principal: Principal, pid: str, *, path: str, title: str, shape: Sequence[int], runs: Sequence[int]
    ) -> str:
        """Save a drawn mask as a mask dataset beside `pid`; `runs` alternate from unmasked pixels on. Returns its pid.

        It goes into the image's proposal if the person may write there, else into her own space. Drawn by the
        instrument's staff it is proposed for data measured from then on.
        """
        pixels = mask_from_runs(shape, runs)
        with self._database.read() as session:
            source = self._records.row(session, principal, pid, Action.READ)
            if not any(row.path == path and tuple(row.shape[-2:]) == pixels.shape for row in source.arrays):
                raise InvalidInput(
                    f"'{path[:100]}' is no array of '{pid}' whose images are {pixels.shape[0]} × {pixels.shape[1]}.",
                    remedy="Draw the mask on the image itself.",
                    field="path",
                )
            protected = self._records.protected(session, source)
        writes = self._access.may(principal, Action.WRITE, protected)
        own = None if writes else own_space(self._access, principal)
        drawn = self._write(title, pixels, f"{pid}:{path}")
        staff = source.instrument_id in principal.instruments or self._access.may(principal, Action.OPERATE)
        try:
            self._register(principal, source, drawn, own, propose=staff)
        except BaseException:
            drawn.file.path.unlink(missing_ok=True)
            raise
        return drawn.pid

    def _register(
        self, principal: Principal, source: Dataset, drawn: _Drawn, own: Proposal | None, *, propose: bool
    ) -> None:
        with tells_when_full(), self._database.session() as session:
            proposal = own or session.get_one(Proposal, source.proposal_id)
            prepared = Prepared(
                scanned=_scanned(drawn),
                files=(drawn.file,),
                placement=placement_in(session, self._access, proposal, [source]),
                owner_id=principal.person_id,
            )
            dataset = new_dataset(self._settings, prepared, drawn.pid, self._database.clock())
            dataset.release_time, dataset.facility = source.release_time, source.facility
            dataset.start_time, dataset.origin = source.start_time, source.origin
            actor, clock = principal.person_id, self._database.clock
            add_made(session, self._access, dataset, [source.pid], actor, clock=clock, mask_of=source.title)
            session.add(Relation(subject_pid=drawn.pid, relation="drawn_on", object_pid=source.pid, slot="image"))
            if propose and source.instrument_id is not None:
                start = source.start_time or clock()
                of_instrument = {"instrument_id": source.instrument_id, "purpose": "mask"}
                session.add(Validity(dataset_pid=drawn.pid, start=start, end=None, **of_instrument))

    def _write(self, title: str, pixels: Pixels, source: str) -> _Drawn:
        """The mask as NeXus: `/entry/mask/mask` (1 = masked), also as the detector's `pixel_mask`."""
        pid = new_pid("mask")
        folder = self._settings.home / "masks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_space(folder, pixels.nbytes)
        final = folder.resolve() / f"{pid}.nxs"
        part = final.with_suffix(".part")
        with tells_when_full():
            try:
                write_mask(part, title, pixels, source)
                part.replace(final)
            finally:
                part.unlink(missing_ok=True)
        size, mtime_ns = measure(final)
        return _Drawn(pid, title, pixels, MeasuredFile(final, final.name, size, mtime_ns, sha256_of(final)))


def mask_from_runs(shape: Sequence[int], runs: Sequence[int]) -> Pixels:
    """The mask (1 = masked) from run lengths over the flattened image, which begin with unmasked pixels."""
    rows, columns = shape
    if rows < 1 or columns < 1 or rows * columns > _LARGEST_MASK:
        raise InvalidInput(f"A mask of {rows} × {columns} pixels can't be saved.", field="shape")
    if any(run < 0 for run in runs) or sum(runs) != rows * columns:
        raise InvalidInput(f"The runs don't add up to {rows} × {columns} pixels.", field="runs")
    values = np.arange(len(runs)) % 2
    return np.repeat(values.astype(np.uint8), runs).reshape(rows, columns)


def write_mask(file: Path, title: str, pixels: Pixels, source: str) -> None:
    with h5py.File(file, "w", libver=("earliest", "v110")) as nexus:
        nexus.attrs["default"] = "entry"
        entry = _group(nexus, "entry", "NXentry")
        entry.attrs["default"] = "mask"
        entry["title"] = title
        data = _group(entry, "mask", "NXdata")
        data.attrs["signal"] = "mask"
        stored = data.create_dataset("mask", data=pixels, compression="gzip", shuffle=True)
        stored.attrs["long_name"] = "masked pixels (1 = masked)"
        detector = _group(_group(entry, "instrument", "NXinstrument"), "detector", "NXdetector")
        detector["pixel_mask"] = stored
        note = _group(entry, "source", "NXnote")
        note["description"] = f"drawn on {source}"


def _group(parent: Any, name: str, nx_class: str) -> Any:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group


def _scanned(drawn: _Drawn) -> ScannedDataset:
    pixels = drawn.pixels
    array = ArrayInfo(
        path="/entry/mask/mask",
        shape=pixels.shape,
        dtype=pixels.dtype.str,
        kind=ArrayKind.IMAGE,
        compression="gzip",
        nbytes=pixels.nbytes,
        is_default=True,
    )
    return ScannedDataset(
        title=drawn.title,
        files=(drawn.file.path,),
        format="nexus",
        entry_path="/entry",
        kind=DatasetKind.MASK,
        arrays=(array,),
        plot=PlotSpec(signal=array.path, interpretation="image"),
        metadata={"masked_pixels": int(pixels.sum())},
    )
