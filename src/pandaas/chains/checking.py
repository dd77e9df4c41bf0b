"""What is wrong with a chain, found without running it: names, circles, recipes, types of results, parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pandaas.chains.definition import ChainDefinition, ChainStep
from pandaas.chains.planning import cycle
from pandaas.model import ArrayInfo, InputSlot, InvalidInput, NotFound, RecipeManifest, RecipeOutput
from pandaas.recipes import DatasetSummary, RecipeVersion, complete_parameters, misfit

FindRecipe = Callable[[str, str | None], RecipeVersion]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong (`serious`) or can't be known before it runs. `step` None: the chain as a whole."""

    step: str | None
    field: str
    message: str
    remedy: str
    serious: bool = True


@dataclass(frozen=True)
class Connection:
    """The result of a recipe can be the input `slot` of the recipe `taker`."""

    recipe: str
    taker: str
    slot: str


def check(chain: ChainDefinition, find: FindRecipe) -> list[Finding]:
    """Everything found, in the order of the chain; empty when it can run."""
    found = [*_names(chain), *_circles(chain)]
    recipes: dict[str, RecipeVersion] = {}
    for step in chain.steps:
        try:
            recipes[step.name] = find(step.recipe, step.version)
        except NotFound as error:
            found.append(_at(step, "recipe", error.detail, "Choose one of the recipes that are installed."))
    for step in chain.steps:
        recipe = recipes.get(step.name)
        if recipe is not None:
            found += [*_usable(step, recipe), *_inputs(chain, step, recipe.manifest, recipes)]
            found += _parameters(step, recipe)
    return found


def require_sound(chain: ChainDefinition, find: FindRecipe) -> None:
    """`InvalidInput` with the first thing that is wrong, naming step and field, and how many more there are."""
    wrong = [one for one in check(chain, find) if one.serious]
    if wrong:
        more = f" There are {len(wrong) - 1} more mistakes." if len(wrong) > 1 else ""
        raise InvalidInput(wrong[0].message + more, remedy=wrong[0].remedy, field=wrong[0].field)


def connections(recipes: Sequence[RecipeVersion]) -> list[Connection]:
    """Which recipe's result can be which input of another; of recipes that don't say what they make, nothing.

    An input that is told by the names of its arrays alone is left out: whether a result has them is not known before.
    """
    return [
        Connection(made_by.manifest.id, taker.manifest.id, slot.name)
        for made_by in recipes
        for taker in recipes
        for slot in taker.manifest.inputs
        if not slot.arrays or any(clause.path is None for clause in slot.arrays)
        if any(_unfit(taker.manifest, slot, made_by.manifest, output) is None for output in made_by.manifest.outputs)
    ]


