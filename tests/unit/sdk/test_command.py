"""The command line of an installed program: placeholders become arguments, never a shell's words."""

from __future__ import annotations

from typing import Any

import pytest

from pandaas.sdk import RecipeError
from pandaas.sdk.command import arguments

VALUES: dict[str, Any] = {
    "program": "/opt/p", "sample": "/d/a file.h5", "frames": ["/d/1", "/d/2"], "mask": None, "fast": True, "slow": False, "n": 3, "q": 0.1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["{program}", "--in={sample}"], ["/opt/p", "--in=/d/a file.h5"]),
        (["{frames}"], ["/d/1", "/d/2"]),
        (["--all={frames}"], ["--all=/d/1,/d/2"]),
        ([["--mask", "{mask}"], "-n", "{n}"], ["-n", "3"]),
        ([["--fast", "{fast}"], ["--slow", "{slow}"]], ["--fast"]),
        ([["--can", "{can}"]], []),
        (["-q", "{q}", "x{n}y{n}"], ["-q", "0.1", "x3y3"]),
    ],
)
def test_placeholders_are_filled_in(words: list[Any], expected: list[str]) -> None:
    assert arguments(words, VALUES) == expected


def test_what_a_shell_would_act_on_stays_one_word() -> None:
    nasty = "; rm -rf ~ $(id) `id` {program} \n* > x"
    assert arguments(["--title", "{title}"], {"title": nasty, "program": "p"}) == ["--title", nasty]


def test_a_null_character_is_refused() -> None:
    with pytest.raises(RecipeError, match="null character"):
        arguments(["{title}"], {"title": "a\0b"})


def test_an_unknown_name_is_the_authors_mistake() -> None:
    with pytest.raises(RecipeError, match="'samples'"):
        arguments(["{samples}"], VALUES)
