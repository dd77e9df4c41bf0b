"""Which requests read data, of what, and through which door: what the audit counts."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote

from starlette.requests import HTTPConnection

_DATASETS = "/api/v1/datasets/"
_ZARR = "/zarr/"
_H5GROVE = "/h5grove/"
_BESIDES = frozenset(  # about a dataset, not its data
    {"access", "accesses", "capabilities", "files", "history", "links", "masks", "notes", "provenance", "quality", "shares",
     "thumbnail", "verify"}
)  # fmt: skip


def data_read(connection: HTTPConnection) -> tuple[str, str] | None:
    """The dataset and the door of a request that reads data or a record; None for every other request."""
    scope = connection.scope
    if scope["method"] != "GET":
        return None
    path: str = scope["path"]
    if path.startswith(_DATASETS):
        return _of_datasets(path[len(_DATASETS) :])
    if path.startswith((_ZARR, "/c/")):
        pid = path.partition(_ZARR)[2].partition("/")[0]
        return (pid, "zarr") if pid else None
    if path.startswith(_H5GROVE):
        named = parse_qs(scope["query_string"].decode("latin-1")).get("file", [""])[0]
        return (unquote(named), "h5grove") if named else None
    return None


def _of_datasets(rest: str) -> tuple[str, str] | None:
    pid, _, what = rest.partition("/")
    if not what:
        return pid, "metadata"
    first = what.partition("/")[0]
    if first == "export":
        return pid, "download"
    if first == "files":
        return (pid, "download") if what.endswith("/content") else None
    return (pid, "view") if first not in _BESIDES else None
