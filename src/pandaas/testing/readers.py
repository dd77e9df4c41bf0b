"""The conformance suite of readers: what the array service relies on. Subclass it and give `reader` and `make_example`.

    class TestMyReader(ReaderConformance):
        reader = MyReader()
        def make_example(self, folder): ...write a file...; return its path

The example should hold at least one array of two values or more. Set `has_arrays` False for formats that are registered
without any (`Contents.unread` then says why).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
import pytest

from pandaas.arrays import Contents, Reader
from pandaas.arrays.entries import scan_contents
from pandaas.arrays.reader import read_head
from pandaas.codecs import parse_selection
from pandaas.model import UnreadableFile


class ReaderConformance(ABC):
    """All that a reader must do."""

    reader: ClassVar[Reader]
    has_arrays: ClassVar[bool] = True
    can_be_cut: ClassVar[bool] = True  # False for folders

    @abstractmethod
    def make_example(self, folder: Path) -> Path:
        """Write a good file of the format into `folder` and return its path."""

    @pytest.fixture
    def example(self, tmp_path: Path) -> Path:
        return self.make_example(tmp_path)

    @pytest.fixture
    def contents(self, example: Path) -> Iterator[Contents]:
        opened = self.reader.open(example)
        yield opened
        opened.close()

    def test_it_is_a_reader(self) -> None:
        assert isinstance(self.reader, Reader)
        assert self.reader.name
        assert self.reader.formats

    def test_it_claims_its_own_files(self, example: Path) -> None:
        assert 0 < self.reader.claims(example, read_head(example)) <= 100

    def test_it_leaves_other_files_alone(self, tmp_path: Path) -> None:
        for name, head in (
            ("notes.pdf", b"%PDF-1.7\n"),
            ("program", b"\x7fELF\x02\x01"),
            ("page.html", b"<!doctype html>"),
        ):
            (tmp_path / name).write_bytes(head)
            assert self.reader.claims(tmp_path / name, head) == 0

    def test_the_format_is_one_of_its_own(self, contents: Contents) -> None:
        assert contents.format in self.reader.formats

    def test_it_becomes_a_dataset(self, contents: Contents, example: Path) -> None:
        datasets = scan_contents(contents)
        assert datasets
        for dataset in datasets:
            assert dataset.title
            assert dataset.files[0] == example
            assert bool(dataset.arrays) == self.has_arrays
            assert dataset.unread or self.has_arrays
            assert (dataset.plot is not None) == self.has_arrays

    def test_each_default_plot_that_a_group_names_is_there(self, contents: Contents) -> None:
        for group in (contents.file, *_groups(contents.file)):
            if "default" in group.attrs:
                assert str(group.attrs["default"]) in group

    def test_parts_of_lazy_arrays_are_parts_of_the_whole(self, contents: Contents) -> None:
        for path, read in contents.lazy.items():
            declared = contents.file[path]
            assert isinstance(declared, h5py.Dataset)
            shape = tuple(declared.shape)
            whole = np.asarray(read(parse_selection(None, shape)))
            assert whole.shape == shape
            assert whole.dtype == declared.dtype
            for text in ("0", "-1", "...,::2", "...,::-1", "...,0", "...,1:1"):
                selection = parse_selection(text, shape)
                np.testing.assert_array_equal(np.asarray(read(selection)), whole[selection.items])

    def test_a_file_that_is_cut_off_is_refused_or_read(self, example: Path) -> None:
        if not self.can_be_cut or example.is_dir():
            return
        whole = example.read_bytes()
        for length in (1, len(whole) // 4, len(whole) // 2, len(whole) - 1):
            example.write_bytes(whole[:length])
            try:
                opened = self.reader.open(example)
            except UnreadableFile as error:
                assert error.detail  # noqa: PT017 - either outcome is right, nothing else is
            else:
                opened.close()

    def test_it_can_be_opened_again_and_again(self, example: Path) -> None:
        for _ in range(3):
            self.reader.open(example).close()


def _groups(group: h5py.Group) -> Iterator[h5py.Group]:
    for child in group.values():
        if isinstance(child, h5py.Group):
            yield child
            yield from _groups(child)
