"""Sending files of users: always as attachment, never to be run or shown inside the platform's page; resumable.

One range per request is served (RFC 9110, 14); a request for several is answered with the whole file.
"""

from __future__ import annotations

import os
import re
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from fastapi import Request, Response

from pandaas.catalogue import FileContent
from pandaas.model import Unavailable

_BLOCK = 1 << 20
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class FileDownload(Response):
    """Streams a file, or the part of it that the request's `Range` names.

    What is opened is checked to be the very file that was registered: a link put in its place meanwhile is not followed.
    """

    def __init__(self, content: FileContent, request: Request) -> None:
        self._content = content
        self._start, self._end = 0, content.size
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": content.etag,
            "Last-Modified": formatdate(content.modified.timestamp(), usegmt=True),
            "Content-Disposition": disposition(content.name),
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-cache",
        }
        status = self._choose(request, headers)
        super().__init__(None, status_code=status, headers=headers, media_type="application/octet-stream")
        self.headers["Content-Length"] = str(self._end - self._start)

    def _choose(self, request: Request, headers: dict[str, str]) -> int:
        """Status and part to send, from the request's conditions."""
        etag, size = self._content.etag, self._content.size
        if _names(request.headers.get("if-none-match"), etag):
            self._end = 0
            return 304
        wanted = byte_range(request.headers.get("range"), size)
        current = request.headers.get("if-range", etag) in (etag, headers["Last-Modified"])
        if wanted is None or not current:
            return 200
        self._start, self._end = wanted
        headers["Content-Range"] = content_range(wanted, size)
        return 206 if self._end > self._start else 416

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._start == self._end:
            await super().__call__(scope, receive, send)
            return
        handle = await to_thread.run_sync(open_registered, self._content)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            position = self._start
            while position < self._end:
                block = await to_thread.run_sync(os.pread, handle, min(_BLOCK, self._end - position), position)
                if not block:
                    raise OSError(f"{self._content.name} became shorter while it was sent")
                position += len(block)
                more = position < self._end
                await send({"type": "http.response.body", "body": block, "more_body": more})
        finally:
            os.close(handle)


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


def disposition(name: str) -> str:
    """`Content-Disposition` with the name in ASCII and, where that differs, in UTF-8 (RFC 6266)."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{extended}'


def open_registered(content: FileContent) -> int:
    """A handle on the very file that was registered, to be closed by the caller; `Unavailable` when it is not there."""
    gone = Unavailable(f"'{content.name}' is not on disk at the moment.", remedy="Try again later.")
    try:
        handle = os.open(content.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise gone from error
    if Path(f"/proc/self/fd/{handle}").readlink() != content.path or os.fstat(handle).st_size < content.size:
        os.close(handle)
        raise gone
    return handle


def _names(header: str | None, etag: str) -> bool:
    return header is not None and (header.strip() == "*" or etag in (part.strip() for part in header.split(",")))
