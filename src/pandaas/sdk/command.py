"""Runs an installed program as a recipe: the arguments, files and tests of success that `recipe.toml` declares.

The program is given as a list of arguments and never goes through a shell. Placeholders in braces are filled in: `{program}`,
`{recipe}` (its folder), `{output}` (the working folder, whose files are kept beside the result), `{cores}`, `{memory_mb}`, the
names of inputs (the path of the dataset's file; a word that is nothing else becomes one word for each) and of parameters. A
list within the list is left out when one of its placeholders is empty, None or False.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from typing import Any, Mapping, Optional, Sequence, Union

import h5py
import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.job import Job
from pandaas.sdk.notebook import FILES, files_by_slot
from pandaas.sdk.report import progress
from pandaas.sdk.result import Field, Plot, plain, write_result

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_TAIL = 20
_LONGEST = 4000
Word = Union[str, Sequence[str]]


def run(job: Job, parameters: Any) -> None:
    """Start the program, follow it, judge its end, and make a result of what it left."""
    table = _table(job.recipe_folder)
    folder = os.path.join(job.output, FILES)
    os.makedirs(folder, exist_ok=True)
    values = {**_surroundings(job, folder), **plain(parameters), **files_by_slot(job.inputs)}
    for name, content in table.get("files", {}).items():
        _write_text(os.path.join(folder, name), content, values)
    argv = arguments(table["argv"], values)
    sys.stdout.write(f"Running {' '.join(argv)}\n")
    progress(0.01, f"Starting {os.path.basename(argv[0])}")
    try:
        _follow(table, argv, folder, {**os.environ, **job.program.get("variables", {})})
    except RecipeError as error:
        raise _about_the_main_input(job, error) from error
    progress(0.97, "Reading what it wrote")
    name, version = str(job.program.get("name") or job.recipe_id), str(job.program.get("version") or "unknown")
    write_outcome(job, table["result"], folder, parameters, (name, version))
    progress(1.0, "Done")


def _about_the_main_input(job: Job, error: RecipeError) -> RecipeError:
    """What a program fails with is most often what it was given."""
    slot = next(iter(job.inputs), None)
    if error.field is not None or slot is None:
        return error
    title = next((item.title for item in job.inputs[slot]), slot)
    remedy = f"Can this program read '{title}', and does it hold what is measured? {error.remedy}"
    return RecipeError(error.what, remedy.strip(), slot)


def arguments(words: Sequence[Word], values: Mapping[str, Any]) -> list[str]:
    """The arguments with their placeholders filled in; groups that miss a value are left out."""
    found: list[str] = []
    for word in words:
        group = [word] if isinstance(word, str) else list(word)
        if not isinstance(word, str) and any(_is_empty(values.get(name)) for text in group for name in _names(text)):
            continue
        for text in group:
            found += _fill(text, values)
    return found


def _fill(text: str, values: Mapping[str, Any]) -> list[str]:
    """`{frames}` alone gives a word per file; inside of other text one value."""
    whole = _PLACE.fullmatch(text)
    if whole is not None:
        value = _known(values, whole.group(1))
        many = value if isinstance(value, (list, tuple)) else [value]
        return [] if value is True else [_text(item) for item in many]
    return [_PLACE.sub(lambda match: _text(_known(values, match.group(1))), text)]


def _known(values: Mapping[str, Any], name: str) -> Any:
    if name not in values:
        raise RecipeError(f"The recipe's command names '{name}', which is nothing it has.", "Tell the recipe's author.")
    return values[name]


def _names(text: str) -> list[str]:
    return [match.group(1) for match in _PLACE.finditer(text)]


def _is_empty(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, (str, list)) and not value)


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(_text(item) for item in value)
    text = repr(value) if isinstance(value, float) else str(value)
    if "\0" in text:
        raise RecipeError("A value for the program holds a null character.", "Remove it.")
    return text


def _surroundings(job: Job, folder: str) -> dict[str, Any]:
    path = job.program.get("path")
    if not path:
        raise RecipeError("The program of this recipe is not installed here.", "Tell the operator.")
    arrays = {f"{slot}_array": items[0].default_path() for slot, items in job.inputs.items() if items}
    return {
        "program": path,
        "recipe": job.recipe_folder,
        "output": folder,
        "cores": job.cores,
        "memory_mb": job.memory_mb,
        **arrays,
    }


def _write_text(path: str, content: Any, values: Mapping[str, Any]) -> None:
    """A file that the program reads: text with placeholders, or a table that becomes JSON."""
    with open(path, "w", encoding="utf-8") as stream:
        if isinstance(content, str):
            stream.write(_PLACE.sub(lambda match: _text(_known(values, match.group(1))), content))
        else:
            json.dump(filled(content, values), stream, indent=1)


def filled(node: Any, values: Mapping[str, Any]) -> Any:
    """JSON with its placeholders filled in; one that stands alone keeps its type."""
    if isinstance(node, dict):
        return {key: filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(value, values) for value in node]
    if isinstance(node, str):
        whole = _PLACE.fullmatch(node)
        return _known(values, whole.group(1)) if whole else _fill(node, values)[0]
    return node


def _follow(table: Mapping[str, Any], argv: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
    """Pass on what the program says, tell its progress, and judge how it ended."""
    steps = re.compile(table["progress"]) if table.get("progress") else None
    failure = re.compile(table["failure"]) if table.get("failure") else None
    said: list[str] = []
    reason: Optional[str] = None
    with subprocess.Popen(
        argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()[:_LONGEST]
            sys.stdout.write(line + "\n")
            said = [*said[1 - _TAIL :], line] if line.strip() else said
            if steps is not None:
                _tell(steps.search(line), line)
            found = failure.search(line) if failure is not None and reason is None else None
            if found is not None:
                reason = (found.groupdict().get("reason") or found.group(0)).strip()
    _judge(table, process.returncode, reason, said, folder)


def _tell(found: Optional[re.Match[str]], line: str) -> None:
    """`done` of `total`, or `percent`."""
    if found is None:
        return
    groups = found.groupdict()
    try:
        share = (
            float(groups["percent"]) / 100 if groups.get("percent") else float(groups["done"]) / float(groups["total"])
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return
    progress(0.02 + 0.94 * min(max(share, 0.0), 1.0), (groups.get("message") or line).strip()[:200])


def _judge(table: Mapping[str, Any], code: int, reason: Optional[str], said: Sequence[str], folder: str) -> None:
    last = reason or (said[-1][:300] if said else "it said nothing")
    if reason is not None or code not in table.get("exit_codes", [0]):
        ended = f"was ended by signal {-code}" if code < 0 else f"failed (exit code {code})"
        raise RecipeError(f"The program {ended}: {last}.", "See the log for all that it said.")
    for name in table.get("expects", ()):
        if not os.path.isfile(os.path.join(folder, name)):
            raise RecipeError(
                f"The program ended well but did not write '{name}'; it said last: {last}.",
                "See the log for all of it.",
            )


def write_outcome(job: Job, result: Mapping[str, Any], folder: str, parameters: Any, program: tuple[str, str]) -> None:
    """A result with provenance from the file that the program (name, version) wrote."""
    path = os.path.join(folder, result["file"])
    if not os.path.isfile(path):
        raise RecipeError(f"The program did not write '{result['file']}'.", "See the log for all that it said.")
    plots = [_of_columns(path, result)] if result.get("columns") else [_of_nexus(path, result)]
    write_result(
        job.result_path,
        title=str(result.get("title") or job.recipe_id),
        process={"program": program[0], "version": program[1], "parameters": plain(parameters)},
        plots=plots,
        inputs=job.inputs.all(),
    )


def _of_columns(path: str, result: Mapping[str, Any]) -> Plot:
    """Columns of numbers in text: x, y and perhaps the standard deviation of y; other lines are passed over."""
    names = result["columns"]
    rows = []
    with open(path, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            words = line.replace(",", " ").replace(";", " ").split()
            try:
                row = [float(word) for word in words]
            except ValueError:
                continue
            if len(row) >= len(names):
                rows.append(row[: len(names)])
    if not rows:
        raise RecipeError(f"'{result['file']}' holds no {len(names)} columns of numbers.", "See the log.")
    table = np.array(rows)
    fields = [
        Field(str(column["name"]), table[:, index], column.get("unit"), column.get("label"))
        for index, column in enumerate(names)
    ]
    errors = table[:, 2] if len(names) > 2 else None
    return Plot("curve", fields[1], [fields[0]], errors=errors, scales=tuple(result.get("scales", ())))


def _of_nexus(path: str, result: Mapping[str, Any]) -> Plot:
    """The default plot of a NeXus file, or the group that `plot` names."""
    try:
        with h5py.File(path, "r") as file:
            node: Any = file[result["plot"]] if result.get("plot") else file
            for _ in range(10):
                if "default" not in node.attrs:
                    break
                node = node[_word(node.attrs["default"])]
            signal, said = _word(node.attrs["signal"]), result.get("fields", {})
            axes = [_word(name) for name in np.atleast_1d(node.attrs.get("axes", []))]
            axes = axes if len(axes) == node[signal].ndim else ["."] * node[signal].ndim
            shown = [None if name == "." else _field(node, name, said) for name in axes]
            errors = f"{signal}_errors"
            return Plot(
                "data",
                _field(node, signal, said),
                shown,
                errors=node[errors][()] if errors in node else None,
                scales=tuple(result.get("scales", ())),
            )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise RecipeError(
            f"'{result['file']}' has no default plot that can be read: {error}.", "Name its group in 'result.plot'."
        ) from error


def _field(node: Any, name: str, said: Mapping[str, Any]) -> Field:
    """Unit and label as the file has them, else as the recipe says for what the program leaves unnamed."""
    plain_name = name.rsplit("/", 1)[-1]
    units, label = (node[name].attrs.get(attribute) for attribute in ("units", "long_name"))
    named = said.get(plain_name, {})
    return Field(
        plain_name,
        node[name][()],
        named.get("unit") if units is None else _word(units),
        named.get("label") if label is None else _word(label),
    )


def _word(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _table(folder: str) -> Mapping[str, Any]:
    tomllib = importlib.import_module("tomllib")
    with open(os.path.join(folder, "recipe.toml"), "rb") as stream:
        table: Mapping[str, Any] = tomllib.load(stream)["command"]
    return table
