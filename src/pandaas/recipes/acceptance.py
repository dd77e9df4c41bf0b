"""Which datasets fit which inputs of a recipe: pure functions on manifests and summaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

from pandaas.model import ArrayClause, ArrayInfo, ArrayKind, DatasetKind, InputSlot, RecipeManifest
from pandaas.recipes import poni
from pandaas.recipes.summary import DatasetSummary

_DATA = (DatasetKind.RAW, DatasetKind.DERIVED)
_KIND_WORDS = {
    ArrayKind.CURVE: "a curve",
    ArrayKind.IMAGE: "a detector image",
    ArrayKind.IMAGE_STACK: "a stack of detector images",
    ArrayKind.VOLUME: "a volume",
    ArrayKind.SPECTRA_MAP: "a map of spectra",
    ArrayKind.EVENTS: "events",
    ArrayKind.TABLE: "a table",
    ArrayKind.SCALAR: "a number",
    ArrayKind.OTHER: "an array",
}


@dataclass(frozen=True)
class Assignment:
    """Chosen datasets in the inputs of a recipe: one mapping slot → datasets for each job it will make.

    `missing` are needed inputs that nothing was chosen for; `score` orders offers, higher is better.
    """

    jobs: tuple[Mapping[str, tuple[DatasetSummary, ...]], ...]
    missing: tuple[str, ...]
    score: float

    @property
    def inputs(self) -> dict[str, list[DatasetSummary]]:
        """All of them by slot, each once."""
        merged: dict[str, dict[str, DatasetSummary]] = {}
        for job in self.jobs:
            for slot, datasets in job.items():
                merged.setdefault(slot, {}).update({dataset.pid: dataset for dataset in datasets})
        return {slot: list(datasets.values()) for slot, datasets in merged.items()}


def main_slot(manifest: RecipeManifest) -> InputSlot:
    """The input that the recipe is about: the first that is needed."""
    return next(slot for slot in manifest.inputs if slot.minimum)


def techniques_of(manifest: RecipeManifest, slot: InputSlot) -> tuple[str, ...]:
    """The main input takes the recipe's techniques unless it names its own."""
    return slot.techniques or (manifest.techniques if slot is main_slot(manifest) else ())


def misfit(manifest: RecipeManifest, slot: InputSlot, dataset: DatasetSummary) -> str | None:
    """Why the dataset doesn't fit this input, in words; None when it does.

    A dataset that names no technique is not refused for it, since many files say none, unless the input asks for something
    else that speaks for it.
    """
    kinds = slot.kinds or _DATA
    if dataset.kind not in kinds:
        return f"it is {_kind(dataset.kind)}, not {_or(map(_kind, kinds))}"
    wanted = techniques_of(manifest, slot)
    if wanted and dataset.techniques and not set(wanted) & set(dataset.techniques):
        return "it was measured with another technique"
    if wanted and not dataset.techniques and not _speaks_for(slot, dataset):
        return "it names no technique, and nothing else says that it is such a measurement"
    if slot.definitions and not set(slot.definitions) & set(dataset.definitions):
        return f"its file doesn't follow {_or(slot.definitions)}"
    if slot.formats and dataset.format not in slot.formats:
        return f"its format is {dataset.format}, not {_or(slot.formats)}"
    for clause in slot.arrays:
        if not any(_array_fits(clause, array) for array in _looked_at(clause, dataset)):
            return f"it holds no {_clause(clause).removeprefix('a ').removeprefix('an ')}"
    if slot.beside and not lies_beside(dataset, slot.beside) and dataset.beside is not None:
        return f"no file {slot.beside} lies beside it"
    return None


def lies_beside(dataset: DatasetSummary, pattern: str) -> list[str]:
    """Paths of the files of this name that go with the data."""
    return [path for name, path in dataset.beside or () if fnmatchcase(name.lower(), pattern)]


def unusable(dataset: DatasetSummary, pattern: str = "*.poni") -> str | None:
    """The PONI file that a recipe would take, where none of this name can be used, in words; else None."""
    found = [path for path in lies_beside(dataset, pattern) if path.lower().endswith(".poni")]
    faults = {path: poni.fault_of(path) for path in found}
    if not faults or not all(faults.values()):
        return None
    path, fault = next(iter(faults.items()))
    return f"{PurePath(path).name} is no usable PONI file: {fault}"


def emptiness(slot: InputSlot, dataset: DatasetSummary) -> str | None:
    """The array that the input would be about, in words, where it is known to hold nothing; else None."""
    fitting = [array for clause in slot.arrays for array in _looked_at(clause, dataset) if _array_fits(clause, array)]
    if not fitting or not all(0 in array.shape for array in fitting):
        return None
    return f"{fitting[0].path} has the shape {' × '.join(map(str, fitting[0].shape))}"


