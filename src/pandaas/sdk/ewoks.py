"""Runs an Ewoks graph as a recipe: its default inputs become the form, placeholders in them the chosen datasets.

The graph is somebody's file, so that it may name only tasks which the installed packages declare as theirs (the entry points
`ewoks.tasks.class` and `ewoks.tasks.method`): no scripts, notebooks, other graphs, or functions of whatever module. What they do
then is done in the job's sandbox.
"""

from __future__ import annotations

import fnmatch
import importlib
import importlib.metadata
import json
import re
from typing import Any, Mapping

from pandaas.sdk.command import filled, write_outcome
from pandaas.sdk.errors import RecipeError
from pandaas.sdk.job import Job
from pandaas.sdk.report import progress
from pandaas.sdk.workflow import GRAPH, form, kind_of, places, read, table, working_folder

_PLACE = re.compile(r"\{[a-z][a-z0-9_]*\}")
_DECLARED = {"class": "ewoks.tasks.class", "method": "ewoks.tasks.method"}
_LONGEST = 300
Graph = Mapping[str, Any]


def schema(folder: str) -> dict[str, Any]:
    """The JSON Schema of the form: every default input of the graph that is a plain value, one level into options."""
    graph = read_graph(folder)
    fields = [
        {
            "name": name,
            **kind,
            "title": f"{_label(node)}: {(key or given['name']).replace('_', ' ')}",
            "description": f"Input {given['name']}{f', {key}' if key else ''} of the task {node['task_identifier']}.",
            "default": value,
        }
        for name, (node, given, key, value) in _inputs(graph).items()
        if (kind := kind_of(value)) is not None
    ]
    return form(fields, table(folder).get("fields", {}))


def read_graph(folder: str) -> dict[str, Any]:
    """The graph as JSON, its tasks found among the declared ones."""
    try:
        graph = json.loads(read(folder, GRAPH))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{GRAPH} is not valid JSON: {error}.", "Save it again with Ewoks.") from error
    nodes = graph.get("nodes") if isinstance(graph, dict) else None
    if not isinstance(nodes, list) or not nodes or not all(isinstance(node, dict) for node in nodes):
        raise RecipeError(f"{GRAPH} is not an Ewoks graph: it lists no nodes.", "Save it again with Ewoks.")
    for node in nodes:
        _check_task(node)
    found: dict[str, Any] = graph
    return found


def run(job: Job, parameters: Mapping[str, Any]) -> None:
    """Fill in the graph, execute it task by task, and make a result of what it wrote."""
    graph = read_graph(job.recipe_folder)
    folder = working_folder(job)
    for name, (_, given, key, _) in _inputs(graph).items():
        if name in parameters and key is None:
            given["value"] = parameters[name]
        elif name in parameters:
            given["value"][key] = parameters[name]
    named = [word.strip("{}") for word in _PLACE.findall(json.dumps(graph["nodes"]))]
    known = _Places(places(job, folder, named))
    graph["nodes"] = [
        {**node, "default_inputs": filled(node.get("default_inputs", []), known)} for node in graph["nodes"]
    ]
    _execute(graph)
    progress(0.97, "Reading what it wrote")
    version = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _packages(graph))
    write_outcome(job, table(job.recipe_folder)["result"], folder, parameters, ("ewoks", version))
    progress(1.0, "Done")


class _Places(dict):  # type: ignore[type-arg]  # a mapping that explains what it lacks
    """Placeholders; one that stands for nothing is named with the input that it would come from."""

    def __contains__(self, name: object) -> bool:
        if dict.__contains__(self, name):
            return True
        slot, _, ending = str(name).rpartition("_")
        if dict.__contains__(self, slot):
            raise RecipeError(f"The dataset has no file of the kind '.{ending}' beside it.", "Choose another.", slot)
        return False


