"""Collects words with their rows and makes the arrays of a `Lexicon` from them."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.catalogue.search.index.bitmaps import bitmap_of
from pandaas.catalogue.search.index.lexicon import FREQUENT, Arrays


class WordCollection:
    def __init__(self) -> None:
        self._words: list[dict[str, int]] = []  # of each field: word -> number of the entry
        self._size = 0
        self._entries, self._rids = array("I"), array("I")

    def add(self, field: int, word: str, rid: int) -> None:
        while len(self._words) <= field:
            self._words.append({})
        known = self._words[field]
        entry = known.get(word)
        if entry is None:
            entry = known[word] = self._size
            self._size += 1
        self._entries.append(entry)
        self._rids.append(rid)

    def arrays(self, fields: int, *, by_letters: bool) -> Arrays:
        """`by_letters`: with the table of three bytes."""
        words, numbers, firsts = self._sorted(fields)
        lengths = np.fromiter((len(word) + 1 for word in words), np.int64, len(words))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        letters = np.frombuffer(b"\0".join([*words, b""]), np.uint8)
        made: Arrays = {"bytes": letters, "starts": starts.astype(np.uint32), "fields": firsts}
        made |= self._rows(numbers)
        keys = lists = np.zeros(0, np.uint32)
        entries = np.zeros(0, np.uint32)
        if by_letters:
            keys, lists, entries = _by_letters(letters, lengths)
        return made | {"keys": keys, "lists": lists, "entries": entries}

    def _sorted(self, fields: int) -> tuple[list[bytes], NDArray[np.uint32], NDArray[np.int64]]:
        """All words by field and word; for each number given by `add` its place among them; first entry of each field."""
        words: list[bytes] = []
        places = np.zeros(self._size, np.uint32)
        firsts = [0]
        for field in range(fields):
            known = self._words[field] if field < len(self._words) else {}
            coded = sorted((word.encode(), number) for word, number in known.items())
            places[[number for _, number in coded]] = np.arange(len(words), len(words) + len(coded), dtype=np.uint32)
            words += [word for word, _ in coded]
            firsts.append(len(words))
            known.clear()
        return words, places, np.array(firsts, np.int64)

    def _rows(self, places: NDArray[np.uint32]) -> Arrays:
        entries = places[np.frombuffer(self._entries, np.uint32)] if self._size else np.zeros(0, np.uint32)
        pairs = np.unique(entries.astype(np.uint64) << np.uint64(32) | np.frombuffer(self._rids, np.uint32))
        counts = np.bincount((pairs >> np.uint64(32)).astype(np.int64), minlength=self._size)
        rids = (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        ends = np.cumsum(counts)
        frequent = np.flatnonzero(counts > FREQUENT)
        blobs = [bitmap_of(rids[ends[one] - counts[one] : ends[one]]).serialize() for one in frequent]
        rare = rids[np.repeat(counts <= FREQUENT, counts)]
        offsets = np.concatenate([[0], np.cumsum(np.where(counts > FREQUENT, 0, counts))])
        return {
            "offsets": offsets.astype(np.uint32),
            "rids": rare,
            "frequent": frequent.astype(np.int64),
            "places": np.concatenate([[0], np.cumsum([len(blob) for blob in blobs])]).astype(np.int64),
            "bitmaps": np.frombuffer(b"".join(blobs), np.uint8),
        }


def _by_letters(letters: NDArray[Any], lengths: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """For every three bytes, the third perhaps NUL, the entries they stand in: (three bytes as a number, where its list
    starts, entries)."""
    if len(letters) < 3:
        return np.zeros(0, np.uint32), np.zeros(1, np.uint32), np.zeros(0, np.uint32)
    entry = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)[:-2]
    wide = letters.astype(np.uint32)
    code = wide[:-2] << 16 | wide[1:-1] << 8 | wide[2:]
    inside = (letters[:-2] != 0) & (letters[1:-1] != 0)
    pairs = code[inside].astype(np.uint64) << np.uint64(32) | entry[inside]
    pairs.sort()
    pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])] if len(pairs) else pairs
    codes = (pairs >> np.uint64(32)).astype(np.uint32)
    keys, firsts = np.unique(codes, return_index=True)
    lists = np.concatenate([firsts, [len(codes)]]).astype(np.uint32)
    return keys, lists, (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)
