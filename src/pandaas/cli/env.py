"""`pandaas env`: the software that recipes run in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.output import ExitCode, Json, emit, size_text, table

if TYPE_CHECKING:
    from pandaas.runtime import BuildProgress, Environments

Names = Annotated[list[str] | None, typer.Argument(help="Names of environments; default: all.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="List, build, lock, export and remove the software that recipes run in.", no_args_is_help=True
    )
    for name, command in (
        ("list", list_environments),
        ("programs", programs),
        ("build", build),
        ("lock", lock),
        ("check", check),
        ("log", log),
        ("gc", gc),
        ("export", export),
    ):
        group.command(name)(command)
    app.add_typer(group, name="env")


def list_environments(json: Json = False) -> None:
    """List environments: defined ones, and built ones that nothing names any more.

    *Import* is the time to import all of an environment's codes, as last measured: what the start of a job costs at most.
    """
    found = _environments().list()
    rows = [
        (
            one.name,
            one.key[:12],
            one.state if one.health is None or one.health.works else "broken",
            one.packages,
            size_text(one.size) if one.size else "",
            f"{one.health.import_s:.1f} s" if one.health and one.health.import_s is not None else "",
            one.last_used,
        )
        for one in found
    ]
    emit(found, json, lambda: table(("Name", "Key", "State", "Packages", "Size", "Import", "Last used"), rows))
    if any(one.state == "failed" for one in found) and not json:
        for one in found:
            if one.detail:
                print(f"\n{one.name}: {one.detail}")


def programs(json: Json = False) -> None:
    """List the installed programs that recipes call: found or not, their version, and what to do where one is missing."""
    from pandaas.cli.local import local_recipes, local_runtime

    runtime = local_runtime()
    found = [one for one in local_recipes().manifests() if one.manifest.program is not None]
    rows = []
    for one in found:
        need = one.manifest.program
        place = runtime.programs.find(need) if need is not None else None
        if need is not None:
            rows.append(
                {
                    "program": need.name,
                    "recipe": one.manifest.id,
                    "path": str(place.path) if place is not None else None,
                    "version": runtime.programs.version(need, place) if place is not None and one.usable else None,
                    "verified": need.verified or None,
                    "problem": one.problem,
                }
            )
    cells = [
        (row["program"], row["recipe"], row["version"] or "", row["verified"] or "no", row["problem"] or "ready")
        for row in rows
    ]
    emit(rows, json, lambda: table(("Program", "Recipe", "Version", "Verified", "State"), cells, empty="No programs."))


def check(names: Names = None, json: Json = False) -> None:
    """Import the codes of built environments in the sandbox: do they work, and how long does it take?

    Ends with 1 when one doesn't work.
    """
    environments = _environments()
    built = [one.name for one in environments.list() if one.state == "ready" and one.name in environments.names()]
    found = {name: environments.check(name) for name in names or built}
    rows = [
        (name, "works" if one.works else one.detail, f"{one.import_s:.1f} s" if one.import_s is not None else "")
        for name, one in found.items()
    ]
    emit(
        [{"name": name, **vars(one)} for name, one in found.items()],
        json,
        lambda: table(("Name", "State", "Import"), rows, empty="None is built."),
    )
    if not all(one.works for one in found.values()):
        raise typer.Exit(ExitCode.FAILED)


def log(name: Annotated[str, typer.Argument(help="Name of the environment.")]) -> None:
    """Print what was said while the environment was built."""
    sys.stdout.write(_environments().log(name) or "No log: it was built before logs were kept, or not yet.\n")


def build(names: Names = None, json: Json = False) -> None:
    """Build environments where they aren't yet; from hash-locked packages, once."""
    environments = _environments()
    built = [environments.ensure(name, _report(name, quiet=json)) for name in names or environments.names()]
    emit(
        [{"name": one.name, "key": one.key, "python": str(one.python)} for one in built],
        json,
        lambda: table(("Name", "Key", "Python"), [(one.name, one.key[:12], one.python) for one in built]),
    )


def lock(
    name: Annotated[str, typer.Argument(help="Name of the environment.")],
    upgrade: Annotated[bool, typer.Option(help="Take the newest versions that fit, instead of those locked.")] = False,
    json: Json = False,
) -> None:
    """Write an environment's lock from its requirements.in (and overrides.in): every wheel by its hash.

    With a changed lock the environment has another key: `build` makes it, beside what older results were made with.
    """
    found = _environments().lock(name, upgrade=upgrade)
    rows = [(one.package, one.before or "", one.after or "") for one in found]
    emit(list(found), json, lambda: table(("Package", "Before", "Now"), rows, empty="Nothing changed."))


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
