"""`pandaas run`: start a recipe. Its inputs and parameters become flags, from the schema that the service keeps."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandaas.cli.jobs import finish
from pandaas.cli.output import Json, emit, table
from pandaas.cli.remote import TokenFile, Url, connected
from pandaas.model import InvalidInput

if TYPE_CHECKING:
    from pandaas.client import Client


def register(app: typer.Typer) -> None:
    app.command("run", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(run)


def run(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(help="Recipe, for example saxs-integrate.")],
    datasets: Annotated[list[str] | None, typer.Argument(help="Datasets for the recipe's main input.")] = None,
    fill: Annotated[
        bool, typer.Option("--fill", help="Fill in what you leave out as the page does: calibration, mask, defaults.")
    ] = False,
    each: Annotated[bool, typer.Option("--each", help="One job for each dataset.")] = False,
    proposal: Annotated[str | None, typer.Option(help="Where the result goes. Default: where the input is.")] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="Cores to use.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="Where to run: local, slurm … Default: the platform chooses.")
    ] = None,
    time_limit: Annotated[int | None, typer.Option(min=1, help="Seconds after which the job is stopped.")] = None,
    gpu: Annotated[bool, typer.Option("--gpu/--no-gpu", help="On a GPU where the recipe gets one, or on none.")] = True,
    parameters: Annotated[
        bool, typer.Option("--parameters", help="Print the recipe's inputs and parameters and leave.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the result, or return at once.")] = True,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Run a recipe on datasets. Every input and parameter of the recipe is a flag: `--npt 1000 --background ds-…`.

    `pandaas run RECIPE --parameters` lists them. Ends with 1 when the job fails.
    """
    with connected(url, token_file) as client:
        page = client.recipe(recipe)
        if parameters:
            emit(page, json, lambda: _print_parameters(page))
            return
        given, words = _flags([*(datasets or []), *context.args], page)
        choices = {"proposal": proposal, "cores": cores, "engine": engine, "time_limit_s": time_limit}
        given |= {name: value for name, value in choices.items() if value is not None}
        given |= {"fill": True} if fill else {}
        given |= {} if gpu else {"gpu": False}
        jobs = _start(client, recipe, words, given, each=each)
        finish(jobs, wait=wait, as_json=json)


def _start(client: Client, recipe: str, datasets: list[str], given: dict[str, Any], *, each: bool) -> Any:
    if each:
        return client.run_each(recipe, datasets, **given)
    return [client.run(recipe, datasets or None, **given)]


def _flags(words: list[str], page: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Flags out of what the command line doesn't know itself; returns their values and the remaining words."""
    properties: dict[str, Any] = page["parameter_schema"].get("properties", {})
    slots = {slot["name"] for slot in page["inputs"]}
    values: dict[str, Any] = {}
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--"):
            rest.append(word)
            continue
        flag, has_value, text = word[2:].partition("=")
        name = flag.replace("-", "_")
        schema = properties.get(name)
        if schema is None and name.startswith("no_") and _kind(properties.get(name[3:], {})) == "boolean":
            values[name[3:]] = False
        elif schema is not None and _kind(schema) == "boolean" and not has_value:
            values[name] = True
        elif schema is None and name not in slots:
            raise InvalidInput(
                f"{page['id']} has no input or parameter '{flag}'.",
                remedy=f"`pandaas run {page['id']} --parameters` lists them.",
                field=flag,
            )
        else:
            if not has_value:
                if not waiting:
                    raise InvalidInput(f"'--{flag}' needs a value.", field=flag)
                text = waiting.pop(0)
            values[name] = text.split(",") if schema is None else _value(text, schema, flag)
    return values, rest


def _kind(schema: dict[str, Any]) -> str:
    """The JSON type of a parameter; of an optional one the type that isn't null."""
    options = schema.get("anyOf") or schema.get("allOf") or []
    kinds = [option.get("type", "string") for option in options if option.get("type") != "null"]
    return str(schema.get("type") or (kinds[0] if kinds else "string"))


def _value(text: str, schema: dict[str, Any], flag: str) -> Any:
    """The text as the schema's type; the service checks ranges and choices."""
    kind = _kind(schema)
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
        if kind in ("array", "object") or (kind == "string" and text[:1] in "[{"):
            return json_module.loads(text if text[:1] in "[{" else f"[{text}]")
    except ValueError as error:
        raise InvalidInput(f"'--{flag}' is no {kind}: {text}", field=flag) from error
    if kind == "boolean":
        return text.lower() in ("1", "true", "yes")
    return text


def _print_parameters(page: dict[str, Any]) -> None:
    print(f"{page['title']} ({page['id']} {page['version']})\n{page.get('summary', '')}\n")
    table(("Input", "Takes"), [(f"--{slot['name']}", slot["accepts"] or slot["title"]) for slot in page["inputs"]])
    print()
    rows = [
        (f"--{name.replace('_', '-')}", _kind(schema), schema.get("default"), schema.get("unit"), _meaning(schema))
        for name, schema in page["parameter_schema"].get("properties", {}).items()
    ]
    table(("Parameter", "Type", "Default", "Unit", "Meaning"), rows, empty="No parameters.")


def _meaning(schema: dict[str, Any]) -> str:
    return str(schema.get("description") or schema.get("title") or "")