def _names(chain: ChainDefinition) -> Iterator[Finding]:
    if not chain.steps:
        yield Finding(None, "steps", "The chain has no step.", "Add a recipe.")
    if chain.main is None:
        yield Finding(None, "inputs", "The chain has no input that is needed.", "Add one, or make one needed.")
    names = [*(one.name for one in chain.inputs), *(one.name for one in chain.steps)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(None, "steps", f"'{name}' is the name of two things.", "Give each its own name.")
    for given in chain.inputs:
        if chain.steps and not chain.feeds(given.name):
            yield Finding(
                None,
                f"inputs.{given.name}",
                f"Nothing uses the input '{given.name}'.",
                "Connect it with a step, or remove it.",
            )


def _circles(chain: ChainDefinition) -> Iterator[Finding]:
    circle = cycle(chain.needs())
    if circle:
        yield Finding(
            circle[0],
            f"steps.{circle[0]}.inputs",
            f"These steps wait for one another: {', '.join(circle)}.",
            "Remove one of the connections.",
        )


def _usable(step: ChainStep, recipe: RecipeVersion) -> Iterator[Finding]:
    if recipe.problem is not None:
        words = f"'{recipe.manifest.title}' can't be run now: {recipe.problem}"
        yield _at(step, "recipe", words, "Tell the operator, or choose another recipe.", serious=not recipe.pending)


def _inputs(
    chain: ChainDefinition, step: ChainStep, manifest: RecipeManifest, recipes: dict[str, RecipeVersion]
) -> Iterator[Finding]:
    slots = {slot.name: slot for slot in manifest.inputs}
    for name in step.inputs:
        slot = slots.get(name)
        if slot is None:
            words = f"'{manifest.title}' has no input '{name}'."
            yield _at(step, f"inputs.{name}", words, f"It has: {', '.join(slots)}.")
        else:
            yield from _connected(chain, step, manifest, slot, recipes)
    for slot in manifest.inputs:
        if slot.minimum:
            yield from _needed(chain, step, slot)


def _connected(
    chain: ChainDefinition,
    step: ChainStep,
    manifest: RecipeManifest,
    slot: InputSlot,
    recipes: dict[str, RecipeVersion],
) -> Iterator[Finding]:
    """Whether the sources of one slot exist, fit, and are not too many."""
    known = {one.name: one for one in chain.inputs}
    sources = step.inputs[slot.name]
    for source in sources:
        if source not in known and chain.step(source) is None:
            words = f"There is no input and no step '{source}'."
            yield _at(step, f"inputs.{slot.name}", words, "Connect it with one that exists.")
        elif source not in known and source in recipes:
            yield from _fits(step, manifest, slot, source, recipes[source].manifest)
    many = len(sources) > 1 or any(source in known and known[source].many for source in sources)
    if many and slot.maximum == 1:
        words = f"'{slot.title}' takes one dataset; more are connected."
        yield _at(step, f"inputs.{slot.name}", words, "Connect one, and start a run for each dataset.")


def _needed(chain: ChainDefinition, step: ChainStep, slot: InputSlot) -> Iterator[Finding]:
    sources = step.inputs.get(slot.name, [])
    optional = {one.name for one in chain.inputs if one.optional}
    if not sources:
        yield _at(step, f"inputs.{slot.name}", f"'{slot.title}' is connected with nothing.", "Connect it.")
    elif set(sources) <= optional:
        words = f"'{slot.title}' is needed, but the input '{sources[0]}' may be left out."
        yield _at(step, f"inputs.{slot.name}", words, f"Make the input '{sources[0]}' needed.")


def _fits(
    step: ChainStep, manifest: RecipeManifest, slot: InputSlot, source: str, made_by: RecipeManifest
) -> Iterator[Finding]:
    """Whether some result that the source may have is one that the slot takes."""
    field = f"inputs.{slot.name}"
    if not made_by.outputs:
        words = (
            f"'{made_by.title}' doesn't say what its results are; whether they fit '{slot.title}' shows when it runs."
        )
        yield _at(step, field, words, "Nothing needs to be done.", serious=False)
        return
    reasons = [_unfit(manifest, slot, made_by, output) for output in made_by.outputs]
    if all(reasons):
        titles = " or ".join(output.title for output in made_by.outputs)
        words = f"The result of '{source}' ({titles}) can't be '{slot.title}' of '{manifest.title}': {reasons[0]}."
        yield _at(step, field, words, "Connect another step, or put one between them.")


def _unfit(manifest: RecipeManifest, slot: InputSlot, made_by: RecipeManifest, output: RecipeOutput) -> str | None:
    """As `misfit` says of the dataset that this output makes; what a file holds at which path is not known before."""
    lenient = replace(slot, arrays=tuple(clause for clause in slot.arrays if clause.path is None))
    if slot.definitions and not output.definitions:
        lenient = replace(lenient, definitions=())
    looked = replace(manifest, inputs=tuple(lenient if one is slot else one for one in manifest.inputs))
    reason = None
    for kind in output.kinds:
        for size in range(output.dimensions[0], output.dimensions[1] + 1):
            array = ArrayInfo("/entry/result", (2,) * size, "<f8", kind, is_default=True)
            reason = misfit(
                looked,
                lenient,
                DatasetSummary(
                    0,
                    "",
                    kind="derived",
                    techniques=made_by.techniques,
                    definitions=output.definitions,
                    arrays=(array,),
                ),
            )
            if reason is None:
                return None
    return reason


def _parameters(step: ChainStep, recipe: RecipeVersion) -> Iterator[Finding]:
    if not recipe.schema:
        if step.parameters or step.ask:
            words = f"The parameters of '{recipe.manifest.title}' can't be checked: its software is not ready here."
            yield _at(step, "parameters", words, "They are checked when it runs.", serious=False)
        return
    schema = {key: value for key, value in recipe.schema.items() if key != "required"}  # the file may give these
    for name in step.ask:
        if name not in schema.get("properties", {}):
            words = f"'{recipe.manifest.title}' has no parameter '{name}' that could be asked for."
            yield _at(step, f"ask.{name}", words, "Remove it.")
    try:
        complete_parameters(schema, step.parameters)
    except InvalidInput as error:
        field = f"parameters.{error.field}" if error.field and error.field != "parameters" else "parameters"
        yield _at(step, field, error.detail, error.remedy or "Change it.")


def _at(step: ChainStep, field: str, message: str, remedy: str, *, serious: bool = True) -> Finding:
    return Finding(step.name, f"steps.{step.name}.{field}", f"Step '{step.name}': {message}", remedy, serious)
