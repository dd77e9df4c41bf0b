"""Files of a folder as answers, gzipped where the browser takes it: a third of the bytes for who is far away."""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

FOR_EVER = "public, max-age=31536000, immutable"
"""Cache-Control of a file whose name changes with its content."""
_PACKED = frozenset({".css", ".html", ".js", ".svg", ".wasm"})
_LEVEL = 6  # 9 takes a third longer for half a hundredth less


def inside(root: Path, path: str) -> Path | None:
    """The file below `root`, which is resolved already, or None; never one outside."""
    if not path or "\x00" in path:
        return None
    candidate = (root / path).resolve()
    return candidate if candidate.is_relative_to(root) and candidate.is_file() else None


def answer_file(file: Path, request: Request, headers: Mapping[str, str]) -> Response:
    """The file, packed once and kept in memory if it is text."""
    if file.suffix not in _PACKED:
        return FileResponse(file, headers=headers)
    headers = {**headers, "vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", "") or "range" in request.headers:
        return FileResponse(file, headers=headers)
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    body = _packed(file, file.stat().st_mtime_ns)
    return Response(body, media_type=media_type, headers={**headers, "content-encoding": "gzip"})


@lru_cache(maxsize=512)
def _packed(file: Path, _changed: int) -> bytes:
    return gzip.compress(file.read_bytes(), _LEVEL, mtime=0)
