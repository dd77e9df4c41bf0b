"""The words of all search texts, each field's apart, with their rows: which rows hold a word that contains some text?

An entry is a word in a field. All words stand in one array of bytes, each followed by NUL, sorted by field and word; a
table says for every three bytes (the third may be the NUL) in which entries they stand. A text of three bytes and more is
looked for among the entries of its rarest three bytes, one of two bytes in the entries of all threes that begin with them,
a single byte in all words. Rows of frequent entries are kept as bitmaps.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from pandaas.catalogue.search.index.bitmaps import bitmap_of, ranges, rids_of, union

Arrays = dict[str, NDArray[Any]]
Entries = NDArray[np.int64]
_COUNTED = 20_000  # entries
FREQUENT = 1_000  # rows, from which on an entry's rows are a bitmap


class Lexicon:
    """Read-only; its arrays may be mapped from a file. Without a table of three bytes every text is looked for in all
    words of its field, which is right for fields with few words."""

    def __init__(self, arrays: Arrays) -> None:
        self._bytes = arrays["bytes"]
        self._starts = arrays["starts"]  # of each entry in `bytes`, and the end
        self._fields = arrays["fields"]  # first entry of each field, and the end
        self._offsets = arrays["offsets"]  # of each entry's rows in `rids`, and the end
        self._rids = arrays["rids"]
        self._frequent = arrays["frequent"]  # entries whose rows are bitmaps, ascending
        self._places = arrays["places"]  # of these bitmaps in `bitmaps`, and the end
        self._bitmaps = arrays["bitmaps"]
        self._keys = arrays["keys"]  # three bytes as a number, ascending
        self._lists = arrays["lists"]  # of each key's entries in `entries`, and the end
        self._entries = arrays["entries"]

    def containing(self, text: bytes, field: int | None = None, *, leads: bool = False, ends: bool = False) -> BitMap:
        """The rows that have a word (of `field`, else of any) which contains `text`; `leads`, `ends`: begins or ends
        with it."""
        return self.rows(self.entries(text, field, leads=leads, ends=ends))

    def entries(self, text: bytes, field: int | None = None, *, leads: bool = False, ends: bool = False) -> Entries:
        first, last = (0, len(self._starts) - 1) if field is None else self._fields[field : field + 2]
        if len(text) < 2 or len(self._keys) == 0:
            return self._scan(text, int(first), int(last), leads=leads, ends=ends)
        candidates = self._beginning(text) if len(text) == 2 else self._rarest(text)
        low, high = np.searchsorted(candidates, [first, last])
        candidates = candidates[low:high].astype(np.int64)
        if len(text) <= 3 and not leads and not ends:
            return candidates
        return self._check(text, candidates, leads=leads, ends=ends)

    def holding(self, text: bytes, field: int) -> Entries:
        """The entries of a field that contain `text`; an empty one stands in all."""
        if text:
            return self.entries(text, field)
        first, last = self._fields[field : field + 2]
        return np.arange(first, last, dtype=np.int64)

    def beginning(self, text: bytes, field: int) -> Entries:
        """The entries of a field that begin with `text`."""
        first, last = (int(one) for one in self._fields[field : field + 2])
        start = bisect_left(range(last), text, first, key=self.word)
        end = bisect_left(range(last), True, start, key=lambda entry: not self.word(entry).startswith(text))
        return np.arange(start, end, dtype=np.int64)

    def of_length(self, entries: Entries, least: int, most: int) -> Entries:
        """Those of `entries` with `least` to `most` bytes."""
        lengths = self._starts[entries + 1].astype(np.int64) - self._starts[entries] - 1
        return entries[(lengths >= least) & (lengths <= most)]

    def word(self, entry: int) -> bytes:
        return self._bytes[int(self._starts[entry]) : int(self._starts[entry + 1]) - 1].tobytes()

    def counted(self, entries: Entries, mask: NDArray[np.bool_], most: int = _COUNTED) -> dict[str, tuple[int, int]]:
        """The words of `entries` that stand in rows of `mask`: in how many, and in which one of them; the `most` common.

        Of many entries the frequent ones and the first of the others are looked at.
        """
        often = np.intersect1d(entries, self._frequent, assume_unique=True)
        rare = np.setdiff1d(entries, often, assume_unique=True)[:_COUNTED]
        found: dict[str, tuple[int, int]] = {}
        for entry in often:
            rids = rids_of(self._bitmap(int(np.searchsorted(self._frequent, entry))))
            held = np.flatnonzero(mask[rids])
            if len(held):
                found[self.word(entry).decode()] = (len(held), int(rids[held[0]]))
        starts = self._offsets[rare].astype(np.int64)
        lengths = self._offsets[rare + 1].astype(np.int64) - starts
        rids = self._rids[ranges(starts, lengths)]
        held = np.flatnonzero(mask[rids])
        owners = np.repeat(np.arange(len(rare)), lengths)[held]
        places, firsts, numbers = np.unique(owners, return_index=True, return_counts=True)
        for one in np.argsort(-numbers, kind="stable")[:most]:
            found[self.word(rare[places[one]]).decode()] = (int(numbers[one]), int(rids[held[firsts[one]]]))
        return found

    def rows(self, entries: Entries) -> BitMap:
        places = np.searchsorted(self._frequent, entries)
        places[places == len(self._frequent)] = 0
        often = self._frequent[places] == entries if len(self._frequent) else np.zeros(len(entries), np.bool_)
        rare = entries[~often]
        starts = self._offsets[rare]
        rids = self._rids[ranges(starts, self._offsets[rare + 1] - starts)]
        return union([bitmap_of(rids), *(self._bitmap(int(place)) for place in places[often])])

    def _bitmap(self, place: int) -> BitMap:
        return BitMap.deserialize(self._bitmaps[self._places[place] : self._places[place + 1]].tobytes())

    def _beginning(self, text: bytes) -> NDArray[Any]:
        """The entries of all three bytes that begin with these two."""
        code = text[0] << 16 | text[1] << 8
        low, high = np.searchsorted(self._keys, np.array([code, code + 256], np.uint32))
        return _once(np.sort(self._entries[self._lists[low] : self._lists[high]]))

    def _rarest(self, text: bytes) -> NDArray[Any]:
        letters = np.frombuffer(text, np.uint8).astype(np.uint32)
        wanted = np.unique(letters[:-2] << 16 | letters[1:-1] << 8 | letters[2:])
        places = np.searchsorted(self._keys, wanted)
        if len(self._keys) == 0 or (places == len(self._keys)).any() or (self._keys[places] != wanted).any():
            return np.zeros(0, np.uint32)
        best = places[np.argmin(self._lists[places + 1] - self._lists[places])]
        return self._entries[self._lists[best] : self._lists[best + 1]]

    def _check(self, text: bytes, candidates: Entries, *, leads: bool, ends: bool) -> Entries:
        """Those of `candidates` that really contain `text`."""
        starts = self._starts[candidates].astype(np.int64)
        lengths = self._starts[candidates + 1].astype(np.int64) - starts
        letters = self._bytes[ranges(starts, lengths)]
        firsts = np.cumsum(lengths) - lengths
        hits = _find(letters, text)
        places = np.searchsorted(firsts, hits, side="right") - 1
        if leads:
            keep = hits == firsts[places]
            hits, places = hits[keep], places[keep]
        if ends:
            places = places[hits + len(text) + 1 == firsts[places] + lengths[places]]
        found: Entries = candidates[_once(places)]
        return found

    def _scan(self, text: bytes, first: int, last: int, *, leads: bool, ends: bool) -> Entries:
        start, end = int(self._starts[first]), int(self._starts[last])
        hits = _find(self._bytes[start:end], text) + start
        found = np.searchsorted(self._starts, hits, side="right") - 1
        if leads:
            keep = hits == self._starts[found]
            hits, found = hits[keep], found[keep]
        if ends:
            found = found[hits + len(text) + 1 == self._starts[found + 1]]
        return _once(found).astype(np.int64)


def _once(ordered: NDArray[Any]) -> NDArray[Any]:
    """Each of the ascending values once."""
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def _find(letters: NDArray[Any], text: bytes) -> NDArray[np.int64]:
    """Where `text` stands in `letters`."""
    hits = np.flatnonzero(letters[: max(0, len(letters) - len(text) + 1)] == text[0])
    for distance, letter in enumerate(text[1:], 1):
        hits = hits[letters[hits + distance] == letter]
    return hits
