"""Texts of entries: what they may be, which datasets they name, how two of them differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Literal

from pandaas.catalogue.folding import storable
from pandaas.catalogue.logbook.values import TextPart
from pandaas.model import InvalidInput

LONGEST = 50_000
MOST_LINKS = 200
_LINKED = re.compile(r"/datasets/([A-Za-z0-9._-]{1,64})")


def checked(text: str) -> str:
    """The text to store; `InvalidInput` where it is empty or too long."""
    kept = storable(text.replace("\r\n", "\n")).strip()
    if not kept:
        raise InvalidInput("An entry needs a text.", field="text")
    if len(kept) > LONGEST:
        raise InvalidInput(
            f"An entry has at most {LONGEST:,} characters; this one has {len(kept):,}.",
            remedy="Write several entries, or attach a file to a dataset.",
            field="text",
        )
    return kept


def named_datasets(text: str) -> list[str]:
    """Pids that the text links to (`/datasets/<pid>`), each once, in order."""
    return list(dict.fromkeys(pid.rstrip(".") for pid in _LINKED.findall(text)))[:MOST_LINKS]


def difference(old: str, new: str) -> tuple[TextPart, ...]:
    """Line by line; runs of equal fate are joined, so that the `kept` and `added` parts together are `new`."""
    parts: list[TextPart] = []
    for what, line in _lines(old.split("\n"), new.split("\n")):
        if parts and parts[-1].what == what:
            parts[-1] = TextPart(what, f"{parts[-1].text}\n{line}")
        else:
            parts.append(TextPart(what, line))
    return tuple(parts)


def _lines(old: list[str], new: list[str]) -> Iterable[tuple[Literal["kept", "added", "removed"], str]]:
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (("kept", line) for line in new[c:d])
        else:
            yield from (("removed", line) for line in old[a:b])
            yield from (("added", line) for line in new[c:d])
