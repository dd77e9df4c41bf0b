"""What can be done: recipes found in folders, checked in the sandbox, matched with datasets, parameters filled in."""

from pandaas.recipes.acceptance import Assignment, accepts_in_words, assign, emptiness, misfit, unusable
from pandaas.recipes.folder import content_hash, parse_manifest
from pandaas.recipes.needed import refuse_missing
from pandaas.recipes.offers import DefaultValue, Offer, Offers
from pandaas.recipes.own import Draft, DraftInput, OwnRecipe, OwnRecipes
from pandaas.recipes.parameters import complete_parameters, defaults_from_schema
from pandaas.recipes.proposing import Proposed
from pandaas.recipes.registry import RecipeRegistry, RecipeVersion
from pandaas.recipes.skeleton import write_skeleton
from pandaas.recipes.summary import DatasetSummary, load_summaries

__all__ = [
    "Assignment",
    "DatasetSummary",
    "DefaultValue",
    "Draft",
    "DraftInput",
    "Offer",
    "Offers",
    "OwnRecipe",
    "OwnRecipes",
    "Proposed",
    "RecipeRegistry",
    "RecipeVersion",
    "accepts_in_words",
    "assign",
    "complete_parameters",
    "content_hash",
    "defaults_from_schema",
    "emptiness",
    "load_summaries",
    "misfit",
    "parse_manifest",
    "refuse_missing",
    "unusable",
    "write_skeleton",
]
