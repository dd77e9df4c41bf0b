from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given

from pandaas.model import ArrayClause, ArrayInfo, ArrayKind, InputSlot, Parameter, RecipeManifest
from pandaas.recipes import DatasetSummary, accepts_in_words, assign, emptiness, misfit, unusable

SAXS, XRF = "urn:saxs", "urn:xrf"
STACK = (ArrayClause(kinds=(ArrayKind.IMAGE, ArrayKind.IMAGE_STACK), dimensions=(2, 4)),)


def recipe(selection: str = "each") -> RecipeManifest:
    return RecipeManifest(
        "r",
        "1",
        "R",
        "",
        "blockwise",
        "core",
        (
            InputSlot("sample", "Sample", arrays=STACK),
            InputSlot("background", "Background", minimum=0, arrays=STACK),
            InputSlot("mask", "Mask", minimum=0, kinds=("mask",)),
            InputSlot("calibration", "Calibration", minimum=0, kinds=("calibration",)),
        ),
        techniques=(SAXS,),
        selection=selection,  # type: ignore[arg-type]
    )


def dataset(number: int, kind: str = "raw", techniques: tuple[str, ...] = (SAXS,), ndim: int = 3) -> DatasetSummary:
    array_kind = {1: ArrayKind.CURVE, 2: ArrayKind.IMAGE, 3: ArrayKind.IMAGE_STACK}[ndim]
    arrays = (ArrayInfo("/entry/data/data", (4,) * ndim, "<u4", array_kind),)
    return DatasetSummary(number, f"ds-{number}", kind=kind, techniques=techniques, arrays=arrays)


def test_a_fitting_dataset_fits() -> None:
    assert misfit(recipe(), recipe().inputs[0], dataset(1)) is None


def test_an_array_that_is_known_to_be_empty_is_named() -> None:
    slot = recipe().inputs[0]
    images, beside = dataset(1).arrays[0], ArrayInfo("/entry/monitor", (0,), "<f8", ArrayKind.CURVE)
    assert emptiness(slot, replace(dataset(1), arrays=(images, beside))) is None
    nothing = replace(dataset(1), arrays=(replace(images, shape=(0, 4, 4)), beside))
    assert emptiness(slot, nothing) == "/entry/data/data has the shape 0 × 4 × 4"


def test_a_file_that_must_lie_beside_the_data_is_asked_for(tmp_path: Path) -> None:
    slot = replace(recipe().inputs[0], beside="*.poni")
    manifest = replace(recipe(), inputs=(slot, *recipe().inputs[1:]))
    assert misfit(manifest, slot, replace(dataset(1), beside=())) == "no file *.poni lies beside it"
    assert misfit(manifest, slot, dataset(1)) is None  # it wasn't looked
    good, bad = tmp_path / "a.PONI", tmp_path / "b.poni"
    good.write_text("# by pyFAI\nDistance: 0.2\nPoni1: 0.08\nPoni2: 0.08\nRot1: 0\n")
    bad.write_text("Distance: far\nPoni1: 0.08\nPoni2: 0.08\n")
    one, other = (good.name, str(good)), (bad.name, str(bad))
    both, broken = (replace(dataset(1), beside=files) for files in ((one, other, ("notes.txt", "/none")), (other,)))
    assert misfit(manifest, slot, both) is None
    assert unusable(both) is None
    assert unusable(broken) == "b.poni is no usable PONI file: its Distance is no number: far"
    bad.write_text("Distance: 1\nPoni2: 0.08\n")
    assert "it says no Poni1" in str(unusable(broken))
    bad.unlink()
    os.mkfifo(bad)
    assert "can't be read" in str(unusable(broken))


def test_another_technique_does_not_fit() -> None:
    manifest = recipe()
    assert "technique" in str(misfit(manifest, manifest.inputs[0], dataset(1, techniques=(XRF,))))


def test_a_dataset_without_technique_is_not_refused_for_it() -> None:
    manifest = recipe()
    assert misfit(manifest, manifest.inputs[0], dataset(1, techniques=())) is None


