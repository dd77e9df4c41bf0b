"""The parameters of a notebook: the cell tagged `parameters`, read as text, becomes the form. Nothing of it is run.

    points = 500          # Points: how many the curve is resampled to [10..10000]
    q_max: float = 3.2    # Upper limit of Q [0..10 1/nm]
    method: Literal["mean", "median"] = "mean"    # Method
    mask_below: Optional[float] = None            # Mask below: values under it are left out

Values are literals. The comment at the end of the line, else the one above it, labels the field: a title, after a colon
the help, and in brackets at the end the bounds and the unit. Names that are inputs of the recipe are no part of the form:
they get the file of the chosen dataset. The tag is papermill's convention.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import tokenize
from typing import Any, Collection, Mapping, Optional, Union

from pandaas.sdk.errors import RecipeError

NOTEBOOK = "notebook.ipynb"
TAG = "parameters"
_MOST_BYTES = 20_000_000
_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
_BRACKET = re.compile(r"\s*\[([^\[\]]*)\]\s*$")
_BOUNDS = re.compile(r"^\s*(-?[\d.eE+-]*?)\s*\.\.\s*(-?[\d.]+(?:[eE][+-]?\d+)?)?\s*(.*)$")
_SCALAR = (bool, int, float, str)
Node = Union[ast.Assign, ast.AnnAssign]


def read_notebook(folder: str) -> dict[str, Any]:
    """The notebook of a recipe as JSON; `RecipeError` when it is none, or is written in another language than Python."""
    path = os.path.join(folder, NOTEBOOK)
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            raise RecipeError(f"{NOTEBOOK} is larger than {_MOST_BYTES // 1_000_000} MB.", "Clear its outputs.")
        with open(path, encoding="utf-8") as stream:
            tree = json.load(stream)
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"{NOTEBOOK} can't be read: {error}.", "Save it again with Jupyter.") from error
    if not isinstance(tree, dict) or not isinstance(tree.get("cells"), list) or tree.get("nbformat") != 4:
        raise RecipeError(f"{NOTEBOOK} is not a notebook of format 4.", "Save it again with Jupyter.")
    language = (tree.get("metadata") or {}).get("kernelspec", {}).get("language", "python")
    if language != "python":
        raise RecipeError(f"{NOTEBOOK} is written in {language}.", "Only Python notebooks run as recipes.")
    return tree


def notebook_schema(tree: Mapping[str, Any], inputs: Collection[str] = ()) -> dict[str, Any]:
    """The JSON Schema of the notebook's parameters; without a tagged cell there are none. `inputs` are left out."""
    properties: dict[str, Any] = {}
    found = [cell for cell in tree["cells"] if is_parameters(cell)]
    if len(found) > 1:
        raise RecipeError(f"{NOTEBOOK} has {len(found)} cells tagged '{TAG}'.", "Tag one.")
    for name, node, comment in _assignments(source_of(found[0])) if found else ():
        if name not in inputs:
            properties[name] = {**_field(name, node, comment), "x-order": len(properties)}
    return {"type": "object", "additionalProperties": False, "title": "Parameters", "properties": properties}


def is_parameters(cell: Mapping[str, Any]) -> bool:
    tags = (cell.get("metadata") or {}).get("tags") or ()
    return cell.get("cell_type") == "code" and TAG in tags


def source_of(cell: Mapping[str, Any]) -> str:
    """The text of a cell, which notebooks keep as one string or as lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(str(line) for line in source)


def _assignments(source: str) -> list[tuple[str, Node, str]]:
    """Name, statement and comment of each parameter; IPython's own commands are passed over."""
    plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    try:
        body = ast.parse(plain).body
        comments = _comments(plain)
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError) as error:
        raise RecipeError(f"The parameters cell is not valid Python: {error}.", "Correct it.") from error
    found = []
    for node in body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        if isinstance(target, ast.Name) and isinstance(node, (ast.Assign, ast.AnnAssign)):
            found.append((target.id, node, _comment_of(node, comments, plain.splitlines())))
    return found


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ").rstrip() for token in tokens if token.type == tokenize.COMMENT}


def _comment_of(node: Node, comments: Mapping[int, str], lines: list[str]) -> str:
    beside = comments.get(node.end_lineno or node.lineno)
    if beside is not None:
        return beside
    above: list[str] = []
    line = node.lineno - 1
    while line in comments and lines[line - 1].lstrip().startswith("#"):
        above.insert(0, comments[line])
        line -= 1
    return " ".join(above)


