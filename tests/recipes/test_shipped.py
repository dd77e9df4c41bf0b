"""The tests that lie in the folders of the shipped recipes, and that each of them has some."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from pandaas.config import bundled

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

_FOLDERS = sorted(manifest.parent for manifest in bundled("recipes").glob("*/recipe.toml"))


def _load(recipe: str, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"recipe_tests_{recipe.replace('-', '_')}", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


for _folder in _FOLDERS:
    for _file in sorted(_folder.glob("tests/test_*.py")):
        for _name, _value in vars(_load(_folder.name, str(_file))).items():
            if _name.startswith(("Test", "test_")):
                globals()[_name] = _value


@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_recipe_has_tests_and_words(folder) -> None:  # type: ignore[no-untyped-def]
    assert list(folder.glob("tests/test_*.py"))
    assert len((folder / "README.md").read_text("utf-8")) > 1000
