"""What is refused before anything is read, and how damage is told."""

from __future__ import annotations

import errno
import os
import re

from pandaas.codecs import Selection
from pandaas.model import TooLarge, Unavailable, UnreadableFile

_OF_THE_STORAGE = frozenset({errno.EIO, errno.ENXIO, errno.ESTALE, errno.ETIMEDOUT, errno.EREMOTEIO})
_NUMBER = re.compile(r"errno = (\d{1,4})\b")  # as libhdf5 tells it in its text


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


def undecodable(path: str, error: BaseException) -> UnreadableFile | Unavailable:
    """What to tell of an array whose values can't be had: the storage failed, or its bytes are no values."""
    return storage_failed(f"'{path[:200]}'", error) or UnreadableFile(
        f"'{path[:200]}' can't be decoded: {first_line(error)}.",
        remedy="The file may be damaged or use a compression that isn't installed.",
    )


def storage_failed(what: str, error: BaseException) -> Unavailable | None:
    """The error where the storage didn't give the bytes of `what`, None for all others; libhdf5's text would name places."""
    said = _NUMBER.search(str(error))
    number = int(said[1]) if said else getattr(error, "errno", None)
    if number not in _OF_THE_STORAGE:
        return None
    return Unavailable(
        f"The storage failed while {what} was read: {os.strerror(number)}.",
        remedy="Try again. If it stays so, tell whoever looks after the storage; the file need not be damaged.",
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