def _field(name: str, node: Node, comment: str) -> dict[str, Any]:
    value = _value(name, node)
    kind = _kind(name, value, node.annotation if isinstance(node, ast.AnnAssign) else None)
    bracket = _BRACKET.search(comment)
    limits = _limits(bracket.group(1)) if bracket else {}
    words = comment[: bracket.start()] if bracket else comment
    title, _, text = words.partition(":")
    text = text.strip()
    field: dict[str, Any] = {
        "title": title.strip() or name.replace("_", " ").capitalize(),
        "description": (text[:1].upper() + text[1:]) or f"The variable `{name}` of the notebook.",
        "default": value,
    }
    unit = limits.pop("unit", None)
    if unit:
        field["unit"] = unit
    numbers = kind.get("type") in {"integer", "number"}
    return {**field, **_with(kind, limits if numbers or "anyOf" in kind else {})}


def _with(kind: dict[str, Any], limits: Mapping[str, Any]) -> dict[str, Any]:
    """The bounds belong to the number inside of what may be left empty."""
    if "anyOf" in kind:
        return {"anyOf": [{**kind["anyOf"][0], **limits}, *kind["anyOf"][1:]]}
    return {**kind, **limits}


def _value(name: str, node: Node) -> Any:
    try:
        value = ast.literal_eval(node.value) if node.value is not None else None
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise RecipeError(
            f"The parameter '{name}' of the notebook is not a plain value.",
            "Write a number, a text, True, False, None or a list of them; compute in another cell.",
            name,
        ) from error
    value = list(value) if isinstance(value, tuple) else value
    plain = value is None or isinstance(value, _SCALAR)
    if not plain and not (isinstance(value, list) and all(isinstance(item, _SCALAR) for item in value)):
        raise RecipeError(
            f"The parameter '{name}' of the notebook is a {type(value).__name__}, which no form can show.",
            "Use numbers, texts or lists of them.",
            name,
        )
    return value


def _kind(name: str, value: Any, annotation: Optional[ast.expr]) -> dict[str, Any]:
    """The schema's type from the annotation, else from the value."""
    found = _annotated(annotation) if annotation is not None else None
    if found is not None:
        return found
    if value is None:
        raise RecipeError(
            f"The parameter '{name}' of the notebook is None and says no type.",
            f"Write for example `{name}: Optional[float] = None`.",
            name,
        )
    if isinstance(value, list):
        kinds = {_TYPES[type(item).__name__] for item in value}
        kinds = {"number"} if kinds == {"integer", "number"} else kinds
        return {"type": "array", "items": {"type": kinds.pop() if len(kinds) == 1 else "number"}}
    return {"type": _TYPES[type(value).__name__]}


def _annotated(node: ast.expr) -> Optional[dict[str, Any]]:
    """int, float, bool, str, list[…], Optional[…], … | None, Literal[…]; None for anything else."""
    if isinstance(node, ast.Name):
        return {"type": _TYPES[node.id]} if node.id in _TYPES else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = [side for side in (node.left, node.right) if not _is_none(side)]
        return _optional(_annotated(sides[0])) if len(sides) == 1 else None
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return None
    outer, inner = node.value.id.lower(), node.slice
    if outer == "optional":
        return _optional(_annotated(inner))
    if outer == "list":
        item = _annotated(inner)
        return {"type": "array", "items": item} if item is not None else None
    if outer == "literal":
        words = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        return {"enum": [word.value for word in words if isinstance(word, ast.Constant)]}
    return None


def _optional(inner: Optional[dict[str, Any]]) -> Optional[dict[str, Any]]:
    return {"anyOf": [inner, {"type": "null"}]} if inner is not None else None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _limits(text: str) -> dict[str, Any]:
    """`0..10 1/nm` → the bounds and the unit; without two dots all of it is the unit."""
    bounds = _BOUNDS.match(text)
    if bounds is None:
        return {"unit": text.strip()}
    low, high, unit = bounds.groups()
    try:
        limits: dict[str, Any] = {"minimum": _number(low)} if low else {}
        limits.update({"maximum": _number(high)} if high else {})
    except ValueError:
        return {"unit": text.strip()}
    return {**limits, "unit": unit.strip()}


def _number(text: str) -> Union[int, float]:
    return int(text) if text.lstrip("-").isdigit() else float(text)
