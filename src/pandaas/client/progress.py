"""Progress bars, where a person is looking; nothing otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandaas.client.jobs import Job


@contextmanager
def job_bar(job: Job) -> Iterator[Callable[[Job], None]]:
    """A bar for one job: its phase or message, the share done, the time since it was asked for."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.text import Text

    console = Console(stderr=True)
    shown = console.is_terminal or console.is_jupyter
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not shown, transient=False) as progress:
        task = progress.add_task(str(job.record["recipe"]), total=None)

        def update(job: Job) -> None:
            record = job.record
            fraction = 1.0 if job.state == "succeeded" else record.get("progress")
            text = " ".join(str(part) for part in (record["recipe"], record["state"], record.get("message")) if part)
            progress.update(
                task,
                description=Text(text).markup,
                total=None if fraction is None else 1.0,
                completed=0 if fraction is None else fraction,
            )

        yield update


@contextmanager
def byte_bar(title: str, *, shown: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A bar for bytes that travel: called with the bytes done and the bytes in all."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
