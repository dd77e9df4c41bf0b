"""The browser application: built files with long caching, the page itself for every other address."""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from pandaas.config import bundled
from pandaas.model import NotFound

_RESERVED = ("api/", "h5grove/", "metrics", "zarr/", "hsds/", "panosc/", "oai", "c/", "hub/api")
_PACKED = frozenset({".css", ".html", ".js", ".svg", ".wasm"})
_NOT_BUILT = (
    "<!doctype html><html lang=en><title>PaN-DAaS</title><p>The page is not built. Run <code>make demo</code>, "
    "or <code>npm run build</code> in <code>web/</code>. The API answers at <a href=/api/v1/health>/api/v1/health</a>."
)


def install(app: FastAPI, index: str = "index.html") -> None:
    """Serve the page, whose first file is `index`; must come after all routers."""
    root = bundled("web").resolve()

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str, request: Request) -> Response:
        if path.startswith(_RESERVED):
            raise NotFound(f"There is nothing at /{path[:200]}.")
        file = _inside(root, path)
        if file is not None:
            cache = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
            return _answer(file, cache, request)
        if path.startswith("assets/"):
            raise NotFound("This part of the page is from an older version.", remedy="Reload the page.")
        first = root / index
        if not first.is_file():
            return HTMLResponse(_NOT_BUILT, 503)
        return _answer(first, "no-cache", request)


def _answer(file: Path, cache: str, request: Request) -> Response:
    """A file of the page, gzipped where the browser takes it: a third of the bytes for who is far away."""
    if file.suffix not in _PACKED:
        return FileResponse(file, headers={"cache-control": cache})
    headers = {"cache-control": cache, "vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", "") or "range" in request.headers:
        return FileResponse(file, headers=headers)
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Response(
        _packed(file, file.stat().st_mtime_ns), media_type=media_type, headers=headers | {"content-encoding": "gzip"}
    )


@lru_cache(maxsize=256)
def _packed(file: Path, _changed: int) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)


def _inside(root: Path, path: str) -> Path | None:
    """The file below `root`, or None; never one outside."""
    if not path or "\x00" in path:
        return None
    candidate = (root / path).resolve()
    return candidate if candidate.is_relative_to(root) and candidate.is_file() else None