def assign(manifest: RecipeManifest, chosen: Sequence[DatasetSummary]) -> Assignment | None:
    """Put every chosen dataset into an input it fits; None when one fits nowhere or there are too many.

    With `selection = "each"` every dataset beyond what the main input takes makes a job of its own; the other inputs are
    the same in all of them.
    """
    fitting = [[slot for slot in manifest.inputs if misfit(manifest, slot, dataset) is None] for dataset in chosen]
    if not chosen or not all(fitting):
        return None
    main = main_slot(manifest)
    each = manifest.selection == "each"
    capacity = {slot.name: slot.maximum for slot in manifest.inputs}
    if each:
        capacity[main.name] = None
    placed = _place(chosen, fitting, capacity, main)
    if placed is None or not placed.get(main.name):
        return None
    missing = tuple(slot.name for slot in manifest.inputs if len(placed.get(slot.name, ())) < slot.minimum)
    jobs = _jobs(placed, main) if each else ({name: tuple(datasets) for name, datasets in placed.items()},)
    return Assignment(jobs, missing, _score(manifest, placed[main.name], missing))


def accepts_in_words(manifest: RecipeManifest, slot: InputSlot, labels: Mapping[str, str]) -> str:
    """Such as 'a stack of detector images (SAXS, WAXS)'; `labels` gives short names of techniques by IRI."""
    if slot.arrays:
        text = " and ".join(_clause(clause) for clause in slot.arrays)
    else:
        text = _or(_kind(kind) for kind in (slot.kinds or _DATA))
    names = [labels.get(iri, iri.rsplit("/", 1)[-1]) for iri in techniques_of(manifest, slot)]
    return f"{text} ({', '.join(names)})" if names else text


def _place(
    chosen: Sequence[DatasetSummary],
    fitting: Sequence[Sequence[InputSlot]],
    capacity: dict[str, int | None],
    main: InputSlot,
) -> dict[str, list[DatasetSummary]] | None:
    """The most particular datasets first; each goes to its main input while there is room, else to the next that fits."""
    placed: dict[str, list[DatasetSummary]] = {}
    order = sorted(range(len(chosen)), key=lambda index: (len(fitting[index]), index))
    for index in order:
        slots = sorted(fitting[index], key=lambda slot: (slot is not main, -slot.minimum))
        special = [slot for slot in slots if slot.kinds and not set(slot.kinds) & set(_DATA)]
        for slot in special + [slot for slot in slots if slot not in special]:
            limit = capacity[slot.name]
            if limit is None or len(placed.get(slot.name, ())) < limit:
                placed.setdefault(slot.name, []).append(chosen[index])
                break
        else:
            return None
    for datasets in placed.values():
        datasets.sort(key=chosen.index)
    return placed


def _jobs(
    placed: Mapping[str, list[DatasetSummary]], main: InputSlot
) -> tuple[Mapping[str, tuple[DatasetSummary, ...]], ...]:
    size = main.maximum or len(placed[main.name])
    others = {name: tuple(datasets) for name, datasets in placed.items() if name != main.name}
    groups = [placed[main.name][start : start + size] for start in range(0, len(placed[main.name]), size)]
    return tuple({main.name: tuple(group), **others} for group in groups)


def _score(manifest: RecipeManifest, datasets: Sequence[DatasetSummary], missing: Sequence[str]) -> float:
    """Best is what names the technique and is about the very array that the dataset is about; then the more particular."""
    slot = main_slot(manifest)
    wanted = techniques_of(manifest, slot)
    named = sum(bool(set(wanted) & set(dataset.techniques)) for dataset in datasets) / len(datasets)
    central = sum(_is_about(slot, dataset) for dataset in datasets) / len(datasets)
    particular = 1 / (1 + len(wanted)) if wanted else 0.0
    return 4 * named + 4 * central + particular - 2 * len(missing)


def _is_about(slot: InputSlot, dataset: DatasetSummary) -> bool:
    main = [array for array in dataset.arrays if array.is_default]
    return any(_array_fits(clause, array) for clause in slot.arrays for array in main)


def _speaks_for(slot: InputSlot, dataset: DatasetSummary) -> bool:
    """Any of the parameters that `without_technique` names, or of the formats, written `format:tiff`."""
    if slot.without_technique is None:
        return True
    known = {*dataset.parameters, f"format:{dataset.format}"}
    return any(fnmatchcase(name, pattern) for name in known for pattern in slot.without_technique)


def _looked_at(clause: ArrayClause, dataset: DatasetSummary) -> Sequence[ArrayInfo]:
    """The array that the dataset is about: it is what a recipe reads, unless the clause names another by its path.

    Every detector file holds curves too (monitors, axes), and a result curves per frame that look like an image.
    """
    main = [array for array in dataset.arrays if array.is_default]
    return main if main and clause.path is None else dataset.arrays


def _array_fits(clause: ArrayClause, array: ArrayInfo) -> bool:
    if clause.kinds and array.kind not in clause.kinds:
        return False
    if clause.dimensions and not clause.dimensions[0] <= len(array.shape) <= clause.dimensions[1]:
        return False
    return clause.path is None or any(fnmatchcase(array.path, pattern) for pattern in clause.path.split("|"))


def _clause(clause: ArrayClause) -> str:
    text = _or(_KIND_WORDS[kind] for kind in clause.kinds) if clause.kinds else "an array"
    return f"{text} at {clause.path.replace('|', ' or ')}" if clause.path else text


def _kind(kind: str) -> str:
    return {"raw": "a measurement", "derived": "a result", "calibration": "a calibration", "mask": "a mask"}[kind]


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)
