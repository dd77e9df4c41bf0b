"""What commands print: tables for people, JSON for programs, errors as one message, and the exit codes."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pandaas.model import (
    Conflict,
    DiskFull,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PandaasError,
    Unavailable,
)


class ExitCode(IntEnum):
    """How a command ends."""

    OK = 0
    FAILED = 1  # the work was done and failed (a job, a verification)
    USAGE = 2  # wrong use or unusable input
    NOT_FOUND = 3
    NOT_ALLOWED = 4  # sign in, or ask someone who may
    CONFLICT = 5
    UNAVAILABLE = 6  # try again later
    INTERRUPTED = 130


_CODES: tuple[tuple[type[PandaasError], ExitCode], ...] = (
    (InvalidInput, ExitCode.USAGE),
    (NotFound, ExitCode.NOT_FOUND),
    (NotSignedIn, ExitCode.NOT_ALLOWED),
    (NotAllowed, ExitCode.NOT_ALLOWED),
    (Conflict, ExitCode.CONFLICT),
    (Unavailable, ExitCode.UNAVAILABLE),
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]


def exit_code_of(error: PandaasError) -> ExitCode:
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.FAILED)


NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def error_of_files(error: OSError) -> PandaasError:
    """A file or folder that can't be used, in the words of the platform's errors."""
    where = f"'{error.filename}'" if error.filename is not None else "The output"
    if error.errno in NO_SPACE:
        return DiskFull(f"{where} can't be written: the disk is full.", remedy="Free space, then try again.")
    reason = os.strerror(error.errno) if error.errno else str(error)
    return InvalidInput(f"{where} can't be used: {reason}.", remedy="Check the path and your rights there.")


def report(error: PandaasError) -> None:
    """Print an error on standard error: what happened, then what to do about it."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    console.print(Text("Error: ", style="bold red") + Text(error.detail, style="default"))
    if error.remedy:
        console.print(Text(error.remedy))


def emit(value: Any, as_json: bool, text: Callable[[], None]) -> None:
    """Print `value` as JSON, or call `text` to print it for people."""
    if as_json:
        print(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))
    else:
        text()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing found.") -> None:
    """Print rows under headings; `empty` where there are none. Lines are never cut when the output is a file."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = [[_cell(cell) for cell in row] for row in rows]
    if not found:
        print(empty)
        return
    shown = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in found:
        shown.add_row(*(Text(cell) for cell in row))
    console = Console() if sys.stdout.isatty() else Console(width=1000, force_terminal=False)
    console.print(shown)


def size_text(size: float) -> str:
    """A number of bytes for people: `12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(size) < 1000 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(item) for item in value)
    return str(value)


def _plain(value: Any) -> Any:
    """What `json` doesn't know: times, paths, enumerations, dataclasses, pydantic models."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (Path, StrEnum)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")
