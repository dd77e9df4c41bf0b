"""Runs a CWL workflow as a recipe, with cwltool: no containers, no network; its inputs are the form and the datasets.

Inputs of type File named like an input of the recipe get the chosen dataset's file (an array of File all of them), those named
`<input>_poni` and the like a file beside it, texts named `<input>_array` the inner path of the array it is about. Numbers, texts,
truth values, enumerations, and arrays of them are form fields, with the workflow's own labels, texts and defaults.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from typing import Any, Iterator, Mapping, Optional, Sequence

from pandaas.sdk.command import write_outcome
from pandaas.sdk.errors import RecipeError
from pandaas.sdk.job import Job
from pandaas.sdk.notebook import files_by_slot, input_names
from pandaas.sdk.report import progress
from pandaas.sdk.workflow import WORKFLOW, form, place_names, places, read, table, working_folder

_SCALARS = {
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "string": "string",
    "boolean": "boolean",
}
_REFUSED = {
    "DockerRequirement": "containers can't run inside of the sandbox",
    "InlineJavascriptRequirement": "there is no JavaScript engine",
    "NetworkAccess": "jobs have no network",
    "SoftwareRequirement": "packages come from the recipe's environment",
}
_STEP = re.compile(r"\[step ([\w.-]+)\] (start|completed)")
_REASON = re.compile(r"(?:ERROR|Error:)\s*(.*)")
_LONGEST = 300
_MOST_FILES = 50


def schema(folder: str) -> dict[str, Any]:
    """The JSON Schema of the workflow's form."""
    tree = read_workflow(folder)
    slots = input_names(folder)
    told = place_names(slots)
    fields = [
        field
        for name, given in inputs_of(tree)
        if name not in told and (field := _field(name, given, slots)) is not None
    ]
    return form(fields, table(folder).get("fields", {}))


def read_workflow(folder: str) -> dict[str, Any]:
    """The workflow's document, with everything refused that can't run here; the files of its steps are looked at too."""
    tree = _load(folder, WORKFLOW)
    seen = {WORKFLOW}
    waiting = [tree]
    while waiting:
        document = waiting.pop()
        _check(document)
        for name in _runs(document):
            if name not in seen:
                seen.add(name)
                if len(seen) > _MOST_FILES:
                    raise RecipeError(f"{WORKFLOW} consists of more than {_MOST_FILES} files.", "Make it smaller.")
                waiting.append(_load(folder, name))
    return tree


