"""What one person may know of names, values and words, counted in bitmaps; what `TablesKnown` says, for any number of datasets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from pyroaring import BitMap
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pandaas.catalogue.folding import FIELDS, fold
from pandaas.catalogue.search.index.bitmaps import mask_of, rids_of
from pandaas.catalogue.search.index.catalogue_index import CatalogueIndex, Mask
from pandaas.catalogue.search.known import WORD_FIELDS, NumericName, bare, words_of
from pandaas.catalogue.search.language import Words
from pandaas.catalogue.search.typos import is_one_typo, parts_of
from pandaas.db.tables import Dataset, DatasetParameter, Instrument, Proposal

_NEWEST = 1_000  # datasets whose samples are looked at
_NUMBERS = [FIELDS.index(name) for name in WORD_FIELDS]


class IndexKnown:
    """`KnownTo` from one state of the index; `seen` are the rows that the person may discover, asked for when needed."""

    def __init__(
        self,
        session: Session,
        index: CatalogueIndex,
        seen: Callable[[], BitMap],
        rows_with: Callable[[Words], BitMap],
    ) -> None:
        self._session = session
        self._index = index
        self._look = seen
        self._rows_with = rows_with

    @cached_property
    def _seen(self) -> BitMap:
        return self._look()

    @cached_property
    def _mask(self) -> Mask:
        return mask_of(self._seen, len(self._index.maps))

    def names(self, fit: Iterable[str]) -> list[str]:
        return [name for name in fit if self._index.has_named(name, self._seen)]

    def numeric(self, name: str) -> NumericName | None:
        rid = self._index.one_with_number(name, self._seen)
        if rid is None:
            return None
        query = select(DatasetParameter.si_unit, DatasetParameter.unit).where(
            DatasetParameter.dataset_id == self._index.id_of(rid),
            DatasetParameter.name == name,
            DatasetParameter.value.is_not(None),
        )
        row = self._session.execute(query.limit(1)).first()
        return NumericName(name, row.si_unit, row.unit) if row else None

    def texts_of(self, name: str, part: str, most: int) -> list[str]:
        """Values that differ in capitals alone are one, in one of their spellings."""
        counted = self._index.texts_with(name, part, self._seen, self._mask)
        best = sorted(counted, key=lambda text: (-counted[text][0], text))[:most]
        return [self._as_stored(name, text, counted[text][1]) for text in best]

    def _as_stored(self, name: str, lowered: str, rid: int) -> str:
        query = select(DatasetParameter.text).where(
            DatasetParameter.dataset_id == self._index.id_of(rid),
            DatasetParameter.name == name,
            func.lower(DatasetParameter.text) == lowered,
        )
        return self._session.scalar(query.limit(1)) or lowered

    def values_of(self, field: str, part: str, most: int) -> list[str]:
        """Samples are those of the newest thousand datasets that fit."""
        if field == "sample":
            counted = self._samples(self._seen & self._rows_with(Words(part, field)) if part else self._seen)
        else:
            values = self._index.counts(field, self._seen)
            counted = Counter({value: number for value, number in values.items() if part in fold(value)})
        return sorted(counted, key=lambda value: (-counted[value], value))[:most]

    def _samples(self, rows: BitMap) -> Counter[str]:
        ids = self._index.maps.column("id")[rids_of(rows)[-_NEWEST:]].tolist()
        query = select(Dataset.sample, func.count()).where(Dataset.id.in_(ids), Dataset.sample.is_not(None))
        return Counter(
            {value: number for value, number in self._session.execute(query.group_by(Dataset.sample)) if value}
        )

    def techniques(self) -> list[str]:
        return sorted(self._index.counts("technique", self._seen))

    def instruments(self) -> Iterable[tuple[str, str]]:
        ids = [int(value) for value in self._index.counts("instrument", self._seen)]
        query = select(Instrument.name, Instrument.title).where(Instrument.id.in_(ids)).order_by(Instrument.name)
        return ((row.name, row.title) for row in self._session.execute(query))

    def proposals(self, fits: Callable[[str, str], bool]) -> Iterator[tuple[str, str]]:
        query = select(Proposal.id, Proposal.name, Proposal.title).order_by(Proposal.id.desc())
        for id_, name, title in self._session.execute(query).all():
            if fits(name, title) and self._seen.intersect(self._index.maps.bitmap("proposal", id_)):
                yield name, title

    def begun(self, part: str) -> Counter[str]:
        return self._words(
            self._index.words_begun(part, _NUMBERS, self._mask), [part], lambda word: word.startswith(part)
        )

    def near(self, word: str) -> Counter[str]:
        parts = parts_of(word)
        found = self._index.words_like(parts, len(word.encode()), _NUMBERS, self._mask)
        return self._words(found, parts, lambda one: is_one_typo(word, one))

    def stands(self, words: Words) -> bool:
        return bool(self._seen.intersect(self._rows_with(words)))

    def _words(
        self, found: Iterable[tuple[str, int]], parts: Sequence[str], fits: Callable[[str], bool]
    ) -> Counter[str]:
        """A word that stands in several fields counts in each."""
        counted: Counter[str] = Counter()
        for word, number in found:
            if fits(bare(word)):
                counted[bare(word)] += number
        for text in self._index.maps.recent.texts(self._seen):
            if any(part in text for part in parts):
                counted.update(word for word in words_of(text) if fits(word))
        return counted
