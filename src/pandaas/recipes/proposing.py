"""Which dataset of the same proposal is probably the background, buffer, flat field … of a measurement: pure functions.

It is only proposed, with the reason, and the person decides: what a title says may be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pandaas.model import InputSlot
from pandaas.recipes.summary import DatasetSummary

_WORDS = {
    "background": ("background", "blank", "buffer", "solvent", "empty", "can"),
    "buffer": ("buffer", "solvent", "blank"),
    "can": ("can", "empty", "background"),
    "flat": ("flat", "flats", "flatfield", "open beam", "white field"),
    "dark": ("dark", "darks", "darkfield"),
    "transmission": ("transmission", "trans"),
    "direct": ("direct beam", "empty beam", "direct"),
    "empty": ("empty", "blank"),
}
# What a title must not say as well: a direct beam is a transmission run with nothing in the beam, and a transmission run of
# the empty cell is no scattering of it.
_NOT = {"transmission": _WORDS["direct"], "background": _WORDS["transmission"]}
_FAR = timedelta(days=36_500)


@dataclass(frozen=True)
class Proposed:
    """A dataset for an input, and why it is this one, in words."""

    pid: str
    reason: str


def nearest_first(main: DatasetSummary, found: Iterable[DatasetSummary]) -> list[DatasetSummary]:
    """Those of the same instrument first, then by the time between the measurements; the order decides what is equal."""
    return sorted(found, key=lambda one: (one.instrument_id != main.instrument_id, _apart(main, one)))


def propose(main: DatasetSummary, slot: InputSlot, found: Sequence[DatasetSummary]) -> Proposed | None:
    """The nearest of the same instrument whose title names what the input is, for an input that is needed also what has the
    measurement's own name; None where no title does.

    None too where the measurement itself is called so: then the roles are not what they seem.
    """
    twin = next((one for one in nearest_first(main, found) if one.title == main.title and one.pid != main.pid), None)
    if slot.minimum > 0 and twin is not None:
        return Proposed(twin.pid, "It has the same name, and is of the same proposal.")
    words = _words_of(slot)
    if not words or _said(words, main.title) is not None:
        return None
    for one in nearest_first(main, found):
        said = None if _said(_NOT.get(slot.name, ()), one.title) else _said(words, one.title)
        if said is not None and one.instrument_id == main.instrument_id:
            return Proposed(one.pid, f"Its title says “{said}”; same proposal and instrument{_when(main, one)}.")
    return None


def _words_of(slot: InputSlot) -> tuple[str, ...]:
    return next((words for name, words in _WORDS.items() if name in slot.name), ())


def _said(words: Iterable[str], title: str) -> str | None:
    """The first of the words that stands in the title by itself."""
    plain = " ".join(re.findall(r"[^\W_]+", title.lower()))
    return next((word for word in words if f" {word} " in f" {plain} "), None)


def _apart(main: DatasetSummary, one: DatasetSummary) -> timedelta:
    if main.start_time is None or one.start_time is None:
        return _FAR
    return abs(main.start_time - one.start_time)


def _when(main: DatasetSummary, one: DatasetSummary) -> str:
    if main.start_time is None or one.start_time is None:
        return ""
    return f", measured {_words(_apart(main, one))} {'before' if one.start_time <= main.start_time else 'after'}"


def _words(apart: timedelta) -> str:
    minutes = apart.total_seconds() / 60
    for size, name in ((1440.0, "days"), (60.0, "hours"), (1.0, "minutes")):
        if minutes >= 2 * size:
            return f"{minutes / size:.0f} {name}"
    return "a minute" if minutes >= 0.5 else "moments"
