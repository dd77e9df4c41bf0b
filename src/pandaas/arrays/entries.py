"""What a file holds, as datasets for the catalogue: one per NXentry, one for a file without entries."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5o

from pandaas.arrays.euxfel import DEFINITION, Run, run_of
from pandaas.arrays.facilities import facility_of
from pandaas.arrays.h5types import dtype_as_text, numpy_type
from pandaas.arrays.kinds import array_kind
from pandaas.arrays.links import Navigator, Permission, Unresolved
from pandaas.arrays.openpmd import is_volume, unit_of
from pandaas.arrays.parameters import entry_parameters
from pandaas.arrays.plot import default_plot
from pandaas.arrays.reader import Contents
from pandaas.arrays.structure import attribute_text, filters
from pandaas.arrays.survey import Found, Survey, survey
from pandaas.model import (
    BY_IRI,
    ArrayInfo,
    DatasetKind,
    NotFound,
    PlotSpec,
    ScannedDataset,
    UnreadableFile,
    iri_of,
    technique_of_instrument,
    techniques_of,
)

_MAX_ENTRIES = 1000
_MAX_ARRAYS = 500
_MAX_METADATA = 20_000
_NO_NAME = frozenset({"none", "-1", "n/a", "unknown"})
_EIGER_FILE = re.compile(r"_data_[0-9]{6}\.h5$")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?")


class FolderPermission(Permission):
    """While a file is registered, only files in its own folder and below become part of the dataset."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def ask(self, paths: set[str], target: str = "") -> None:
        for path in paths:
            if not Path(path).is_relative_to(self.folder):
                raise Unresolved("it leads out of the dataset's own folder", target)
        self.touched |= paths


def scan_contents(contents: Contents) -> list[ScannedDataset]:
    """The datasets in an opened file. Raises `UnreadableFile` when nothing of it can be shown."""
    navigator = Navigator(contents, FolderPermission(contents.path.parent))
    entries = _entries(navigator)
    several = len(entries) > 1
    return [_dataset(navigator, path, several=several) for path in entries[:_MAX_ENTRIES]]


def _entries(navigator: Navigator) -> list[str]:
    """Paths of the NXentry groups of the first level; the root alone where there are none."""
    root = navigator.root()
    names: list[bytes] = []
    root.object.id.links.iterate(names.append)
    found = []
    for name in names[: _MAX_ENTRIES * 2]:
        text = name.decode("utf-8", "surrogateescape")
        try:
            child = navigator.child(root, name).object
        except (Unresolved, UnreadableFile, NotFound):
            continue
        if isinstance(child, h5py.Group) and attribute_text(child, "NX_class") == "NXentry":
            found.append("/" + text)
    return found or ["/"]


def _dataset(navigator: Navigator, path: str, *, several: bool) -> ScannedDataset:
    contents = navigator.contents
    permission = Permission() if not isinstance(navigator.permission, FolderPermission) else navigator.permission
    permission.touched.clear()
    found = survey(navigator, path)
    plot = default_plot(navigator, found)
    definitions = _definitions(found)
    instrument = _instrument(found, contents)
    facility = contents.facility or facility_of(_facility_hints(found, contents), instrument)
    probe = _probe(found, facility)
    _prefer_plotted_path(navigator, found, plot)
    arrays = _arrays(found, plot)
    if not arrays and not contents.unread and not found.unread:
        raise UnreadableFile(
            f"{contents.path.name} holds no array.",
            remedy="Nothing can be shown or analysed; it needs no registration.",
        )
    related = sorted(Path(p) for p in permission.touched if p != str(contents.path))
    dataset = ScannedDataset(
        title=_title(found, contents.path, path, several),
        files=(contents.path, *related),
        format=_format(contents, found, definitions),
        entry_path=path,
        start_time=_moment(found, "start_time", "startTime", "date"),
        end_time=_moment(found, "end_time", "stopTime"),
        instrument=instrument,
        facility=facility,
        sample=_sample(found),
        proposal=_named(found.text(path, "experiment_identifier", "proposal_id", "proposal")),
        description=found.text(path, "experiment_description", "entry_description", "description", "notes"),
        kind=_kind(found),
        definitions=definitions,
        techniques=_techniques(contents, found, definitions, instrument, probe),
        parameters=entry_parameters(found, probe),
        arrays=arrays,
        plot=plot,
        unread=(*contents.unread, *found.unread),
        metadata=_metadata(found),
    )
    run = run_of(contents.path)
    is_run = run is not None and contents.path in run.files and "METADATA" in contents.file
    return _of_run(dataset, run) if run is not None and is_run else dataset


