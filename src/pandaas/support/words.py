"""Texts as they are kept; what is too long or empty is refused, naming the field."""

from __future__ import annotations

from collections.abc import Sequence

from pandaas.catalogue import storable
from pandaas.model import InvalidInput, TooLarge
from pandaas.support.excerpt import LONGEST_LOG
from pandaas.support.views import Fact

LONGEST_TEXT = 20_000
LONGEST_SUBJECT = 200
_MOST_FACTS = 16


def subject(text: str) -> str:
    return _line(text, LONGEST_SUBJECT, "subject", "A request needs a subject: a few words that say what it is about.")


def text(text: str) -> str:
    kept = _clean(text).strip()
    if not kept:
        raise InvalidInput("There is no text.", remedy="Say what you did and what happened.", field="text")
    if len(kept) > LONGEST_TEXT:
        raise TooLarge(
            f"A message has at most {LONGEST_TEXT:,} characters; this one has {len(kept):,}.",
            remedy="Shorten it, or send the rest as another message.",
            field="text",
        )
    return kept


def log(text: str | None) -> str | None:
    kept = _clean(text or "").strip("\n")
    if len(kept) > LONGEST_LOG:
        raise TooLarge(
            f"An excerpt of a log has at most {LONGEST_LOG:,} characters; this one has {len(kept):,}.",
            remedy="Keep the lines that matter.",
            field="log",
        )
    return kept or None


def facts(given: Sequence[Fact]) -> list[dict[str, str]]:
    if len(given) > _MOST_FACTS:
        raise InvalidInput(f"At most {_MOST_FACTS} facts go with a request.", remedy="Leave some out.", field="facts")
    return [{"name": _line(one.name, 40, "facts"), "value": _line(one.value, 500, "facts")} for one in given]


def name_of_picture(name: str) -> str:
    return "".join(one for one in _clean(name) if one.isprintable() and one not in '/\\"')[:200].strip() or "picture"


def _line(text: str, most: int, field: str, empty: str = "This must not be empty.") -> str:
    kept = " ".join("".join(one if one.isprintable() else " " for one in _clean(text)).split())
    if not kept:
        raise InvalidInput(empty, remedy="Fill it in.", field=field)
    if len(kept) > most:
        raise TooLarge(
            f"'{field}' has at most {most} characters; this has {len(kept):,}.", remedy="Shorten it.", field=field
        )
    return kept


def _clean(text: str) -> str:
    return storable(text.replace("\r\n", "\n"))
