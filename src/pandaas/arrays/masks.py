"""Which pixels of a detector don't count, asked of a reader process once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.kept import Kept
from pandaas.arrays.pool import Reply
from pandaas.arrays.remembered import MayRead, identities, linked, unchanged
from pandaas.arrays.values import FileIdentity
from pandaas.model import UnreadableFile

_KEPT_BYTES = 64 << 20
_OVERHEAD = 512


@dataclass(frozen=True)
class Mask:
    """`pixels` is True where a pixel of the last two axes doesn't count; None where the file says nothing of that.

    `files` are those that this was read from; it holds while none of them changes.
    """

    files: tuple[FileIdentity, ...]
    pixels: NDArray[np.bool_] | None

    def cut(self, items: tuple[int | slice, ...]) -> NDArray[np.bool_] | None:
        """The part of the mask on the axes that a selection leaves; None where it leaves none of the last two."""
        part = self.pixels[items[-2:]] if self.pixels is not None and len(items) > 1 else None
        return part if isinstance(part, np.ndarray) and part.ndim else None


class Masks:
    """Thread-safe. Masks whose files an asker may not read, or that were missing, are asked for again each time."""

    def __init__(self) -> None:
        self._kept: Kept[Mask] = Kept(_KEPT_BYTES)

    def find(self, real: Path, path: str, may_read: MayRead, ask: Callable[[str], Reply]) -> Mask:
        """The mask of the array at `path`; `ask` has a reader process do an operation on that array."""
        key = (str(real), path)
        found = self._kept.get(key)
        if found is not None and unchanged(found.files) and all(map(may_read, linked(found.files))):
            return found
        before = FileIdentity.of(real)
        reply = ask("mask")
        try:
            files = identities(real, reply)
        except OSError:
            return Mask((before,), _pixels(reply))
        mask = Mask(files, _pixels(reply))
        if not (reply.denied or reply.missing) and files[0] == before:
            self._kept.put(key, mask, _OVERHEAD + (mask.pixels.nbytes if mask.pixels is not None else 0))
        return mask


def packed(mask: NDArray[Any] | None) -> tuple[dict[str, Any] | None, NDArray[np.uint8]]:
    """A mask (not 0: doesn't count) as a reader process sends it."""
    if mask is None or mask.ndim != 2:
        return None, np.empty(0, np.uint8)
    return {"shape": list(mask.shape)}, np.packbits(mask != 0)


def _pixels(reply: Reply) -> NDArray[np.bool_] | None:
    if reply.result is None:
        return None
    rows, columns = (int(length) for length in reply.result["shape"])
    if min(rows, columns) < 0 or len(reply.raw) < -(-rows * columns // 8):
        raise UnreadableFile("The reader gave a mask that makes no sense.")
    bits = np.frombuffer(reply.raw, np.uint8, -(-rows * columns // 8))
    return np.unpackbits(bits, count=rows * columns).reshape(rows, columns).view(np.bool_)
