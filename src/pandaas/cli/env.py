"""`pandaas env`: the software that recipes run in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.output import Json, emit, size_text, table

if TYPE_CHECKING:
    from pandaas.runtime import BuildProgress, Environments

Names = Annotated[list[str] | None, typer.Argument(help="Names of environments; default: all.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="List, build, export and remove the software that recipes run in.", no_args_is_help=True)
    for name, command in (("list", list_environments), ("build", build), ("gc", gc), ("export", export)):
        group.command(name)(command)
    app.add_typer(group, name="env")


def list_environments(json: Json = False) -> None:
    """List environments: defined ones, and built ones that nothing names any more."""
    found = _environments().list()
    rows = [
        (one.name, one.key[:12], one.state, one.packages, size_text(one.size) if one.size else "", one.last_used)
        for one in found
    ]
    emit(found, json, lambda: table(("Name", "Key", "State", "Packages", "Size", "Last used"), rows))
    if any(one.state == "failed" for one in found) and not json:
        for one in found:
            if one.detail:
                print(f"\n{one.name}: {one.detail}")


def build(names: Names = None, json: Json = False) -> None:
    """Build environments where they aren't yet; from hash-locked packages, once."""
    environments = _environments()
    built = [environments.ensure(name, _report(name, quiet=json)) for name in names or environments.names()]
    emit(
        [{"name": one.name, "key": one.key, "python": str(one.python)} for one in built],
        json,
        lambda: table(("Name", "Key", "Python"), [(one.name, one.key[:12], one.python) for one in built]),
    )


def gc(
    unused_days: Annotated[float, typer.Option(min=0, help="Only those that were not used for so many days.")] = 30,
    json: Json = False,
) -> None:
    """Remove built environments that no definition names and that were not used lately.

    What a result was made with can be built again: definitions are kept.
    """
    removed = _environments().gc(unused_days=unused_days)
    emit(list(removed), json, lambda: print(f"{len(removed)} removed.", *removed, sep="\n"))


def export(name: Annotated[str, typer.Argument(help="Name of the environment.")]) -> None:
    """Print the hash-locked requirements, to build the same software anywhere."""
    sys.stdout.write(_environments().export(name))


def _environments() -> Environments:
    from pandaas.cli.local import local_runtime

    return local_runtime().environments


def _report(name: str, *, quiet: bool) -> _Printer:
    return _Printer(name, quiet=quiet)


class _Printer:
    """Prints a line whenever the message changes."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self._name = name
        self._quiet = quiet
        self._last = ""

    def __call__(self, step: BuildProgress) -> None:
        if step.message != self._last and not self._quiet:
            self._last = step.message
            share = f"{step.fraction:4.0%}" if step.fraction is not None else "    "
            sys.stderr.write(f"{self._name} {share} {step.message}\n")
