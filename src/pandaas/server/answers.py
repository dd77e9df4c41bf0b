"""Answers that hold values: told by their entity tag, given up when the client leaves, and pictures as it wants them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from anyio import from_thread
from fastapi import Depends, Query, Request, Response
from numpy.typing import NDArray

from pandaas.arrays import Abandoned
from pandaas.codecs import (
    STORED_MEDIA_TYPES,
    BlockCompressor,
    Encoded,
    StoredForm,
    blocks_form,
    encode,
    encode_chunk,
    to_window,
)
from pandaas.model import InvalidInput
from pandaas.server.ranges import byte_range, content_range

CLIENT_LEFT = 499  # nobody reads this answer; the number stands in the log and in the metrics


@dataclass(frozen=True)
class Pixels:
    """How pixels are told: as they are (32-bit floating point, NaN for what was not measured), or in a window."""

    low: float | None
    high: float | None
    bits: int

    def of(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """`values` as asked for. Raises `InvalidInput` for a window without two ends."""
        if self.low is None and self.high is None:
            return values
        if self.low is None or self.high is None:
            raise InvalidInput("A window has two ends.", remedy="Give both low and high.", field="low")
        return to_window(values, self.low, self.high, self.bits)

    def __str__(self) -> str:
        return f"{self.low}:{self.high}:{self.bits}"


async def pixels(
    low: Annotated[float | None, Query(description="Value that becomes 1; 0 stands for what was not measured.")] = None,
    high: Annotated[float | None, Query(description="Value that becomes 255, or 65,535 with 16 bits.")] = None,
    bits: int = 8,
) -> Pixels:
    """With `low` and `high` pixels are whole numbers of 8 or 16 bits, without they are floating point."""
    return Pixels(low, high, bits)


Window = Annotated[Pixels, Depends(pixels)]


def shown(request: Request, etag: str, make: Callable[[], NDArray[np.float32]], window: Pixels) -> Response:
    """A picture, in a Bitshuffle chunk where the client takes these."""
    known: tuple[BlockCompressor, ...] = ("lz4", "zstd")
    forms = accepted(request)
    compressors = [compressor for compressor in known if blocks_form(compressor) in forms]

    def encoded() -> Encoded:
        values = np.ascontiguousarray(window.of(make()))
        if not compressors or not values.size:
            return encode(values, "bin")
        described = {"X-Shape": json.dumps(list(values.shape)), "X-Dtype": values.dtype.str}
        return Encoded(encode_chunk(values, compressors[0]), STORED_MEDIA_TYPES[blocks_form(compressors[0])], described)

    answer = cached(request, f'{etag[:-1]}{"".join(f"-{name}" for name in compressors[:1])}"', encoded)
    answer.headers.append("Vary", "Accept")
    return answer


def cached(request: Request, etag: str, make: Callable[[], Encoded]) -> Response:
    """304 where the client has this answer already, else the answer; nothing is read for a 304."""
    headers = {"ETag": etag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known:
        return Response(status_code=304, headers=headers)
    try:
        made = make()
    except Abandoned:
        return Response(status_code=CLIENT_LEFT)
    return Response(made.body, media_type=made.media_type, headers=headers | made.headers)


def ranged(request: Request, answer: Response) -> Response:
    """The part of an answer that the request's `Range` names."""
    if answer.status_code != 200:
        return answer
    answer.headers["Accept-Ranges"] = "bytes"
    if request.headers.get("if-range", answer.headers["ETag"]) != answer.headers["ETag"]:
        return answer
    size = len(answer.body)
    part = byte_range(request.headers.get("range"), size)
    if part is None:
        return answer
    kept = {name: text for name, text in answer.headers.items() if name != "content-length"}
    kept["Content-Range"] = content_range(part, size)
    return Response(answer.body[part[0] : part[1]], 206 if part[0] < part[1] else 416, headers=kept)


def accepted(request: Request) -> tuple[StoredForm, ...]:
    """The forms of stored chunks that the client decodes."""
    accepted = {part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")}
    return tuple(name for name, media_type in STORED_MEDIA_TYPES.items() if media_type in accepted)


def left(request: Request) -> Callable[[], bool]:
    """Whether the client has gone, to be asked from the thread that answers it."""

    def gone() -> bool:
        return bool(from_thread.run(request.is_disconnected))

    return gone
