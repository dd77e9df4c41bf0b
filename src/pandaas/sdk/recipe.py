"""A recipe's code: found in its folder, loaded into this process, its parameters validated."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from types import ModuleType
from typing import Any, Mapping

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.parameters_cell import NOTEBOOK
from pandaas.sdk.workflow import GRAPH, WORKFLOW

BLOCKWISE_FUNCTIONS = ("open", "process", "merge", "finish")
WHOLE_FUNCTIONS = ("run",)


def load_code(folder: str, shape: str) -> ModuleType:
    """Import `run.py` of the recipe and check that it defines what its shape asks for."""
    module = _load(folder, "run")
    wanted = BLOCKWISE_FUNCTIONS if shape == "blockwise" else WHOLE_FUNCTIONS
    missing = [name for name in wanted if not callable(getattr(module, name, None))]
    if missing:
        raise RecipeError(
            f"The recipe's run.py lacks {', '.join(missing)}().", f"A {shape} recipe defines {', '.join(wanted)}()."
        )
    return module


def load_parameters(folder: str, given: Mapping[str, Any]) -> Any:
    """The recipe's `Parameters`, validated from `given`; the plain mapping when the recipe has no parameters.py."""
    if not os.path.isfile(os.path.join(folder, "parameters.py")):
        return dict(given)
    model = _load(folder, "parameters").Parameters
    try:
        return model.model_validate(dict(given))
    except ValueError as error:
        raise _validation_error(error) from error


def parameter_schema(folder: str) -> dict[str, Any]:
    """The JSON Schema of the recipe's parameters: bounds, defaults, units, help."""
    if not os.path.isfile(os.path.join(folder, "parameters.py")):
        for name, module in ((NOTEBOOK, "notebook"), (GRAPH, "ewoks"), (WORKFLOW, "cwl")):
            if os.path.isfile(os.path.join(folder, name)):
                found: dict[str, Any] = importlib.import_module(f"pandaas.sdk.{module}").schema(folder)
                return found
        return {"type": "object", "properties": {}}
    parameters = _load(folder, "parameters").Parameters
    schema: dict[str, Any] = json.loads(json.dumps(parameters.model_json_schema()))
    _add_made_defaults(parameters, schema.get("properties", {}))
    return schema


def _add_made_defaults(parameters: Any, properties: dict[str, Any]) -> None:
    """Defaults that a function makes (`default_factory`), which pydantic leaves out: the form would show nothing."""
    for name, field in parameters.model_fields.items():
        shown = properties.get(field.alias or name)
        if field.default_factory is not None and shown is not None:
            filled = parameters.model_construct()
            shown.setdefault("default", filled.model_dump(mode="json", include={name})[name])


def _load(folder: str, name: str) -> ModuleType:
    """Import `folder/name.py`; its siblings can be imported by their plain names."""
    path = os.path.join(folder, name + ".py")
    if not os.path.isfile(path):
        raise RecipeError(f"The recipe has no {name}.py in {folder}.", "Is the recipe installed completely?")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RecipeError(f"{path} can't be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _validation_error(error: ValueError) -> RecipeError:
    """pydantic's first complaint as a sentence that names the field."""
    details = getattr(error, "errors", None)
    if not callable(details):
        return RecipeError(f"The parameters don't fit: {error}.", "Change the parameters.")
    first = details()[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    message = str(first["msg"]).replace("Value error, ", "")
    where = f"'{field}': " if field else ""
    return RecipeError(f"The parameters don't fit: {where}{message}.", "Change it and run again.", field)
