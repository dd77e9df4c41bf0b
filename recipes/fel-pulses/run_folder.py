"""A run of the European XFEL as EXtra-data reads it: which detector, which trains and pulses, frames in small parts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from extra_data import DataCollection, by_index
from extra_data.components import AGIPD1M, DSSC1M, LPD1M
from extra_data.exceptions import SourceNameError
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Input, RecipeError, warn

KINDS: dict[str, Any] = {"AGIPD1M": AGIPD1M, "LPD1M": LPD1M, "DSSC1M": DSSC1M}
MODULES = 16
_FRAMES = 16  # read at once: 64 MiB of a megapixel, and as much of its mask


@dataclass(frozen=True)
class Part:
    """Frames (module, frame, slow, fast), no-number where nothing was measured; train and pulse number of each."""

    frames: NDArray[Any]
    train: NDArray[Any]
    pulse: NDArray[Any]


@dataclass(frozen=True)
class Run:
    """`key` is EXtra-data's image.data of the trains with data, `pulses` all pulse numbers that are chosen."""

    source: Input
    kind: str
    key: Any
    train_ids: NDArray[Any]
    present: tuple[int, ...]
    pulses: NDArray[Any]
    counts: NDArray[Any]
    window: tuple[int, int]
    is_raw: bool

    def parts(self, start: int, stop: int) -> Iterator[Part]:
        """The frames of the trains start … stop-1 in parts of bounded size."""
        low, high = self.window
        width = high - low
        step = max(1, _FRAMES // width)
        for first in range(start, stop, step):
            trains = self.key.select_trains(by_index[first : min(first + step, stop)])
            for pulse in range(low, high, _FRAMES):
                selected = trains.select_pulses(by_index[pulse : min(pulse + _FRAMES, high)])
                if selected.shape[1]:
                    yield self._read(selected)

    def _read(self, key: Any) -> Part:
        # What wasn't measured reads as no-number, which whole numbers don't have.
        options = {"astype": np.float32} if key.dtype.kind != "f" else {}
        try:
            frames = key.ndarray(module_gaps=True, **options)
        except Exception as error:  # whatever EXtra-data and h5py raise for images that are not what the indices say
            raise RecipeError(
                f"The images of '{self.source.title}' are fewer, or of another shape, than its indices say: {error}.",
                "Copy the run once more, or choose another.",
                "run",
            ) from error
        if frames.ndim == 5:  # raw AGIPD: the signal, then the gain
            frames = frames[:, :, 0]
        return Part(frames, np.searchsorted(self.train_ids, key.train_id_coordinates()), key.pulse_id_coordinates())


def open_run(source: Input, parameters: Parameters) -> Run:
    """Find detector, trains and pulses. `RecipeError` where there are none."""
    kind, detector = _detector(source, parameters)
    present = tuple(sorted(detector.modno_to_source))
    _tell_missing(present, detector)
    is_raw = detector._data_is_raw(detector.data, detector.modno_to_source[present[0]])
    if is_raw:
        warn(
            "These are raw numbers of the detector, with offset and gain stages: take the calibrated run (CORR) where there is one."
        )
    key = detector["image.data"]
    if parameters.use_mask and not is_raw and "image.mask" in detector:
        key = detector.masked_data("image.data")
    counts = np.asarray(detector.frame_counts)
    if not counts.sum():
        raise RecipeError(f"No train of '{source.title}' holds a frame.", "Choose another run.", "run")
    longest = int(counts.max())
    high = longest if parameters.last_pulse is None else min(parameters.last_pulse, longest)
    if parameters.first_pulse >= high:
        raise RecipeError(
            f"Trains have {longest} pulses at the most, none of them chosen.", "Begin earlier.", "first_pulse"
        )
    window = (parameters.first_pulse, high)
    chosen = key.select_pulses(by_index[window[0] : window[1]])
    pulses = np.unique(chosen.pulse_id_coordinates())
    return Run(source, kind, key, np.asarray(detector.train_ids), present, pulses, counts, window, is_raw)


def _detector(source: Input, parameters: Parameters) -> tuple[str, Any]:
    try:
        data = DataCollection.from_paths([name for name in source.files if name.endswith(".h5")])
    except Exception as error:
        raise RecipeError(f"EXtra-data can't open '{source.title}': {error}.", "Is the run complete?", "run") from error
    for kind, component in KINDS.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return kind, component(data, min_modules=parameters.least_modules)
        except SourceNameError:
            continue
        except ValueError as error:
            if "modules present" in str(error):
                raise RecipeError(
                    f"No train has data of {parameters.least_modules} modules.", "Ask for fewer.", "least_modules"
                ) from error
            raise RecipeError(f"'{source.title}': {error}.", "Choose another run.", "run") from error
    raise RecipeError(
        f"'{source.title}' holds no images of AGIPD-1M, LPD-1M or DSSC-1M.", "Choose a run of one of them.", "run"
    )


def _tell_missing(present: tuple[int, ...], detector: Any) -> None:
    first = detector._modnos_start_at
    missing = [number for number in range(first, first + MODULES) if number not in present]
    if missing:
        warn(f"Of {MODULES} modules {len(missing)} are missing: {', '.join(str(number) for number in missing)}.")
