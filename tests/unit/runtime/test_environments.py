from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pandaas.config import RuntimeSettings, load_settings
from pandaas.model import InvalidInput, NotFound, Unavailable
from pandaas.runtime import Environments, Sandbox
from pandaas.runtime.definitions import choose_python
from pandaas.runtime.locking import lowest_python


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "facility" / "environments" / "small"
    folder.mkdir(parents=True)
    (folder / "environment.toml").write_text('title = "Small"\npython = ">=3.9"\n')
    (folder / "requirements.lock").write_text("tiny==1.0 --hash=sha256:00\n")
    return folder


@pytest.fixture
def environments(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Environments:
    monkeypatch.setattr(Sandbox, "_probe", lambda self: None)
    monkeypatch.setattr("pandaas.runtime.cgroups.probe", lambda: 0)
    settings = load_settings(home=tmp_path, runtime={"recipe_folders": [str(place.parents[1])]})
    return Environments(settings, Sandbox(RuntimeSettings()))


def test_the_key_follows_the_lock_and_the_python(environments: Environments, place: Path) -> None:
    first = environments.definition("small").key
    assert environments.definition("small").key == first
    lock = place / "requirements.lock"
    lock.write_text(lock.read_text() + "other==2.0 --hash=sha256:00\n")
    second = environments.definition("small").key
    (place / "environment.toml").write_text('title = "Small"\npython = "3.13"\n')
    assert len({first, second, environments.definition("small").key}) == 3


def test_the_title_does_not_change_the_key(environments: Environments, place: Path) -> None:
    first = environments.definition("small").key
    (place / "environment.toml").write_text('title = "Another"\npython = ">=3.9"\n')
    assert environments.definition("small").key == first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("titel = 'x'", "'titel' is not a key"),
        ("python = 'snake'", "no version range"),
        ("python = '<3'", "no Python fits"),
        ("check = ['os; import evil']", "list of module names"),
        ("builder = 'conda'", "no builder 'conda'"),
        ("x = ", "not valid TOML"),
    ],
)
def test_wrong_definitions_are_said_exactly(environments: Environments, place: Path, text: str, words: str) -> None:
    (place / "environment.toml").write_text(text)
    with pytest.raises(InvalidInput, match=words):
        environments.definition("small")
    assert environments.status("small").state == "failed"


def test_a_missing_lock_is_said(environments: Environments, place: Path) -> None:
    (place / "requirements.lock").unlink()
    with pytest.raises(InvalidInput, match=r"requirements\.lock is missing"):
        environments.definition("small")


def test_unknown_names_are_not_found(environments: Environments) -> None:
    with pytest.raises(NotFound, match="no environment 'nothing'"):
        environments.definition("nothing")


def test_the_platforms_own_python_is_always_ready(environments: Environments) -> None:
    found = environments.ready("platform")
    assert found is not None
    assert found.python == Path(sys.executable)
    assert environments.ensure_key("platform", found.key) == found
    with pytest.raises(Unavailable, match="has changed since"):
        environments.ensure_key("platform", "0" * 64)


def test_what_is_not_built_is_missing(environments: Environments) -> None:
    assert environments.ready("small") is None
    assert environments.status("small").state == "missing"


def test_the_platforms_own_version_is_preferred(tmp_path: Path) -> None:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert choose_python(">=3.9", tmp_path) == own
    assert choose_python("3.12", tmp_path) == "3.12"
    assert choose_python("<3.10", tmp_path) == "3.9"


@pytest.mark.parametrize(("wanted", "lowest"), [(">=3.11,<3.14", "3.11"), ("3.12", "3.12"), (">=3.9", "3.9")])
def test_a_lock_begins_with_the_oldest_python_of_the_range(wanted: str, lowest: str) -> None:
    assert lowest_python(wanted) == lowest