def picky(*speaking: str) -> RecipeManifest:
    slot = InputSlot("sample", "Sample", arrays=STACK, without_technique=speaking)
    return RecipeManifest("r", "1", "R", "", "whole", "core", (slot,), techniques=(SAXS,))


def nameless(format: str = "hdf5", **parameters: float) -> DatasetSummary:  # noqa: A002 - as in the summary
    known = {name: Parameter(name, value) for name, value in parameters.items()}
    return replace(dataset(1, techniques=()), format=format, parameters=known)


def test_a_dataset_without_technique_must_have_something_that_speaks_for_it() -> None:
    manifest = picky("pixel_size_?", "format:tiff")
    assert misfit(manifest, manifest.inputs[0], nameless(pixel_size_x=75e-6)) is None
    assert misfit(manifest, manifest.inputs[0], nameless("tiff")) is None
    assert "nothing else says" in str(misfit(manifest, manifest.inputs[0], nameless(wavelength=1.0)))


def test_where_nothing_speaks_for_it_a_technique_is_needed() -> None:
    manifest = picky()
    assert "names no technique" in str(misfit(manifest, manifest.inputs[0], nameless("tiff", pixel_size_x=1.0)))
    assert misfit(manifest, manifest.inputs[0], dataset(1)) is None


def test_what_speaks_for_a_dataset_is_no_excuse_for_another_technique() -> None:
    manifest = picky("format:nexus")
    assert "another technique" in str(misfit(manifest, manifest.inputs[0], dataset(1, techniques=(XRF,))))


def test_other_inputs_ask_for_no_technique() -> None:
    manifest = recipe()
    assert misfit(manifest, manifest.inputs[1], dataset(1, techniques=())) is None


def test_a_curve_is_no_image() -> None:
    manifest = recipe()
    assert "detector image" in str(misfit(manifest, manifest.inputs[0], dataset(1, ndim=1)))


def test_a_mask_is_no_measurement() -> None:
    manifest = recipe()
    assert misfit(manifest, manifest.inputs[0], dataset(1, kind="mask"))
    assert misfit(manifest, manifest.inputs[2], dataset(1, kind="mask", techniques=())) is None


def test_each_dataset_makes_its_job_with_the_same_mask() -> None:
    found = assign(recipe(), [dataset(1), dataset(9, kind="mask", ndim=2), dataset(2)])
    assert found is not None
    assert [[one.pid for one in job["sample"]] for job in found.jobs] == [["ds-1"], ["ds-2"]]
    assert all([one.pid for one in job["mask"]] == ["ds-9"] for job in found.jobs)


def test_one_over_all_takes_what_its_inputs_hold() -> None:
    found = assign(recipe("all"), [dataset(1), dataset(2)])
    assert found is not None
    assert {slot: [one.pid for one in given] for slot, given in found.inputs.items()} == {
        "sample": ["ds-1"],
        "background": ["ds-2"],
    }
    assert assign(recipe("all"), [dataset(1), dataset(2), dataset(3)]) is None


def test_what_fits_nowhere_is_no_offer() -> None:
    assert assign(recipe(), [dataset(1), dataset(2, techniques=(XRF,), ndim=1)]) is None
    assert assign(recipe(), []) is None
    assert assign(recipe(), [dataset(9, kind="mask", ndim=2)]) is None


def test_a_named_technique_comes_first() -> None:
    named, unnamed = assign(recipe(), [dataset(1)]), assign(recipe(), [dataset(1, techniques=())])
    assert named is not None
    assert unnamed is not None
    assert named.score > unnamed.score


CURVES = RecipeManifest(
    "f",
    "1",
    "F",
    "",
    "whole",
    "core",
    (InputSlot("curve", "C", arrays=(ArrayClause((ArrayKind.CURVE,)),)),),
    techniques=(SAXS,),
)


def test_images_with_a_curve_beside_them_are_no_curve() -> None:
    """Monitors and axes lie in every detector file."""
    image = ArrayInfo("/data", (5, 5, 5), "<u4", ArrayKind.IMAGE_STACK, is_default=True)
    monitor = ArrayInfo("/monitor", (5,), "<f8", ArrayKind.CURVE)
    both = DatasetSummary(1, "ds-1", techniques=(SAXS,), arrays=(image, monitor))
    assert assign(recipe(), [both]) is not None
    assert assign(CURVES, [both]) is None
    assert misfit(CURVES, CURVES.inputs[0], both) == "it holds no curve"


