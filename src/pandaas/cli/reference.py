"""Every setting as one row, read from the configuration tree itself: the source of the reference and of `config schema`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class SettingEntry:
    """`name` is the path in the file (`server.port`; `storage[].path` for tables that repeat)."""

    name: str
    variable: str | None
    type: str
    default: str
    description: str


def settings_reference() -> list[SettingEntry]:
    """All settings in the order of the file."""
    from pandaas.config import Settings

    return _entries(Settings, "")


def _entries(model: type[BaseModel], prefix: str) -> list[SettingEntry]:
    found: list[SettingEntry] = []
    for name, field in model.model_fields.items():
        inner, repeated = _section(field.annotation)
        if inner is None:
            found.append(_entry(prefix + name, field))
        else:
            found.extend(_entries(inner, f"{prefix}{name}{'[]' if repeated else ''}."))
    return found


def _entry(name: str, field: FieldInfo) -> SettingEntry:
    variable = None if "[]" in name else "PANDAAS_" + name.replace(".", "__").upper()
    default = "required" if field.is_required() else _default_text(field.default)
    return SettingEntry(name, variable, _type_text(field.annotation), default, field.description or "")


def _section(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model behind an annotation, and whether it is a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for argument in get_args(annotation):
        if isinstance(argument, type) and issubclass(argument, BaseModel):
            return argument, True
    return None, False


def _type_text(annotation: Any) -> str:
    arguments = [argument for argument in get_args(annotation) if argument not in (type(None), Ellipsis)]
    if get_origin(annotation) is tuple:
        return f"list of {_type_text(arguments[0])}"
    if arguments:
        return " | ".join(argument if isinstance(argument, str) else _type_text(argument) for argument in arguments)
    names = {"str": "text", "int": "integer", "float": "number", "bool": "true | false", "Path": "path"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, "secret text" if name == "SecretStr" else name)


def _default_text(default: Any) -> str:
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return str(default)
