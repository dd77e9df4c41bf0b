"""The default plot of an openPMD file: a mesh over its grid, or particles in space."""

from __future__ import annotations

from pandaas.arrays.openpmd import grid_of, number, numbers, record, texts, upwards
from pandaas.arrays.survey import Found, Survey
from pandaas.model import PlotSpec


def openpmd_plot(found: Survey) -> PlotSpec | None:
    """The largest mesh with its axes; in a file of particles alone the first species in space. None for other formats."""
    if not found.arrays or not texts(found.arrays[0].place.object.file, "openPMD"):
        return None
    meshes = [(item, axes) for item in found.arrays if (axes := grid_of(item.place.object))]
    if not meshes:
        return _particles(found)
    item, axes = max(meshes, key=lambda mesh: int(mesh[0].place.object.size))
    return PlotSpec(item.path, (None,) * len(axes), title=_title(item), grid=axes)


def _particles(found: Survey) -> PlotSpec | None:
    """Particles in the plane of the first two position components that vary, coloured by momentum or weight."""
    for item in found.arrays:
        species, _, name = item.parent.rpartition("/")
        if name != "position":
            continue
        shape = item.place.object.shape
        alike = [other.path for other in found.arrays if other.place.object.shape == shape]
        axes = [path for path in alike if path.rpartition("/")[0] == item.parent][:2]
        wanted = [f"{species}/momentum/{name}" for name in "zxy"] + [f"{species}/{n}" for n in ("weighting", "weight")]
        signal = next((path for path in wanted if path in alike), None)
        if len(shape) == 1 and len(axes) == 2 and signal:
            return PlotSpec(signal, tuple(axes), title=_title(item, species.rpartition("/")[2]))
    return None


def _title(item: Found, name: str = "") -> str:
    """What it is and when, as 'E z at 1.00069e-13 s'."""
    scalar = bool(numbers(item.place.object, "gridSpacing"))
    what = name or (item.name if scalar else f"{item.parent.rpartition('/')[2]} {item.name}")
    for group in upwards(item.place.object):
        time = number(group, "time")
        if time is not None:
            offset = number(record(item.place.object, "timeOffset"), "timeOffset") or 0.0
            return f"{what} at {(time + offset) * (number(group, 'timeUnitSI') or 1.0):.6g} s"
    return what
