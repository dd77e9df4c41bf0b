"""The program itself: its commands, its start, configuration and output."""

from __future__ import annotations

import errno
import fcntl
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from pandaas.cli import ExitCode, build
from pandaas.cli.output import emit, error_of_files, exit_code_of, size_text, table
from pandaas.cli.reference import settings_reference
from pandaas.config import load_settings
from pandaas.model import Busy, Conflict, DiskFull, InvalidInput, NotAllowed, NotFound, PandaasError, TooLarge

HEAVY = {"sqlalchemy", "fastapi", "h5py", "zarr", "alembic", "pint", "numpy"}


def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    clean = {name: value for name, value in os.environ.items() if not name.startswith("PANDAAS_")} | environment
    command = [sys.executable, "-m", "pandaas.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=clean, check=False)


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_every_command_and_option_is_described() -> None:
    found = dict(commands(typer.main.get_command(build())))
    assert {"search", "show", "run", "verify", "upload", "jobs list", "config show", "doctor"} <= set(found)
    for name, command in found.items():
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", "") or parameter.name == "help", f"{name}: {parameter.name}"


def test_help_loads_no_library_of_the_platform() -> None:
    probe = (
        "import sys, pandaas.cli; sys.argv = ['pandaas', '--help']\n"
        "try: pandaas.cli.main()\n"
        "except SystemExit: print(*sorted({n.partition('.')[0] for n in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert set(done.stderr.split()) & HEAVY == set()


def test_the_program_starts_at_once() -> None:
    """Processor time, because other tests keep the machine busy."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        call("--version")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(3)) < 1.0


def test_completion_knows_the_commands() -> None:
    done = call("", _PANDAAS_COMPLETE="complete_bash", COMP_WORDS="pandaas se", COMP_CWORD="1")
    assert "search" in done.stdout


def test_config_show_masks_secrets(tmp_path: Path) -> None:
    secrets = {"PANDAAS_SECRET__KEY": "hush", "PANDAAS_DATABASE__URL": "postgresql+psycopg://me:hush@db/pandaas"}
    done = call("config", "show", "--json", PANDAAS_HOME=str(tmp_path), **secrets)
    assert done.returncode == 0
    assert "hush" not in done.stdout
    found = json.loads(done.stdout)
    assert found["home"] == str(tmp_path)
    assert found["database"]["url"] == "postgresql+psycopg://me:***@db/pandaas"


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = call("config", "show", PANDAAS_HOME=str(tmp_path), PANDAAS_SERVER__PROT="1")
    assert done.returncode == ExitCode.USAGE
    assert "server.prot" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_value_is_shown_with_its_place(tmp_path: Path) -> None:
    done = call("config", "show", PANDAAS_HOME=str(tmp_path), PANDAAS_SERVER__PORT="many")
    assert "'server.port' is wrong (it is 'many')" in done.stderr
    assert "PANDAAS_SERVER__PORT" in done.stderr


@pytest.mark.parametrize("text", ['[{"name": "raw", "path": "/data"}]', '[{name = "raw", path = "/data"}]'])
def test_a_variable_may_hold_a_list_as_json_or_toml(tmp_path: Path, text: str) -> None:
    done = call("config", "show", "--json", PANDAAS_HOME=str(tmp_path), PANDAAS_STORAGE=text)
    assert json.loads(done.stdout)["storage"][0]["path"] == "/data"


def test_an_unknown_database_is_refused_without_its_password(tmp_path: Path) -> None:
    done = call("db", "state", PANDAAS_HOME=str(tmp_path), PANDAAS_DATABASE__URL="mysql://me:hush@db/x")
    assert done.returncode == ExitCode.USAGE
    assert "'database.url' is wrong: it begins with" in done.stderr
    assert "hush" not in done.stderr


def test_an_override_of_none_changes_nothing(tmp_path: Path) -> None:
    """`pandaas serve --port 1234` without --host, in a home whose file has no [server]."""
    settings = load_settings(home=tmp_path, server={"port": 1234, "host": None})
    assert (settings.server.port, settings.server.host) == (1234, "127.0.0.1")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = call("recipe", "new", "mine", "--folder", str(tmp_path / "file" / "below"), PANDAAS_HOME=str(tmp_path))
    assert done.returncode == ExitCode.USAGE
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "file") in done.stderr


def test_a_command_that_the_client_alone_lacks_says_what_to_install() -> None:
    """`sqlalchemy` hidden: as after `pip install pandaas` without its extra `server`."""
    program = (
        "import sys; sys.modules['sqlalchemy'] = None; sys.argv = ['pandaas', 'user', 'list']\n"
        "from pandaas.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.UNAVAILABLE
    assert "pandaas[server]" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_tells_whether_it_runs(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    assert "does not run now" in call("demo", "--info", PANDAAS_HOME=str(tmp_path / "demo")).stdout
    with (tmp_path / "demo" / "demo.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "runs at http://127.0.0.1:8000" in call("demo", "--info", PANDAAS_HOME=str(tmp_path / "demo")).stdout


def test_a_full_disk_is_said() -> None:
    error = error_of_files(OSError(errno.ENOSPC, "No space left on device", "/backup/x.tar"))
    assert isinstance(error, DiskFull)
    assert "/backup/x.tar" in error.detail


def test_config_schema_is_a_json_schema() -> None:
    schema = json.loads(call("config", "schema", "--json").stdout)
    assert schema["properties"]["server"]
    assert {entry.name for entry in settings_reference()} >= {"server.port", "storage[].path", "log.keep_mb"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("x"), 2),
        (TooLarge("x"), 2),
        (NotFound("x"), 3),
        (NotAllowed("x"), 4),
        (Conflict("x"), 5),
        (Busy("x"), 6),
        (PandaasError("x"), 1),
    ],
)
def test_exit_codes(error: PandaasError, code: int) -> None:
    assert exit_code_of(error) == code


def test_json_knows_times_paths_and_dataclasses(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"at": datetime(2026, 1, 2, tzinfo=UTC), "path": Path("/x"), "codes": {2, 1}}
    emit(value, True, lambda: None)
    assert json.loads(capsys.readouterr().out) == {"at": "2026-01-02T00:00:00+00:00", "path": "/x", "codes": [1, 2]}


def test_a_table_keeps_long_cells_and_brackets_whole(capsys: pytest.CaptureFixture[str]) -> None:
    table(("Name", "Value"), [("[bold]x[/bold]", "y" * 300)])
    out = capsys.readouterr().out
    assert "[bold]x[/bold]" in out
    assert "y" * 300 in out
    table(("Name",), [], empty="Nothing here.")
    assert capsys.readouterr().out == "Nothing here.\n"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3.6e9, "3.6 GB"), (1e16, "10000.0 TB")]
)
def test_sizes_for_people(size: float, text: str) -> None:
    assert size_text(size) == text
