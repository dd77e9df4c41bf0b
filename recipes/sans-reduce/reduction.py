"""The reduction itself: esssans' pipeline (Heenan, Penfold & King 1997) on what was read, and the resolution in Q.

esssans computes wavelength bins, monitor and transmission terms, masks, I(Q) = counts / (monitor · transmission · solid angle ·
efficiency) with uncertainties, bands of wavelength, and the subtraction. What is here makes its inputs: counts rebinned to common
wavelength bins, monitors, and the solid angles of flat pixels that face the sample's plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sciline
import scipp as sc
import scippnexus as snx
from ess.reduce.nexus.types import GravityVector, Position
from ess.reduce.uncertainty import UncertaintyBroadcastMode
from ess.reduce.unwrap.types import WavelengthDetector, WavelengthMonitor
from ess.sans import types as sans
from ess.sans.beam_center_finder import beam_center_from_center_of_mass
from ess.sans.conversions import ElasticCoordTransformGraph, sans_elastic
from ess.sans.workflow import providers
from numpy.typing import NDArray
from parameters import Parameters
from runs import Monitor, Panel, Run
from scippneutron.conversion.graph.tof import elastic

from pandaas.sdk import RecipeError, warn

_RUNS = {
    sans.RunType: [
        sans.SampleRun,
        sans.BackgroundRun,
        sans.EmptyBeamRun,
        sans.TransmissionRun[sans.SampleRun],
        sans.TransmissionRun[sans.BackgroundRun],
    ]
}
_GRAVITY = sc.vector([0, -9.81, 0], unit="m/s^2")  # a direction is asked for, though its pull is neglected
_FWHM = 2 * np.sqrt(2 * np.log(2))


@dataclass(frozen=True)
class Transmissions:
    """The monitors of a transmission run: before and behind the sample."""

    incident: Monitor
    behind: Monitor


@dataclass(frozen=True)
class Measurement:
    """A scattering run with its monitor and what is known of its transmission: runs, or one number, or nothing."""

    run: Run
    monitor: Monitor
    transmission: Transmissions | float | None = None


@dataclass(frozen=True)
class Reduced:
    """`intensity[Q]` with its variance by bin of `edges` (1/Å), `bands` of the same, `transmission` by wavelength or None."""

    edges: NDArray[Any]
    intensity: NDArray[Any]
    variance: NDArray[Any]
    resolution: NDArray[Any] | None
    bands: dict[str, NDArray[Any]]
    transmission: sc.DataArray | None
    centre: tuple[float, float]


def reduce(
    sample: Measurement,
    background: Measurement | None,
    direct: Transmissions | None,
    flood: NDArray[Any] | None,
    parameters: Parameters,
) -> Reduced:
    """I(Q) of the sample, less that of the background where there is one; not scaled."""
    centre = find_centre(sample.run, parameters)
    made = Pipeline(sample.run, centre, flood, parameters)
    made.add(sans.SampleRun, sample)
    if background is not None:
        _same_detector(sample.run, background.run)
        made.add(sans.BackgroundRun, background)
    if direct is not None:
        made.add_direct(direct)
    made.complete()
    wanted = sans.IntensityQ[sans.SampleRun] if background is None else sans.BackgroundSubtractedIofQ
    passing = sans.TransmissionFraction[sans.SampleRun]
    computed = made.compute([wanted] if direct is None else [wanted, passing])
    found = computed[wanted]
    values = np.asarray(found.values, dtype=float)
    bands = made.bands(wanted) if sample.run.timed and parameters.bands > 1 else {}
    resolution = made.resolution(sample.run)
    return Reduced(
        made.q.values,
        values,
        np.asarray(found.variances, dtype=float),
        resolution,
        bands,
        computed.get(passing),
        centre,
    )


class Pipeline:
    """esssans' pipeline with the geometry, bins and masks of this measurement."""

    def __init__(
        self, run: Run, centre: tuple[float, float], flood: NDArray[Any] | None, parameters: Parameters
    ) -> None:
        self.parameters = parameters
        self.position = _positions(run.panel, centre)
        self.wavelengths = _wavelength_bins(run, parameters)
        self.mask = _mask(run.panel, centre, flood, parameters)
        self.solid_angle = _solid_angle(run.panel, self.position, flood)
        self.q = self._q_bins()
        self._made = sciline.Pipeline(providers, constraints=_RUNS)
        self._made[UncertaintyBroadcastMode] = UncertaintyBroadcastMode.upper_bound
        self._made[sans.DetectorMasks] = {"unused": sc.array(dims=["pixel"], values=self.mask)}
        self._made[sans.WavelengthBins] = self.wavelengths
        self._made[sans.WavelengthBands] = None
        self._made[sans.WavelengthMask] = None
        self._made[sans.NonBackgroundWavelengthRange] = None
        self._made[sans.DirectBeam] = None
        self._made[sans.ReturnEvents] = False
        self._made[sans.DimsToKeep] = ()
        self._made[sans.CorrectForGravity] = False
        self._made[GravityVector] = _GRAVITY
        self._made[sans.QBins] = self.q

    def add(self, kind: Any, measured: Measurement) -> None:
        """A scattering run as `SampleRun` or `BackgroundRun`."""
        run = measured.run
        self._made[Position[snx.NXsample, kind]] = sc.vector([0, 0, 0], unit="m")
        self._made[Position[snx.NXsource, kind]] = sc.vector([0, 0, -run.source], unit="m")
        self._made[WavelengthDetector[kind]] = counts_by_wavelength(run, self.position, self.wavelengths)
        self._made[sans.SolidAngle[kind]] = self.solid_angle
        self._made[WavelengthMonitor[kind, sans.Incident]] = self._monitor(measured.monitor)
        if isinstance(measured.transmission, Transmissions):
            transmission = sans.TransmissionRun[kind]
            self._made[WavelengthMonitor[transmission, sans.Incident]] = self._monitor(measured.transmission.incident)
            self._made[WavelengthMonitor[transmission, sans.Transmission]] = self._monitor(measured.transmission.behind)
        else:
            self._made[sans.TransmissionFraction[kind]] = self._constant(measured.transmission or 1.0)

    def add_direct(self, direct: Transmissions) -> None:
        """The beam without anything in it."""
        self._made[WavelengthMonitor[sans.EmptyBeamRun, sans.Incident]] = self._monitor(direct.incident)
        self._made[WavelengthMonitor[sans.EmptyBeamRun, sans.Transmission]] = self._monitor(direct.behind)

    def complete(self) -> None:
        """Check what can be checked before it is computed."""
        if self.mask.all():
            raise RecipeError(
                "No pixel is left: beam stop and edge cover the detector.", "Make them smaller.", "beam_stop"
            )

    def compute(self, wanted: Sequence[Any]) -> dict[Any, sc.DataArray]:
        """All of them in one go: what two of them need is computed once."""
        return self._made.compute(wanted)

    def bands(self, wanted: Any) -> dict[str, NDArray[Any]]:
        """I(Q) for parts of the wavelengths, by name such as '2.2 to 4.1 Å'."""
        edges = sc.linspace(
            "wavelength",
            self.parameters.wavelength_min,
            self.parameters.wavelength_max,
            self.parameters.bands + 1,
            unit="angstrom",
        )
        made = self._made.copy()
        made[sans.WavelengthBands] = edges
        found = made.compute(wanted)
        values = found.transpose(["band", "Q"]).values
        return {
            f"{low:.3g} to {high:.3g} Å": np.asarray(row, dtype=float)
            for low, high, row in zip(edges.values[:-1], edges.values[1:], values, strict=True)
        }

    def resolution(self, run: Run) -> NDArray[Any] | None:
        """Standard deviation of Q in each bin, in 1/Å; None where no apertures were given.

        Mildner & Carpenter (1984) for circular apertures; the mean over pixels and wavelengths is weighted as the
        denominator of I(Q) is.
        """
        options = self.parameters
        length = options.collimation or run.collimation
        if options.source_aperture is None or options.sample_aperture is None:
            return None
        if not length:
            raise RecipeError("The resolution needs the length of the collimation.", "Enter it.", "collimation")
        used = ~self.mask
        q, wavelength = self._q_of()
        away = np.linalg.norm(self.position[used], axis=1)[:, None]
        r1, r2 = options.source_aperture / 2000, options.sample_aperture / 2000
        meets = 1 / (1 / length + 1 / away)
        angle = 3 * (r1 / length) ** 2 + 3 * (r2 / meets) ** 2 + (run.panel.pixel**2 + run.panel.pixel**2) / away**2
        spread = self._spread(run, wavelength)
        variance = (np.pi**2 / (3 * wavelength**2)) * angle + (q * spread) ** 2
        weight = self._weight(used)
        bins = self.q.values
        total = np.histogram(q, bins, weights=np.broadcast_to(weight, q.shape))[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.histogram(q, bins, weights=weight * variance)[0] / total
        return np.sqrt(mean)

    def _weight(self, used: NDArray[Any]) -> NDArray[Any]:
        monitor = self._made.compute(sans.MonitorTerm[sans.SampleRun]).values
        return np.nan_to_num(self.solid_angle.values[used][:, None] * monitor[None, :])

    def _spread(self, run: Run, wavelength: NDArray[Any]) -> NDArray[Any]:
        """Standard deviation of the wavelength over it: of the selector, or of a time bin."""
        if run.edges is None:
            return np.full_like(wavelength, self.parameters.wavelength_spread / _FWHM)
        metres = run.source + run.distance
        times = (run.edges[1:] + run.edges[:-1]) / 2
        relative = np.diff(run.edges) / times / np.sqrt(12)
        return np.interp(wavelength, wavelength_of(times, metres), relative)

    def _q_of(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Q of each used pixel and wavelength bin, and the wavelengths."""
        wavelength = ((self.wavelengths.values[1:] + self.wavelengths.values[:-1]) / 2)[None, :]
        place = self.position[~self.mask]
        theta = np.arccos(place[:, 2] / np.linalg.norm(place, axis=1)) / 2
        return 4 * np.pi * np.sin(theta)[:, None] / wavelength, wavelength

    def _q_bins(self) -> sc.Variable:
        options = self.parameters
        if self.mask.all():
            return sc.linspace("Q", 0.01, 0.1, 2, unit="1/angstrom")  # `complete` refuses it
        q, _ = self._q_of()
        low, high = options.q_min or float(q.min()), options.q_max or float(q.max())
        if not low < high:
            raise RecipeError(
                f"The Q range {low:.4g} to {high:.4g} 1/Å is empty; the detector sees {q.min():.4g} to {q.max():.4g} 1/Å.",
                "Change it.",
                "q_min" if options.q_min else "q_max",
            )
        make = sc.geomspace if options.q_scale == "log" else sc.linspace
        return make("Q", low, high, options.q_bins + 1, unit="1/angstrom")

    def _monitor(self, monitor: Monitor) -> sc.DataArray:
        """The monitor over wavelength, with the variance of counting."""
        if monitor.edges is None:
            edges, counts = self.wavelengths.values, monitor.counts
        else:
            edges, counts = wavelength_of(monitor.edges, monitor.length), monitor.counts
            if edges[0] > self.wavelengths.values[0] or edges[-1] < self.wavelengths.values[-1]:
                raise RecipeError(
                    f"The monitor saw wavelengths from {edges[0]:.3g} to {edges[-1]:.3g} Å only.",
                    "Narrow the range of wavelengths.",
                    "wavelength_min" if edges[0] > self.wavelengths.values[0] else "wavelength_max",
                )
        return sc.DataArray(
            sc.array(dims=["wavelength"], values=counts.astype(float), variances=counts.astype(float), unit="counts"),
            coords={"wavelength": sc.array(dims=["wavelength"], values=edges, unit="angstrom")},
        )

    def _constant(self, value: float) -> sc.DataArray:
        count = len(self.wavelengths) - 1
        return sc.DataArray(
            sc.full(dims=["wavelength"], shape=[count], value=float(value)), coords={"wavelength": self.wavelengths}
        )


def counts_by_wavelength(run: Run, position: NDArray[Any], bins: sc.Variable) -> sc.DataArray:
    """Counts of each pixel in the wavelength bins, at their middles: the same places that the denominator has.

    A time bin that lies in two wavelength bins is shared out between them, in proportion.
    """
    counts = run.counts.astype(float)
    if run.edges is None:
        edges = np.broadcast_to(bins.values, (len(position), 2))
    else:
        away = run.source + np.linalg.norm(position, axis=1)
        edges = wavelength_of(run.edges, 1.0)[None, :] / away[:, None]
    dims = ["pixel", "wavelength"]
    data = sc.DataArray(
        sc.array(dims=dims, values=counts, variances=counts, unit="counts"),
        coords={"wavelength": sc.array(dims=dims, values=edges, unit="angstrom")},
    ).rebin(wavelength=bins)
    if not data.values.any():
        raise RecipeError("No neutron has a wavelength in the chosen range.", "Widen it.", "wavelength_min")
    data.coords["wavelength"] = sc.midpoints(bins)
    data.coords["position"] = sc.vectors(dims=["pixel"], values=position, unit="m")
    data.coords["detector_number"] = sc.arange("pixel", len(position), unit=None)
    return data


def wavelength_of(time: NDArray[Any], metres: Any) -> NDArray[Any]:
    """scippneutron's conversion of µs over a flight path to Å."""
    times = np.asarray(time, dtype=float)
    data = sc.DataArray(
        sc.zeros(sizes={"event": times.size}),
        coords={
            "tof": sc.array(dims=["event"], values=times, unit="us"),
            "Ltotal": sc.array(dims=["event"], values=np.broadcast_to(metres, times.shape).astype(float), unit="m"),
        },
    )
    found = data.transform_coords("wavelength", graph=elastic("tof"))
    return np.asarray(found.coords["wavelength"].to(unit="angstrom").values)


def find_centre(run: Run, parameters: Parameters) -> tuple[float, float]:
    """Column and row of the beam: given, of the file, else esssans' centre of mass of the counts around the beam stop."""
    if parameters.centre_x is not None and parameters.centre_y is not None:
        centre = (parameters.centre_x, parameters.centre_y)
    elif run.centre is not None:
        centre = run.centre
    else:
        centre = _centre_of_counts(run, parameters)
    if not (-1 < centre[0] < run.panel.columns and -1 < centre[1] < run.panel.rows):
        warn(f"The beam centre ({centre[0]:.1f}, {centre[1]:.1f}) lies outside of the detector.")
    return centre


def _centre_of_counts(run: Run, parameters: Parameters) -> tuple[float, float]:
    middle = ((run.panel.columns - 1) / 2, (run.panel.rows - 1) / 2)
    position = _positions(run.panel, middle)
    edge = sc.array(dims=["pixel"], values=_edge(run.panel, parameters.edge))
    counted = _Counted(
        counts_by_wavelength(run, position, _wavelength_bins(run, parameters)).assign_masks(edge=edge),
        sans_elastic(
            False,
            sample_position=sc.vector([0, 0, 0], unit="m"),
            source_position=sc.vector([0, 0, -run.source], unit="m"),
            gravity=_GRAVITY,
        ),
    )
    try:
        x, y, _ = beam_center_from_center_of_mass(counted).value
    except (ValueError, sc.DimensionError, IndexError):
        x = y = np.nan
    if not np.isfinite([x, y]).all():
        warn("The beam centre can't be found from the counts; the middle of the detector is taken. Enter it.")
        return middle
    centre = (middle[0] + float(x) / run.panel.pixel, middle[1] + float(y) / run.panel.pixel)
    warn(
        f"The beam centre was found from the counts: column {centre[0]:.1f}, row {centre[1]:.1f}. Enter it if you know it."
    )
    return centre


@dataclass(frozen=True)
class _Counted:
    """What esssans' search for the centre asks a pipeline for: the centre so far, the counts, and the geometry."""

    counts: sc.DataArray
    graph: Any

    def compute(self, wanted: Any) -> Any:
        if wanted is sans.BeamCenter:
            return sc.vector([0, 0, 0], unit="m")
        return self.graph if wanted == ElasticCoordTransformGraph[sans.SampleRun] else self.counts


def _positions(panel: Panel, centre: tuple[float, float]) -> NDArray[Any]:
    """Metres from the sample, row by row; the beam goes along z."""
    row, column = np.indices((panel.rows, panel.columns))
    x = (column.ravel() - centre[0]) * panel.pixel
    y = (row.ravel() - centre[1]) * panel.pixel
    return np.column_stack([x, y, np.full(x.size, panel.distance or 0.0)])


def _solid_angle(panel: Panel, position: NDArray[Any], flood: NDArray[Any] | None) -> sc.DataArray:
    """pixel² cos 2θ / L2², times the relative efficiency where a flood gives it."""
    away = np.linalg.norm(position, axis=1)
    omega = panel.pixel**2 * (position[:, 2] / away) / away**2
    if flood is not None:
        omega = omega * np.nan_to_num(flood, nan=1.0)
    return sc.DataArray(
        sc.array(dims=["pixel"], values=omega),
        coords={
            "position": sc.vectors(dims=["pixel"], values=position, unit="m"),
            "detector_number": sc.arange("pixel", len(position), unit=None),
        },
    )


def _mask(
    panel: Panel, centre: tuple[float, float], flood: NDArray[Any] | None, parameters: Parameters
) -> NDArray[Any]:
    """True for what is left out: around the beam, at the edges, without efficiency."""
    row, column = (places.ravel() for places in np.indices((panel.rows, panel.columns)))
    radius = np.hypot(column - centre[0], row - centre[1]) * panel.pixel * 1000
    mask = (radius < parameters.beam_stop) | _edge(panel, parameters.edge) | (radius == 0)  # no angle
    return mask if flood is None else mask | ~np.isfinite(flood)


def _edge(panel: Panel, width: int) -> NDArray[Any]:
    row, column = (places.ravel() for places in np.indices((panel.rows, panel.columns)))
    return (row < width) | (row >= panel.rows - width) | (column < width) | (column >= panel.columns - width)


def _wavelength_bins(run: Run, parameters: Parameters) -> sc.Variable:
    if run.edges is None:
        wavelength = float(run.wavelength or 0.0)
        return sc.linspace("wavelength", 0.999 * wavelength, 1.001 * wavelength, 2, unit="angstrom")
    return sc.linspace(
        "wavelength",
        parameters.wavelength_min,
        parameters.wavelength_max,
        parameters.wavelength_bins + 1,
        unit="angstrom",
    )


def _same_detector(sample: Run, background: Run) -> None:
    if sample.panel != background.panel or sample.timed != background.timed:
        raise RecipeError(
            "The background was measured with another detector, or at another distance.",
            "Choose one that was measured as the sample was.",
            "background",
        )
