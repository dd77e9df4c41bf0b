"""`pandaas ingest`: files of the server become datasets."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.output import ExitCode, Json, emit, size_text, table
from pandaas.model import InvalidInput

if TYPE_CHECKING:
    from pandaas.catalogue import Catalogue, FileCheck, IngestProgress, IngestReport, QuarantinedFile
    from pandaas.config import Settings

_FEW = 5  # files named per reason


def register(app: typer.Typer) -> None:
    app.command("ingest")(ingest)


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files and folders.")],
    proposal: Annotated[
        str | None, typer.Option(help="Proposal the data belong to, before what root and file say.")
    ] = None,
    instrument: Annotated[str | None, typer.Option(help="Instrument they were measured at.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on with what appears there until stopped.")] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Read unchanged files too, and take over what their reader says now; edits by hand stay."
        ),
    ] = False,
    simulated: Annotated[
        bool,
        typer.Option("--simulated", help="What is new was computed, not measured; it and its results are marked so."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Register files as datasets; run it again after anything, nothing is registered twice.

    Exit code 1 when a file went into the quarantine.
    """
    from pandaas.access import FACILITY
    from pandaas.config import load_settings

    _require_roots(load_settings(), paths)
    origin = "simulated" if simulated else "measured"
    with local_catalogue() as catalogue:
        if watch:
            stop = Flag()
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            print("Watching; stop with Ctrl-C.", file=sys.stderr, flush=True)
            try:
                catalogue.watch(
                    FACILITY,
                    paths,
                    stop,
                    proposal=proposal,
                    instrument=instrument,
                    origin=origin,
                    report=_tell(as_json),
                )
            except KeyboardInterrupt:
                stop.set()
            return
        with _progress(as_json) as progress:
            report = catalogue.ingest(
                FACILITY,
                paths,
                proposal=proposal,
                instrument=instrument,
                origin=origin,
                progress=progress,
                rescan=again,
            )
    _tell(as_json)(report)
    if report.quarantined:
        raise typer.Exit(ExitCode.FAILED)


def _require_roots(settings: Settings, paths: list[Path]) -> None:
    """What lies outside the storage roots could be registered, but never shown."""
    roots = [root.path.resolve() for root in settings.storage]
    for path in paths:
        real = path.resolve()
        if real.exists() and not any(real == root or root in real.parents for root in roots):
            known = ", ".join(str(root.path) for root in settings.storage) or "none yet"
            raise InvalidInput(
                f"{path} lies in none of the storage roots ({known}).",
                remedy="Add its folder to 'storage' in the configuration, or use `pandaas upload`.",
                field="storage",
            )


@contextmanager
def local_catalogue() -> Iterator[Catalogue]:
    """The catalogue of this home, with its own reader processes."""
    from pandaas.arrays import ArrayService
    from pandaas.catalogue import Catalogue
    from pandaas.cli.facility import facility

    with facility() as local:
        arrays = ArrayService(local.settings)
        catalogue = Catalogue(local.database, local.settings, local.access, arrays)
        arrays.resolver = catalogue
        try:
            yield catalogue
        finally:
            arrays.close()


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[IngestProgress], None] | None]:
    """A bar on a terminal; nothing where nobody looks."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step: bar.update(task, completed=step.done, total=step.total, description=step.name)


def _tell(as_json: bool) -> Callable[[IngestReport | FileCheck], None]:
    from pandaas.catalogue import FileCheck

    def tell(report: IngestReport | FileCheck) -> None:
        emit(report, as_json, lambda: _print_check(report) if isinstance(report, FileCheck) else _print(report))
        sys.stdout.flush()

    return tell


def _print_check(check: FileCheck) -> None:
    for word, names in (("Missing", check.missing), ("Moved", check.moved), ("Back", check.returned)):
        if names:
            more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
            print(f"{word}: {', '.join(names[:_FEW])}{more}")


def _print(report: IngestReport) -> None:
    changed = [one for one in report.datasets if one.outcome != "unchanged"]
    if changed:
        table(
            ("pid", "version", "title", "outcome"),
            [(one.pid, one.version, one.title, one.outcome.replace("_", " ")) for one in changed],
        )
    counted = f"{len(changed)} datasets new or changed, {report.count('unchanged')} unchanged"
    speed = f" ({size_text(report.bytes / report.seconds)}/s)" if report.seconds and report.bytes else ""
    print(f"{counted}; {report.files} files, {size_text(report.bytes)} read in {report.seconds:.1f} s{speed}.")
    for name in report.pending:
        print(f"Still being written: {name}")
    if report.quarantined:
        print(f"{len(report.quarantined)} in the quarantine (all of them: `pandaas quarantine list`):")
        for line in _refused(report.quarantined):
            print(f"  {line}")


def _refused(entries: Sequence[QuarantinedFile]) -> Iterator[str]:
    """Each reason once, with what to do and the first files: one mistake in the call refuses hundreds."""
    reasons: dict[tuple[str, str | None], list[QuarantinedFile]] = {}
    for entry in entries:
        reasons.setdefault((entry.reason, entry.remedy), []).append(entry)
    for (reason, remedy), same in reasons.items():
        names = ", ".join(f"{entry.name} ({entry.id})" for entry in same[:_FEW])
        more = f" and {len(same) - _FEW} more" if len(same) > _FEW else ""
        yield f"{names}{more}: {reason} {remedy or ''}".rstrip()
