"""Text as search compares it: no case, no diacritics, no control characters, single spaces.

The search text of a dataset has one line per field, each led by a private character that no query can contain. So a
match never runs from one field into the next, one field can be asked alone, and the line tells why a row matched.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

FIELDS = (
    "title",
    "sample",
    "instrument",
    "facility",
    "proposal",
    "technique",
    "description",
    "file",
    "pid",
    "format",
    "definition",
    "parameter",
)
_FIRST_MARK = 0xE000
_LONGEST_LINE = 4_000
_BETWEEN = " | "  # values of a field
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "ð": "d", "ı": "i"})
_DROPPED = {"Mn", "Cc", "Cf", "Cs", "Co", "Cn"}  # diacritics, control and format characters, surrogates, private use


def fold(text: str) -> str:
    """`text` folded for comparison, on one line. Idempotent: `fold(fold(x)) == fold(x)`."""
    before = ""
    while before != text:  # case folding may compose anew; ends after two or three rounds
        before = text
        text = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in _DROPPED)
    return " ".join(kept.split())


def mark(field: str) -> str:
    """The character that leads the line of `field` in a search text."""
    return chr(_FIRST_MARK + FIELDS.index(field))


def search_text(fields: Mapping[str, Iterable[str | None]]) -> str:
    """The search text of a dataset; every line, the last one too, ends with a line feed."""
    lines = []
    for field in FIELDS:
        parts = dict.fromkeys(folded for value in fields.get(field, ()) if value and (folded := fold(value)))
        if parts:
            lines.append(mark(field) + _BETWEEN.join(parts)[:_LONGEST_LINE] + "\n")
    return "".join(lines)


def matching_line(text: str, words: str) -> tuple[str, str] | None:
    """What holds `words` (folded) first in a search text: (field, its value; the whole line where they run over several)."""
    for line in text.split("\n"):
        if words and words in line[1:]:
            values = line[1:].split(_BETWEEN)
            return FIELDS[ord(line[0]) - _FIRST_MARK], next((one for one in values if words in one), line[1:])
    return None


def storable(text: str) -> str:
    """`text` as every database takes it: NUL and lone surrogates (file names in another encoding) made visible."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