def _of_run(dataset: ScannedDataset, run: Run) -> ScannedDataset:
    """The same as a run of the European XFEL: with all its files, and modules of the detector that aren't there."""
    others = tuple(file for file in run.files if file != dataset.files[0])
    missing = (f"Modules without a file in this run: {', '.join(run.missing)}.",) if run.missing else ()
    return replace(
        dataset,
        title=run.title,
        files=(dataset.files[0], *others),
        facility="European XFEL",
        kind=DatasetKind.RAW,  # corrected by the facility or not, it is what the user measured; the title says which
        definitions=(*dataset.definitions, DEFINITION),
        unread=(*dataset.unread, *missing),
    )


def _title(found: Survey, file: Path, path: str, several: bool) -> str:
    title = found.text(path, "title", "experiment_title") or found.text("/exchange", "title") or _stem(file)
    if several:
        title = f"{title} ({path.strip('/')})"
    return title[:500]


def _stem(file: Path) -> str:
    """The name without what compression and format add to it."""
    name = file.name
    for ending in (".gz", ".bz2", ".xz", ".pbr"):
        name = name.removesuffix(ending)
    return name.rpartition(".")[0] or name


def _definitions(found: Survey) -> tuple[str, ...]:
    """Application definitions of the entry and its subentries, NXcanSAS also by its own attribute."""
    names: list[str] = []
    for group in found.groups:
        if group.nx_class in ("NXentry", "NXsubentry"):
            name = found.text(group.path, "definition")
            if name:
                names.append(name)
            elif attribute_text(group.place.object, "canSAS_class") == "SASentry":
                names.append("NXcanSAS")
    return tuple(dict.fromkeys(names))


def _format(contents: Contents, found: Survey, definitions: tuple[str, ...]) -> str:
    if contents.format != "hdf5":
        return contents.format
    root = contents.file
    if "openPMD" in root.attrs:
        return "openpmd"
    if "NXcanSAS" in definitions:
        return "nxcansas"
    if found.array("/exchange/data") is not None:
        return "dxchange"
    if attribute_text(root, "file_type") == "RAW_Series":
        return "raw-series"
    if _is_eiger(contents, found):
        return "eiger"
    return "nexus" if any(group.nx_class for group in found.groups) else "hdf5"


def _is_eiger(contents: Contents, found: Survey) -> bool:
    if _EIGER_FILE.search(contents.path.name) or contents.path.name.endswith("_master.h5"):
        return any("image_nr_low" in item.place.object.attrs for item in found.arrays) or any(
            "eiger" in str(found.text(group.path, "description") or "").lower()
            for group in found.of_class("NXdetector")
        )
    return False


def _instrument(found: Survey, contents: Contents) -> str | None:
    for group in found.of_class("NXinstrument"):
        name = found.text(group.path, "name")
        if name:
            return name[:64]
        own = group.path.rpartition("/")[2]
        if own.lower() != "instrument":
            return own[:64]
    return found.text(found.root, "beamline", "instrument_name") or attribute_text(contents.file, "instrument")


def _facility_hints(found: Survey, contents: Contents) -> list[str]:
    hints = [found.text(group.path, "name") for group in found.of_class("NXsource")]
    hints += [found.text(group.path, "facility_name", "name") for group in found.of_class("NXfacility")]
    hints += [attribute_text(contents.file, "file_name"), attribute_text(contents.file, "creator")]
    hints.append(found.text(found.root, "facility", "program_name"))
    return [hint for hint in hints if hint]


def _probe(found: Survey, facility: str | None) -> str | None:
    """'neutron' or 'x-ray', from what the source says or is known for."""
    for group in found.of_class("NXsource"):
        said = f"{found.text(group.path, 'probe') or ''} {found.text(group.path, 'type') or ''}".lower()
        if "neutron" in said or "spallation" in said:
            return "neutron"
        if "x-ray" in said or "synchrotron" in said or "xray" in said:
            return "x-ray"
    if facility in ("ISIS", "SNS", "HFIR", "ILL", "NCNR", "ANSTO", "MLZ", "SINQ"):
        return "neutron"
    if any(True for _ in found.of_class("NXevent_data", "NXmoderator")):
        return "neutron"
    if facility in ("APS", "Diamond", "ESRF", "PETRA III", "CHESS", "NSLS-II", "SLS"):
        return "x-ray"
    return None


def _sample(found: Survey) -> str | None:
    for group in found.of_class("NXsample"):
        name = _named(found.text(group.path, "name", "sample_name"))
        if name:
            return name[:300]
    return _named(found.text("/measurement/sample", "name"))


def _named(text: str | None) -> str | None:
    """A name, unless it is what acquisition programs write where they know none."""
    return None if text is None or text.casefold() in _NO_NAME else text


def _kind(found: Survey) -> DatasetKind:
    return DatasetKind.DERIVED if any(True for _ in found.of_class("NXprocess")) else DatasetKind.RAW


