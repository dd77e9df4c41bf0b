"""The rows of one page, in the order asked for, as SQL would give them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pyroaring import BitMap
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from pandaas.catalogue.search.index.bitmaps import Rids, rids_of
from pandaas.catalogue.search.index.catalogue_index import Unanswerable
from pandaas.catalogue.search.index.maps import Maps
from pandaas.db.tables import Dataset

_MOST_SORTED_IN_SQL = 5_000


class Pages:
    """Rows of the base are numbered in the order of time, so the newest are the last; rows that changed since are few
    and are sorted in."""

    def __init__(self, maps: Maps) -> None:
        self._maps = maps

    def newest(self, hits: BitMap, offset: int, limit: int) -> list[int]:
        """Ids of datasets, newest first; of one time the highest id first."""
        return self._ids(self._by_time(hits, offset + limit, newest=True)[offset:])

    def oldest(self, hits: BitMap, offset: int, limit: int) -> list[int]:
        return self._ids(self._by_time(hits, offset + limit, newest=False)[offset:])

    def largest(self, hits: BitMap, offset: int, limit: int) -> list[int]:
        """By size, then newest first."""
        rids, wanted = rids_of(hits), offset + limit
        sizes = self._maps.column("size")[rids]
        if len(rids) > 4 * wanted:
            least = -np.partition(-sizes, wanted - 1)[wanted - 1]
            rids = rids[sizes >= least]
        when, ids = self._maps.column("when")[rids], self._maps.column("id")[rids]
        order = np.lexsort((-ids, -when, -self._maps.column("size")[rids]))
        return self._ids(rids[order[offset:wanted]])

    def by_title(self, hits: BitMap, offset: int, limit: int, session: Session) -> list[int]:
        base, recent = self._parted(hits)
        wanted = offset + limit
        rids = rids_of(base)
        ranks = self._maps.title_rank[rids]
        if len(rids) > 4 * wanted:
            rids = rids[ranks <= np.partition(ranks, wanted - 1)[wanted - 1]]
            ranks = self._maps.title_rank[rids]
        rids = rids[np.argsort(ranks)[:wanted]]
        if not len(recent):
            return self._ids(rids[offset:])
        ids = [*self._ids(rids), *self._ids(recent)]
        if len(ids) > _MOST_SORTED_IN_SQL:
            raise Unanswerable  # how titles compare is known to the database alone
        sorted_ = select(Dataset.id).where(Dataset.id.in_(ids)).order_by(func.lower(Dataset.title), Dataset.id)
        return list(session.scalars(sorted_.offset(offset).limit(limit)))

    def ranked(self, hits: BitMap, score: ColumnElement[Any], offset: int, limit: int, session: Session) -> list[int]:
        """By a score that the database makes of the texts, then newest first; for few hits."""
        when = func.coalesce(Dataset.start_time, Dataset.created)
        order = (score.desc(), when.desc(), Dataset.id.desc())
        query = select(Dataset.id).where(Dataset.id.in_(self._ids(rids_of(hits)))).order_by(*order)
        return list(session.scalars(query.offset(offset).limit(limit)))

    def scored(self, hits: BitMap, scores: Sequence[tuple[BitMap, int]], offset: int, limit: int) -> list[int]:
        """By the sum of the scores (each a power of two) whose rows a hit stands in, highest first, then newest first."""
        found: list[int] = []
        for group in _by_score(hits, _summed(scores)):
            if offset < len(group):
                found += self.newest(group, offset, limit - len(found))
            offset = max(0, offset - len(group))
            if len(found) == limit:
                break
        return found

    def _by_time(self, hits: BitMap, most: int, *, newest: bool) -> Rids:
        base, recent = self._parted(hits)
        number = min(most, len(base))
        some = (base[len(base) - number :] if newest else base[:number]) if number else base
        rids = rids_of(some)
        if not len(recent):
            return rids[::-1] if newest else rids
        rids = np.concatenate([rids, recent])
        order = np.lexsort((self._maps.column("id")[rids], self._maps.column("when")[rids]))
        return rids[order[::-1] if newest else order][:most]

    def _parted(self, hits: BitMap) -> tuple[BitMap, Rids]:
        """The hits of the base, and those that changed since."""
        length = self._maps.base_length
        if not hits or hits.max() < length:
            return hits, np.zeros(0, np.uint32)
        recent = rids_of(hits)
        base = hits.copy()
        base.remove_range(length, len(self._maps))
        return base, recent[recent >= length]

    def _ids(self, rids: Rids) -> list[int]:
        ids: list[int] = self._maps.column("id")[rids].tolist()
        return ids


def _summed(scores: Sequence[tuple[BitMap, int]]) -> list[BitMap]:
    """The sums in binary: one bitmap for each digit, lowest first."""
    digits: list[BitMap] = []
    for rows, score in scores:
        carry, place = rows, score.bit_length() - 1
        while carry:
            while len(digits) <= place:
                digits.append(BitMap())
            digits[place], carry = digits[place] ^ carry, digits[place] & carry
            place += 1
    return digits


def _by_score(hits: BitMap, digits: Sequence[BitMap]) -> Iterator[BitMap]:
    if not hits:
        return
    if not digits:
        yield hits
        return
    yield from _by_score(hits & digits[-1], digits[:-1])
    yield from _by_score(hits - digits[-1], digits[:-1])
