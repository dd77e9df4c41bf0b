"""What is kept: the values used last, and no more memory than was allowed."""

from __future__ import annotations

from pandaas.arrays.kept import Kept


def test_what_was_used_longest_ago_goes_first() -> None:
    kept: Kept[str] = Kept(2)
    kept.put("a", "A", 1)
    kept.put("b", "B", 1)
    kept.get("a")
    kept.put("c", "C", 1)
    assert [kept.get(key) for key in "abc"] == ["A", None, "C"]


def test_memory_that_values_share_counts_once() -> None:
    kept: Kept[int] = Kept(10)
    memory = object()
    for number in range(5):
        kept.put(number, number, 8, memory)
    kept.put("more", 9, 2)
    assert [kept.get(number) for number in range(5)] == [0, 1, 2, 3, 4]
    assert kept.get("more") == 9


def test_memory_that_values_share_is_taken_until_the_last_of_them_goes() -> None:
    """The one used last would keep it all: so it goes too, rather than that more is kept than allowed."""
    kept: Kept[int] = Kept(10)
    memory = object()
    for number in range(3):
        kept.put(number, number, 8, memory)
    kept.get(0)
    kept.put("more", 9, 4)
    assert [kept.get(number) for number in range(3)] == [None, None, None]
    assert kept.get("more") == 9


def test_values_that_replace_those_of_shared_memory_free_it() -> None:
    kept: Kept[int] = Kept(10)
    memory = object()
    kept.put("a", 1, 8, memory)
    kept.put("b", 2, 8, memory)
    kept.put("a", 3, 1)
    kept.put("b", 4, 1)
    kept.put("c", 5, 8)
    assert [kept.get(key) for key in "abc"] == [3, 4, 5]
