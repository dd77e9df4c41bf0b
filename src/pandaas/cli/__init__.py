"""The command line `pandaas`: one module per command group, loaded when its command is called.

Every module of this folder that defines `register(app)` is a command group; the module is named after its command
(`pandaas ingest` is `cli/ingest.py`). Errors of `pandaas.model`, and those of files, become one message with its remedy
and an exit code (`ExitCode`); anything else is a defect and shows its traceback.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Annotated

import typer

from pandaas import __version__
from pandaas.cli.output import NO_SPACE, ExitCode, error_of_files, exit_code_of, report
from pandaas.model import PandaasError, Unavailable

__all__ = ["ExitCode", "build", "main"]
_WHOLE = "Only the client is installed here; `pip install 'pandaas[server]'` adds what the platform needs."


def main() -> None:
    """The program `pandaas`."""
    app = build(_first_word(sys.argv[1:]))
    try:
        app(prog_name="pandaas")
    except PandaasError as error:
        report(error)
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "pandaas":
            raise
        report(Unavailable(f"This command needs '{error.name}', which is not installed.", remedy=_WHOLE))
        sys.exit(ExitCode.UNAVAILABLE)
    except OSError as error:  # a folder that isn't there, a missing right, a full disk: the person's to mend
        if error.filename is None and error.errno not in NO_SPACE:
            raise
        report(error_of_files(error))
        sys.exit(ExitCode.UNAVAILABLE if error.errno in NO_SPACE else ExitCode.USAGE)


def build(command: str | None = None) -> typer.Typer:
    """The application with all commands; with `command` only its own module is loaded, where there is one."""
    app = typer.Typer(
        help="PaN-DAaS: find, view and analyse photon and neutron data next to where they are kept.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for module in _groups(command):
        module.register(app)
    return app


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Find, view and analyse photon and neutron data next to where they are kept.

    Exit codes: 0 done; 1 failed; 2 wrong use or input; 3 not found; 4 not allowed; 5 conflict; 6 not available now.
    """


def _print_version(value: bool) -> None:
    if value:
        print(__version__)
        raise typer.Exit


def _first_word(arguments: Sequence[str]) -> str | None:
    return next((word for word in arguments if not word.startswith("-")), None)


def _groups(command: str | None) -> Iterator[ModuleType]:
    if command and command.isidentifier() and importlib.util.find_spec(f"{__name__}.{command}"):
        module = importlib.import_module(f"{__name__}.{command}")
        if hasattr(module, "register"):
            yield module
            return
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        if hasattr(module, "register"):
            yield module
