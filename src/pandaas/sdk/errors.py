"""The one error that a recipe raises to tell the person what is wrong and what to do."""

from __future__ import annotations

import errno
from typing import Optional


class RecipeError(Exception):
    """The analysis can't be done with these inputs or parameters.

    `what` says in one sentence what is wrong, `remedy` what to do about it, `field` names the parameter or input slot
    at fault. The person reads exactly these sentences.
    """

    def __init__(self, what: str, remedy: str = "", field: Optional[str] = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.field = field

    def __reduce__(self) -> tuple[type[RecipeError], tuple[str, str, Optional[str]]]:
        return (RecipeError, (self.what, self.remedy, self.field))

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


def explain(error: BaseException) -> RecipeError:
    """Any error as plain sentences; the traceback belongs into the log, never here."""
    if isinstance(error, RecipeError):
        return error
    if isinstance(error, MemoryError):
        return RecipeError(
            "The analysis needed more memory than it may use.",
            "Run it again with a higher memory limit, fewer frames or fewer bins.",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RecipeError("The disk is full.", "Ask the operator to free space, then run it again.")
    if isinstance(error, FileNotFoundError):
        return RecipeError(
            f"A file that the analysis needs is not there: {error.filename}.",
            "If it belongs to the input, it was moved or deleted: check the dataset's files.",
        )
    first_line = (str(error).splitlines() or [""])[0].strip()
    said = f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__
    return RecipeError(
        f"The analysis stopped because of an unexpected error ({said[:300]}).",
        "The log holds the details; send it to the instrument's staff if the parameters are right.",
    )
