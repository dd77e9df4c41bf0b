"""Pictures that come with a request: PNG and JPEG, known by what is in them, kept without anything but the picture.

They are walked through piece by piece and never decoded. Left out are texts, places and times (EXIF, XMP, comments) and
whatever follows the picture's end, where a second file could hide. The sizes are those that the file says of itself;
ISO/IEC 15948 (PNG) and ITU-T T.81 (JPEG) tell where they stand.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pandaas.model import InvalidInput, TooLarge

LARGEST = 2 * 1024 * 1024
_MOST_PIXELS = 40_000_000  # what a browser unpacks: 160 MB
_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_OF_PNG = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"pHYs"})
_SIZES_OF_JPEG = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_AMONG_PIXELS = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})  # these have no length
_SCAN = 0xDA


@dataclass(frozen=True)
class Picture:
    """A picture that may be kept and shown. `width`, `height` in pixels."""

    media_type: str
    content: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def checked(content: bytes) -> Picture:
    """The picture in `content`. `TooLarge` above 2 MB or 40 million pixels, `InvalidInput` for what is none."""
    if len(content) > LARGEST:
        raise TooLarge(
            f"A picture has at most {LARGEST // 1024**2} MB; this one has {len(content) / 1024**2:.1f} MB.",
            remedy="Make it smaller, or show only the part that matters.",
            field="pictures",
        )
    try:
        if content.startswith(_PNG):
            found = _png(content)
        elif content.startswith(b"\xff\xd8\xff"):
            found = _jpeg(content)
        else:
            raise ValueError
    except (ValueError, IndexError) as error:
        raise InvalidInput(
            "This is no PNG or JPEG picture, or it is damaged.",
            remedy="Take the picture again, or save it as PNG.",
            field="pictures",
        ) from error
    if not 0 < found.width * found.height <= _MOST_PIXELS:
        raise TooLarge(
            f"A picture has at most {_MOST_PIXELS // 1_000_000} million pixels; this one says {found.width:,} × {found.height:,}.",
            remedy="Make it smaller.",
            field="pictures",
        )
    return found


def _png(content: bytes) -> Picture:
    at, kept = len(_PNG), [_PNG]
    names: list[bytes] = []
    while not names or names[-1] != b"IEND":
        length = int.from_bytes(_piece(content, at, 4))
        name, end = _piece(content, at + 4, 4), at + 12 + length
        body = _piece(content, at + 8, length)
        if zlib.crc32(name + body) != int.from_bytes(_piece(content, end - 4, 4)):
            raise ValueError(name)
        if name[:1].isupper() and name not in _KEPT_OF_PNG:
            raise ValueError(name)  # critical, and unknown to us
        if name in _KEPT_OF_PNG:
            kept.append(content[at:end])
        names.append(name)
        at = end
    if names[0] != b"IHDR" or names.count(b"IHDR") != 1 or b"IDAT" not in names or len(kept[1]) != 25:
        raise ValueError(names[0])
    return Picture("image/png", b"".join(kept), int.from_bytes(kept[1][8:12]), int.from_bytes(kept[1][12:16]))


def _jpeg(content: bytes) -> Picture:
    kept, size, has_pixels = [content[:2]], None, False
    for marker, segment in _segments(content):
        if marker in _SIZES_OF_JPEG:
            if size is not None or len(segment) < 10:
                raise ValueError(marker)
            size = int.from_bytes(segment[7:9]), int.from_bytes(segment[5:7])
        has_pixels = has_pixels or marker == _SCAN
        if not (0xE1 <= marker <= 0xED or marker in {0xEF, 0xFE}):  # JFIF and Adobe's colours stay
            kept.append(segment)
    if size is None or not has_pixels:
        raise ValueError(len(kept))
    return Picture("image/jpeg", b"".join([*kept, b"\xff\xd9"]), *size)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment up to the picture's end; those of a scan with its pixels."""
    at = 2
    while True:
        if content[at] != 0xFF:
            raise ValueError(at)
        while content[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = content[at + 1]
        if marker == 0xD9:
            return
        if marker in _AMONG_PIXELS:
            raise ValueError(marker)
        length = int.from_bytes(_piece(content, at + 2, 2))
        if length < 2:
            raise ValueError(length)
        end = at + 2 + length
        if marker == _SCAN:
            end = _end_of_scan(content, end)
        yield marker, _piece(content, at, end - at)
        at = end


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the pixels that begin at `at` end: at the next marker that is neither a stuffed byte nor a restart."""
    while True:
        at = content.index(b"\xff", at)
        if content[at + 1] not in {0x00, 0xFF} and not 0xD0 <= content[at + 1] <= 0xD7:
            return at
        at += 1 if content[at + 1] == 0xFF else 2


def _piece(content: bytes, at: int, length: int) -> bytes:
    if length < 0 or at + length > len(content):
        raise ValueError(at)
    return content[at : at + length]
