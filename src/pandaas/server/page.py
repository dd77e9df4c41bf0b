"""The browser application: built files with long caching, the page itself for every other address."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from pandaas.config import bundled
from pandaas.model import NotFound
from pandaas.server.files import FOR_EVER, answer_file, inside

_RESERVED = ("api/", "h5grove/", "metrics", "zarr/", "hsds/", "panosc/", "oai", "c/", "hub/api")
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
        file = inside(root, path)
        if file is not None:
            cache = FOR_EVER if path.startswith("assets/") else "no-cache"
            return answer_file(file, request, {"cache-control": cache})
        if path.startswith("assets/"):
            raise NotFound("This part of the page is from an older version.", remedy="Reload the page.")
        first = root / index
        if not first.is_file():
            return HTMLResponse(_NOT_BUILT, 503)
        return answer_file(first, request, {"cache-control": "no-cache"})
