"""The vocabulary of techniques (PaNET): labels, synonyms, definitions, and what is narrower than what."""

from __future__ import annotations

from pandaas.catalogue.vocabulary.reading import read_terms
from pandaas.catalogue.vocabulary.store import Vocabulary, built_in
from pandaas.catalogue.vocabulary.terms import Release, Techniques, TechniqueTerm

__all__ = ["Release", "TechniqueTerm", "Techniques", "Vocabulary", "built_in", "read_terms"]