def _techniques(
    contents: Contents, found: Survey, definitions: tuple[str, ...], instrument: str | None, probe: str | None
) -> tuple[str, ...]:
    """From the reader, the application definitions, then what a well-known instrument measures."""
    named = dict.fromkeys((*contents.techniques, *techniques_of(definitions, probe=probe)))
    if found.array("/exchange/data") is not None:  # DXchange is a format of tomography
        named.setdefault(iri_of("CT"))
    if attribute_text(contents.file, "file_type") == "RAW_Series":  # BioXTAS RAW is a program for biological SAXS
        named.setdefault(iri_of("SAXS"))
    known = technique_of_instrument(instrument)
    generic = iri_of("TOF")
    if known is not None and (not named or set(named) == {generic}):
        return (known,)
    return tuple(iri for iri in named if iri in BY_IRI)


def _prefer_plotted_path(navigator: Navigator, found: Survey, plot: PlotSpec | None) -> None:
    """List the plotted array under the path of the plot, also where it was met under another name first."""
    if plot is None or found.array(plot.signal) is not None:
        return
    place = navigator.find(plot.signal)
    address = h5o.get_info(place.object.id).addr
    for index, item in enumerate(found.arrays):
        if item.place.real == place.real and h5o.get_info(item.place.object.id).addr == address:
            parent = plot.signal.rpartition("/")[0]
            found.arrays[index] = Found(plot.signal, item.place, item.nx_class, parent)
            return


def _arrays(found: Survey, plot: PlotSpec | None) -> tuple[ArrayInfo, ...]:
    wanted = found.arrays
    if len(wanted) > _MAX_ARRAYS:
        largest = sorted(wanted, key=lambda item: -int(item.place.object.size))[:_MAX_ARRAYS]
        keep = {item.path for item in largest} | ({plot.signal} if plot else set())
        found.unread.append(f"Of {len(wanted)} arrays the {_MAX_ARRAYS} largest are listed; all are in the tree.")
        wanted = [item for item in wanted if item.path in keep]
    described = [_array(found, item, plot) for item in wanted]
    return tuple(item for item in described if item is not None)


def _array(found: Survey, item: Found, plot: PlotSpec | None) -> ArrayInfo | None:
    dataset = item.place.object
    dtype = numpy_type(dataset.id.get_type())
    if dtype is None or dtype.hasobject or (dtype.kind in "SUO" and dtype.names is None):
        return None
    shape = tuple(int(n) for n in dataset.shape)
    is_default = plot is not None and plot.signal == item.path
    axes = plot.axes if plot is not None and is_default else ()
    group_class = found.classes.get(item.parent)
    compression = ", ".join(str(part["name"]).partition(";")[0] for part in filters(dataset) or [])
    return ArrayInfo(
        path=item.path,
        shape=shape,
        dtype=dtype_as_text(dtype)[:255],
        kind=array_kind(
            shape,
            dtype,
            interpretation=attribute_text(dataset, "interpretation"),
            parent_class=group_class,
            last_axis=axes[-1] if axes else _last_axis_name(dataset),
            detector=group_class == "NXdetector" and "spectrum" not in str(_last_axis_name(dataset)),
            volume=group_class == "NXtomoproc" or is_volume(dataset),
        ),
        unit=attribute_text(dataset, "units") or unit_of(dataset),
        chunks=tuple(int(n) for n in dataset.chunks) if dataset.chunks else None,
        compression=compression[:64] or None,
        nbytes=int(dataset.size) * dtype.itemsize,
        stored_nbytes=int(dataset.id.get_storage_size()),
        is_default=is_default,
        axes=axes,
    )


def _last_axis_name(dataset: h5py.Dataset) -> str | None:
    listed = attribute_text(dataset, "axes")
    return re.split(r"[:,\s]+", listed.strip("[] "))[-1] if listed else None


def _moment(found: Survey, *names: str) -> datetime | None:
    """A time of the entry, of its subentries or of the file; without a zone it is taken as UTC."""
    places = [found.root, *(group.path for group in found.of_class("NXsubentry", "NXinstrument"))]
    for place in places:
        for name in names:
            moment = parse_moment(found.text(place, name))
            if moment is not None:
                return moment
    return None


def parse_moment(text: str | None) -> datetime | None:
    """An ISO 8601 time, also with a blank between date and time; None for anything else."""
    match = _MOMENT.search(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    micro = (fraction or "0")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{micro}{zone}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _metadata(found: Survey) -> dict[str, Any]:
    """Single values as the file nests them, with units behind numbers; bounded."""
    nested: dict[str, Any] = {}
    for single in list(found.singles.values())[:_MAX_METADATA]:
        parts = single.path.removeprefix(found.root).strip("/").split("/")
        here = nested
        for part in parts[:-1]:
            deeper = here.setdefault(part, {})
            if not isinstance(deeper, dict):
                break
            here = deeper
        else:
            value = single.value if not isinstance(single.value, str) else single.value[:500]
            if isinstance(value, float) and not np.isfinite(value):
                value = None
            here[parts[-1]] = {"value": value, "unit": single.unit} if single.unit else value
    return nested
