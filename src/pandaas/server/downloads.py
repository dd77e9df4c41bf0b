"""Sending files of users and arrays of any size: always as attachment, never to be run or shown in our page; resumable."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from email.utils import formatdate
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import numpy as np
from anyio import to_thread
from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from pandaas.arrays import Export
from pandaas.catalogue import FileContent
from pandaas.model import Unavailable
from pandaas.server.again import Watch
from pandaas.server.ranges import byte_range, content_range

_BLOCK = 1 << 20
_FROM_NGINX = "x-pandaas-nginx"


class Attachment(Response):
    """`size` bytes that `_pieces` reads, or the part of them that the request's `Range` names.

    `watch` is asked while it is sent; a right that has ended cuts the connection.
    """

    watch: Watch | None = None

    def __init__(self, request: Request, *, name: str, size: int, etag: str, headers: dict[str, str]) -> None:
        self._start, self._end = 0, size
        headers |= {
            "Accept-Ranges": "bytes",
            "ETag": etag,
            "Content-Disposition": disposition(name),
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-cache",
        }
        status = self._choose(request, size, headers)
        super().__init__(None, status_code=status, headers=headers, media_type="application/octet-stream")
        self.headers["Content-Length"] = str(self._end - self._start)

    def _choose(self, request: Request, size: int, headers: dict[str, str]) -> int:
        """Status and part to send, from the request's conditions."""
        etag = headers["ETag"]
        if _names(request.headers.get("if-none-match"), etag):
            self._end = 0
            return 304
        wanted = byte_range(request.headers.get("range"), size)
        current = request.headers.get("if-range", etag) in (etag, headers.get("Last-Modified"))
        if wanted is None or not current:
            return 200
        self._start, self._end = wanted
        headers["Content-Range"] = content_range(wanted, size)
        return 206 if self._end > self._start else 416

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._start == self._end or scope["method"] == "HEAD":
            await super().__call__(scope, receive, send)
            return
        position = self._start
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                if self.watch is not None and self.watch.due:
                    await to_thread.run_sync(self.watch.look)
                if position == self._start:  # what can't be read at all is told as an error
                    await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                position += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": position < self._end})

    def _pieces(self) -> AsyncGenerator[bytes | memoryview]:
        """The bytes from `_start` up to `_end`."""
        raise NotImplementedError


class FileDownload(Attachment):
    """Streams a file.

    What is opened is checked to be the very file that was registered: a link put in its place meanwhile is not followed.
    """

    def __init__(self, content: FileContent, request: Request, watch: Watch | None = None) -> None:
        self._content = content
        self.watch = watch
        modified = {"Last-Modified": formatdate(content.modified.timestamp(), usegmt=True)}
        super().__init__(request, name=content.name, size=content.size, etag=content.etag, headers=modified)

    async def _pieces(self) -> AsyncGenerator[bytes]:
        handle = await to_thread.run_sync(open_registered, self._content)
        try:
            position = self._start
            while position < self._end:
                block = await to_thread.run_sync(os.pread, handle, min(_BLOCK, self._end - position), position)
                if not block:
                    raise OSError(f"{self._content.name} became shorter while it was sent")
                position += len(block)
                yield block
        finally:
            os.close(handle)


def file_answer(
    content: FileContent, request: Request, accel_location: str | None, watch: Watch | None = None
) -> Response:
    """A file: by nginx where that is configured and the request came through it, else by ourselves.

    nginx knows `Range` and conditions itself. Who asks us directly on this machine gets no header that nobody follows.
    """
    if accel_location is None or _FROM_NGINX not in request.headers:
        return FileDownload(content, request, watch)
    os.close(open_registered(content))
    headers = {
        "X-Accel-Redirect": accel_location + quote(os.fsencode(content.path)),
        "Content-Disposition": disposition(content.name),
        "Cache-Control": "private, no-cache",
    }
    return Response(None, headers=headers, media_type="application/octet-stream")


class ArrayDownload(Attachment):
    """Streams the values of a selection, as they are (`bin`) or with the head of a NumPy file (`npy`)."""

    def __init__(
        self,
        export: Export,
        request: Request,
        *,
        name: str,
        form: Literal["npy", "bin"],
        watch: Watch | None = None,
    ) -> None:
        self._export = export
        self.watch = watch
        self._head = _npy_head(export) if form == "npy" else b""
        self._request = request
        headers = {"X-Shape": json.dumps(list(export.shape)), "X-Dtype": export.dtype.str}
        size = len(self._head) + export.nbytes
        super().__init__(request, name=f"{name}.{form}", size=size, etag=export.etag, headers=headers)

    async def _pieces(self) -> AsyncGenerator[bytes | memoryview]:
        before = len(self._head)
        if head := self._head[self._start : self._end]:
            yield head
        values = self._export.pieces(max(0, self._start - before), max(0, self._end - before))
        while not await self._request.is_disconnected():
            piece = await to_thread.run_sync(next, values, None)
            if piece is None:
                return
            yield piece


def _npy_head(export: Export) -> bytes:
    """What stands before the values in a file of this shape and type."""
    described = {"descr": export.dtype.str, "fortran_order": False, "shape": export.shape}
    with io.BytesIO() as head:
        np.lib.format.write_array_header_1_0(head, described)
        return head.getvalue()


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
