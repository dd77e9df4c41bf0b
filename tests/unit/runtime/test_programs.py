"""Programs beside the platform: found where they are declared, shown narrowly, asked for their version."""

from __future__ import annotations

from pathlib import Path

import pytest

from pandaas.model import ProgramNeed
from pandaas.runtime import programs
from pandaas.runtime.programs import find_program, load_module


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_first_place_that_holds_a_program_counts(tmp_path: Path) -> None:
    second = executable(tmp_path / "suite-2.1/bin/prog")
    need = ProgramNeed("Prog", (f"{tmp_path}/missing/prog", f"{tmp_path}/suite-*/bin/prog"))
    found = find_program(need)
    assert found is not None
    assert found.path == second
    assert [bind.source for bind in found.binds] == [second.parent]


def test_what_is_not_there_or_no_program_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    (tmp_path / "folder").mkdir()
    for name in ("text", "folder", "missing"):
        assert find_program(ProgramNeed("Prog", (f"{tmp_path}/{name}",))) is None


def test_its_folders_are_shown_once_and_never_the_whole_computer(tmp_path: Path) -> None:
    executable(tmp_path / "suite/bin/prog")
    folders = (f"{tmp_path}/suite", f"{tmp_path}/suite/lib", "/", "/usr/lib", "relative", f"{tmp_path}/missing")
    found = find_program(ProgramNeed("Prog", (f"{tmp_path}/suite/bin/prog",), folders=folders))
    assert found is not None
    assert [bind.source for bind in found.binds] == [tmp_path / "suite"]


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module command that prints what the real one prints for Python."""
    program = executable(tmp_path / "suite/bin/prog")
    code = (
        "import os\n"
        f"os.environ['PATH'] = '{program.parent}:/usr/bin'\n"
        "os.environ['LOADEDMODULES'] = 'suite/2.1'\n"
        f"os.system('touch {tmp_path}/ran')\n"
    )
    script = f'#!/bin/sh\n[ "$1 $2 $3" = "python load suite/2.1" ] || {{ echo "ERROR" >&2; exit 1; }}\ncat <<\'E\'\n{code}E\n'
    monkeypatch.setenv("MODULES_CMD", str(executable(tmp_path / "modulecmd", script)))
    monkeypatch.delenv("LMOD_CMD", raising=False)
    return tmp_path


def test_a_module_gives_its_path_and_variables(modules: Path) -> None:
    found = find_program(ProgramNeed("Prog", ("prog",), module="suite/2.1"))
    assert found is not None
    assert found.path == modules / "suite/bin/prog"
    assert found.variables["LOADEDMODULES"] == "suite/2.1"
    assert modules / "suite/bin" in [bind.source for bind in found.binds]


def test_nothing_that_the_module_command_prints_is_run(modules: Path) -> None:
    assert load_module("suite/2.1") is not None
    assert not (modules / "ran").exists()


@pytest.mark.parametrize("name", ["suite/9", "other", "; touch x", "-v", "$(id)", ""])
def test_a_module_that_is_not_there_gives_nothing(modules: Path, name: str) -> None:
    assert load_module(name) is None


def test_without_a_module_command_there_are_no_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LMOD_CMD", raising=False)
    monkeypatch.delenv("MODULES_CMD", raising=False)
    monkeypatch.setattr(programs, "_MODULE_COMMANDS", ())
    assert load_module("suite/2.1") is None
