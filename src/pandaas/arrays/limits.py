"""What is refused before anything is read, and how damage is told."""

from __future__ import annotations

from pandaas.codecs import Selection
from pandaas.model import TooLarge, UnreadableFile


def check_size(path: str, selection: Selection, itemsize: int, limit: int) -> int:
    """The bytes that a selection decodes to; raises `TooLarge` where they are more than `limit`."""
    nbytes = selection.nbytes(itemsize)
    if nbytes > limit:
        raise TooLarge(
            f"The selection {list(selection.shape)} of '{path[:200]}' holds {in_words(nbytes)}; "
            f"one answer holds at most {in_words(limit)}.",
            remedy="Select less, look at a preview, or take it as an export, which may be of any size.",
            field="selection",
        )
    return nbytes


def undecodable(path: str, error: BaseException) -> UnreadableFile:
    return UnreadableFile(
        f"'{path[:200]}' can't be decoded: {first_line(error)}.",
        remedy="The file may be damaged or use a compression that isn't installed.",
    )


def too_slow(name: str, seconds: float) -> UnreadableFile:
    return UnreadableFile(
        f"Reading {name} took longer than {seconds:g} seconds.", remedy="Select less, or try again later."
    )


def in_words(nbytes: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if nbytes >= factor:
            return f"{nbytes / factor:.3g} {unit}"
    return f"{nbytes} bytes"


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
