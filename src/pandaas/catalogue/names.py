"""Names of uploaded files, made harmless."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 200  # bytes, with room for '.part' below the file systems' 255
_RESERVED = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_HIDDEN = {"Cc", "Cf", "Co", "Cs"}
_OURS = (".part", ".partial", ".tmp", ".swp", "~")  # endings that ingest passes over


def safe_name(name: str) -> str:
    """A file name that stays in its folder on every system: the last part, without control or reserved characters.

    Ordinary names stay as they are, since files of a batch name each other.
    """
    visible = "".join("_" if unicodedata.category(c) in _HIDDEN else c for c in unicodedata.normalize("NFC", name))
    visible = visible.replace("\\", "/").rstrip("/").rpartition("/")[2]
    cleaned = _RESERVED.sub("_", visible).strip(" .") if not visible.startswith("..") else ""
    ending = next((ending for ending in _OURS if cleaned.lower().endswith(ending)), None)
    if ending is not None:
        cleaned = cleaned + "_"
    return _shortened(cleaned) or "file"


def _shortened(name: str) -> str:
    """At most `_LONGEST` bytes; a short suffix is kept, since it tells the format."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 16:
        stem, suffix = name, ""
    ending = f".{suffix}" if suffix else ""
    room = _LONGEST - len(ending.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + ending
