"""Inputs give lazy arrays and frames, however they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fabio
import h5py
import numpy as np
import pytest

from pandaas.sdk import Frames, Input, Inputs, RecipeError, read_block
from pandaas.sdk.inputs import forget_files


@pytest.fixture(autouse=True)
def _closed_files() -> Iterator[None]:
    yield
    forget_files()


def given(*files: Path, **more: Any) -> Input:
    item = {"pid": "p1", "title": "Test", "files": [str(file) for file in files], **more}
    return Input.from_json("sample", item)


def series(path: Path, shape: tuple[int, ...] = (5, 4, 3)) -> np.ndarray[Any, Any]:
    values = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        file["entry/data/data"] = values
        file["entry"].attrs["default"] = "data"
        file["entry/data"].attrs["signal"] = "data"
        file["entry/data/data"].attrs["units"] = "counts"
        file["entry/other"] = np.zeros((100, 100))
    return values


def test_the_default_array_is_the_one_the_catalogue_names(tmp_path: Path) -> None:
    series(tmp_path / "a.h5")
    arrays = [
        {"path": "/entry/other", "shape": [100, 100], "dtype": "<f8"},
        {"path": "/entry/data/data", "shape": [5, 4, 3], "dtype": "<u4", "is_default": True},
    ]
    assert given(tmp_path / "a.h5", arrays=arrays).default_path() == "/entry/data/data"


def test_without_a_catalogue_the_file_says_its_default(tmp_path: Path) -> None:
    series(tmp_path / "a.h5")
    assert given(tmp_path / "a.h5").default_path() == "/entry/data/data"


def test_an_array_reads_only_what_is_sliced(tmp_path: Path) -> None:
    values = series(tmp_path / "a.h5")
    array = given(tmp_path / "a.h5").array()
    assert (array.shape, array.dtype, array.unit, len(array)) == ((5, 4, 3), values.dtype, "counts", 5)
    np.testing.assert_array_equal(array[1:3, :, 2], values[1:3, :, 2])
    np.testing.assert_array_equal(np.asarray(array), values)
    np.testing.assert_array_equal(read_block(array.source, None, 2, 4), values[2:4])


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    series(tmp_path / "a.h5")
    with pytest.raises(RecipeError, match="/nowhere"):
        given(tmp_path / "a.h5").array("/nowhere")


@pytest.mark.parametrize("shape", [(4, 3), (5, 4, 3), (2, 3, 4, 3)])
def test_frames_count_leading_axes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = series(tmp_path / "a.h5", shape)
    frames = Frames(given(tmp_path / "a.h5"))
    flat = values.reshape(-1, *shape[-2:])
    assert len(frames) == len(flat)
    for number in range(len(flat)):
        np.testing.assert_array_equal(frames.frame(number), flat[number])
    with pytest.raises(IndexError):
        frames.frame(len(flat))


def test_numbered_arrays_of_an_eiger_are_one_series(tmp_path: Path) -> None:
    values = np.arange(7 * 6, dtype=np.uint16).reshape(7, 2, 3)
    with h5py.File(tmp_path / "x_data_000001.h5", "w") as part:
        part["entry/data/data"] = values[:4]
    with h5py.File(tmp_path / "x_master.h5", "w") as master:
        data = master.create_group("entry/data")
        data["data_000001"] = h5py.ExternalLink("x_data_000001.h5", "/entry/data/data")
        data["data_000002"] = values[4:]
    source = given(tmp_path / "x_master.h5")
    frames = Frames(source, "/entry/data/data_000001")
    np.testing.assert_array_equal([frames.frame(number) for number in range(len(frames))], values)


def test_images_in_files_are_one_series(tmp_path: Path) -> None:
    values = np.arange(3 * 6, dtype=np.int32).reshape(3, 2, 3)
    files = [tmp_path / f"image_{number}.edf" for number in range(3)]
    for file, image in zip(files, values, strict=True):
        fabio.edfimage.EdfImage(data=image).write(str(file))
    frames = Frames(given(*files))
    np.testing.assert_array_equal([frames.frame(number) for number in range(len(frames))], values)


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "story.cbf").write_text("once upon a time")
    with pytest.raises(RecipeError, match=r"story\.cbf"):
        Frames(given(tmp_path / "story.cbf"))


def test_a_curve_is_no_series_of_images(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["curve"] = np.arange(5)
    with pytest.raises(RecipeError, match="no images"):
        Frames(given(tmp_path / "a.h5"), "/curve")


def test_slots_say_how_many_they_take() -> None:
    one = Input.from_json("sample", {"pid": "p", "files": ["/x"]})
    inputs = Inputs({"sample": (one, one)})
    assert inputs.optional("mask") is None
    with pytest.raises(RecipeError, match="2 datasets") as caught:
        inputs.one("sample")
    assert caught.value.field == "sample"
    with pytest.raises(RecipeError, match="no dataset"):
        inputs.one("mask")


def test_quantities_keep_value_unit_and_si() -> None:
    item = Input.from_json(
        "sample",
        {
            "pid": "p",
            "files": ["/x"],
            "parameters": {"wavelength": {"value": 1, "unit": "angstrom", "si_value": 1e-10, "source": "x"}},
        },
    )
    assert (item.parameters["wavelength"].value, item.parameters["wavelength"].si_value) == (1, 1e-10)
