"""Techniques that shipped recipes name are ones that everybody can read, and those that they are meant to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pandaas.model import TECHNIQUES

RECIPES = Path(__file__).resolve().parents[3] / "recipes"
_NAMED = re.compile(r'"(http://purl\.org/pan-science/PaNET/\w+)",?\s*#\s*(.+)')
_LABELS = {known.iri: known.label for known in TECHNIQUES}


@pytest.mark.parametrize("recipe", sorted(path.parent.name for path in RECIPES.glob("*/recipe.toml")))
def test_a_technique_is_the_one_that_stands_beside_it(recipe: str) -> None:
    for iri, label in _NAMED.findall((RECIPES / recipe / "recipe.toml").read_text("utf-8")):
        assert _LABELS.get(iri, "").replace("-", " ") == label.strip().replace("-", " "), iri
