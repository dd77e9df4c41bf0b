"""The parameters cell is read as text: what it says becomes the form, and nothing of it is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pandaas.sdk import RecipeError
from pandaas.sdk.notebook import name_of
from pandaas.sdk.parameters_cell import notebook_schema, read_notebook


def form(source: str, *inputs: str) -> dict[str, Any]:
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}}
    properties: dict[str, Any] = notebook_schema({"cells": [cell]}, inputs)["properties"]
    return properties


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a = 1", {"type": "integer"}),
        ("a = 1.5", {"type": "number"}),
        ("a = -2", {"type": "integer"}),
        ("a: float = 1", {"type": "number"}),
        ("a = True", {"type": "boolean"}),
        ("a = 'x'", {"type": "string"}),
        ("a = [1, 2.5]", {"type": "array", "items": {"type": "number"}}),
        ("a = ('x', 'y')", {"type": "array", "items": {"type": "string"}}),
        ("a: list[int] = []", {"type": "array", "items": {"type": "integer"}}),
        ("a: Optional[float] = None", {"anyOf": [{"type": "number"}, {"type": "null"}]}),
        ("a: str | None = None", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ("a: Literal['mean', 'median'] = 'mean'", {"enum": ["mean", "median"]}),
    ],
)
def test_values_and_annotations_give_the_type(line: str, expected: dict[str, Any]) -> None:
    field = form(line)["a"]
    assert {key: field[key] for key in expected} == expected


def test_a_comment_is_title_help_bounds_and_unit() -> None:
    field = form("q = 3.2  # Upper limit: where the fit ends [0..10 1/nm]")["q"]
    assert (field["title"], field["description"]) == ("Upper limit", "Where the fit ends")
    assert (field["minimum"], field["maximum"], field["unit"]) == (0, 10, "1/nm")


@pytest.mark.parametrize(
    ("bracket", "expected"),
    [
        ("1..", {"minimum": 1}),
        ("..5", {"maximum": 5}),
        ("mm", {"unit": "mm"}),
        ("-1.5..2e3 K", {"minimum": -1.5, "maximum": 2000.0, "unit": "K"}),
    ],
)
def test_bounds_may_be_open(bracket: str, expected: dict[str, Any]) -> None:
    field = form(f"a = 1.0  # Thing [{bracket}]")["a"]
    assert {key: value for key, value in field.items() if key in {"minimum", "maximum", "unit"}} == expected


def test_the_bounds_of_an_optional_number_belong_to_the_number() -> None:
    assert form("a: Optional[float] = None  # A [0..1]")["a"]["anyOf"][0] == {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
    }


def test_the_comment_above_counts_where_there_is_none_beside() -> None:
    assert form("# Width of the peak\nwidth = 2")["width"]["title"] == "Width of the peak"
    assert form("x = 1  # of x\nwidth = 2")["width"]["title"] == "Width"


def test_inputs_magics_imports_and_order() -> None:
    source = "%matplotlib inline\nimport numpy as np\nscan = 'a.h5'\n!pip list\nb = 2\na = 1\n"
    properties = form(source, "scan")
    assert list(properties) == ["b", "a"]
    assert [field["x-order"] for field in properties.values()] == [0, 1]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("a = open('/etc/passwd').read()", "'a' of the notebook is not a plain value"),
        ("a = __import__('os').system('true')", "not a plain value"),
        ("a = None", "says no type"),
        ("a = {'x': 1}", "no form can show"),
        ("a = 1j", "no form can show"),
        ("a = (", "not valid Python"),
        ("a = " + "(" * 5000, "not valid Python"),
        ("a = [" * 3000, "not valid Python"),
        ("a = '\0'", "not valid Python"),
    ],
)
def test_what_no_form_can_show_is_refused_by_name(source: str, complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        form(source)


def test_two_tagged_cells_are_refused() -> None:
    cell = {"cell_type": "code", "source": "a = 1", "metadata": {"tags": ["parameters"]}}
    with pytest.raises(RecipeError, match="2 cells tagged"):
        notebook_schema({"cells": [cell, cell]})


def test_a_notebook_without_the_tag_has_no_parameters() -> None:
    assert notebook_schema({"cells": [{"cell_type": "code", "source": "a = 1", "metadata": {}}]})["properties"] == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("not json", "can't be read"),
        ("[]", "not a notebook of format 4"),
        (json.dumps({"nbformat": 3, "cells": []}), "not a notebook of format 4"),
        (json.dumps({"nbformat": 4, "cells": {}}), "not a notebook of format 4"),
        (
            json.dumps({"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "julia"}}}),
            "written in julia",
        ),
    ],
)
def test_what_is_no_python_notebook_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "notebook.ipynb").write_text(text)
    with pytest.raises(RecipeError, match=complaint):
        read_notebook(str(tmp_path))


def test_a_cell_is_named_by_its_number_and_the_heading_above() -> None:
    cells = [
        {"cell_type": "markdown", "source": "# Title"},
        {"cell_type": "code", "source": "x"},
        {"cell_type": "markdown", "source": ["Some text\n", "## Fit the peak\n", "more"]},
        {"cell_type": "code", "source": "y"},
    ]
    assert name_of(cells, 3) == "cell 4 (“Fit the peak”)"
    assert name_of(cells, 1) == "cell 2 (“Title”)"
    assert name_of(cells[1:2], 0) == "cell 1"
