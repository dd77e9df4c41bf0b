"""`pandaas recipe`: write, list, show, check and test recipes on this machine."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pandaas.cli.output import ExitCode, Json, emit, table
from pandaas.model import InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from pandaas.recipes import RecipeRegistry, RecipeVersion

Name = Annotated[str, typer.Argument(help="Identifier of a recipe, or the folder that holds one.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Write, list, check and test recipes.", no_args_is_help=True)
    for name, command in (("new", new), ("list", list_recipes), ("show", show), ("check", check), ("test", run_tests)):
        group.command(name)(command)
    app.add_typer(group, name="recipe")


def new(
    recipe: Annotated[str, typer.Argument(help="Identifier: small letters, digits and '-'.")],
    shape: Annotated[str, typer.Option(help="blockwise (in pieces, live and parallel) or whole.")] = "blockwise",
    environment: Annotated[str, typer.Option(help="Software it runs in; see `pandaas env list`.")] = "core",
    folder: Annotated[Path, typer.Option(help="Where the recipe's folder is made.")] = Path(),
) -> None:
    """Write a small recipe that works, with its test, to change into your own."""
    from pandaas.recipes import write_skeleton

    if shape not in {"blockwise", "whole"}:
        raise InvalidInput(f"There is no shape '{shape}'.", remedy="Choose blockwise or whole.", field="shape")
    chosen: Literal["blockwise", "whole"] = "blockwise" if shape == "blockwise" else "whole"
    made = write_skeleton(folder.resolve(), recipe, shape=chosen, environment=environment)
    print(f"{made}\nNext: change run.py, then `pandaas recipe check {made}` and `pandaas recipe test {made}`.")
    print(f'The platform finds it when pandaas.toml names its folder: runtime.recipe_folders = ["{made.parent}"].')


def list_recipes(json: Json = False) -> None:
    """List the recipes that this platform knows, with what is wrong with broken ones."""
    found = _registry().manifests()
    rows = [
        (one.manifest.id, one.manifest.version, one.manifest.title, one.manifest.environment, one.problem or "ready")
        for one in found
    ]
    columns = ("Recipe", "Version", "Title", "Environment", "State")
    emit([_summary(one) for one in found], json, lambda: table(columns, rows, empty="No recipes."))


def show(recipe: Name, json: Json = False) -> None:
    """Show a recipe: inputs, parameters, environment, citation."""
    one = _find(recipe)
    emit({**_summary(one), "parameters": one.schema}, json, lambda: _print(one))


def check(recipe: Name, json: Json = False) -> None:
    """Check a recipe: its manifest, and its parameters' schema in its own software, which is built where needed.

    Ends with 2 when something is wrong, naming file and key.
    """
    registry = _registry()
    one = registry.check(_folder(registry, recipe), build=True)
    emit({**_summary(one), "parameters": one.schema}, json, lambda: _print(one))


def run_tests(
    recipe: Name,
    arguments: Annotated[list[str] | None, typer.Argument(help="Further arguments for pytest.")] = None,
) -> None:
    """Run a recipe's own tests (its folder `tests`), in its own software. Ends with 1 when one fails."""
    if importlib.util.find_spec("pytest") is None:
        raise Unavailable("The tests of recipes need pytest, which is not installed.", remedy="pip install pytest")
    registry = _registry()
    folder = _folder(registry, recipe)
    if not (folder / "tests").is_dir():
        raise NotFound(f"{folder} has no tests.", remedy="`pandaas recipe new` shows what they look like.")
    registry.check(folder, build=True)
    options = ["-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder / "tests"), *(arguments or [])], check=False
    )
    if done.returncode:
        raise typer.Exit(ExitCode.FAILED)


def _registry() -> RecipeRegistry:
    from pandaas.cli.local import local_recipes

    return local_recipes()


def _folder(registry: RecipeRegistry, recipe: str) -> Path:
    path = Path(recipe)
    if (path / "recipe.toml").is_file():
        return path.resolve()
    return registry.get(recipe).folder


def _find(recipe: str) -> RecipeVersion:
    registry = _registry()
    if (Path(recipe) / "recipe.toml").is_file():
        return registry.check(Path(recipe).resolve())
    return registry.get(recipe)


def _summary(one: RecipeVersion) -> dict[str, Any]:
    manifest = one.manifest
    return {
        "id": manifest.id,
        "version": manifest.version,
        "title": manifest.title,
        "shape": manifest.shape,
        "environment": manifest.environment,
        "folder": str(one.folder),
        "content": one.content_hash,
        "problem": one.problem,
        "inputs": [slot.name for slot in manifest.inputs],
    }


def _print(one: RecipeVersion) -> None:
    manifest = one.manifest
    print(f"{manifest.title} ({manifest.id} {manifest.version}, {manifest.shape}, environment {manifest.environment})")
    if manifest.summary:
        print(manifest.summary)
    print(f"\nState: {one.problem or 'ready'}\n\nInputs")
    rows = [(slot.name, slot.title, slot.minimum, slot.maximum or "any", slot.help) for slot in manifest.inputs]
    table(("Name", "Title", "At least", "At most", ""), rows)
    print("\nParameters")
    fields = one.schema.get("properties", {})
    table(
        ("Name", "Default", "Unit", ""),
        [(n, f.get("default"), f.get("unit", ""), f.get("description", "")) for n, f in fields.items()],
        empty="None.",
    )
    for line in manifest.citation:
        print(f"\nCite: {line}")
