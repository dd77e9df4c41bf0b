"""One typo: a letter wrong, missing, too much, or two neighbours swapped."""

from __future__ import annotations


def is_one_typo(typed: str, word: str) -> bool:
    """`word` is `typed` with exactly one typo (restricted Damerau-Levenshtein distance 1)."""
    if typed == word or abs(len(typed) - len(word)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(word)) and typed[start] == word[start]:
        start += 1
    left, right = typed[start:], word[start:]
    if len(left) == len(right):
        return left[1:] == right[1:] or (len(left) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:])
    return left[1:] == right if len(left) > len(right) else left == right[1:]


def parts_of(typed: str) -> list[str]:
    """Parts of which every word that is one typo away holds at least one."""
    middle = len(typed) // 2
    parts = {typed[:middle], typed[middle:]}
    if len(typed) % 2 == 0 or middle >= 1:  # two letters swapped across the middle break both halves
        swapped = typed[: middle - 1] + typed[middle] + typed[middle - 1] + typed[middle + 1 :]
        parts.add(swapped)
    return sorted(parts - {""})