def _inputs(graph: Graph) -> dict[str, tuple[dict[str, Any], dict[str, Any], str | None, Any]]:
    """Form fields by name: node, default input, key within its options, value. Values with placeholders are none."""
    found: dict[str, tuple[dict[str, Any], dict[str, Any], str | None, Any]] = {}
    for node in graph["nodes"]:
        for given in node.get("default_inputs") or ():
            value = given.get("value")
            parts = value.items() if isinstance(value, dict) else [(None, value)]
            for key, part in parts:
                if kind_of(part) is not None and not _PLACE.search(json.dumps(part)):
                    found[_name(node["id"], given["name"], key)] = (node, given, key, part)
    return found


def _name(*parts: Any) -> str:
    name = "_".join(re.sub(r"\W", "_", str(part)).strip("_").lower() for part in parts if part is not None)
    return name if name[:1].isalpha() else f"n_{name}"


def _label(node: Mapping[str, Any]) -> str:
    return str(node.get("label") or node["id"]).replace("_", " ").capitalize()


def _check_task(node: Mapping[str, Any]) -> None:
    kind, task = node.get("task_type"), node.get("task_identifier")
    if "id" not in node or not isinstance(task, str) or kind not in _DECLARED:
        raise RecipeError(
            f"The node '{node.get('id')}' of {GRAPH} is a {kind or 'task without type'}, which a recipe can't run.",
            "Use tasks of the types 'class' and 'method' that an installed package declares.",
        )
    patterns = [entry.name for entry in importlib.metadata.entry_points(group=_DECLARED[kind])]
    if not any(fnmatch.fnmatchcase(task, pattern) for pattern in patterns):
        raise RecipeError(
            f"The task {task} of the node '{node['id']}' is none that the packages of this environment declare.",
            "Use one of theirs, or ask for an environment with its package.",
        )


def _packages(graph: Graph) -> list[str]:
    """The distributions that the tasks come from, ewokscore first."""
    owners = importlib.metadata.packages_distributions()
    roots = {str(node["task_identifier"]).split(".", 1)[0] for node in graph["nodes"]}
    found = {owner for root in roots for owner in owners.get(root, ())}
    return ["ewokscore", *sorted(found - {"ewokscore"})]


def _execute(graph: Graph) -> None:
    execute = importlib.import_module("ewokscore").execute_graph
    nodes = {str(node["id"]): node for node in graph["nodes"]}
    done: set[str] = set()
    with _followed(nodes, done):
        try:
            execute(dict(graph))
        except Exception as error:
            raise _failure(error, nodes, done) from error


class _followed:  # noqa: N801 - used like a function
    """Tells progress as the tasks end, by ewokscore's own hook: each task runs through `Task.execute`."""

    def __init__(self, nodes: Mapping[str, Any], done: set[str]) -> None:
        self._nodes, self._done = nodes, done
        self._task = importlib.import_module("ewokscore.task").Task
        self._execute = self._task.execute

    def __enter__(self) -> None:
        original, nodes, done = self._execute, self._nodes, self._done

        def execute(task: Any, *words: Any, **options: Any) -> Any:
            node = nodes.get(str(getattr(task, "node_id", "")))
            if node is not None:
                progress(0.05 + 0.9 * len(done) / len(nodes), _label(node))
            found = original(task, *words, **options)
            if node is not None:
                done.add(str(node["id"]))
            return found

        self._task.execute = execute

    def __exit__(self, *about: object) -> None:
        self._task.execute = self._execute


def _failure(error: BaseException, nodes: Mapping[str, Any], done: set[str]) -> RecipeError:
    """The task's own words."""
    reason = error
    while reason.__cause__ is not None:
        reason = reason.__cause__
    if isinstance(reason, RecipeError):
        return reason
    said = " ".join(str(reason).split())[:_LONGEST]
    left = [_label(node) for name, node in nodes.items() if name not in done]
    where = f"The task “{left[0]}” of the workflow" if left else "The workflow"
    return RecipeError(f"{where} failed: {type(reason).__name__}: {said}.", "The log shows how it came about.")
