"""The SDK runs in other people's environments: any Python from 3.9 on, nothing of the platform, one thread when told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pandaas.sdk
from pandaas.config import package_folder
from pandaas.sdk.threads import pin_threads

FILES = sorted((package_folder() / "sdk").glob("*.py"))
ALLOWED = {"numpy", "h5py", "hdf5plugin", "fabio", "pandaas.sdk"}


@pytest.mark.parametrize("file", [package_folder() / "__init__.py", *FILES], ids=lambda file: file.name)
def test_the_syntax_is_that_of_python_3_9(file: Path) -> None:
    ast.parse(file.read_text("utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_only_numpy_and_h5py_are_imported(file: Path) -> None:
    import sys

    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            root = name.split(".", maxsplit=1)[0]
            assert root in sys.stdlib_module_names or any(name.startswith(allowed) for allowed in ALLOWED), name


def test_every_public_name_exists() -> None:
    for name in pandaas.sdk.__all__:
        assert getattr(pandaas.sdk, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_that"):
        _ = pandaas.sdk.nothing_like_that


def test_threads_are_limited_not_only_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setattr(os, "environ", {})
    pin_threads(1)
    assert os.environ["OMP_NUM_THREADS"] == os.environ["OMP_THREAD_LIMIT"] == "1"
