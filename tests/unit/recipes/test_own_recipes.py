"""A person's notebook as a recipe: hers alone until staff publish the version that they looked at, which never changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, Principal
from pandaas.recipes import Draft, DraftInput, OwnRecipes
from pandaas.testing.workshop import Workshop

DRAFT = Draft("my-fit", "1.0", "My fit", [DraftInput("scan", "Scan", kinds=["raw"])])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    found = Workshop(tmp_path / "home")
    if not found.runtime.sandbox.works:
        pytest.skip("no sandbox here")
    yield found
    found.close()


@pytest.fixture
def own(shop: Workshop) -> OwnRecipes:
    return OwnRecipes(shop.settings, shop.database, shop.recipes)


@pytest.fixture
def alice(shop: Workshop) -> Principal:
    return shop.principal("alice")


def notebook(folder: Path, source: str = "scan = ''\npoints = 5  # Points") -> Path:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source, "outputs": []}
    tree: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    path = folder / "n.ipynb"
    path.write_text(json.dumps(tree), "utf-8")
    return path


def names(shop: Workshop, principal: Principal) -> set[str]:
    return {one.manifest.id for one in shop.recipes.manifests(person_id=principal.person_id)}


def test_its_parameters_are_shown_before_anything_is_kept(own: OwnRecipes, shop: Workshop, tmp_path: Path) -> None:
    schema = own.look(notebook(tmp_path), "platform", ["scan"])
    assert list(schema["properties"]) == ["points"]
    assert not [path for path in (shop.home / "private-recipes").rglob("*") if path.is_file()]


def test_it_is_its_authors_alone_and_offered_and_started_by_her_only(
    own: OwnRecipes, shop: Workshop, alice: Principal, tmp_path: Path
) -> None:
    found = own.save(alice, DRAFT, notebook(tmp_path), "platform")
    assert (found.manifest.shape, found.owner) == ("notebook", alice.person_id)
    bob = shop.principal("bob")
    assert "my-fit" in names(shop, alice)
    assert "my-fit" not in names(shop, bob)
    for version in (None, "1.0"):
        with pytest.raises(NotFound):
            shop.recipes.get("my-fit", version, person_id=bob.person_id)
        with pytest.raises(NotFound):
            shop.recipes.get("my-fit", version)
    assert own.unpublished(bob) == []
    with pytest.raises(NotFound):
        own.notebook(bob, found.owner or 0, "my-fit")


def test_staff_publish_the_version_they_looked_at_and_it_never_changes(
    own: OwnRecipes, shop: Workshop, alice: Principal, tmp_path: Path
) -> None:
    own.save(alice, DRAFT, notebook(tmp_path), "platform")
    otto = shop.principal("otto")
    [seen] = own.unpublished(otto)
    with pytest.raises(NotAllowed):
        own.publish(alice, seen.person_id, "my-fit", "1.0", seen.recipe.content_hash)
    own.save(alice, DRAFT, notebook(tmp_path, "scan = ''\nevil = 1"), "platform")
    with pytest.raises(Conflict):
        own.publish(otto, seen.person_id, "my-fit", "1.0", seen.recipe.content_hash)
    [seen] = own.unpublished(otto)
    own.publish(otto, seen.person_id, "my-fit", "1.0", seen.recipe.content_hash)
    assert shop.recipes.get("my-fit").content_hash == seen.recipe.content_hash
    assert own.unpublished(alice) == []
    with pytest.raises(Conflict) as refused:
        own.save(alice, DRAFT, notebook(tmp_path), "platform")
    assert refused.value.field == "version"
    own.save(alice, replace(DRAFT, version="1.1"), notebook(tmp_path), "platform")
    assert shop.recipes.get("my-fit").manifest.version == "1.0"


def test_an_identifier_of_somebody_elses_published_recipe_is_taken(
    own: OwnRecipes, alice: Principal, tmp_path: Path
) -> None:
    with pytest.raises(Conflict) as refused:
        own.save(alice, replace(DRAFT, id="sum-whole"), notebook(tmp_path), "platform")
    assert refused.value.field == "id"


@pytest.mark.parametrize("text", ["[" * 100_000, "{}", "\x00", "\udcff"])
def test_a_hostile_notebook_is_refused_and_leaves_nothing(
    own: OwnRecipes, shop: Workshop, alice: Principal, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput):
        own.save(alice, DRAFT, path, "platform")
    assert own.unpublished(alice) == []


@pytest.mark.parametrize("name", ["../x", "A", "", "a/b"])
def test_an_identifier_is_no_path(own: OwnRecipes, alice: Principal, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        own.save(alice, replace(DRAFT, id=name), notebook(tmp_path), "platform")
    assert refused.value.field == "id"
    with pytest.raises(NotFound):
        own.remove(alice, name)
