"""What passes from a browser to a desktop's screen: everything of a person with full rights, no input of a viewer."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.server.sessions.screen import NotRfb, ScreenFilter

GREETING = b"RFB 003.008\n\x01"
ASKED = {
    "pixel format": bytes([0, 0, 0, 0]) + bytes(16),
    "picture": struct.pack(">BBHHHH", 3, 1, 0, 0, 640, 480),
    "continuous pictures": struct.pack(">BBHHHH", 150, 1, 0, 0, 640, 480),
    "fence": struct.pack(">BxxxIB", 248, 1, 3) + b"abc",
}
INPUT = {
    "key": struct.pack(">BBxxI", 4, 1, 0x61),
    "pointer": struct.pack(">BBHH", 5, 1, 10, 20),
    "clipboard": struct.pack(">Bxxxi", 6, 5) + b"hello",
    "extended clipboard": struct.pack(">Bxxxi", 6, -6) + b"\0\0\0\1ab",
    "size": struct.pack(">BxHHBx", 251, 640, 480, 1) + bytes(16),
    "key with its place": struct.pack(">BBHII", 255, 0, 1, 0x61, 30),
}


def greeted(*, view_only: bool) -> ScreenFilter:
    made = ScreenFilter(view_only=view_only)
    assert made.feed(GREETING + b"\x00") == b"\x01"  # always shared; the screen was greeted already
    return made


def test_the_browser_is_greeted_step_by_step() -> None:
    """noVNC reads what follows the version only after it has answered."""
    made = ScreenFilter(view_only=True)
    told = [made.answer()]
    for said in (b"RFB 003.008\n", b"\x01", b"\x01"):
        made.feed(said)
        told.append(made.answer())
    assert told == [b"RFB 003.008\n", b"\x01\x01", bytes(4), b""]


@pytest.mark.parametrize("name", INPUT)
def test_a_viewer_types_points_pastes_and_resizes_nothing(name: str) -> None:
    assert greeted(view_only=True).feed(INPUT[name]) == b""


@pytest.mark.parametrize("name", INPUT)
def test_with_full_rights_input_passes(name: str) -> None:
    assert greeted(view_only=False).feed(INPUT[name]) == INPUT[name]


@pytest.mark.parametrize("view_only", [True, False])
@pytest.mark.parametrize("name", ASKED)
def test_pictures_are_asked_for_by_everybody(name: str, *, view_only: bool) -> None:
    assert greeted(view_only=view_only).feed(ASKED[name]) == ASKED[name]


@given(
    names=st.lists(st.sampled_from([*ASKED, *INPUT]), max_size=12),
    view_only=st.booleans(),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_where_the_bytes_are_cut_makes_no_difference(names: list[str], view_only: bool, cuts: list[int]) -> None:
    sent = b"".join({**ASKED, **INPUT}[name] for name in names)
    wanted = b"".join(ASKED[name] for name in names if name in ASKED) if view_only else sent
    made, places = greeted(view_only=view_only), sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    found = b"".join(made.feed(sent[start:end]) for start, end in itertools.pairwise(places))
    assert found == wanted


@pytest.mark.parametrize("sent", [b"\x07", b"\xc8\x00", struct.pack(">Bxxxi", 6, 1 << 24)])
def test_what_our_page_would_not_send_ends_the_connection(sent: bytes) -> None:
    with pytest.raises(NotRfb):
        greeted(view_only=True).feed(sent)


def test_pointers_of_two_lengths_are_not_agreed_on() -> None:
    offered = struct.pack(">BxHiii", 2, 3, 7, -316, -239)
    assert greeted(view_only=False).feed(offered) == struct.pack(">BxHii", 2, 2, 7, -239)
