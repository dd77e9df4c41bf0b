from __future__ import annotations

from pathlib import Path

import pytest

from pandaas.model import ArrayKind, InvalidInput, RecipeManifest
from pandaas.recipes import content_hash, parse_manifest, write_skeleton
from pandaas.recipes.folder import keep_copy, manifest_from_json, manifest_to_json, signature


@pytest.fixture(params=["blockwise", "whole"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_skeleton(tmp_path, "my-sum", shape=request.param)


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / "recipe.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_skeleton_is_a_valid_recipe(folder: Path) -> None:
    manifest = parse_manifest(folder)
    assert manifest.id == "my-sum"
    assert manifest.inputs[0].arrays[0].dimensions == (1, 5)
    assert "nexus" in manifest.inputs[0].formats
    assert "text" not in manifest.inputs[0].formats, "the SDK opens no column text"
    assert manifest_from_json(manifest_to_json(folder)) == manifest


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('version = "0.1.0"', "", "version"),
        ("minimum = 1", "minimum = -1", "inputs.1.minimum"),
        ("minimum = 1", "minimun = 1", "inputs.1.minimun"),
        ("dimensions = [1, 5]", "dimensions = [1]", "inputs.1.arrays.1.dimensions"),
        ("dimensions = [1, 5]", 'kinds = ["picture"]', "inputs.1.arrays.1.kinds.1"),
        ('selection = "each"', 'selection = "some"', "selection"),
        ("cores = 1", "cores = 0", "resources.cores"),
        ('id = "my-sum"', 'id = "../evil"', "id"),
        ('verify = "bit"', 'verify = "tolerance"', "verify_reason"),
        ("minimum = 1", "minimum = 0", "inputs.minimum"),
    ],
)
def test_complaints_name_the_file_and_the_key(folder: Path, old: str, new: str, key: str) -> None:
    edit(folder, old, new)
    with pytest.raises(InvalidInput) as caught:
        parse_manifest(folder)
    assert str(folder / "recipe.toml") in caught.value.detail
    assert caught.value.field == key


def test_broken_toml_is_said_to_be(folder: Path) -> None:
    (folder / "recipe.toml").write_text("id = ")
    with pytest.raises(InvalidInput, match="not valid TOML"):
        parse_manifest(folder)


def test_the_hash_follows_what_is_executed(folder: Path) -> None:
    before = content_hash(folder)
    (folder / "README.md").write_text("other words")
    (folder / "tests" / "more.py").write_text("x = 1")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "run.pyc").write_bytes(b"x")
    assert content_hash(folder) == before
    (folder / "run.py").write_text((folder / "run.py").read_text() + "\n")
    assert content_hash(folder) != before


def test_a_renamed_file_changes_the_hash(folder: Path) -> None:
    before = content_hash(folder)
    (folder / "run.py").rename(folder / "ran.py")
    assert content_hash(folder) != before


def test_the_signature_notices_an_edit(folder: Path) -> None:
    before = signature(folder)
    (folder / "run.py").write_text("pass")
    assert signature(folder) != before


def test_links_out_of_the_folder_are_left_out(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    (folder / "link").symlink_to(secret)
    keep_copy(folder, tmp_path / "copies" / "copy") if (tmp_path / "copies").mkdir() is None else None
    assert not (tmp_path / "copies" / "copy" / "link").exists()
    assert (tmp_path / "copies" / "copy" / "run.py").read_text() == (folder / "run.py").read_text()


@pytest.mark.parametrize("name", ["", "Upper", "../up", "a b", "-dash"])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        write_skeleton(tmp_path, name)


def test_kinds_come_from_the_model(folder: Path) -> None:
    edit(folder, "dimensions = [1, 5]", 'kinds = ["image_stack"]')
    assert parse_manifest(folder).inputs[0].arrays[0].kinds == (ArrayKind.IMAGE_STACK,)


COMMAND = """
shape = "command"
environment = "core"
[[inputs]]
name = "sample"
title = "Sample"
[program]
name = "Suite"
find = ["/opt/suite/bin/prog"]
[command]
argv = ["{program}", ["--in", "{sample}"]]
[command.result]
file = "out.dat"
"""


def _command(folder: Path, text: str) -> RecipeManifest:
    (folder / "recipe.toml").write_text(f'id = "a"\nversion = "1"\ntitle = "A"\n{text}')
    return parse_manifest(folder)


def test_a_command_names_its_program(tmp_path: Path) -> None:
    program = _command(tmp_path, COMMAND).program
    assert program is not None
    assert (program.name, program.find, program.verified) == ("Suite", ("/opt/suite/bin/prog",), "")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('shape = "command"', 'shape = "whole"', "belong together"),
        ('file = "out.dat"', 'file = "../out.dat"', "result.file"),
        ('file = "out.dat"', 'file = "/etc/passwd"', "result.file"),
        ('"/opt/suite/bin/prog"', '"prog"', "absolute paths"),
        ("[command]", '[command]\nexpects = ["a/b"]', "no plain file name"),
        ("[command]", '[command]\nfailure = "("', "no regular expression"),
        ("[command]", '[command]\nshell = "true"', "not a key"),
        ('name = "Suite"', 'name = "Suite"\nmodule = "suite/1"', "names without folders"),
    ],
)
def test_a_wrong_command_is_refused_by_its_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        _command(tmp_path, COMMAND.replace(old, new, 1))


WHOLE = """
shape = "whole"
environment = "core"
[[inputs]]
name = "sample"
title = "Sample"
without_technique = ["detector_distance", "format:cbf"]
[program]
name = "Suite"
find = ["/opt/suite/bin/prog"]
version = ["{program}"]
verified = "3.12"
"""


def test_a_whole_recipe_may_need_a_program_that_it_calls_itself(tmp_path: Path) -> None:
    found = _command(tmp_path, WHOLE)
    assert found.program is not None
    assert (found.program.name, found.program.verified) == ("Suite", "3.12")


def test_what_speaks_for_a_dataset_is_read_and_left_out_is_not_the_same_as_nothing(tmp_path: Path) -> None:
    assert _command(tmp_path, WHOLE).inputs[0].without_technique == ("detector_distance", "format:cbf")
    said = 'without_technique = ["detector_distance", "format:cbf"]'
    assert _command(tmp_path, WHOLE.replace(said, "without_technique = []")).inputs[0].without_technique == ()
    assert _command(tmp_path, WHOLE.replace(said, "")).inputs[0].without_technique is None


def test_a_program_belongs_to_no_other_shape(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="program"):
        _command(tmp_path, WHOLE.replace('shape = "whole"', 'shape = "blockwise"'))
