"""Parts of answers by `Range`.

One range per request is served (RFC 9110, 14); a request for several is answered with everything.
"""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open range of bytes that a `Range` header asks for, empty where there are none of these.

    None, which means everything, without a header and for what is no single range.
    """
    wanted = _RANGE.fullmatch(header or "")
    if wanted is None or not (wanted[1] or wanted[2]):
        return None
    if wanted[1]:
        start, end = int(wanted[1]), min(int(wanted[2] or size) + 1, size)
    else:
        start, end = max(0, size - int(wanted[2])), size
    return (start, end) if start < end else (0, 0)


def content_range(part: tuple[int, int], size: int) -> str:
    """What `Content-Range` says of such a part."""
    start, end = part
    return f"bytes {start}-{end - 1}/{size}" if start < end else f"bytes */{size}"
