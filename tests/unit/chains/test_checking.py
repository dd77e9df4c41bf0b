"""A chain is checked when it is saved: what is wrong names the step, the field and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pandaas.chains.checking import Finding, check, connections, require_sound
from pandaas.chains.definition import ChainDefinition, definition_of, parse_chain, read_chain
from pandaas.chains.predicate import predicate_of
from pandaas.model import ArrayClause, ArrayKind, InputSlot, InvalidInput, NotFound, RecipeManifest, RecipeOutput
from pandaas.recipes import RecipeVersion

IMAGES = (ArrayClause((ArrayKind.IMAGE_STACK,), (3, 3)),)
CURVES = (ArrayClause((ArrayKind.CURVE,), (1, 2)),)
SAXS, XAS = "http://purl.org/pan-science/PaNET/PaNET01188", "http://purl.org/pan-science/PaNET/PaNET01196"
SCHEMA = {
    "type": "object",
    "properties": {"npt": {"type": "integer", "minimum": 10, "title": "Points", "default": 100}},
}


def recipe(name: str, arrays: tuple[ArrayClause, ...], made: ArrayKind | None, technique: str = SAXS) -> RecipeVersion:
    outputs = (RecipeOutput("a result", (made,), (1, 1)),) if made else ()
    manifest = RecipeManifest(
        name, "1", name, "", "whole", "core", (InputSlot("sample", "Sample", arrays=arrays), InputSlot("mask", "Mask", 0)),
        techniques=(technique,), outputs=outputs,
    )  # fmt: skip
    return RecipeVersion(manifest, name, Path(), Path(), SCHEMA)


RECIPES = {
    "integrate": recipe("integrate", IMAGES, ArrayKind.CURVE),
    "fit": recipe("fit", CURVES, ArrayKind.CURVE),
    "xas": recipe("xas", CURVES, ArrayKind.CURVE, XAS),
    "secret": recipe("secret", CURVES, None),
}


def find(name: str, _version: str | None) -> RecipeVersion:
    if name not in RECIPES:
        raise NotFound(f"There is no recipe '{name}'.")
    return RECIPES[name]


def chain(*steps: dict[str, Any], inputs: Any = ({"name": "sample"},)) -> ChainDefinition:
    return definition_of({"title": "A chain", "inputs": list(inputs), "steps": list(steps)})


def step(name: str, recipe_: str, source: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "recipe": recipe_, "inputs": {"sample": [source]}, **more}


def fields(found: list[Finding]) -> list[str]:
    return [one.field for one in found if one.serious]


def test_a_sound_chain_has_no_findings() -> None:
    assert check(chain(step("a", "integrate", "sample"), step("b", "fit", "a")), find) == []


def test_a_recipe_that_is_not_there_is_named() -> None:
    assert fields(check(chain(step("a", "nothing", "sample")), find)) == ["steps.a.recipe"]


def test_a_result_that_does_not_fit_is_refused() -> None:
    [found] = check(chain(step("a", "integrate", "sample"), step("b", "integrate", "a")), find)
    assert found.field == "steps.b.inputs.sample"
    assert "stack of detector images" in found.message


def test_a_result_of_another_technique_is_refused() -> None:
    assert fields(check(chain(step("a", "integrate", "sample"), step("b", "xas", "a")), find)) == [
        "steps.b.inputs.sample"
    ]


def test_what_a_recipe_does_not_say_of_its_results_is_only_a_remark() -> None:
    found = check(chain(step("a", "secret", "sample"), step("b", "fit", "a")), find)
    assert [one.serious for one in found] == [False]


def test_a_circle_is_refused() -> None:
    found = check(chain(step("a", "fit", "b"), step("b", "fit", "a"), step("c", "fit", "sample")), find)
    assert fields(found) == ["steps.a.inputs"]


def test_a_parameter_out_of_bounds_names_step_and_field() -> None:
    [found] = check(chain(step("a", "integrate", "sample", parameters={"npt": 1})), find)
    assert (found.step, found.field) == ("a", "steps.a.parameters.npt")
    assert "at least 10" in found.message


def test_an_unknown_parameter_is_refused() -> None:
    assert fields(check(chain(step("a", "fit", "sample", parameters={"x": 1})), find)) == ["steps.a.parameters.x"]


@pytest.mark.parametrize(
    ("one", "field"),
    [
        (step("a", "fit", "nobody"), "steps.a.inputs.sample"),
        ({"name": "a", "recipe": "fit", "inputs": {}}, "steps.a.inputs.sample"),
        ({"name": "a", "recipe": "fit", "inputs": {"sample": ["sample"], "x": ["sample"]}}, "steps.a.inputs.x"),
    ],
)
def test_a_connection_that_is_wrong_or_missing_is_named(one: dict[str, Any], field: str) -> None:
    assert field in fields(check(chain(one), find))


def test_a_needed_input_must_not_hang_on_one_that_may_be_left_out() -> None:
    inputs = ({"name": "sample"}, {"name": "other", "optional": True})
    found = check(chain(step("a", "fit", "sample"), step("b", "fit", "other"), inputs=inputs), find)
    assert fields(found) == ["steps.b.inputs.sample"]


def test_a_slot_for_one_dataset_takes_no_input_of_many() -> None:
    found = check(chain(step("a", "fit", "sample"), inputs=({"name": "sample", "many": True},)), find)
    assert fields(found) == ["steps.a.inputs.sample"]


def test_names_are_unique_over_inputs_and_steps() -> None:
    assert "steps" in fields(check(chain(step("sample", "fit", "sample")), find))


def test_the_first_mistake_becomes_the_error() -> None:
    with pytest.raises(InvalidInput, match="There are 1 more mistakes") as caught:
        require_sound(chain(step("a", "nothing", "sample"), step("b", "fit", "nobody")), find)
    assert caught.value.field == "steps.a.recipe"


def test_a_key_that_is_unknown_is_named_by_its_step() -> None:
    with pytest.raises(InvalidInput) as caught:
        definition_of({"title": "x", "inputs": [], "steps": [{"name": "fit", "recipe": "fit", "paramters": {}}]})
    assert caught.value.field == "steps.fit.paramters"


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInput, match="finite"):
        chain(step("a", "fit", "sample", parameters={"npt": float("nan")}))


def test_a_file_with_bad_syntax_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("title = ")
    with pytest.raises(InvalidInput, match=r"x\.toml is not valid TOML"):
        read_chain(tmp_path / "x.toml")


@pytest.mark.parametrize("file", sorted(Path(__file__).parents[3].glob("chains/*.toml")), ids=lambda file: file.stem)
def test_the_shipped_chains_can_be_read(file: Path) -> None:
    name, found = read_chain(file)
    assert name == file.stem
    assert found.summary
    assert all(found.feeds(one.name) for one in found.inputs)


def test_what_is_asked_for_must_be_a_parameter() -> None:
    assert check(chain(step("a", "integrate", "sample", ask=["npt"])), find) == []
    assert fields(check(chain(step("a", "integrate", "sample", ask=["nopt"])), find)) == ["steps.a.ask.nopt"]


def test_a_chain_that_asks_for_nothing_keeps_the_fingerprint_that_it_had() -> None:
    assert "ask" not in chain(step("a", "fit", "sample")).to_json()["steps"][0]


def test_a_chain_written_as_toml_is_read_as_the_same() -> None:
    written = chain(
        step("a", "integrate", "sample", parameters={"npt": 50, "roi": {"low": [0.5]}}, ask=["npt"]),
        step("b", "fit", "a", version="1"),
        inputs=({"name": "sample", "title": "What is 'new'"}, {"name": "mask", "optional": True}),
    )
    assert parse_chain(written.to_toml()) == written


def test_what_toml_has_no_word_for_is_told() -> None:
    with pytest.raises(InvalidInput, match="can't be written in TOML"):
        chain(step("a", "fit", "sample", parameters={"npt": None})).to_toml()


def test_a_text_that_is_no_toml_is_told() -> None:
    with pytest.raises(InvalidInput, match="not valid TOML"):
        parse_chain("title = ")


def test_connections_are_what_fits_and_nothing_else() -> None:
    found = {(one.recipe, one.taker) for one in connections(list(RECIPES.values())) if one.slot == "sample"}
    assert ("integrate", "fit") in found
    assert ("integrate", "integrate") not in found
    assert ("integrate", "xas") not in found
    assert not any(made_by == "secret" for made_by, _taker in found)


def _deep() -> Any:
    tree: Any = 1
    for _ in range(3000):
        tree = [tree]
    return tree


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b", "\ud800", _deep(), "x" * 300_000])
def test_what_no_database_takes_is_refused_before_it_is_kept(value: Any) -> None:
    for make in (
        lambda: chain(step("a", "integrate", "sample", parameters={"npt": value})),
        lambda: chain(step("a", "integrate", "sample")).with_parameters({"a": {"npt": value}}),
    ):
        with pytest.raises(InvalidInput) as refused:
            make()
        assert refused.value.field in {"steps", "parameters"}


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert chain(step("a", "integrate", "sample", parameters={"text": "\\u0000"})).steps[0].parameters


@pytest.mark.parametrize("rule", [{"parameters": {"t": {"minimum": float("nan")}}}, {"title": "a\0*"}])
def test_a_predicate_that_cannot_be_kept_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        predicate_of(rule)


def test_a_text_that_is_nested_too_deeply_is_told() -> None:
    with pytest.raises(InvalidInput, match="not valid TOML"):
        parse_chain("title = " + "[" * 3000)
