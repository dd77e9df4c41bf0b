"""Recipes: what can be done, and what fits the chosen datasets."""

from __future__ import annotations

from fastapi import APIRouter, Query

from pandaas.server import present_work
from pandaas.server.schemas import OfferOut, RecipeOut, RecipePageOut
from pandaas.server.services import READ_OR_RUN, Asker, Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["recipes"])


@router.get("/recipes")
def list_recipes(platform: Platform, asker: Asker) -> list[RecipeOut]:
    return [present_work.recipe(platform, found) for found in platform.recipes.manifests()]


@router.get("/recipes/{recipe}")
def show_recipe(recipe: str, platform: Platform, asker: Asker, version: str | None = None) -> RecipePageOut:
    return present_work.recipe_page(platform, platform.recipes.get(recipe, version))


@router.get("/offers", dependencies=[READ_OR_RUN])
def offers(
    platform: Platform, asker: Signed, dataset: list[str] = Query(min_length=1, max_length=500)
) -> list[OfferOut]:
    """The recipes that accept these datasets, best first, with inputs and parameters filled in."""
    return present_work.offers(platform, asker, platform.jobs.offers(asker, dataset))
