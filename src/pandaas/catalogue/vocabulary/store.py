"""The vocabulary in the catalogue's tables, and the index over it that everyone asks."""

from __future__ import annotations

import bz2
import json
import threading
from functools import cache
from importlib.resources import files
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.vocabulary.reading import read_terms
from pandaas.catalogue.vocabulary.terms import Release, Techniques, TechniqueTerm, is_technique
from pandaas.db import Database, append
from pandaas.db.tables import TechniqueVocabulary, VocabularyTerm
from pandaas.model import TECHNIQUES, Action, Principal

LOADED = "vocabulary.loaded"


class Vocabulary:
    """The techniques in use: those that were loaded, else the few that the platform itself knows.

    Thread-safe; what another process loads is noticed with the next question.
    """

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access
        self._lock = threading.Lock()
        self._version: int | str | None = None
        self._loaded: int | None = None
        self._techniques: Techniques | None = None

    def techniques(self) -> Techniques:
        """The index over the vocabulary as it is now."""
        version = self._database.version()
        with self._lock:
            if self._techniques is not None and version is not None and version == self._version:
                return self._techniques
            with self._database.read() as session:
                current = session.scalar(select(TechniqueVocabulary.id).order_by(TechniqueVocabulary.id.desc()))
                if self._techniques is None or current != self._loaded:
                    self._techniques = _stored(session) if current is not None else built_in()
                    self._loaded = current
            self._version = version
            return self._techniques

    def load(self, principal: Principal, file: Path) -> Techniques:
        """Take the techniques of `file` (OWL, CSV or JSON) in place of those loaded before; for operators.

        Raises `InvalidInput` for a file that can't be used; then nothing has changed.
        """
        self._access.require(principal, Action.OPERATE, what="the vocabulary")
        terms, version = read_terms(file)
        with self._database.session() as session:
            last = session.scalar(select(TechniqueVocabulary.id).order_by(TechniqueVocabulary.id.desc())) or 0
            session.execute(delete(VocabularyTerm))
            session.execute(delete(TechniqueVocabulary))
            session.add(
                TechniqueVocabulary(
                    id=last + 1,
                    source=file.name[:255],
                    version=(version or "")[:100] or None,
                    loaded=self._database.clock(),
                )
            )
            session.execute(insert(VocabularyTerm), [_row(position, term) for position, term in enumerate(terms)])
            append(
                session,
                LOADED,
                file.name[:64],
                actor_id=principal.person_id,
                payload={"terms": len(terms), "version": version},
                clock=self._database.clock,
            )
        return self.techniques()


@cache
def built_in() -> Techniques:
    """What is known without a loaded vocabulary: our table, and the labels of the package `scitacean` where installed."""
    above: dict[str, set[str]] = {}
    for known in TECHNIQUES:
        for narrower in (known.neutron, known.xray):
            if narrower:
                above.setdefault(narrower, set()).add(known.iri)
    labels = _scitacean_labels() | {known.iri: known.label for known in TECHNIQUES}
    terms = [
        TechniqueTerm(iri, label, parents=tuple(sorted(above.get(iri, ()))), ancestors=frozenset(above.get(iri, ())))
        for iri, label in labels.items()
    ]
    return Techniques(terms, Release("the platform's own table"))


def _scitacean_labels() -> dict[str, str]:
    """IRI → label of every technique that the package `scitacean` brings; empty where it is not installed."""
    try:
        file = files("scitacean") / "ontology" / "expands_techniques.json.bz2"
        found = json.loads(bz2.decompress(file.read_bytes()))
    except (ModuleNotFoundError, OSError, ValueError):
        return {}
    return {
        iri: labels[0]
        for iri, labels in found.items()
        if isinstance(labels, list) and labels and isinstance(labels[0], str) and is_technique(iri)
    }


def _row(position: int, term: TechniqueTerm) -> dict[str, object]:
    return {
        "iri": term.iri,
        "position": position,
        "label": term.label,
        "synonyms": list(term.synonyms),
        "definition": term.definition,
        "parents": list(term.parents),
        "ancestors": sorted(term.ancestors),
    }


def _stored(session: Session) -> Techniques:
    release = session.scalars(select(TechniqueVocabulary).order_by(TechniqueVocabulary.id.desc())).first()
    rows = session.scalars(select(VocabularyTerm).order_by(VocabularyTerm.position))
    terms = [
        TechniqueTerm(
            row.iri, row.label, tuple(row.synonyms), row.definition, tuple(row.parents), frozenset(row.ancestors)
        )
        for row in rows
    ]
    source, version = (release.source, release.version) if release else ("", None)
    return Techniques(terms, Release(source, version, loaded=True))
