"""Arrays as bytes come back as the same arrays."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.codecs import describe_dtype, dtype_from, encode, jsonable, plain_dtype, safe_dtype, to_json, to_safe
from pandaas.model import InvalidInput

numeric = st.one_of(
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(endianness="?", sizes=(64, 128)),
    hnp.boolean_dtypes(),
)
SAFE = {"|b1", "|i1", "|u1", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "<f4", "<f8", "<c8", "<c16"}
arrays = numeric.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)


@given(arrays)
def test_raw_bytes(array: np.ndarray) -> None:
    made = encode(array, "bin")
    again = np.frombuffer(bytes(made.body), np.dtype(made.headers["X-Dtype"])).reshape(
        json.loads(made.headers["X-Shape"])
    )
    np.testing.assert_array_equal(again, array)


@given(arrays)
def test_npy(array: np.ndarray) -> None:
    again = np.load(io.BytesIO(bytes(encode(array, "npy").body)), allow_pickle=False)
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)


@given(arrays)
def test_safe_numbers_are_little_endian_and_equal(array: np.ndarray) -> None:
    safe = to_safe(array)
    assert safe.dtype.str in SAFE
    np.testing.assert_array_equal(safe, array)


@pytest.mark.parametrize(
    ("given_type", "safe"), [("f2", "<f4"), (">f8", "<f8"), ("g", "<f8"), (">u2", "<u2"), ("u8", "<u8"), ("?", "|b1")]
)
def test_safe_types(given_type: str, safe: str) -> None:
    assert safe_dtype(np.dtype(given_type)).str == safe


def test_text_is_not_safe() -> None:
    with pytest.raises(InvalidInput):
        encode(np.array(["a"], object), "json", "safe")


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=5)))
def test_csv_keeps_every_digit(array: np.ndarray) -> None:
    text = bytes(encode(array, "csv").body).decode()
    again = np.loadtxt(text.splitlines(), delimiter=",", ndmin=array.ndim)
    np.testing.assert_array_equal(again.reshape(array.shape), array)


def test_tiff() -> None:
    image = np.arange(12, dtype=">u2").reshape(3, 4)
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(bytes(encode(image, "tiff").body))), image)


@given(arrays)
def test_json_holds_numbers_or_null(array: np.ndarray) -> None:
    again = json.loads(to_json(array))
    expected = jsonable(array)
    assert again == expected
    if array.dtype.kind in "iub":
        np.testing.assert_array_equal(np.array(again, array.dtype).reshape(array.shape), array)


def test_json_of_everything_else() -> None:
    record = np.array([(1, 2 + 3j, b"ab")], [("a", "i4"), ("b", "c8"), ("c", "S4")])
    assert jsonable(record) == [[1, [2.0, 3.0], "ab"]]
    assert jsonable(np.array([1.5, np.nan, np.inf])) == [1.5, None, None]
    assert jsonable(np.array([b"gr\xc3\xb6\xc3\x9fe", b"\xff"])) == ["größe", "�"]
    assert jsonable({"a": (1, np.bool_(True), None)}) == {"a": [1, True, None]}
    assert jsonable(np.longdouble(0.5)) == 0.5


@pytest.mark.parametrize(
    ("array", "encoding"),
    [
        (np.zeros((2, 2, 2)), "csv"),
        (np.float64(1.0).reshape(()), "csv"),
        (np.zeros(3), "tiff"),
        (np.zeros((2, 2), complex), "tiff"),
        (np.array(["a"], object), "npy"),
        (np.array(["a"], object), "bin"),
        (np.array([b"a"]), "csv"),
        (np.zeros(2), "exe"),
    ],
)
def test_combinations_that_do_not_exist(array: np.ndarray, encoding: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        encode(array, encoding)
    assert caught.value.remedy


def test_a_large_array_is_not_copied() -> None:
    array = np.arange(10_000)
    body = encode(array, "bin").body
    assert isinstance(body, memoryview)
    assert np.shares_memory(np.frombuffer(body, np.uint8), array)


@pytest.mark.parametrize("name", ["../../etc/passwd", 'a"b', "a\r\nSet-Cookie: x", "", "größe"])
def test_a_file_name_in_a_header_is_harmless(name: str) -> None:
    header = encode(np.zeros(2), "npy", name=name).headers["Content-Disposition"]
    inner = header.removeprefix('attachment; filename="').removesuffix('"')
    assert inner.isascii()
    assert not set(inner) & set('/"\r\n;')


types: st.SearchStrategy[np.dtype[Any]] = st.one_of(
    hnp.scalar_dtypes(),
    hnp.array_dtypes(allow_subarrays=True),
)


@given(types)
def test_types_travel_as_json(dtype: np.dtype[Any]) -> None:
    assert dtype_from(json.loads(json.dumps(describe_dtype(dtype)))) == plain_dtype(dtype)


@pytest.mark.parametrize(
    "description",
    ["O", "nonsense", {"names": ["a"]}, {"names": ["a"], "formats": ["O"], "offsets": [0], "itemsize": 8}, None, []],
)
def test_types_that_do_not_travel(description: Any) -> None:
    with pytest.raises(InvalidInput):
        dtype_from(description)