def test_a_curve_with_an_image_beside_it_is_no_image() -> None:
    """A result holds the curves of all frames, which look like an image."""
    curves = ArrayInfo("/frames/I", (200, 1000), "<f8", ArrayKind.IMAGE)
    average = ArrayInfo("/average/I", (1000,), "<f8", ArrayKind.CURVE, is_default=True)
    result = DatasetSummary(1, "res-1", kind="derived", techniques=(SAXS,), arrays=(curves, average))
    assert assign(recipe(), [result]) is None
    assert assign(CURVES, [result]) is not None


def test_an_array_named_by_its_path_need_not_be_the_default() -> None:
    clause = ArrayClause(kinds=(ArrayKind.IMAGE,), path="/frames/*")
    named = RecipeManifest("r", "1", "R", "", "whole", "core", (InputSlot("a", "A", arrays=(clause,)),))
    image = ArrayInfo("/frames/I", (20, 30), "<f8", ArrayKind.IMAGE)
    curve = ArrayInfo("/average/I", (30,), "<f8", ArrayKind.CURVE, is_default=True)
    assert assign(named, [DatasetSummary(1, "ds-1", arrays=(image, curve))]) is not None


def test_a_path_may_be_one_of_several() -> None:
    clause = ArrayClause(path="*/data/x|/Stream_0")
    named = RecipeManifest("r", "1", "R", "", "whole", "core", (InputSlot("a", "A", arrays=(clause,)),))

    def holds(path: str) -> DatasetSummary:
        return DatasetSummary(1, "ds-1", arrays=(ArrayInfo(path, (20,), "<u4", ArrayKind.CURVE),))

    assert assign(named, [holds("/entry/data/x")]) is not None
    assert assign(named, [holds("/Stream_0")]) is not None
    assert assign(named, [holds("/Stream_1")]) is None
    assert misfit(named, named.inputs[0], holds("/y")) == "it holds no array at */data/x or /Stream_0"


def test_without_a_default_every_array_counts() -> None:
    curve = DatasetSummary(1, "ds-1", arrays=(ArrayInfo("/a", (5,), "<f8", ArrayKind.CURVE),))
    assert assign(CURVES, [curve]) is not None


def test_missing_inputs_are_named() -> None:
    manifest = RecipeManifest(
        "r", "1", "R", "", "whole", "core", (InputSlot("a", "A"), InputSlot("b", "B", kinds=("calibration",)))
    )
    found = assign(manifest, [dataset(1)])
    assert found is not None
    assert found.missing == ("b",)


def test_acceptance_in_words() -> None:
    manifest = recipe()
    text = accepts_in_words(manifest, manifest.inputs[0], {SAXS: "SAXS"})
    assert text == "a detector image or a stack of detector images (SAXS)"
    assert accepts_in_words(manifest, manifest.inputs[2], {}) == "a mask"


chosen = st.lists(
    st.builds(
        dataset,
        st.integers(1, 1000),
        st.sampled_from(["raw", "derived", "mask", "calibration"]),
        st.sampled_from([(), (SAXS,), (XRF,)]),
        st.integers(1, 3),
    ),
    max_size=6,
    unique_by=lambda one: one.pid,
)


@given(chosen, st.sampled_from(["each", "all"]))
def test_every_dataset_of_an_assignment_fits_where_it_is_put(datasets: list[DatasetSummary], selection: str) -> None:
    manifest = recipe(selection)
    found = assign(manifest, datasets)
    if found is None:
        return
    slots = {slot.name: slot for slot in manifest.inputs}
    placed = [one.pid for given in found.inputs.values() for one in given]
    assert sorted(placed) == sorted(one.pid for one in datasets)
    for job in found.jobs:
        for name, given_ in job.items():
            assert len(given_) <= (slots[name].maximum or len(given_))
            assert all(misfit(manifest, slots[name], one) is None for one in given_)
