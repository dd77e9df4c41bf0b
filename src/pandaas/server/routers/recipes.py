"""Recipes: what can be done, and what fits the chosen datasets."""

from __future__ import annotations

from fastapi import APIRouter, Query, Response

from pandaas.server import present_work
from pandaas.server.schemas import OfferOut, OwnRecipeOut, PublishRecipeIn, RecipeOut, RecipePageOut
from pandaas.server.services import READ_OR_RUN, Asker, Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["recipes"])


@router.get("/recipes")
def list_recipes(platform: Platform, asker: Asker) -> list[RecipeOut]:
    return [present_work.recipe(platform, found) for found in platform.recipes.manifests(person_id=asker.person_id)]


@router.get("/recipes/{recipe}")
def show_recipe(recipe: str, platform: Platform, asker: Asker, version: str | None = None) -> RecipePageOut:
    return present_work.recipe_page(platform, platform.recipes.get(recipe, version, person_id=asker.person_id))


@router.get("/own-recipes", dependencies=[READ_OR_RUN])
def own_recipes(platform: Platform, asker: Signed) -> list[OwnRecipeOut]:
    """Your recipes that are not published; instrument staff and operators see everybody's."""
    return [
        OwnRecipeOut(
            recipe=present_work.recipe_page(platform, one.recipe),
            person_id=one.person_id,
            author=one.author,
            content_hash=one.recipe.content_hash,
            is_mine=one.is_mine,
            may_publish=one.may_publish,
        )
        for one in platform.own_recipes.unpublished(asker)
    ]


@router.get("/own-recipes/{person_id}/{recipe}/notebook", dependencies=[READ_OR_RUN], response_class=Response)
def own_recipe_notebook(person_id: int, recipe: str, platform: Platform, asker: Signed) -> Response:
    """The notebook of a recipe that is not published, to be looked at before it is."""
    text = platform.own_recipes.notebook(asker, person_id, recipe)
    headers = {"Content-Disposition": 'attachment; filename="notebook.ipynb"', "Cache-Control": "no-store"}
    return Response(text, media_type="application/octet-stream", headers=headers)


@router.post("/own-recipes/publish", status_code=204, dependencies=[READ_OR_RUN])
def publish_recipe(body: PublishRecipeIn, platform: Platform, asker: Signed) -> None:
    """That version is everybody's from now on and never changes; for instrument staff and operators."""
    platform.own_recipes.publish(asker, body.person_id, body.recipe, body.version, body.content_hash)


@router.delete("/own-recipes/{recipe}", status_code=204, dependencies=[READ_OR_RUN])
def remove_own_recipe(recipe: str, platform: Platform, asker: Signed) -> None:
    platform.own_recipes.remove(asker, recipe)


@router.get("/offers", dependencies=[READ_OR_RUN])
def offers(
    platform: Platform, asker: Signed, dataset: list[str] = Query(min_length=1, max_length=500)
) -> list[OfferOut]:
    """The recipes that accept these datasets, best first, with inputs and parameters filled in."""
    return present_work.offers(platform, asker, platform.jobs.offers(asker, dataset))
