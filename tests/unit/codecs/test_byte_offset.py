"""CBF's compression gives what fabio gives, and whatever bytes come, never more than the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from fabio.compression import compByteOffset, decByteOffset
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.codecs import BYTE_OFFSET, BrokenChunk, Filter, UnknownChunk, can_decode, decode_filters

PIPELINE = [Filter(BYTE_OFFSET)]
WIDE = st.integers(-(2**30), 2**30) | st.integers(-300, 300) | st.integers(-(2**16), 2**16)


def decode(stored: bytes, count: int, kind: str = "<i4") -> np.ndarray:
    into = np.empty(count, kind)
    decode_filters(stored, PIPELINE, 0, into, np.empty(0, np.uint8))
    return into


@given(values=hnp.arrays(np.int32, st.integers(1, 60), elements=WIDE))
def test_pixels_come_back(values: np.ndarray) -> None:
    assert can_decode(PIPELINE, 4)
    np.testing.assert_array_equal(decode(compByteOffset(values), values.size), values)


@given(
    stored=st.lists(
        st.sampled_from([b"\x80", b"\0", b"\xff", b"\x7f", b"\x80\0\x80", b"\x80\0\x80\0\0\0\x80"]), max_size=30
    ),
    count=st.integers(1, 40),
)
def test_any_bytes_decode_as_fabio_decodes_them(stored: list[bytes], count: int) -> None:
    whole = b"".join(stored)
    try:
        found = decode(whole, count)
    except (BrokenChunk, UnknownChunk):
        return
    np.testing.assert_array_equal(found, np.asarray(decByteOffset(whole, size=count, dtype="int32"), np.int32))


@pytest.mark.parametrize("kind", ["<u2", ">i4", "<i8", "|i1"])
def test_other_types_take_the_same_differences(kind: str) -> None:
    values = np.array([1, 100, 3, 0, 120], kind)
    np.testing.assert_array_equal(decode(compByteOffset(values.astype("i4")), 5, kind), values)


@pytest.mark.parametrize("stored", [b"", b"\x01", b"\x01\x80\0", b"\x01\x80\0\x80\0\0"])
def test_fewer_pixels_than_there_should_be_are_broken(stored: bytes) -> None:
    with pytest.raises(BrokenChunk):
        decode(stored, 2)


def test_numbers_with_a_fraction_are_not_claimed() -> None:
    with pytest.raises(UnknownChunk):
        decode(b"\1\1", 2, "<f4")
