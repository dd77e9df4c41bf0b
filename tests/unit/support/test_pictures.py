"""Pictures with a request: what is kept of them, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pandaas.model import InvalidInput, TooLarge
from pandaas.support import LARGEST, Asked, SentPicture, Support, checked, excerpt
from pandaas.testing.facility import Facility


def png(**options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((40, 30), 60).save(out, "PNG", **options)
    return out.getvalue()


def jpeg(**options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((40, 30), 60).save(out, "JPEG", **options)
    return out.getvalue()


PICTURES = {
    "png": png(),
    "jpeg": jpeg(),
    "progressive": jpeg(progressive=True),
    "restarts": jpeg(restart_marker_blocks=1),
}


@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_a_picture_shows_the_same_pixels_as_before(content: bytes) -> None:
    found = checked(content)
    assert (found.width, found.height) == (40, 30)
    assert Image.open(io.BytesIO(found.content)).tobytes() == Image.open(io.BytesIO(content)).tobytes()


def test_texts_places_and_what_follows_the_end_are_left_out() -> None:
    noted = PngInfo()
    noted.add_text("Author", "Alice of Room 7")
    exif = Image.Exif()
    exif[0x010E] = "Alice of Room 7"
    for content in (png(pnginfo=noted), jpeg(exif=exif, comment=b"Alice of Room 7")):
        assert b"Alice" in content
        assert b"Alice" not in checked(content).content
        assert checked(content + b"<script>alert(1)</script>").content == checked(content).content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + bytes(40),
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        b"\xff\xd8\xff<html><script>alert(1)</script>",
        png()[:-20],
        png()[:60] + b"X" + png()[61:],
        jpeg()[:-2],
        jpeg()[:200],
        b"\xff\xd8\xff\xd9",
    ],
    ids=range(10),
)
def test_what_is_no_whole_picture_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked(content)
    assert (caught.value.field, bool(caught.value.remedy)) == ("pictures", True)


def test_a_picture_that_would_unpack_to_gigabytes_is_refused() -> None:
    def piece(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = piece(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + piece(b"IDAT", zlib.compress(bytes(1000))) + piece(b"IEND", b"")
    with pytest.raises(TooLarge, match="million pixels"):
        checked(bomb)
    with pytest.raises(TooLarge, match="at most 2 MB"):
        checked(png() + bytes(LARGEST))


@given(st.binary(max_size=400), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xda"]))
def test_any_bytes_are_a_picture_or_refused(content: bytes, start: bytes) -> None:
    try:
        found = checked(start + content)
    except InvalidInput:
        return
    assert found.width * found.height > 0


def test_a_picture_that_is_refused_leaves_no_request(facility: Facility, support: Support) -> None:
    alice = facility.principal("alice")
    with pytest.raises(InvalidInput):
        support.ask(alice, Asked("Look", "Here", pictures=[SentPicture("a.png", b"no picture")]))
    with pytest.raises(InvalidInput, match="at most 2 pictures"):
        support.ask(alice, Asked("Look", "Here", pictures=[SentPicture("a.png", png())] * 3))
    assert support.requests(alice).total == 0
    asked = support.ask(alice, Asked("Look", "Here", pictures=[SentPicture("../a.png", jpeg())]))
    [picture] = support.request(alice, asked).messages[0].pictures
    assert (picture.name, picture.width) == ("..a.png", 40)
    assert support.picture(alice, asked, picture.id).media_type == "image/jpeg"


def test_an_excerpt_is_the_end_without_what_opens_doors() -> None:
    log = "\n".join(f"line {number}" for number in range(500))
    assert excerpt(log).splitlines()[0] == "line 380"
    told = excerpt(
        "GET http://127.0.0.1/lab?token=abcdef123 as pandaas_AbCdEf123456\n"
        "Authorization: Bearer eyJhbGciOi.x password=hunter2 https://me:pw@example.org/x"
    )
    for secret in ("abcdef123", "AbCdEf", "eyJ", "hunter2", "me:pw"):
        assert secret not in told