def inputs_of(tree: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Name and description of each input, which CWL writes as a list or as a map."""
    given = tree.get("inputs") or {}
    if isinstance(given, list):
        return [(str(item["id"]).lstrip("#"), item) for item in given if isinstance(item, dict) and "id" in item]
    return [(str(name), value if isinstance(value, dict) else {"type": value}) for name, value in given.items()]


def run(job: Job, parameters: Mapping[str, Any]) -> None:
    """Write the order of inputs, run cwltool, and make a result of the file that `workflow.result` names."""
    tree = read_workflow(job.recipe_folder)
    folder = working_folder(job)
    order = os.path.join(job.output, "order.json")
    with open(order, "w", encoding="utf-8") as stream:
        json.dump(_order(tree, job, parameters), stream, indent=1)
    _follow(_argv(job, folder, order), _steps(tree), folder)
    progress(0.97, "Reading what it wrote")
    version = importlib.metadata.version("cwltool")
    write_outcome(job, table(job.recipe_folder)["result"], folder, parameters, ("cwltool", version))
    progress(1.0, "Done")


def _argv(job: Job, folder: str, order: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        "import sys; from cwltool.main import run; sys.exit(run())",
        "--no-container",
        "--disable-color",
        "--outdir",
        folder,
        "--tmpdir-prefix",
        "/tmp/cwl-",  # noqa: S108 - a private one
        "--tmp-outdir-prefix",
        os.path.join(job.output, "step-"),
        os.path.join(job.recipe_folder, WORKFLOW),
        order,
    ]


def _follow(argv: Sequence[str], steps: int, folder: str) -> None:
    """Pass on what cwltool says, tell steps as progress, and judge its end."""
    done, reason, last = 0, "", ""
    programs = os.path.dirname(sys.executable)
    variables = {**os.environ, "PATH": f"{programs}:{os.environ.get('PATH', '/usr/bin:/bin')}"}
    with subprocess.Popen(
        argv, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            sys.stdout.write(line[:4000] + "\n")
            last = line.strip() or last
            step = _STEP.search(line)
            if step is not None:
                done += step.group(2) == "completed"
                progress(0.05 + 0.9 * min(1.0, done / max(steps, 1)), f"Step {step.group(1)}")
            found = _REASON.search(line)
            reason = reason or (found.group(1).strip() if found is not None and found.group(1).strip() else "")
    if process.returncode:
        raise RecipeError(
            f"The workflow failed (exit code {process.returncode}): {(reason or last)[:_LONGEST]}.",
            "See the log for all that it said.",
        )


def _order(tree: Mapping[str, Any], job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """CWL's input object: files by slot, the rest from the form."""
    order: dict[str, Any] = {key: value for key, value in parameters.items() if value is not None}
    files = files_by_slot(job.inputs)
    more = places(job, working_folder(job), [name for name, _ in inputs_of(tree)])
    for name, given in inputs_of(tree):
        kind, optional = _plain_type(given.get("type"))
        slot = name.rpartition("_")[0]
        if name in files:
            paths = files[name] if isinstance(files[name], list) else [files[name]]
            entries = [{"class": "File", "path": path} for path in paths]
            order[name] = entries if isinstance(kind, dict) else entries[0]
        elif slot in files and name in more:
            order[name] = {"class": "File", "path": more[name]} if kind == "File" else more[name]
        elif slot in files and kind == "File" and not optional and "default" not in given:
            ending = name.rpartition("_")[2]
            raise RecipeError(f"The dataset has no file of the kind '.{ending}' beside it.", "Choose another.", slot)
    return order


def _field(name: str, given: Mapping[str, Any], slots: Sequence[str]) -> Optional[dict[str, Any]]:
    """A form field; None for files, which the recipe's inputs give."""
    kind, optional = _plain_type(given.get("type"))
    is_file = kind == "File" or (isinstance(kind, dict) and kind.get("items") == "File")
    if is_file and (name in slots or name.rpartition("_")[0] in slots or optional or "default" in given):
        return None
    found = _schema_of(kind)
    if is_file or found is None:
        raise RecipeError(
            f"The input '{name}' of {WORKFLOW} is a {'File' if is_file else kind}, which no form can show.",
            f"Name a File like one of the recipe's inputs ({', '.join(slots)}); use numbers and texts else.",
            name,
        )
    field: dict[str, Any] = {
        "name": name,
        **({"anyOf": [found, {"type": "null"}]} if optional else found),
        "title": str(given.get("label") or name.replace("_", " ").capitalize()),
        "description": _text(given.get("doc")) or f"The input {name} of the workflow.",
    }
    if "default" in given or optional:
        field["default"] = given.get("default")
    return field


def _plain_type(kind: Any) -> tuple[Any, bool]:
    """`int?` and `[null, int]` are optional; `int[]` is an array."""
    optional = False
    if isinstance(kind, list):
        optional = "null" in kind
        rest = [item for item in kind if item != "null"]
        kind = rest[0] if len(rest) == 1 else rest
    if isinstance(kind, str) and kind.endswith("?"):
        kind, optional = kind[:-1], True
    if isinstance(kind, str) and kind.endswith("[]"):
        kind = {"type": "array", "items": kind[:-2]}
    return kind, optional


def _schema_of(kind: Any) -> Optional[dict[str, Any]]:
    if isinstance(kind, str):
        return {"type": _SCALARS[kind]} if kind in _SCALARS else None
    if isinstance(kind, dict) and kind.get("type") == "enum":
        return {"enum": [str(word).rsplit("/", 1)[-1] for word in kind.get("symbols", [])]}
    if isinstance(kind, dict) and kind.get("type") == "array":
        inner = _schema_of(kind.get("items"))
        return {"type": "array", "items": inner} if inner is not None and "type" in inner else None
    return None


def _text(value: Any) -> str:
    joined = " ".join(str(line) for line in value) if isinstance(value, list) else str(value or "")
    return " ".join(joined.split())


def _steps(tree: Mapping[str, Any]) -> int:
    return len(tree.get("steps") or ()) or 1


def _load(folder: str, name: str) -> dict[str, Any]:
    yaml = importlib.import_module("ruamel.yaml").YAML(typ="safe", pure=True)
    try:
        tree = yaml.load(read(folder, name))
    except Exception as error:  # the parser's own errors have no common base worth naming
        raise RecipeError(f"{name} is not valid YAML: {str(error)[:_LONGEST]}.", "Correct it.") from error
    if not isinstance(tree, dict) or ("cwlVersion" not in tree and name == WORKFLOW):
        raise RecipeError(f"{name} is not a CWL document.", "It names its cwlVersion and class.")
    if "$graph" in tree or "$import" in tree or ("$namespaces" in tree and "$schemas" in tree):
        raise RecipeError(f"{name} is a packed document, or fetches others.", "Write one file for each tool.")
    found: dict[str, Any] = tree
    return found


def _check(tree: Mapping[str, Any]) -> None:
    for name in _requirements(tree):
        if name in _REFUSED:
            raise RecipeError(f"The workflow requires {name}, but {_REFUSED[name]}.", "Remove it, or make it a hint.")
    if tree.get("class") not in {"Workflow", "CommandLineTool"}:
        raise RecipeError(f"The class {tree.get('class')} can't run here.", "Use Workflow and CommandLineTool.")


def _requirements(tree: Mapping[str, Any]) -> Iterator[str]:
    """Of the document, its steps and tools written inside of them."""
    given = tree.get("requirements") or {}
    yield from (str(item.get("class")) for item in given) if isinstance(given, list) else (str(name) for name in given)
    for step in _step_list(tree):
        yield from _requirements(step)
        if isinstance(step.get("run"), dict):
            yield from _requirements(step["run"])


def _runs(tree: Mapping[str, Any]) -> Iterator[str]:
    """The files of the steps' tools, all in the recipe's folder."""
    for step in _step_list(tree):
        run = step.get("run")
        if isinstance(run, dict):
            _check(run)
            yield from _runs(run)
        elif not isinstance(run, str) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", run):
            raise RecipeError(f"The step runs '{run}', which is no file of the recipe.", "Put the tool beside it.")
        else:
            yield run


def _step_list(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    steps = tree.get("steps") or []
    found = steps if isinstance(steps, list) else list(steps.values())
    return [step for step in found if isinstance(step, dict)]
