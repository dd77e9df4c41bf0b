"""A class of an ontology by its names, before it is known where it belongs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    iri: str
    label: str
    synonyms: tuple[str, ...] = ()
    definition: str | None = None


def tidy(text: str | None) -> str:
    """On one line, single spaces; empty for None."""
    return " ".join((text or "").split())
